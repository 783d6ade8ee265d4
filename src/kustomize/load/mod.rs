//! Files of a kustomization, read and checked.

pub mod context;
pub mod kustomization;
pub mod remote;
pub mod resources;
