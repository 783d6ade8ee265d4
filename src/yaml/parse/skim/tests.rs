//! Tests of what the skimmer accepts, and what it records about it.

use super::skim;
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::text::span::Span;
use crate::yaml::node::Node;
use crate::yaml::parse::parse;

const SCHEMA: &str = "s: # one
  description: |-
    A text: with
      more of it # no comment

    - here

  type: object # two
  required:
  - a
  - 'b: c'
  - \"d \\\"e\\\"
    f\"
  properties:
    \"*\":
    $ref: {}
    # three
    anyOf:
      - - type: integer
          format: int32
        - []
      - x: a plain text
          that goes on: not

      - -1
      - |2-
            told

         by a digit
      - >1

        x
    zulu:
      what
      else?
    pattern: ^[a-z]([-a-z0-9]*)?$
    url: https://example.com/#a 'b' # four
after: 1
";

/// How many nodes there are, the node itself included.
fn count(node: &Node) -> usize {
    let entries = node.entries().iter().map(|entry| 1 + count(&entry.value));
    1 + entries.sum::<usize>() + node.items().iter().map(count).sum::<usize>()
}

#[test]
fn nodes_and_ends_are_those_of_the_parser() {
    let text = SCHEMA.replace("that goes on: not", "that goes on");
    let mut comments = Vec::new();
    let skimmed = skim(&text, 2, 0, &mut comments).unwrap();
    let source = Source::file(TreePath::root(), text.as_str());
    let stream = parse(&source).unwrap();
    let node = stream.documents[0].root.get("s").unwrap();
    assert_eq!(skimmed.nodes, count(node));
    assert_eq!(Span::new(skimmed.start, skimmed.end), node.origin.as_ref().unwrap().span());
    assert!(text[skimmed.behind..].starts_with("after"));
    assert_eq!(comments, stream.comments);
}

#[test]
fn what_is_not_known_is_not_let_through() {
    let mut comments = vec![Span::new(0, 0)];
    let refused = |text: &str, comments: &mut Vec<Span>| skim(text, 2, 0, comments).is_none();
    assert!(refused(SCHEMA, &mut comments));
    for text in [
        "s: x\n",
        "s:\na: b\n",
        "s:\n- a\n",
        "s:\n  - a\n",
        "s:\n  a: 1\n  a: 2\n",
        "s:\n  b: 1\n  a: 2\n  b: 3\n",
        "s:\n  a: &x 1\n",
        "s:\n  a: *x\n",
        "s:\n  a: !x 1\n",
        "s:\n  a:\n     b: 1\n    c: 2\n",
        "s:\n    a: 1\n  b: 2\n",
        "s:\n  a: 1\n    b: 2\n",
        "s:\n  a: b: c\n",
        "s:\n  a: 'b' c\n",
        "s:\n  a: 'b\n",
        "s:\n  a: \"\\q\"\n",
        "s:\n  a:\n  \t- b\n",
        "s:\n  a: |\n  b\n",
        "s:\n  a: |3\n    b\n",
        "s:\n  a: |1-\n\n  b: c\n",
        "s:\n  a: |0\n    b\n",
        "s:\n  a: |\n     \n    b\n",
        "s:\n  null: 1\n",
        "s:\n  <<: {}\n",
        "s:\n  a: - b\n",
        "s:\n  a: [b\n",
        "s:\n  a: {b: c}\n",
        "s:\n  a: `b`\n",
        "s:\n  a\n",
        "s:\n  ? a\n",
        "s:\n  a: b\n\u{feff}c: d\n",
    ] {
        assert!(refused(text, &mut comments), "{text:?}");
    }
    let deep: String = (0..200).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    assert!(refused(&deep, &mut comments));
    assert_eq!(comments.len(), 1);
}
