//! A kustomization resolved as kustomize would, every scalar with its origin.

pub mod fields;
pub mod generate;
pub mod load;
pub mod model;
pub mod resolver;
pub mod transform;
