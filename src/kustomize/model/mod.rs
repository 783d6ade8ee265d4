//! Objects, where each of their values comes from, and the result of a build.

pub mod annotations;
pub mod build;
pub mod object;
pub mod record;
pub mod scope;
pub mod shape;
