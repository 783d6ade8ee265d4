//! Text inside scalars: the bytes of a part of one, and the documents embedded in one.

use std::ops::Range;

use crate::text::path::TreePath;
use crate::text::source::{LineBreak, Place, Source, Spelling};
use crate::text::span::Span;
use crate::yaml::node::{Node, Style};
use crate::yaml::parse::{Stream, SyntaxError, parse};
use crate::yaml::runs;

/// The contiguous bytes that spell a range of a scalar's decoded text.
///
/// `None` if no file contains them verbatim: an escape, a folded line, a generated value. A range of a
/// literal scalar that spans several lines has no such bytes either.
#[must_use]
pub fn part(node: &Node, range: Range<usize>) -> Option<Place> {
    node.str()?.get(range.clone())?;
    let runs = runs::of(node);
    let index = runs.partition_point(|run| run.inner <= range.start).checked_sub(1)?;
    let run = runs.get(index).filter(|run| range.end <= run.inner + run.len)?;
    let start = run.outer + (range.start - run.inner);
    let source = node.origin.as_ref()?.source.clone();
    Some(Place::new(source, Span::new(start, start + range.len())))
}

/// The parts of a scalar's text that files spell, each with its offset in the text.
#[must_use]
pub fn pieces(node: &Node) -> Vec<(usize, Place)> {
    let Some(origin) = &node.origin else { return Vec::new() };
    let mut pieces = Vec::new();
    for run in runs::of(node) {
        let inside = origin.source.pieces(Span::new(run.outer, run.outer + run.len));
        pieces.extend(inside.into_iter().map(|(at, place)| (run.inner + at, place)));
    }
    pieces
}

/// The bytes of a scalar's whole text, without quotes.
#[must_use]
pub fn content(node: &Node) -> Option<Place> {
    part(node, 0..node.str()?.len())
}

/// Parses a scalar's text as YAML; each position in it maps back to the file's bytes.
///
/// # Errors
/// When the text is not valid YAML. A mapping or a sequence counts as an empty text.
pub fn parse_inside(node: &Node) -> Result<Stream, SyntaxError> {
    parse_text(node, node.str().unwrap_or_default())
}

/// Like [`parse_inside`], but ignores whitespace and line breaks at the end of the text.
///
/// # Errors
/// When the text is no YAML.
pub fn parse_trimmed(node: &Node) -> Result<Stream, SyntaxError> {
    parse_text(node, node.str().unwrap_or_default().trim_end())
}

fn parse_text(node: &Node, text: &str) -> Result<Stream, SyntaxError> {
    let source = match &node.origin {
        Some(origin) => Source::inside(&origin.source, text, runs::of(node), spelling(node)),
        None => {
            let nowhere = Source::file(TreePath::root(), "");
            Source::inside(&nowhere, text, Vec::new(), Spelling::default())
        }
    };
    parse(&source)
}

/// How to encode text that is inserted into a scalar.
fn spelling(node: &Node) -> Spelling {
    match node.scalar().map(|scalar| scalar.style) {
        Some(Style::Single) => Spelling { escapes: &[('\'', "''")], ..Spelling::default() },
        Some(Style::Double) => {
            Spelling { escapes: &[('"', "\\\""), ('\\', "\\\\")], ..Spelling::default() }
        }
        Some(Style::Literal) => Spelling { lines: line_break(node), ..Spelling::default() },
        _ => Spelling { words_only: true, ..Spelling::default() },
    }
}

fn line_break(node: &Node) -> Option<LineBreak> {
    let origin = node.origin.as_ref()?;
    let indent = runs::block::literal(origin.text(), node.str()?)?.indent?;
    let newline = if origin.text().contains("\r\n") { "\r\n" } else { "\n" };
    Some(LineBreak { newline, indent })
}

#[cfg(test)]
mod tests {
    use super::{content, parse_inside, part};
    use crate::text::edit::{Edit, apply};
    use crate::text::path::TreePath;
    use crate::text::remap::in_file;
    use crate::text::source::Source;
    use crate::yaml::node::{Node, Provenance};
    use crate::yaml::parse::parse;

    fn value(text: &str) -> Node {
        let stream = parse(&Source::file(TreePath::root(), text)).unwrap();
        stream.documents[0].root.get("k").unwrap().clone()
    }

    /// Looks up a word in the decoded text, and returns its bytes in the file with one byte on either side.
    fn spelled(text: &str, word: &str) -> Option<String> {
        let node = value(text);
        let at = node.str().unwrap().find(word).unwrap();
        let place = part(&node, at..at + word.len())?;
        assert_eq!(place.text(), word, "{text:?}");
        Some(text[place.span().start.saturating_sub(1)..=place.span().end].to_owned())
    }

    #[test]
    fn parts_of_every_style_are_found() {
        let cases = [
            ("k: one two\n", " two\n"),
            ("k: one\n   two\nx: y\n", " two\n"),
            ("k: 'it''s two'\n", " two'"),
            ("k: \"\\tone\\n  two\"\n", " two\""),
            ("k: \"one\\\n   two\"\n", " two\""),
            ("k: |\n  one\n  a two\n", " two\n"),
            ("k: &a !!str |2-\n     one\n\n    two\n\n", " two\n"),
            ("k: |+\r\n  one\r\n  two\r\n\r\n", " two\r"),
            ("k: >\n  one\n  two\n\n  three\n", " two\n"),
            ("\u{feff}k: >-\r\n  üne\r\n  two\r\n", " two\r"),
            ("k: |\n    two", " two"),
            ("k: [{k: x}, 'two']\nk: |+\n\n   two\n\n\n", " two\n"),
        ];
        for (text, expected) in cases {
            let text = format!("{text}{}", if text.ends_with('\n') { "" } else { "\n" });
            let found = spelled(&text, "two");
            assert_eq!(found.as_deref().map(str::trim_end), Some(expected.trim_end()), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_spelled_has_no_bytes() {
        assert_eq!(spelled("k: 'it''s'\n", "t's"), None);
        assert_eq!(spelled("k: \"a\\u0062c\"\n", "abc"), None);
        assert_eq!(spelled("k: one\n  two\n", "one two"), None);
        assert!(content(&value("k: auth\n").with_text("auth-x", Provenance::Derived)).is_none());
        assert!(content(&Node::string("x", Provenance::Generated)).is_none());
        assert_eq!(content(&value("k: \"a b\"\n")).unwrap().text(), "a b");
        assert_eq!(content(&value("k: ''\n")).unwrap().span().start, 4);
    }

    #[test]
    fn documents_inside_map_to_the_file() {
        let text = "k: |-\r\n    - op: add\r\n      value: 'old'\r\n    # c\r\nz: |\r\n  x\r\n";
        let stream = parse_inside(&value(text)).unwrap();
        let node = &stream.documents[0].root.items()[0].get("value").unwrap();
        let place = node.origin.as_ref().unwrap().in_file().unwrap();
        assert_eq!(place.text(), "'old'");
        assert_eq!(&text[place.span().start..place.span().end], "'old'");
        let end = node.origin.as_ref().unwrap().span().end;
        let edit = Edit { span: crate::text::span::Span::new(end, end), text: "\n- new".into() };
        let (file, edit) = in_file(&stream.source, &edit).unwrap();
        let expected = text.replace("'old'\r\n", "'old'\r\n    - new\r\n");
        assert_eq!(apply(file.text(), &[edit]).unwrap(), expected);
    }

    #[test]
    fn json_in_quotes_maps_too() {
        let text = "k: \"[{\\\"op\\\": \\\"x\\\", \\\"value\\\": \\\"auth-1\\\"}]\"\n";
        let stream = parse_inside(&value(text)).unwrap();
        let node = stream.documents[0].root.items()[0].get("value").unwrap().clone();
        assert!(node.origin.as_ref().unwrap().in_file().is_none());
        assert_eq!(content(&node).unwrap().in_file().unwrap().text(), "auth-1");
        let nested = value("k: '[{\"op\": \"x\", \"value\": \"auth-1\"}]'\n");
        let stream = parse_inside(&nested).unwrap();
        let node = stream.documents[0].root.items()[0].get("value").unwrap().clone();
        assert_eq!(node.origin.unwrap().in_file().unwrap().text(), "\"auth-1\"");
    }

    #[test]
    fn made_values_are_nowhere() {
        let stream = parse_inside(&Node::string("a: 1", Provenance::Generated)).unwrap();
        let node = stream.documents[0].root.get("a").unwrap();
        assert!(node.origin.as_ref().unwrap().in_file().is_none());
    }
}
