//! The next stub of a family: a copy of the newest one in which only the version differs.

use std::collections::BTreeSet;

use crate::k8s::secret_name;
use crate::k8s::stub::Stub;
use crate::plan::spell::quoted;
use crate::plan::stub::pin::Pinned;
use crate::text::edit::{Edit, apply};
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::text::span::Span;
use crate::yaml::edit::rewrite::rewrite;
use crate::yaml::node::{Node, Style};
use crate::yaml::parse::{Stream, parse};
use crate::yaml::path::Path;

/// Copies a versioned stub to another version.
///
/// # Errors
/// With a phrase that says why, when the copy would not be the stub of the new version.
pub(super) fn copy(text: &str, family: &str, old: &str, new: &str) -> Result<String, String> {
    let source = Source::file(TreePath::root(), text);
    let stream = parse(&source).map_err(|error| error.message)?;
    let root = stream.documents.first().map(|document| &document.root).ok_or("it is empty")?;
    let stub = Stub::read(root).ok_or("it is no ExternalSecret")?;
    let mut edits = Vec::new();
    let mut done: Vec<Span> = Vec::new();
    for node in versions(&stub, root, old) {
        if let Some(edit) = version(node, old, new) {
            done.push(edit.span);
            edits.push(edit);
        }
    }
    for at in digits(text, old) {
        let is_said = stream.comments.iter().any(|comment| comment.contains(at));
        let known = done.iter().any(|span| span.contains(at));
        if !known && (!is_said || is_name(text, at, family)) {
            edits.push(Edit { span: at, text: new.to_owned() });
        }
    }
    edits.extend(own_name(root, old, new)?);
    let dated = dated_comments(&stream, old, &edits);
    edits.retain(|edit| !dated.iter().any(|comment| comment.span.contains(edit.span)));
    edits.extend(dated);
    let copy = apply(text, &edits).map_err(|error| error.to_string())?;
    read_back(&copy, family, new)?;
    Ok(copy)
}

/// A name of its own for a copy whose model says the version in `target.name` alone: two objects cannot share one.
fn own_name(root: &Node, old: &str, new: &str) -> Result<Option<Edit>, String> {
    let node = root.at(&["metadata", "name"]).ok_or("it has no name")?;
    let name = node.str().ok_or("its name is no text")?;
    if name.contains(old) {
        return Ok(None);
    }
    let next = format!("{}-{new}", secret_name::family(name));
    rewrite(node, &next).map(Some).map_err(|error| error.to_string())
}

/// The scalars that are the version: pins, and values that are the digits and nothing else.
fn versions<'s>(stub: &'s Stub, root: &'s Node, old: &str) -> Vec<&'s Node> {
    let pins = stub.remotes.iter().filter_map(|remote| Some(&remote.version.as_ref()?.node));
    let mut nodes: Vec<&Node> =
        pins.filter(|node| node.str().is_some_and(|text| text.ends_with(old))).collect();
    crate::plan::overlay::token::scalars(root, &Path::default(), &mut |_, node| {
        if node.str() == Some(old) {
            nodes.push(node);
        }
    });
    let mut seen = BTreeSet::new();
    nodes.retain(|node| node.origin.as_ref().is_some_and(|origin| seen.insert(origin.span())));
    nodes
}

/// Rewrites a pin; without quotes the API server would read a number.
fn version(node: &Node, old: &str, new: &str) -> Option<Edit> {
    let origin = node.origin.as_ref()?;
    let text = node.str()?;
    let prefix = text.strip_suffix(old)?;
    let next = format!("{prefix}{new}");
    let style = node.scalar()?.style;
    if style == Style::Plain && prefix.is_empty() {
        return Some(Edit { span: origin.span(), text: quoted(&next) });
    }
    let start = origin.span().start + origin.text().rfind(old)?;
    Some(Edit { span: Span::new(start, start + old.len()), text: new.to_owned() })
}

/// Edits that take comments away which tell of the old version: by its digits other than in a name, or by its day.
fn dated_comments(stream: &Stream, old: &str, edits: &[Edit]) -> Vec<Edit> {
    let text = stream.source.text();
    let day = format!("{}-{}-{}", &old[..4], &old[4..6], &old[6..8]);
    let dated = stream.comments.iter().filter(|comment| {
        let said = text.get(comment.start..comment.end).unwrap_or_default();
        let renamed = |edit: &&Edit| comment.contains(edit.span);
        let named = edits.iter().filter(renamed).count();
        let is_dated = said.contains(&day) || said.matches(old).count() > named;
        let is_alone = said.contains(old) || !is_in_block(stream, **comment);
        is_dated && is_alone && !said.contains("rotate:")
    });
    dated
        .map(|comment| {
            let head = text.get(..comment.start).unwrap_or_default().trim_end_matches([' ', '\t']);
            let is_line = head.is_empty() || head.ends_with('\n');
            let line = text.get(comment.end..).unwrap_or_default();
            let end = line.find('\n').map_or(text.len(), |at| comment.end + at + 1);
            let span = Span::new(head.len(), if is_line { end } else { comment.end });
            Edit { span, text: String::new() }
        })
        .collect()
}

/// Whether a comment is one line of several: nobody but its writer can tell what remains true of them.
fn is_in_block(stream: &Stream, comment: Span) -> bool {
    let text = stream.source.text();
    let is_next = |one: Span, other: Span| {
        let between = text.get(one.end..other.start).unwrap_or("x");
        between.trim().is_empty() && between.matches('\n').count() == 1
    };
    let is_line = |one: Span| {
        let head = text.get(..one.start).unwrap_or_default();
        head.rsplit('\n').next().unwrap_or_default().trim().is_empty()
    };
    stream.comments.iter().any(|other| {
        is_line(comment)
            && is_line(*other)
            && (is_next(comment, *other) || is_next(*other, comment))
    })
}

/// Where the digits stand, no other digit beside them.
fn digits(text: &str, old: &str) -> Vec<Span> {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let hits = text.match_indices(old).map(|(at, _)| Span::new(at, at + old.len()));
    hits.filter(|at| !digit(at.start.checked_sub(1)) && !digit(Some(at.end))).collect()
}

/// Whether the digits end a name of the family that stands as a whole token.
fn is_name(text: &str, digits: Span, family: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let before = text[..digits.start].strip_suffix('-').and_then(|head| head.strip_suffix(family));
    before.is_some_and(|head| !head.ends_with(inside))
        && !text[digits.end..]
            .starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// What the copy makes and reads, checked.
pub(super) fn read_back(copy: &str, family: &str, version: &str) -> Result<Vec<Pinned>, String> {
    let stream = parse(&Source::file(TreePath::root(), copy)).map_err(|error| error.message)?;
    let [document] = &stream.documents[..] else { return Err("it is not one document".to_owned()) };
    let stub = Stub::read(&document.root).ok_or("it is no ExternalSecret")?;
    let name = format!("{family}-{version}");
    if stub.secret.node.str() != Some(&name) {
        return Err(format!("its copy would not make `{name}`"));
    }
    Ok(Pinned::all(&stub, version))
}
