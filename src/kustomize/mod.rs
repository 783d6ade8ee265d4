//! A kustomization resolved as kustomize would, every scalar with its origin.

pub mod accumulator;
pub mod build;
pub mod config;
pub mod context;
pub mod defaults;
pub mod field_path;
pub mod field_spec;
pub mod generate;
pub mod hash;
pub mod json_patch;
pub mod label_selector;
pub mod labels;
pub mod load;
pub mod names;
pub mod namespace;
pub mod object;
pub mod pairs;
pub mod patches;
pub mod remote;
pub mod replacements;
pub mod resolver;
pub mod resources;
pub mod scope;
pub mod selector;
pub mod shape;
pub mod strategic;
