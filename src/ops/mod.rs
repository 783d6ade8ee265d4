//! What the commands do. Each takes a request, decides, and returns what came of it; none prints or reads flags.

pub mod events;
pub mod failure;
pub mod message;
mod needed;
mod opening;
mod revisions;
pub mod session;
pub mod writing;
