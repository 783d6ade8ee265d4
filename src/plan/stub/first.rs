//! The first stub of a family that has an ExternalSecret without a version.

use crate::k8s::stub::Stub;
use crate::plan::stub::document::stream;
use crate::text::edit::{Edit, apply};
use crate::yaml::edit::rewrite::rewrite;
use crate::yaml::node::Node;

/// An ExternalSecret of the plain name, under the name of a version.
///
/// # Errors
/// With a phrase that says why it cannot be done.
pub(super) fn named(text: &str, family: &str, version: &str) -> Result<String, String> {
    let stream = stream(text)?;
    let root = stream.documents.first().map(|document| &document.root).ok_or("it is empty")?;
    let stub = Stub::read(root).ok_or("it is no ExternalSecret")?;
    let name = format!("{family}-{version}");
    let own = root.at(&["metadata", "name"]).ok_or("it has no name")?;
    let mut edits = vec![put(own, &name)?];
    let place = |node: &Node| node.origin.as_ref().map(|origin| origin.span());
    if place(&stub.secret.node) != place(own) {
        edits.push(put(&stub.secret.node, &name)?);
    }
    apply(text, &edits).map_err(|error| error.to_string())
}

fn put(node: &Node, text: &str) -> Result<Edit, String> {
    rewrite(node, text).map_err(|error| error.to_string())
}
