//! Fields of live objects, read leniently: what is missing or of another type is not there.

use chrono::{DateTime, Utc};

use crate::text::visible::one_line;
use crate::yaml::node::Node;

/// A message of the cluster is cut after so many characters.
const LONGEST: usize = 300;

/// What a message has that quotes a part of an object, such as the error of a server-side apply or of a JSON decoder. That may be
/// a Secret's value.
const QUOTING: [&str; 4] = ["valueUnstructured", "bigger context", ".data.", ".stringData."];

/// What is said instead of such a message.
const UNSHOWN: &str = "its message is not shown, because it may quote a value";

/// A condition in an object's status.
pub(super) struct Condition<'n> {
    pub(super) node: &'n Node,
}

/// A text that is set.
pub(super) fn text<'n>(node: &'n Node, keys: &[&str]) -> Option<&'n str> {
    node.at(keys).and_then(Node::str).filter(|text| !text.is_empty() && *text != "null")
}

/// A number.
pub(super) fn number(node: &Node, keys: &[&str]) -> Option<u64> {
    text(node, keys)?.parse().ok()
}

/// Whether a switch is on.
pub(super) fn is_on(node: &Node, keys: &[&str]) -> bool {
    text(node, keys) == Some("true")
}

/// A time.
pub(super) fn time(node: &Node, keys: &[&str]) -> Option<DateTime<Utc>> {
    moment(text(node, keys)?)
}

/// A time as the API server writes it.
pub(super) fn moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}

/// A message of the cluster on one line, cut where it is long, after a colon; empty if there is none. One that may quote a value is
/// not shown.
pub(super) fn message(text: Option<&str>) -> String {
    let Some(text) = text else { return String::new() };
    if QUOTING.iter().any(|words| text.contains(words)) {
        return format!(": {UNSHOWN}");
    }
    let line = one_line(text.trim());
    let mut short: String = line.chars().take(LONGEST).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    if short.is_empty() { short } else { format!(": {short}") }
}

/// A condition by its type.
pub(super) fn condition<'n>(status: &'n Node, kind: &str) -> Option<Condition<'n>> {
    let all = status.get("conditions").map_or(&[][..], Node::items);
    let node = all.iter().rev().find(|one| text(one, &["type"]) == Some(kind))?;
    Some(Condition { node })
}

impl<'n> Condition<'n> {
    pub(super) fn is(&self, status: &str) -> bool {
        text(self.node, &["status"]) == Some(status)
    }

    pub(super) fn reason(&self) -> &'n str {
        text(self.node, &["reason"]).unwrap_or_default()
    }

    /// Its message, after a colon.
    pub(super) fn message(&self) -> String {
        message(text(self.node, &["message"]))
    }

    pub(super) fn since(&self) -> Option<DateTime<Utc>> {
        time(self.node, &["lastTransitionTime"])
    }
}
