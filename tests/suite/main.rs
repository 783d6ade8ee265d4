//! The tests that need nothing but the repository, in one binary.
#![allow(clippy::disallowed_methods)] // tests read and write files of their own
#![allow(clippy::unwrap_used)] // a test that cannot go on has failed

mod action;
mod adoption;
mod agreement;
#[cfg(unix)]
mod answers;
mod architecture;
mod bad_input;
mod behind;
mod builder_patches;
mod builders;
mod builds;
mod checklist;
mod cli;
mod clocks;
mod clones;
mod commands;
mod completion;
mod context;
mod contracts;
mod cost;
mod crash;
mod docs;
mod escaping;
mod everyday;
mod from_store;
mod fuzz;
mod helm;
mod lint;
mod lint_report;
mod lookalikes;
mod makers;
mod masking;
mod order;
mod pins;
mod prune;
mod prune_live;
mod pulls;
mod references;
mod registry;
mod reverts;
mod rollback;
mod rules;
mod story;
mod stubs;
mod support;
mod timeline;
mod values;
mod verify;
mod yaml_acceptance;
mod yaml_edits;
mod yaml_properties;
mod yaml_skim;
