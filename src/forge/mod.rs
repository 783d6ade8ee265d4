//! Pull requests on GitHub: those that exist, those that should, and how to get from one to the other.
//!
//! GitHub is accessed through its own CLI `gh`, which has the user's token; nothing else here uses the network.

pub mod client;
pub mod error;
pub mod marker;
pub mod pull;
pub mod reconcile;
pub mod ticks;
