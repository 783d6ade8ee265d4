//! The first stub of a family that has an ExternalSecret without a version.

use crate::k8s::stub::Stub;
use crate::plan::listing;
use crate::plan::spell::quoted;
use crate::plan::stub::copy::read_back;
use crate::plan::stub::document::comments_behind;
use crate::plan::stub::pin::{Pinned, Pinning};
use crate::text::edit::{Edit, apply};
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::yaml::edit::rewrite::rewrite;
use crate::yaml::node::Node;
use crate::yaml::parse::parse;

/// Copies an ExternalSecret of the plain name and pins the copy to a version.
///
/// # Errors
/// With a phrase that says why it cannot be done.
pub(super) fn first(
    text: &str,
    family: &str,
    version: &str,
    pinning: &Pinning,
) -> Result<(String, Vec<Pinned>), String> {
    let source = Source::file(TreePath::root(), text);
    let stream = parse(&source).map_err(|error| error.message)?;
    let root = stream.documents.first().map(|document| &document.root).ok_or("it is empty")?;
    let stub = Stub::read(root).ok_or("it is no ExternalSecret")?;
    if let (Some(one), false) = (stub.unpinnable.first(), *pinning == Pinning::None) {
        return Err(format!("{}: {}", one.path, one.reason));
    }
    let name = format!("{family}-{version}");
    let (mut edits, mut values) = (Vec::new(), Vec::new());
    let own = root.at(&["metadata", "name"]).ok_or("it has no name")?;
    edits.push(put(own, &name)?);
    if stub.secret.node.origin.as_ref().map(|origin| origin.span)
        != own.origin.as_ref().map(|origin| origin.span)
    {
        edits.push(put(&stub.secret.node, &name)?);
    }
    for remote in &stub.remotes {
        let key = remote.key.as_ref().ok_or_else(|| format!("{} has no key", remote.path))?;
        match (pinning, &remote.version) {
            (Pinning::None, _) => {}
            (Pinning::KeySuffix(..), _) => {
                let text = key.node.str().unwrap_or_default();
                edits.push(put(&key.node, &pinning.key(text))?);
            }
            (Pinning::Label(label), Some(field)) => {
                let span = field.node.origin.as_ref().ok_or("its version has no place")?.span;
                values.push(Edit { span, text: quoted(label) });
            }
            (Pinning::Label(label), None) => {
                let added = listing::add(root, &remote.path, "key", "version", &quoted(label));
                edits.push(added.ok_or_else(|| format!("{} cannot take a version", remote.path))?);
            }
        }
    }
    let comments = comments_behind(&stream, &values);
    let copy =
        apply(text, &[edits, values, comments].concat()).map_err(|error| error.to_string())?;
    let pins = read_back(&copy, family, version)?;
    Ok((copy, pins))
}

fn put(node: &Node, text: &str) -> Result<Edit, String> {
    rewrite(node, text).map_err(|error| error.to_string())
}
