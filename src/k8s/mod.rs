//! Kubernetes semantics: which fields name secrets, what provides secrets, how versioned names are formed.

pub mod backend;
pub mod by_hand;
pub mod by_value;
pub mod content;
pub mod destination;
pub mod encryption;
pub mod found;
pub mod guards;
pub mod heuristics;
pub mod job;
pub mod other_names;
pub mod pattern;
pub mod placeholder;
pub mod providers;
pub mod references;
pub mod resource;
pub mod schedule;
pub mod schema;
pub mod secret_name;
pub mod spelling;
pub mod store;
mod stores;
pub mod stub;
pub mod traffic;
pub mod values;
pub mod wave;
pub mod workload;
