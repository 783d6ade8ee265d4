//! Everything that people and programs read: the only module that holds the streams.

pub mod age;
pub mod bump;
pub mod checklist;
pub mod console;
pub mod diff;
pub mod evidence;
pub mod explain;
pub mod format;
pub mod history;
pub mod lint;
pub mod message;
pub mod monitor;
pub mod plan;
pub mod promote;
pub mod proposal;
pub mod prune;
pub mod pulls;
pub mod refs;
pub mod sharing;
pub mod shift;
pub mod status;
pub mod terminal;
pub mod verify;
pub mod workflow;
