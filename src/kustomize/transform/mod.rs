//! What a kustomization changes in the objects that it gathered.

pub mod back_references;
mod hidden;
pub mod json_patch;
pub mod labels;
pub mod names;
pub mod namespace;
pub mod patches;
pub mod replacements;
pub mod replicas;
pub mod strategic;
pub mod vars;
