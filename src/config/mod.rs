//! `rotate.yaml`: environments, and overrides of the defaults, each value with its location.

pub mod by_name;
pub mod environment;
pub mod error;
pub mod external;
pub mod glob;
mod keys;
pub mod monitors;
mod name_index;
pub mod ordered;
pub mod pairs;
pub mod parse;
pub mod period;
pub mod place;
mod promql;
pub mod schema;
pub mod secrets;
pub mod settings;
pub mod word;
