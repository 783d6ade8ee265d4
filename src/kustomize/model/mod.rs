//! Objects, where each of their values comes from, and what came of a build.

pub mod annotations;
pub mod build;
pub mod object;
pub mod record;
pub mod scope;
pub mod shape;
