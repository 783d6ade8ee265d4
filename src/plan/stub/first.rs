//! The first stub of a family that has an ExternalSecret without a version.

use std::sync::Arc;

use crate::k8s::stub::Stub;
use crate::plan::listing;
use crate::plan::spell::quoted;
use crate::plan::stub::copy::read_back;
use crate::plan::stub::pin::{Pinned, Pinning};
use crate::text::edit::{Edit, apply};
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::text::span::Span;
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
    let mut edits = Vec::new();
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
                edits.push(Edit { span, text: quoted(label) });
            }
            (Pinning::Label(label), None) => {
                let added = listing::add(root, &remote.path, "key", "version", &quoted(label));
                edits.push(added.ok_or_else(|| format!("{} cannot take a version", remote.path))?);
            }
        }
    }
    let copy = apply(text, &edits).map_err(|error| error.to_string())?;
    let pins = read_back(&copy, family, version)?;
    Ok((copy, pins))
}

fn put(node: &Node, text: &str) -> Result<Edit, String> {
    rewrite(node, text).map_err(|error| error.to_string())
}

/// The text of the document of a file that holds `at`, ready to be a file of its own.
pub(super) fn document(source: &Arc<Source>, at: Span) -> Option<String> {
    let stream = parse(source).ok()?;
    if stream.documents.len() == 1 {
        return Some(source.text().to_owned());
    }
    let document = stream.documents.iter().find(|document| document.span.contains(at))?;
    let text = source.slice(document.span).trim_start_matches('\u{feff}');
    let text = text.trim_start_matches(['\r', '\n']);
    let newline = if source.text().contains("\r\n") { "\r\n" } else { "\n" };
    Some(format!("{}{newline}", text.trim_end()))
}
