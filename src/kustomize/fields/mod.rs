//! Which fields of an object are meant: paths, selectors, and the fields that each transformer changes.

pub mod candidates;
pub mod config;
pub mod crds;
pub mod defaults;
pub mod expression;
pub mod field_path;
pub mod field_spec;
pub mod label_selector;
pub mod selector;
