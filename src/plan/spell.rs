//! Text that is written or said: scalars quoted where they must be, blocks indented, lists of paths cut short.

use crate::text::few::few;
use crate::text::path::TreePath;
use crate::yaml::edit::quote;
use crate::yaml::node::Style;

/// The first few of several paths, and how many more there are.
pub(super) fn first_few(paths: &[TreePath]) -> String {
    let named: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
    few(&named.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A string as a YAML scalar, without quotes where none are needed. Never more than a line.
pub(super) fn scalar(text: &str) -> String {
    quote::spell(text, Style::Plain)
}

/// A string in double quotes.
pub(super) fn quoted(text: &str) -> String {
    quote::spell(text, Style::Double)
}

/// `key: value` lines, the value as a literal block where it has several lines and a block can hold it.
/// A line break must follow.
pub(super) fn entry(key: &str, text: &str) -> String {
    let fits = text.contains('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && !text.ends_with("\n\n")
        && !text.chars().any(|char| char != '\n' && (char.is_control() || char == '\u{feff}'))
        && !text.contains(['\u{85}', '\u{2028}', '\u{2029}'])
        && text.lines().all(|line| !line.trim().is_empty() || line.is_empty());
    if !fits {
        return format!("{key}: {}", scalar(text));
    }
    let (header, body) = text.strip_suffix('\n').map_or(("|-", text), |body| ("|", body));
    format!("{key}: {header}\n{}", indented(body, 2))
}

/// Every line that is not empty, moved to the right.
pub(super) fn indented(text: &str, by: usize) -> String {
    let pad = " ".repeat(by);
    let lines = text
        .split('\n')
        .map(|line| if line.is_empty() { String::new() } else { format!("{pad}{line}") });
    lines.collect::<Vec<_>>().join("\n")
}

/// Lines as an item of a block sequence.
pub(super) fn item(text: &str) -> String {
    let moved = indented(text, 2);
    format!("- {}", moved.trim_start_matches(' '))
}

#[cfg(test)]
mod tests {
    use super::{entry, item, scalar};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;

    fn read(text: &str) -> String {
        let stream = parse(&Source::file(TreePath::root(), text)).unwrap();
        stream.documents[0].root.get("k").and_then(Node::str).unwrap().to_owned()
    }

    #[test]
    fn quotes_what_would_be_something_else() {
        assert_eq!(scalar("auth-20250723110000"), "auth-20250723110000");
        assert_eq!(scalar("a\\.b"), "a\\.b");
        assert_eq!(scalar("20250723110000"), "\"20250723110000\"");
        assert_eq!(scalar("1e-20250723110000"), "\"1e-20250723110000\"");
        assert_eq!(scalar("yes"), "\"yes\"");
        assert_eq!(scalar(""), "\"\"");
        assert_eq!(scalar("a: b"), "\"a: b\"");
    }

    #[test]
    fn every_text_reads_back() {
        for text in [
            "a\nb\n",
            "a\nb",
            "a\n\n\nb\n\n\n",
            " a\nb",
            "a\t\nb\u{7}",
            "x \n  y: \"z\"\n",
            "\n",
            "é\u{2028}\nb",
        ] {
            assert_eq!(read(&format!("{}\n", entry("k", text))), text, "{text:?}");
        }
        let inside = item(&format!("{}\nlast: 1", entry("k", "a\n\nb\n")));
        let stream = parse(&Source::file(TreePath::root(), inside.as_str())).unwrap();
        let first = &stream.documents[0].root.items()[0];
        assert_eq!(first.get("k").and_then(Node::str), Some("a\n\nb\n"));
        assert_eq!(first.get("last").and_then(Node::str), Some("1"));
    }
}
