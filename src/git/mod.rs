//! Git, behind a plain interface: no type of the underlying library leaves this module.

pub mod ages;
pub mod commit;
pub mod descent;
pub mod error;
mod ignore;
pub mod line;
mod loose;
mod moved;
pub mod provenance;
mod recorded;
pub mod remote;
pub mod repository;
pub mod snapshot;
#[cfg(test)]
pub(crate) mod testing;
mod trees;
