//! The text of one stub: taken out of its file, edited step by step.

use std::sync::Arc;

use crate::k8s::resource::group_of;
use crate::text::edit::{Edit, apply};
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::text::span::Span;
use crate::yaml::edit::insert::insert_entry;
use crate::yaml::node::Node;
use crate::yaml::parse::{Stream, parse};
use crate::yaml::path::Path;

/// The text of the document of a file that holds `at`, ready to be a file of its own; `None` where it does not parse.
pub(super) fn own(source: &Arc<Source>, at: Span) -> Option<String> {
    let stream = parse(source).ok()?;
    let text = source.text().trim_start_matches('\u{feff}');
    if stream.documents.len() == 1 {
        return Some(source.text().to_owned());
    }
    let document = stream.documents.iter().find(|document| document.span.contains(at))?;
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let root = document.root.origin.as_ref()?.span().start;
    let mut start = document.span.start;
    // Comments of the file stand above its first `---`, or a blank line away from the first document.
    let head = source.text().get(start..root)?;
    let lines = head.split_inclusive('\n').scan(start, |at, line| {
        *at += line.len();
        Some((*at, line.trim()))
    });
    let lines: Vec<(usize, &str)> = lines.collect();
    let is_marker = |line: &str| {
        line.trim_start_matches('\u{feff}')
            .strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.trim_start().starts_with('#'))
    };
    let marker = lines.iter().find(|(_, line)| is_marker(line));
    let blank = lines.iter().rfind(|(_, line)| line.is_empty());
    start = marker.or(blank).map_or(start, |(behind, _)| *behind);
    let body = source.text().get(start..document.span.end)?.trim_start_matches('\u{feff}');
    let body = body.trim_start_matches(['\r', '\n']).trim_end();
    // If the file starts with `---`, so does the new one.
    let begin = if text.starts_with("---") { format!("---{newline}") } else { String::new() };
    Some(format!("{begin}{body}{newline}"))
}

/// What tools look for in comments.
const DIRECTIVES: &[&str] = &[
    "checkov",
    "gitleaks",
    "kics",
    "nosec",
    "noqa",
    "pragma",
    "prettier",
    "renovate",
    "rotate:",
    "trivy",
    "yaml-language-server",
    "yamllint",
];

/// Edits that take away the comments behind what other edits replace, where nothing else stands between: they were said of what
/// stood there.
pub(super) fn comments_behind(stream: &Stream, edits: &[Edit]) -> Vec<Edit> {
    let text = stream.source.text();
    let replaced = edits.iter().filter(|edit| !edit.span.is_empty() && !edit.text.is_empty());
    let behind = replaced.filter_map(|edit| {
        let line = text.get(edit.span.end..)?.split('\n').next()?;
        let line = edit.span.end..edit.span.end + line.len();
        let comment = stream.comments.iter().find(|one| line.contains(&one.start))?;
        let start = text.get(..comment.start)?.trim_end_matches([' ', '\t']).len();
        let between = text.get(edit.span.end..comment.start)?;
        let said = text.get(comment.start..comment.end)?;
        let is_directive = DIRECTIVES.iter().any(|one| said.contains(one));
        (between.trim().is_empty() && !is_directive)
            .then(|| Edit { span: Span::new(start, comment.end), text: String::new() })
    });
    behind.collect()
}

/// A text with a key of a mapping set to a value.
///
/// # Errors
/// With a phrase, when it cannot be edited.
pub(super) fn set(text: String, map: &Path, key: &str, value: &str) -> Result<String, String> {
    edited(&text, |root| {
        let known = map.follow(root)?.get(key);
        let Some(node) = known else { return Some(insert_entry(root, map, key, value, None)) };
        let place = node.origin.as_ref().filter(|place| place.text() != value)?;
        Some(Ok(Edit { span: place.span(), text: value.to_owned() }))
    })
}

/// What there is to read of a stub's text.
///
/// # Errors
/// With a phrase, when it is no ExternalSecret.
pub(super) fn read<T>(text: &str, look: impl FnOnce(&Node) -> T) -> Result<T, String> {
    let stream = stream(text)?;
    let document = stream.documents.first().ok_or("it is empty")?;
    if group_of(&document.root) != "external-secrets.io" {
        return Err("it is no ExternalSecret".to_owned());
    }
    Ok(look(&document.root))
}

/// The documents of a text.
///
/// # Errors
/// With a phrase, when it does not parse.
pub(super) fn stream(text: &str) -> Result<Stream, String> {
    parse(&Source::file(TreePath::root(), text)).map_err(|error| error.message)
}

/// A text after one edit, with the comment behind what that replaces; none: as it was.
///
/// # Errors
/// With a phrase, when it cannot be edited.
pub(super) fn edited<E: ToString>(
    text: &str,
    edit: impl FnOnce(&Node) -> Option<Result<Edit, E>>,
) -> Result<String, String> {
    match read(text, edit)? {
        None => Ok(text.to_owned()),
        Some(edit) => {
            let edits = vec![edit.map_err(|error| error.to_string())?];
            let comments = comments_behind(&stream(text)?, &edits);
            apply(text, &[edits, comments].concat()).map_err(|error| error.to_string())
        }
    }
}
