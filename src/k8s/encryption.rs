//! Encrypted objects, which would break if a byte were changed.

use std::cmp::Reverse;

use crate::k8s::resource::{group_of, kind_of};
use crate::text::span::Span;
use crate::text::work;
use crate::yaml::node::Node;
use crate::yaml::parse::Stream;

/// Markers that encryption tools write at the start of a text or within it.
const CIPHERS: &[&str] = &[
    "ENC[AES256_GCM,",
    "$ANSIBLE_VAULT;",
    "-----BEGIN AGE ENCRYPTED FILE-----",
    "-----BEGIN PGP MESSAGE-----",
    "age-encryption.org/v1",
];

/// Whether a text, or a value in it, is encrypted.
#[must_use]
pub fn is_ciphertext(text: &str) -> bool {
    CIPHERS.iter().any(|mark| text.contains(mark))
}

/// Whether SOPS encrypted the document: any change would invalidate its message authentication code.
#[must_use]
pub fn is_sops_encrypted(object: &Node) -> bool {
    let has = |key| object.at(&["sops", key]).is_some();
    has("mac") || has("lastmodified")
}

/// Whether the object is a SealedSecret, whose name and namespace are part of the seal.
#[must_use]
pub fn is_sealed(object: &Node) -> bool {
    kind_of(object) == "SealedSecret" && group_of(object) == "bitnami.com"
}

/// Which bytes of a file no change may touch: SOPS seals the whole file, a SealedSecret only itself.
#[derive(Debug)]
pub struct Seals {
    whole: bool,
    /// The ranges of SealedSecrets, in order; none lies within another.
    spans: Vec<Span>,
}

impl Seals {
    /// The seals of a file.
    #[must_use]
    pub fn of(file: &Stream) -> Self {
        let mut seals = Self { whole: false, spans: Vec::new() };
        for document in &file.documents {
            let root = &document.root;
            seals.whole |= is_sops_encrypted(root);
            for object in root.get("items").map_or(&[][..], Node::items).iter().chain([root]) {
                work::count("seal looked for");
                let sealed = object.origin.as_ref().filter(|_| is_sealed(object));
                seals.spans.extend(sealed.map(|origin| origin.span()));
            }
        }
        seals.spans.sort_unstable_by_key(|span| (span.start, Reverse(span.end)));
        seals.spans.dedup_by(|inner, outer| outer.contains(*inner));
        seals
    }

    /// Whether a change at this place would break one.
    #[must_use]
    pub fn cover(&self, at: Span) -> bool {
        let before = self.spans.partition_point(|span| span.start <= at.start);
        self.whole || before.checked_sub(1).is_some_and(|last| self.spans[last].contains(at))
    }
}

/// Whether no byte of the object may be changed by hand.
#[must_use]
pub fn is_encrypted(object: &Node) -> bool {
    is_sops_encrypted(object) || is_sealed(object)
}

#[cfg(test)]
mod tests {
    use super::Seals;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::text::span::Span;
    use crate::yaml::parse::parse;

    #[test]
    fn seals_cover_themselves_and_sops_covers_the_file() {
        let seals = |text: &str| Seals::of(&parse(&Source::file(TreePath::root(), text)).unwrap());
        let covered = |text: &str, word: &str| {
            let at = text.find(word).unwrap();
            seals(text).cover(Span::new(at, at + word.len()))
        };
        let sealed = "{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, x: inner}";
        let list = format!("a: before\nkind: List\nitems:\n- {sealed}\n- {sealed}\n- b: behind\n");
        assert!(covered(&list, "inner"));
        assert!(!covered(&list, "before") && !covered(&list, "behind"));
        let nested = format!(
            "a: b\n---\napiVersion: bitnami.com/v1\nkind: SealedSecret\nitems: [{sealed}]\nz: end\n"
        );
        assert!(covered(&nested, "inner") && covered(&nested, "end") && !covered(&nested, "a: b"));
        assert!(covered("a: b\n---\nsops: {mac: x}\n", "a"));
    }
}
