//! Versioned names of known families, wherever they appear in text.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Included, Unbounded};
use std::ops::Range;
use std::sync::Arc;

use crate::k8s::found::{Found, Provided, Role};
use crate::k8s::guards::is_tested;
use crate::k8s::heuristics::is_about_secret;
use crate::k8s::monitors::version;
use crate::k8s::other_names::names_another;
use crate::k8s::pattern::trail::Trail;
use crate::k8s::providers;
use crate::k8s::resource::{CUSTOM_RESOURCE_DEFINITION, kind_of};
use crate::k8s::secret_name::{DIGITS, Family};
use crate::k8s::values::is_ignored;
use crate::text::work;
use crate::yaml::node::Node;
use crate::yaml::path::Path;

/// The row for references found by value alone.
pub const ROW: &str = "by-value";

/// The shortest text that can hold a versioned name: a letter, a hyphen, a version.
const SHORTEST: usize = 2 + DIGITS;

/// Keys of a Secret that hold the secret's values.
const VALUES: &[&str] = &["data", "encryptedData", "stringData"];
/// Keys of stubs that hold names in a store, not in the cluster.
const IN_STORES: &[&str] = &["extract", "find", "remoteRef"];

/// The known families.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Families(Arc<Names>);

/// Names of families, sorted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Names {
    all: BTreeSet<Family>,
    /// The bytes with which one of them begins.
    first: BTreeSet<u8>,
}

impl Families {
    /// Whether the family is known.
    #[must_use]
    pub fn contains(&self, family: &str) -> bool {
        self.0.all.contains(family)
    }

    /// Whether a text contains the name of one of them.
    #[must_use]
    pub fn are_in(&self, text: &str) -> bool {
        let mut starts = text.bytes().enumerate().filter(|(_, byte)| self.0.first.contains(byte));
        starts.any(|(at, _)| text.get(at..).is_some_and(|text| self.begins(text)))
    }

    /// Whether a text begins with the name of one of them.
    fn begins(&self, text: &str) -> bool {
        let mut end = text.len();
        loop {
            work::step();
            // Every name that is a prefix of the text sorts before the text, or is the text.
            let before = (Unbounded, Included(&text[..end]));
            let Some(name) = self.0.all.range::<str, _>(before).next_back() else { return false };
            let same = name.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
            if same == name.len() {
                return true;
            }
            // What else is a prefix of the text is one of what they have in common.
            end = text.floor_char_boundary(same);
        }
    }

    /// The families that are known either here or there.
    #[must_use]
    pub fn unlike(&self, other: &Self) -> Self {
        if Arc::ptr_eq(&self.0, &other.0) {
            return Self::default();
        }
        self.0.all.symmetric_difference(&other.0.all).cloned().collect()
    }

    /// The families, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.all.iter().map(|family| &**family)
    }

    /// Whether no family is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.all.is_empty()
    }
}

impl<F: Into<Family>> FromIterator<F> for Families {
    fn from_iter<I: IntoIterator<Item = F>>(families: I) -> Self {
        let all: BTreeSet<Family> = families.into_iter().map(Into::into).collect();
        let first = all.iter().filter_map(|name| name.bytes().next()).collect();
        Self(Arc::new(Names { all, first }))
    }
}

/// Finds every scalar that is or contains a versioned name of a known family and is not in `already`.
///
/// An object's own name and the names of secrets it creates are not references.
#[must_use]
pub fn find(object: &Node, families: &Families, already: &[Found]) -> Vec<Found> {
    let kind = kind_of(object);
    // What a monitor of one version says is of that version.
    if families.is_empty() || kind == CUSTOM_RESOURCE_DEFINITION || version(object).is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    scalars(object, &mut |node, trail| mentions(object, (node, trail), families, &mut found));
    if found.is_empty() {
        return found;
    }
    let provided = providers::find(object);
    let mut known: BTreeMap<&Path, Vec<&Found>> = BTreeMap::new();
    for old in already {
        known.entry(&old.path).or_default().push(old);
    }
    found.retain(|new| {
        let overlaps = |old: &&Found| overlap(old.part.as_ref(), new.part.as_ref());
        let known = known.get(&new.path).is_some_and(|olds| olds.iter().any(overlaps));
        !known && !is_own(new, &provided)
    });
    found
}

/// Every word before a version in the texts in which [`find`] looks for families.
#[must_use]
pub fn versioned(object: &Node) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    scalars(object, &mut |node, _| {
        let Some(text) = node.str().filter(|text| text.len() >= SHORTEST) else { return };
        find_versions(text, &mut |word, _| {
            if !words.contains(word) {
                words.insert(word.to_owned());
            }
        });
    });
    words
}

/// Calls `visit` with every string of an object that may name a secret in the cluster, and the path to it.
///
/// Skips the object's name, the values of secrets, and what a stub reads from its store. `visit` must check itself
/// whether a field names something else ([`names_another`]).
pub fn scalars<'a>(object: &'a Node, visit: &mut dyn FnMut(&'a Node, &Trail<'a>)) {
    work::count("object searched");
    let mut walk = ValueFinder { kind: kind_of(object), trail: Trail::default(), visit };
    walk.on(object);
}

/// Whether two parts of one scalar overlap; `None` is the whole scalar.
fn overlap(one: Option<&Range<usize>>, other: Option<&Range<usize>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.start < other.end && other.start < one.end,
        _ => true,
    }
}

fn is_own(new: &Found, provided: &[Provided]) -> bool {
    provided.iter().any(|own| own.secret == new.secret || own.path == new.path)
}

struct ValueFinder<'a, 'v> {
    kind: &'a str,
    trail: Trail<'a>,
    visit: &'v mut dyn FnMut(&'a Node, &Trail<'a>),
}

impl<'a> ValueFinder<'a, '_> {
    fn on(&mut self, node: &'a Node) {
        if node.scalar().is_some() {
            return (self.visit)(node, &self.trail);
        }
        for entry in node.entries() {
            let key = entry.key.str().unwrap_or_default();
            if !self.is_outside(node, key) {
                self.trail.enter_key(node, key);
                self.on(&entry.value);
                self.trail.leave();
            }
        }
        for (index, item) in node.items().iter().enumerate() {
            self.trail.enter_item(node, index);
            self.on(item);
            self.trail.leave();
        }
    }

    /// Whether nothing below this key of the current mapping counts as a mention.
    fn is_outside(&self, mapping: &Node, key: &str) -> bool {
        match (self.kind, key) {
            (_, "name") => self.trail.keys_upward().next() == Some("metadata"),
            // A binding names a role, which may be called like the secret.
            ("RoleBinding" | "ClusterRoleBinding", "roleRef") => true,
            ("Secret" | "SealedSecret" | "SopsSecret", key) => VALUES.contains(&key),
            ("ExternalSecret" | "ClusterExternalSecret" | "PushSecret", key) => {
                IN_STORES.contains(&key)
            }
            (kind, key) => is_ignored(kind, mapping, key),
        }
    }
}

/// The versioned names of known families in a text.
fn mentions(
    object: &Node,
    (node, trail): (&Node, &Trail<'_>),
    families: &Families,
    found: &mut Vec<Found>,
) {
    let Some(text) = node.str().filter(|text| text.len() >= SHORTEST) else { return };
    let mut parts = find_text(text, families);
    parts.retain(|part| !is_tested(node, part));
    if parts.is_empty() || names_another(object, trail) {
        return;
    }
    let is_whole = parts.first().is_some_and(|part| part.len() == text.len());
    if is_whole && is_about_secret(object, trail) {
        return;
    }
    for part in parts {
        let whole = part.len() == text.len();
        found.push(Found {
            row: ROW,
            path: trail.path(),
            node: node.clone(),
            secret: text[part.clone()].to_owned(),
            part: (!whole).then_some(part),
            namespace: None,
            optional: false,
            key: None,
            role: Role::Mention,
        });
    }
}

/// Finds every versioned name of a known family that appears in a text as a whole token.
///
/// Letters, digits, `.`, `_` and `-` belong to a token, so `<name>-cacert` and `<name>.yaml` are other
/// names; a full stop that ends a sentence does not.
#[must_use]
pub fn find_text(text: &str, families: &Families) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    find_versions(text, &mut |family, name| {
        if families.contains(family) {
            found.push(name);
        }
    });
    found
}

/// Calls `take` with the word before each version that ends a token, and the range of the two together.
fn find_versions<'t>(text: &'t str, take: &mut impl FnMut(&'t str, Range<usize>)) {
    let bytes = text.as_bytes();
    let mut behind = 0;
    for hyphen in memchr::memchr_iter(b'-', bytes) {
        let end = hyphen + 1 + DIGITS;
        let digits = bytes.get(hyphen + 1..end);
        if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_digit)) || !ends(bytes, end)
        {
            continue;
        }
        // Tokens do not overlap, so each byte is scanned at most once.
        let start = bytes[behind..hyphen].iter().rposition(|&byte| !in_token(byte));
        let start = start.map_or(behind, |at| behind + at + 1);
        if let Some(word) = text.get(start..hyphen) {
            take(word, start..end);
        }
        behind = end;
    }
}

const fn in_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-') || !byte.is_ascii()
}

/// Whether a token that extends up to `end` ends there.
fn ends(bytes: &[u8], end: usize) -> bool {
    match bytes.get(end) {
        Some(b'.') => !bytes.get(end + 1).is_some_and(|&byte| in_token(byte)),
        Some(&byte) => !in_token(byte),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::{Families, find, find_text};
    use crate::k8s::references;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::text::work;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;

    fn object(text: &str) -> Node {
        parse(&Source::file(TreePath::root(), text)).unwrap().documents[0].root.clone()
    }

    fn families() -> Families {
        ["auth-api", "auth"].into_iter().collect()
    }

    fn texts(text: &str) -> Vec<&str> {
        find_text(text, &families()).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn a_text_that_contains_a_family_is_told() {
        let all = ["auth", "auth-x", "b", "ähre", "mail-a"];
        let families: Families = all.into_iter().collect();
        let texts = [
            "",
            "auth-z",
            "xaut",
            "xauth",
            "äähre",
            "ähr",
            "mail-",
            "my-mail-ab",
            "aub",
            "mail-\u{e1}",
        ];
        for text in texts {
            let expected = all.iter().any(|family| text.contains(family));
            assert_eq!(families.are_in(text), expected, "{text}");
        }
    }

    /// How long that takes does not depend on how many families there are.
    #[test]
    fn a_text_is_searched_for_all_families_at_once() {
        let steps = |count: usize| {
            let families: Families =
                (0..count).map(|number| format!("service-{number:04}-secrets")).collect();
            work::steps(|| assert!(!families.are_in("registry.example/service-0001:1.0.0")))
        };
        assert_eq!(steps(10), steps(1000));
    }

    #[test]
    fn finds_whole_tokens() {
        const NAME: &str = "auth-api-20250723110000";
        for text in [
            NAME,
            "team/auth-api-20250723110000",
            "--secret=auth-api-20250723110000",
            "a: \"auth-api-20250723110000\"\n",
            "Reads auth-api-20250723110000.",
            "auth-api-20250723110000, x",
            "é auth-api-20250723110000",
        ] {
            assert_eq!(texts(text), [NAME], "{text}");
        }
        assert_eq!(texts("auth-20250723110000,auth-api-20250723110000").len(), 2);
    }

    #[test]
    fn leaves_other_names_alone() {
        for text in [
            "auth-api-20250723110000-cacert",
            "auth-api-20250723110000.yaml",
            "auth-api-202507231100001",
            "x-auth-api-20250723110000",
            "éauth-api-20250723110000",
            "auth-api-2025072311000",
            "other-20250723110000",
            "-20250723110000",
            "auth-api-20250723110000_",
        ] {
            assert_eq!(texts(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn long_texts_take_linear_time() {
        let hostile = "a-20250723110000".repeat(200_000);
        assert_eq!(texts(&hostile).len(), 0);
        let hyphens = "-".repeat(3_000_000);
        assert_eq!(texts(&hyphens).len(), 0);
        let names = "auth-20250723110000 ".repeat(100_000);
        assert_eq!(texts(&names).len(), 100_000);
    }

    #[test]
    fn each_mention_comes_once() {
        let object = object(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: auth-20250723110000}\nspec:\n  template:\n    metadata: {annotations: {a: 'x auth-20250723110000 y auth-api-20250723110000'}}\n    spec: {imagePullSecrets: [{name: auth-20250723110000}]}\n",
        );
        let already = references::find(&object, &[]);
        assert_eq!(already.len(), 1);
        let found = find(&object, &families(), &already);
        let parts: Vec<_> = found.iter().map(|found| found.part.clone().unwrap()).collect();
        assert_eq!(parts, [2..21, 24..47]);
    }

    #[test]
    fn values_that_argo_cd_ignores_are_none() {
        let application = |helm: &str| {
            object(&format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {{source: {{helm: {{values: 'a: auth-20250723110000'{helm}}}}}}}\n"
            ))
        };
        assert_eq!(find(&application(""), &families(), &[]).len(), 1);
        assert_eq!(find(&application(", valuesObject: {a: b}"), &families(), &[]).len(), 0);
    }

    #[test]
    fn what_an_object_makes_is_no_reference() {
        let stub = object(
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: auth-20250723110000, labels: {x: auth-20250723110000}}\nspec:\n  data: [{secretKey: a, remoteRef: {key: auth-api-20250723110000}}]\n",
        );
        assert_eq!(find(&stub, &families(), &[]).len(), 0);
        let secret = object(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {a: auth-20250723110000}\n",
        );
        assert_eq!(find(&secret, &families(), &[]).len(), 0);
        let crd = object(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {a: auth-20250723110000}\n",
        );
        assert_eq!(find(&crd, &families(), &[]).len(), 0);
    }
}
