//! Who builds a directory in life, and how: Flux and Argo CD, by the objects that configure them.

pub mod argo;
pub mod envsubst;
pub mod flux;
pub mod helm;
pub mod operators;
pub mod render;
pub mod substitute;
pub mod template;
pub mod values;
