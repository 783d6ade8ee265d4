//! Git, as plain answers: no type of the library that asks leaves this module.

pub mod commit;
pub mod error;
pub mod line;
pub mod remote;
pub mod repository;
pub mod snapshot;
mod trees;
