//! `rotate.yaml`: environments, and what differs from the default, each value with its place.

pub mod environment;
pub mod error;
pub mod glob;
mod keys;
pub mod ordered;
pub mod parse;
pub mod period;
pub mod place;
pub mod schema;
pub mod secrets;
pub mod settings;
pub mod word;
