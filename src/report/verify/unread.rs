//! What a cluster did not show.

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::workflow::command;
use crate::verify::Unread;

/// Objects that a cluster did not show.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UnreadView {
    /// The context.
    pub input: String,
    /// What kubectl calls their kind.
    pub resource: String,
    /// The namespace; null for all.
    pub namespace: Option<String>,
    /// Why, as a phrase.
    pub reason: String,
    /// Whether nothing is complete without them.
    pub required: bool,
}

impl UnreadView {
    pub(in crate::report) fn new(unread: &Unread) -> Self {
        Self {
            input: unread.input.clone(),
            resource: unread.resource.clone(),
            namespace: unread.namespace.clone(),
            reason: unread.why.clone(),
            required: unread.is_decisive,
        }
    }
}

/// An annotation for each kind without which nothing is complete.
pub(super) fn annotations(unread: &[Unread]) -> String {
    let annotation = |one: &Unread| {
        let text = format!("{} could not be read: {}", one.resource, one.why);
        command("error", &one.input, &text)
    };
    unread.iter().filter(|one| one.is_decisive).map(annotation).collect()
}

/// The last line, where nothing else keeps the proof from being complete.
pub(super) fn verdict(unread: &[Unread]) -> Option<String> {
    let one = unread.iter().find(|one| one.is_decisive)?;
    Some(format!("not complete: {} could not be read", one.resource))
}
