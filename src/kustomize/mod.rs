//! Resolves kustomizations as kustomize does, keeping the origin of every scalar.

pub mod fields;
pub mod generate;
pub mod load;
pub mod model;
pub mod resolver;
pub mod transform;
