//! What a JSON 6902 patch only tests: a name there says what was, and names nothing.

use std::ops::Range;

use crate::yaml::embed;
use crate::yaml::node::Node;

/// Whether a part of a text is what the operations `test` of a patch in it compare with.
#[must_use]
pub fn is_tested(node: &Node, part: &Range<usize>) -> bool {
    let text = node.str().unwrap_or_default();
    if !(text.contains("op") && text.contains("test")) {
        return false;
    }
    let Ok(stream) = embed::parse_inside(node) else { return false };
    let roots = stream.documents.iter().map(|document| &document.root);
    let tests = roots.flat_map(Node::items).filter(|item| {
        item.get("op").is_some_and(|op| op.reads("test")) && item.get("path").is_some()
    });
    let mut values = tests.filter_map(|item| item.get("value")?.origin.as_ref());
    values.any(|value| value.span().start <= part.start && part.end <= value.span().end)
}

#[cfg(test)]
mod tests {
    use super::is_tested;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::parse::parse;

    #[test]
    fn only_what_is_compared_is_tested() {
        let block = "p: |-\n  - op: test\n    path: /a\n    value: db-1\n  - op: replace\n    path: /a\n    value: db-1\n";
        let flow = "p: '[{\"op\": \"test\", \"path\": \"/a\", \"value\": \"db-1\"}, {\"op\": \"replace\", \"path\": \"/a\", \"value\": \"db-1\"}]'\n";
        for text in [block, flow] {
            let stream = parse(&Source::file(TreePath::root(), text)).unwrap();
            let node = stream.documents[0].root.get("p").unwrap();
            let parts = node.str().unwrap().match_indices("db-1").map(|(at, _)| at..at + 4);
            let seen: Vec<bool> = parts.map(|part| is_tested(node, &part)).collect();
            assert_eq!(seen, [true, false], "{text}");
        }
        let stream = parse(&Source::file(TreePath::root(), "op: test db-1\n")).unwrap();
        assert!(!is_tested(stream.documents[0].root.get("op").unwrap(), &(5..9)));
    }
}
