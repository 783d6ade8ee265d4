//! The keys and values of a generator: literals, files, and files of `KEY=value` lines.

use std::ops::Range;
use std::sync::Arc;

use crate::kustomize::load::context::Context;
use crate::kustomize::load::remote::is_remote;
use crate::text::problem::Problem;
use crate::text::source::{Place, Source};
use crate::text::span::Span;
use crate::yaml::embed;
use crate::yaml::node::{Node, Provenance, Scalar, Style, Tag, Value};

/// A key and its value.
pub struct Pair {
    /// The key.
    pub key: String,
    /// The value.
    pub content: Content,
}

/// A value: text with the place where it is written, or bytes.
pub enum Content {
    /// A text.
    Text(Node),
    /// Bytes that are not valid text.
    Bytes(Arc<[u8]>),
}

/// Reads all sources of a generator, sorted by key.
///
/// # Errors
/// If a source cannot be read or a key is duplicated.
pub fn read(generator: &Node, context: &mut Context<'_>) -> Result<Vec<Pair>, Problem> {
    let items = |key: &str| generator.get(key).map(Node::items).unwrap_or_default();
    let mut pairs: Vec<(Pair, &Node)> = Vec::new();
    let env = generator.get("env").filter(|env| env.str().is_some_and(|text| !text.is_empty()));
    for item in items("envs").iter().chain(env) {
        pairs.extend(env_file(item, context)?.into_iter().map(|pair| (pair, item)));
    }
    for item in items("literals") {
        pairs.push((literal(item)?, item));
    }
    for item in items("files") {
        pairs.push((file(item, context)?, item));
    }
    pairs.sort_by(|(a, _), (b, _)| a.key.cmp(&b.key));
    for two in pairs.windows(2) {
        if two[0].0.key == two[1].0.key {
            let message = match two.iter().all(|(pair, _)| has_value(pair)) {
                true => format!("the key `{}` is given twice", two[0].0.key),
                // A line without a `=` may be a part of a value.
                false => "a key is given twice".to_owned(),
            };
            return Err(Problem::at(message, two[1].1).with_help("keep one of the two"));
        }
    }
    Ok(pairs.into_iter().map(|(pair, _)| pair).collect())
}

fn has_value(pair: &Pair) -> bool {
    !matches!(&pair.content, Content::Text(node) if node.str() == Some(""))
}

fn literal(item: &Node) -> Result<Pair, Problem> {
    let text = item.str().unwrap_or_default();
    let Some(equals) = text.find('=').filter(|at| *at > 0) else {
        return Err(Problem::at("expected `key=value`", item));
    };
    let (mut start, mut end) = (equals + 1, text.len());
    let value = &text[start..];
    let quoted =
        |quote: char| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
    if quoted('"') || quoted('\'') {
        (start, end) = (start + 1, end - 1);
    }
    let content = Content::Text(part_of(item, start..end));
    Ok(Pair { key: text[..equals].to_owned(), content })
}

/// A part of a scalar, with its place if the file contains it verbatim.
fn part_of(item: &Node, range: Range<usize>) -> Node {
    let text = item.str().and_then(|text| text.get(range.clone())).unwrap_or_default();
    match embed::part(item, range) {
        Some(place) => spelled(place, text),
        None => item.with_text(text, Provenance::Derived),
    }
}

fn spelled(place: Place, text: &str) -> Node {
    let scalar = if place.text() == text {
        Scalar::verbatim(Style::Plain, Tag::Str)
    } else {
        Scalar::new(text, Style::Plain, Tag::Str)
    };
    Node { origin: Some(place), ..Node::made(Value::Scalar(scalar), Provenance::Generated) }
}

fn file(item: &Node, context: &mut Context<'_>) -> Result<Pair, Problem> {
    let text = item.str().unwrap_or_default();
    let (key, path) = match text.split_once('=') {
        None => (text.rsplit('/').next().unwrap_or_default(), text),
        Some((key, path)) if key.is_empty() || path.is_empty() || path.contains('=') => {
            return Err(Problem::at("expected `key=path`", item));
        }
        Some((key, path)) => (key, path),
    };
    if is_remote(path) {
        let message = format!("`{path}` is not in the repository");
        return Err(Problem::at(message, item).as_partial());
    }
    let (path, bytes) = context.bytes(item, path)?;
    let content = match context.library.tree().source(&path) {
        Ok(source) => Content::Text(whole(&source)),
        Err(_) => Content::Bytes(bytes),
    };
    Ok(Pair { key: key.to_owned(), content })
}

fn whole(source: &Arc<Source>) -> Node {
    let span = Span::new(0, source.text().len());
    spelled(Place::new(Arc::clone(source), span), source.text())
}

fn env_file(item: &Node, context: &mut Context<'_>) -> Result<Vec<Pair>, Problem> {
    let source = context.text(item)?;
    let mut pairs = Vec::new();
    let mut at = 0;
    for line in source.text().split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim_end_matches('\n');
        let line = line.strip_suffix('\r').unwrap_or(line);
        let content = if start == 0 { line.trim_start_matches('\u{feff}') } else { line };
        let content = content.trim_start();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let content_start = start + line.len() - content.len();
        let (key, value) = content.split_once('=').unwrap_or((content, ""));
        if key.is_empty() {
            continue;
        }
        let value_start = content_start + content.len() - value.len();
        let span = Span::new(value_start, value_start + value.len());
        let node = spelled(Place::new(Arc::clone(&source), span), value);
        pairs.push(Pair { key: key.to_owned(), content: Content::Text(node) });
    }
    Ok(pairs)
}
