//! What the commands do. Each takes a request, decides, and returns a result; none prints or reads flags.

pub mod bump;
pub mod candidates;
pub mod change;
pub mod events;
pub mod failure;
pub mod families;
pub mod gates;
pub mod history;
pub mod later;
pub mod leave;
pub mod lint;
pub mod message;
mod needed;
mod opening;
pub mod outcome;
pub mod promote;
pub mod promotions;
pub mod proposing;
pub mod prune;
pub mod pull_requests;
pub mod pulls;
mod revisions;
pub mod rollback;
pub mod schema;
pub mod session;
pub mod shown;
pub mod status;

pub mod writing;
