//! The catalogue's notation for fields of an object, and the walk to the values it matches.
//!
//! | notation | matches |
//! | --- | --- |
//! | `spec.tls` | the value of a key |
//! | `tls[]`, `tls[0]` | every item, one item |
//! | `tls[kind=Secret]` | every item (or the mapping itself) whose `kind` is `Secret`, or is a list containing it |
//! | `tls[kind?=Secret]` | the same, and every item without a `kind` |
//! | `annotations[a.b/c]` | the value of a key that contains dots or slashes |
//! | `*Ref` | every key that matches the glob |
//! | `**` | any depth, including this one |
//! | `{a,b.c}` | one or the other |
//!
//! Lists are entered even without `[]`, as in kustomize.

pub mod notation;
pub mod trail;

use memchr::memchr;

use crate::k8s::pattern::notation::{Part, PatternError};
use crate::k8s::pattern::trail::Trail;
use crate::yaml::node::Node;

/// Fields of an object, in the notation of the catalogue.
#[derive(Debug, Clone)]
pub struct Pattern(Vec<Vec<Part>>);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// If the text is not a valid pattern.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        notation::read(text).map(Self)
    }

    /// Visits every scalar that the pattern matches, with the trail to it.
    pub fn visit<'a>(&'a self, root: &'a Node, visit: &mut dyn FnMut(&Trail<'a>, &'a Node)) {
        self.visit_by(&mut Trail::default(), root, visit);
    }

    /// Like [`Pattern::visit`], reusing a trail.
    pub fn visit_by<'a>(
        &'a self,
        trail: &mut Trail<'a>,
        root: &'a Node,
        visit: &mut dyn FnMut(&Trail<'a>, &'a Node),
    ) {
        let mut walk = Finder { trail, visit };
        for parts in &self.0 {
            walk.on(parts, root);
        }
    }
}

struct Finder<'a, 'v> {
    trail: &'v mut Trail<'a>,
    visit: &'v mut dyn FnMut(&Trail<'a>, &'a Node),
}

impl<'a> Finder<'a, '_> {
    fn on(&mut self, parts: &'a [Part], node: &'a Node) {
        let Some((part, rest)) = parts.split_first() else {
            if node.scalar().is_some() {
                (self.visit)(self.trail, node);
            }
            return self.items(parts, node);
        };
        match part {
            Part::Key(key) => match node.get(key) {
                Some(value) => self.key(rest, node, key, value),
                None => self.items(parts, node),
            },
            Part::Keys(glob) => {
                for entry in node.entries() {
                    if let Some(key) = entry.key.str().filter(|key| fits(glob, key)) {
                        self.key(rest, node, key, &entry.value);
                    }
                }
                self.items(parts, node);
            }
            Part::Items => self.items(rest, node),
            Part::Item(index) => {
                if let Some(item) = node.items().get(*index) {
                    self.item(rest, node, *index, item);
                }
            }
            Part::Where { key, value, or_absent } => {
                if node.entries().is_empty() {
                    self.items(parts, node);
                } else if node.get(key).map_or(*or_absent, |found| holds(found, value)) {
                    self.on(rest, node);
                }
            }
            Part::Deep => self.deep(parts, rest, node),
        }
    }

    fn deep(&mut self, parts: &'a [Part], rest: &'a [Part], node: &'a Node) {
        if node.items().is_empty() {
            self.on(rest, node);
        }
        for entry in node.entries() {
            if let Some(key) = entry.key.str() {
                self.key(parts, node, key, &entry.value);
            }
        }
        self.items(parts, node);
    }

    fn items(&mut self, parts: &'a [Part], node: &'a Node) {
        for (index, item) in node.items().iter().enumerate() {
            self.item(parts, node, index, item);
        }
    }

    fn item(&mut self, parts: &'a [Part], from: &'a Node, index: usize, item: &'a Node) {
        self.trail.enter_item(from, index);
        self.on(parts, item);
        self.trail.leave();
    }

    fn key(&mut self, parts: &'a [Part], from: &'a Node, key: &'a str, value: &'a Node) {
        self.trail.enter_key(from, key);
        self.on(parts, value);
        self.trail.leave();
    }
}

fn holds(node: &Node, value: &str) -> bool {
    node.str() == Some(value) || node.items().iter().any(|item| item.str() == Some(value))
}

/// Whether a text has the form of a glob, in which `*` stands for any characters. Nothing else is special, unlike in the patterns of
/// `rotate.yaml`: a key may hold brackets.
#[must_use]
pub fn fits(glob: &str, text: &str) -> bool {
    let (first, of_text) = (glob.as_bytes().first(), text.as_bytes().first());
    if first != of_text && first != Some(&b'*') {
        return false;
    }
    let Some(star) = memchr(b'*', glob.as_bytes()) else { return glob == text };
    let Some(mut rest) = text.strip_prefix(&glob[..star]) else { return false };
    let mut tail = &glob[star + 1..];
    while let Some(star) = memchr(b'*', tail.as_bytes()) {
        let Some(at) = rest.find(&tail[..star]) else { return false };
        rest = &rest[at + star..];
        tail = &tail[star + 1..];
    }
    rest.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::{Pattern, PatternError, fits};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::parse::parse;

    fn paths(pattern: &str, text: &str) -> Vec<String> {
        let stream = parse(&Source::file(TreePath::root(), text)).unwrap();
        let pattern = Pattern::new(pattern).unwrap();
        let mut found = Vec::new();
        pattern.visit(&stream.documents[0].root, &mut |trail, _| {
            found.push(trail.path().to_string());
        });
        found
    }

    #[test]
    fn keys_items_and_indexes() {
        let text = "spec: {tls: [{name: a}, {name: b}]}\nmetadata: {annotations: {a.b/c: x}}\n";
        assert_eq!(paths("spec.tls[].name", text), ["spec.tls[0].name", "spec.tls[1].name"]);
        assert_eq!(paths("spec.tls.name", text), ["spec.tls[0].name", "spec.tls[1].name"]);
        assert_eq!(paths("spec.tls[1].name", text), ["spec.tls[1].name"]);
        assert_eq!(paths("metadata.annotations[a.b/c]", text), ["metadata.annotations[a.b/c]"]);
        assert_eq!(paths("metadata.annotations[a.b/*]", text), ["metadata.annotations[a.b/c]"]);
        assert_eq!(paths("spec.tls", text), [""; 0]);
    }

    #[test]
    fn conditions() {
        let text =
            "a: [{kind: Secret, n: 1}, {kind: X, n: 2}, {n: 3}, {kind: [X, Secret], n: 4}]\n";
        assert_eq!(paths("a[kind=Secret].n", text), ["a[0].n", "a[3].n"]);
        assert_eq!(paths("a[kind?=Secret].n", text), ["a[0].n", "a[2].n", "a[3].n"]);
        let map = "a: {kind: Secret, n: 1}\n";
        assert_eq!(paths("a[kind=Secret].n", map), ["a.n"]);
    }

    #[test]
    fn alternatives_and_depth() {
        let text = "a: {b: {x: 1}, c: {d: {x: [2]}}}\nx: 3\n";
        assert_eq!(paths("a.{b,c.{d,e}}.x", text), ["a.b.x", "a.c.d.x[0]"]);
        assert_eq!(paths("**.x", text), ["x", "a.b.x", "a.c.d.x[0]"]);
        assert_eq!(paths("a.**.d.x[]", text), ["a.c.d.x[0]"]);
        assert_eq!(paths("a.*.x", text), ["a.b.x"]);
    }

    #[test]
    fn deep_paths_visit_each_scalar_once() {
        let text = "a: [[{x: 1}], {x: 2}]\n";
        assert_eq!(paths("**.x", text), ["a[0][0].x", "a[1].x"]);
    }

    #[test]
    fn says_what_is_wrong() {
        let error = |text: &str| Pattern::new(text).map(|_| ()).unwrap_err();
        assert!(matches!(error(""), PatternError::NoKey(_)));
        assert!(matches!(error("a..b"), PatternError::NoKey(_)));
        assert!(matches!(error("a."), PatternError::NoKey(_)));
        assert!(matches!(error("a[b"), PatternError::Unclosed { open: '[', .. }));
        assert!(matches!(error("a.{b"), PatternError::Unclosed { open: '{', .. }));
        assert!(matches!(error("a[]b"), PatternError::NoDot(_)));
        assert!(matches!(error("spec/tls/secretName"), PatternError::Slash(_)));
        assert!(matches!(error(&"{a,b}".repeat(40)), PatternError::TooMany(_)));
    }

    #[test]
    fn globs() {
        assert!(fits("*Ref", "secretRef") && fits("*", "") && fits("a*b*c", "aXbYc"));
        assert!(!fits("*Ref", "secretRefs") && !fits("ab*b", "ab") && !fits("a", "b"));
    }
}
