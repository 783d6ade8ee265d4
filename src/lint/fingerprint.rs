//! A name for a finding that stays when lines move and when messages are worded otherwise.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::finding::Finding;
use crate::k8s::resource::kind_of;
use crate::k8s::secret_name::{Version, digits_in};
use crate::repo::Repo;
use crate::text::path::TreePath;
use crate::text::source::Place;
use crate::text::span::Span;
use crate::yaml::node::Node;
use crate::yaml::parse::Stream;

/// Gives each finding its fingerprint: the rule, the file, the object and the field in it, the families and the text that it is
/// about without versions, and which of several such it is.
pub(super) fn give(repo: &Repo, findings: &mut [Finding]) {
    let mut seen: HashMap<[u8; 32], usize> = HashMap::new();
    let mut streams: BTreeMap<TreePath, Option<std::sync::Arc<Stream>>> = BTreeMap::new();
    for finding in findings {
        let path = finding.place.source.path();
        let stream = streams
            .entry(path.clone())
            .or_insert_with(|| repo.library.stream(path).ok())
            .as_deref();
        let location = stream.and_then(|stream| Location::find(stream, finding.place.span));
        let location = location.unwrap_or_else(|| Location::line(&finding.place));
        let families: Vec<&str> = finding.families.iter().map(String::as_str).collect();
        let mut hash = Sha256::new();
        let about = plain(finding.place.text().lines().next().unwrap_or_default());
        for part in [
            finding.rule,
            path.as_str(),
            &location.object,
            &location.field,
            &about,
            &families.join(" "),
        ] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        let digest: [u8; 32] = hash.finalize().into();
        let count = seen.entry(digest).or_default();
        let mut text = String::new();
        for byte in &digest[..16] {
            let _ = write!(text, "{byte:02x}");
        }
        if *count > 0 {
            let _ = write!(text, ":{count}");
        }
        *count += 1;
        finding.fingerprint = text;
    }
}

/// Where in a file something is, told without lines.
#[derive(Default)]
struct Location {
    /// The innermost object around it: kind, namespace and name.
    object: String,
    /// The keys that lead to it, items not counted.
    field: String,
}

impl Location {
    /// A place in the documents of a file; `None` outside of all of them.
    fn find(stream: &Stream, at: Span) -> Option<Self> {
        let document = stream.documents.iter().find(|document| document.span.contains(at))?;
        let mut location = Self::default();
        location.descend(&document.root, at);
        Some(location)
    }

    /// A line of a file that does not parse.
    fn line(place: &Place) -> Self {
        let line = place.source.line_span(place.position().line);
        Self { object: String::new(), field: place.source.slice(line).trim().to_owned() }
    }

    fn descend(&mut self, node: &Node, at: Span) {
        if !kind_of(node).is_empty() {
            let text =
                |key: &str| node.at(&["metadata", key]).and_then(Node::str).unwrap_or_default();
            self.object =
                plain(&format!("{} {} {}", kind_of(node), text("namespace"), text("name")));
            self.field.clear();
        }
        let holds =
            |node: &Node| node.origin.as_ref().is_some_and(|origin| origin.span.contains(at));
        if let Some(item) = node.items().iter().find(|item| holds(item)) {
            return self.descend(item, at);
        }
        let entry = node.entries().iter().find(|entry| holds(&entry.value) || holds(&entry.key));
        if let Some(entry) = entry {
            let _ = write!(self.field, ".{}", entry.key.str().unwrap_or_default());
            self.descend(&entry.value, at);
        }
    }
}

/// A text without the versions in it: the next version is no other finding.
fn plain(text: &str) -> String {
    let versions = digits_in(text).filter(|digits| Version::new(digits).is_some());
    versions.fold(text.to_owned(), |text, digits| text.replace(digits, ""))
}
