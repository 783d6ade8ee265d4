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
use crate::text::work;
use crate::yaml::node::{Entry, Node};
use crate::yaml::parse::Stream;

/// Gives each finding its fingerprint: the rule, the file, the object and the field in it, the families and the text that it is
/// about without versions, and which of several such it is.
pub(super) fn give(repo: &Repo, findings: &mut [Finding]) {
    let mut seen: HashMap<[u8; 32], usize> = HashMap::new();
    let mut ordered = Ordered::default();
    let mut streams: BTreeMap<TreePath, Option<std::sync::Arc<Stream>>> = BTreeMap::new();
    for finding in findings {
        let path = finding.place.source.path();
        let stream = streams
            .entry(path.clone())
            .or_insert_with(|| repo.library.stream(path).ok())
            .as_deref();
        let location =
            stream.and_then(|stream| Location::find(stream, finding.place.span(), &mut ordered));
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
    fn find(stream: &Stream, at: Span, ordered: &mut Ordered) -> Option<Self> {
        let before = stream.documents.partition_point(|document| document.span.end < at.end);
        let document = stream.documents.get(before).filter(|one| one.span.contains(at))?;
        let mut location = Self::default();
        location.descend(&document.root, at, ordered);
        Some(location)
    }

    /// A line of a file that does not parse.
    fn line(place: &Place) -> Self {
        let line = place.source.line_span(place.position().line);
        Self { object: String::new(), field: place.source.slice(line).trim().to_owned() }
    }

    fn descend(&mut self, node: &Node, at: Span, ordered: &mut Ordered) {
        if !kind_of(node).is_empty() {
            let text =
                |key: &str| node.at(&["metadata", key]).and_then(Node::str).unwrap_or_default();
            self.object =
                plain(&format!("{} {} {}", kind_of(node), text("namespace"), text("name")));
            self.field.clear();
        }
        let holds =
            |node: &Node| node.origin.as_ref().is_some_and(|origin| origin.span().contains(at));
        let items = &node.items()[ordered.before(node.items(), span, at)..];
        if let Some(item) = items.iter().find(|item| holds(item)) {
            return self.descend(item, at, ordered);
        }
        let of_entry = |entry: &Entry| {
            let (key, value) = (span(&entry.key)?, span(&entry.value)?);
            Some(Span::new(key.start, value.end.max(key.end)))
        };
        let entries = &node.entries()[ordered.before(node.entries(), of_entry, at)..];
        let entry = entries.iter().find(|entry| holds(&entry.value) || holds(&entry.key));
        if let Some(entry) = entry {
            let _ = write!(self.field, ".{}", entry.key.str().unwrap_or_default());
            self.descend(&entry.value, at, ordered);
        }
    }
}

fn span(node: &Node) -> Option<Span> {
    node.origin.as_ref().map(|origin| origin.span())
}

/// The long lists and mappings whose parts stand one after the other, by address: only an alias stands elsewhere.
#[derive(Default)]
struct Ordered(HashMap<usize, bool>);

impl Ordered {
    /// How many parts end before a place. 0 where they are few, or not in order.
    fn before<T>(&mut self, parts: &[T], span: impl Fn(&T) -> Option<Span>, at: Span) -> usize {
        const FEW: usize = 64;
        if parts.len() <= FEW {
            return 0;
        }
        let is_ordered = || {
            parts.iter().all(|part| span(part).is_some())
                && parts.is_sorted_by(|one, next| {
                    work::step();
                    span(one).zip(span(next)).is_some_and(|(one, next)| one.end <= next.start)
                })
        };
        if !*self.0.entry(parts.as_ptr().addr()).or_insert_with(is_ordered) {
            return 0;
        }
        parts.partition_point(|part| {
            work::step();
            span(part).is_some_and(|span| span.end < at.end)
        })
    }
}

/// A text without the versions in it: the next version is no other finding.
fn plain(text: &str) -> String {
    let versions = digits_in(text).filter(|digits| Version::new(digits).is_some());
    versions.fold(text.to_owned(), |text, digits| text.replace(digits, ""))
}
