//! Pull requests on GitHub: what there is, what there should be, and the way from the one to the other.
//!
//! GitHub is spoken to by its own program `gh`, which knows the user's token; nothing else here reaches a network.

pub mod client;
pub mod error;
pub mod marker;
pub mod pull;
pub mod reconcile;
pub mod ticks;
