//! Who builds a directory in life, and how: Flux and Argo CD, by the objects that configure them.

pub mod argo;
pub mod envsubst;
pub mod flux;
mod operators;
pub mod substitute;
pub mod template;
