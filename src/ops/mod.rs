//! What the commands do. Each takes a request, decides, and returns what came of it; none prints or reads flags.

pub mod change;
pub mod events;
pub mod failure;
pub mod gates;
pub mod later;
pub mod leave;
pub mod message;
mod needed;
mod opening;
pub mod promotions;
pub mod proposing;
pub mod pull_requests;
pub mod pulls;
mod revisions;
pub mod session;
pub mod writing;
