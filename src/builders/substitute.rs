//! Variables in the scalars of an object, filled in with the place of each part.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::builders::envsubst::{Failure, Piece, has_variables, substitute};
use crate::text::path::TreePath;
use crate::text::source::{Place, Source};
use crate::text::span::Span;
use crate::yaml::embed;
use crate::yaml::node::{Node, Scalar, Style, Tag, Value};

/// Variables by name, each with the scalar that has its value.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    known: BTreeMap<String, Node>,
    /// Whether there may be others, whose names and values are not known.
    is_open: bool,
}

impl Variables {
    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: Node) {
        self.known.insert(name.to_owned(), value);
    }

    /// Says that there may be others, whose names and values are not known.
    pub fn open(&mut self) {
        self.is_open = true;
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty() && !self.is_open
    }

    /// Whether they are the same, written in the same places of the same texts.
    #[must_use]
    pub fn same(&self, others: &Self) -> bool {
        let alike = |((name, one), (known, other)): ((&String, &Node), (&String, &Node))| {
            name == known && is_written_alike(one, other)
        };
        self.is_open == others.is_open
            && self.known.len() == others.known.len()
            && self.known.iter().zip(&others.known).all(alike)
    }

    /// The files in which they are written.
    pub fn files(&self) -> impl Iterator<Item = TreePath> {
        let origins = self.known.values().filter_map(|node| node.origin.as_ref());
        origins.map(|origin| origin.near_in_file().source.path().clone())
    }

    /// The value of a variable: line breaks are dropped.
    fn value(&self, name: &str) -> Option<String> {
        Some(self.known.get(name)?.str()?.replace('\n', ""))
    }
}

/// Whether two nodes say the same in the same places of the same texts.
#[must_use]
pub fn is_written_alike(one: &Node, other: &Node) -> bool {
    let place = |node: &Node| node.origin.as_ref().map(Place::near_in_file);
    let is_there = match (place(one), place(other)) {
        (Some(one), Some(other)) => one.is(&other),
        (None, None) => true,
        _ => false,
    };
    let lists = (one.items(), other.items());
    let maps = (one.entries(), other.entries());
    one.str() == other.str()
        && is_there
        && lists.0.len() == lists.1.len()
        && maps.0.len() == maps.1.len()
        && lists.0.iter().zip(lists.1).all(|(a, b)| is_written_alike(a, b))
        && maps
            .0
            .iter()
            .zip(maps.1)
            .all(|(a, b)| a.key.str() == b.key.str() && is_written_alike(&a.value, &b.value))
}

/// An object with its variables filled in, and why some could not be. A scalar that cannot be filled in stays as it is.
#[must_use]
pub(super) fn fill(
    node: &Node,
    variables: &Variables,
    failures: &mut Vec<(Failure, Node)>,
) -> Node {
    let mut filled = node.clone();
    visit(&mut filled, variables, failures);
    filled
}

/// Whether anything below a node has a variable.
pub(super) fn needs(node: &Node) -> bool {
    match &node.value {
        Value::Scalar(_) => node.str().is_some_and(has_variables),
        Value::Map(map) => map.entries.iter().any(|one| needs(&one.key) || needs(&one.value)),
        Value::Seq(seq) => seq.items.iter().any(needs),
    }
}

fn visit(node: &mut Node, variables: &Variables, failures: &mut Vec<(Failure, Node)>) {
    if !needs(node) {
        return;
    }
    if node.scalar().is_some() {
        match scalar(node, variables) {
            Ok(filled) => *node = filled,
            Err(failure) => failures.push((failure, node.clone())),
        }
    } else if let Some(map) = node.map_mut() {
        for entry in &mut map.entries {
            visit(&mut entry.key, variables, failures);
            visit(&mut entry.value, variables, failures);
        }
    } else if let Some(items) = node.items_mut() {
        items.iter_mut().for_each(|item| visit(item, variables, failures));
    }
}

/// A scalar with its variables filled in.
fn scalar(node: &Node, variables: &Variables) -> Result<Node, Failure> {
    let text = node.str().unwrap_or_default();
    let pieces = substitute(text, &|name| variables.value(name), variables.is_open)?;
    let mut parts = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(range) => parts.extend(written(node, range)),
            Piece::Value(name) => {
                let place = variables.known.get(&name).and_then(embed::content);
                parts.push((variables.value(&name).unwrap_or_default(), place));
            }
            Piece::Made(made) => parts.push((made, None)),
        }
    }
    Ok(composed(node, &parts))
}

/// A part of a text, and the place that spells it, if one does.
pub type Part = (String, Option<Place>);

/// The parts of a scalar's own text, a line each: a file spells each in a place of its own.
pub(super) fn written(node: &Node, range: Range<usize>) -> impl Iterator<Item = Part> {
    let text = node.str().unwrap_or_default();
    lines(text, range).map(move |range| (text[range.clone()].to_owned(), embed::part(node, range)))
}

/// A scalar that is put together from parts, in the place of another.
#[must_use]
pub fn composed(node: &Node, parts: &[Part]) -> Node {
    let parts: Vec<(&str, Option<Place>)> =
        parts.iter().map(|(text, place)| (text.as_str(), place.clone())).collect();
    let nowhere = || Source::file(TreePath::root(), "");
    let template = node.origin.as_ref().map_or_else(nowhere, |origin| origin.source.clone());
    let source = Source::composed(&template, &parts);
    let span = Span::new(0, source.text().len());
    Node {
        // The text of the whole object is read again, so what the text says decides its type.
        value: Value::Scalar(Scalar::verbatim(Style::Plain, Tag::None)),
        origin: Some(Place::new(source, span)),
        alias: None,
        how: node.how,
        merged: node.merged,
    }
}

/// The lines of a range: a file spells each in a place of its own.
fn lines(text: &str, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut start = range.start;
    text[range].split_inclusive('\n').map(move |line| {
        let from = start;
        start += line.len();
        from..start
    })
}

#[cfg(test)]
mod tests {
    use super::{Variables, fill};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::embed;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;

    fn root(path: &str, text: &str) -> Node {
        let source = Source::file(TreePath::new(path).unwrap(), text);
        parse(&source).unwrap().documents[0].root.clone()
    }

    #[test]
    fn each_part_has_its_place() {
        let values = root("vars.yaml", "V: \"20250101000000\"\nNAME: db-keys\nLONG: |\n  a\n  b\n");
        let mut variables = Variables::default();
        for entry in values.entries() {
            variables.set(entry.key.str().unwrap(), entry.value.clone());
        }
        let object = root(
            "web.yaml",
            "a: db-${V}\nb: ${NAME}\nc: |\n  one ${V}\n  two ${NONE}\nd: ${LONG}\ne: plain\nf: |\n  x\n  y ${V}\n",
        );
        let mut failures = Vec::new();
        let filled = fill(&object, &variables, &mut failures);
        let text = |key: &str| filled.get(key).and_then(Node::str).unwrap();
        assert_eq!(text("a"), "db-20250101000000");
        assert_eq!(text("c"), "one ${V}\ntwo ${NONE}\n");
        assert_eq!((text("d"), text("e")), ("ab", "plain"));
        assert_eq!(failures.len(), 1);
        let place = |key: &str, word: &str| {
            let node = filled.get(key).unwrap();
            let at = node.str().unwrap().find(word).unwrap();
            let place = embed::part(node, at..at + word.len())?.in_file()?;
            assert_eq!(place.text(), word);
            Some((place.source.path().to_string(), place.span().start))
        };
        assert_eq!(place("a", "20250101000000"), Some(("vars.yaml".to_owned(), 4)));
        assert_eq!(place("a", "db-"), Some(("web.yaml".to_owned(), 3)));
        assert_eq!(place("a", "db-20250101000000"), None);
        assert_eq!(place("b", "db-keys"), Some(("vars.yaml".to_owned(), 26)));
        assert_eq!(place("d", "ab"), None);
        assert_eq!(place("f", "y "), Some(("web.yaml".to_owned(), 83)));
    }
}
