//! The file system: finding and reading a tree, and writing changes to it as a whole.
#![allow(clippy::disallowed_methods, reason = "this is the door to `std::fs`")]

pub mod error;
pub mod file;
mod journal;
pub mod locate;
mod lock;
pub mod scratch;
pub mod site;
pub mod steps;
mod target;
pub mod tree;
pub mod walk;
pub mod write;
