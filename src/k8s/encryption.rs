//! Encrypted objects, which would break if a byte were changed.

use crate::k8s::resource::{group_of, kind_of};
use crate::text::span::Span;
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

/// Whether a change at this place would break a seal: SOPS seals the whole file, a SealedSecret only itself.
#[must_use]
pub fn is_encrypted_at(file: &Stream, at: Span) -> bool {
    let is_around =
        |node: &Node| node.origin.as_ref().is_some_and(|origin| origin.span.contains(at));
    file.documents.iter().any(|document| {
        let root = &document.root;
        let items = root.get("items").map_or(&[][..], Node::items);
        is_sops_encrypted(root)
            || items.iter().chain([root]).any(|object| is_sealed(object) && is_around(object))
    })
}

/// Whether no byte of the object may be changed by hand.
#[must_use]
pub fn is_encrypted(object: &Node) -> bool {
    is_sops_encrypted(object) || is_sealed(object)
}
