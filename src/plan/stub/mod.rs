//! ExternalSecrets of a new version: which are made, where they stand, what they say.

mod by_hand;
mod copy;
mod describe;
mod document;
mod first;
mod fresh;
pub(super) mod given;
mod listed;
mod naming;
pub(super) mod pin;
mod place;
pub(super) mod plain;
pub(super) mod planner;
mod policy;
mod source;
mod values;
