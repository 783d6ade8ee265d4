//! What a cluster runs, as `kubectl get … -o json` prints it: the objects as compact records, and what each says of itself.

pub mod fault;
mod fields;
pub mod live;
mod metadata;
pub mod monitors;
pub mod object;
mod pod;
pub mod read;
mod reader;
mod record;
pub mod resources;
pub mod secrets;
pub mod states;
mod tree;
pub mod word;
