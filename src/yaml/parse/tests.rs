//! Tests of the parser.

use super::{Stream, parse};
use crate::text::path::TreePath;
use crate::text::source::Source;

fn stream(text: &str) -> Stream {
    parse(&Source::file(TreePath::root(), text)).unwrap()
}

fn token(stream: &Stream, keys: &[&str]) -> String {
    let node = stream.documents[0].root.at(keys).unwrap();
    let origin = node.origin.as_ref().unwrap();
    origin.source.slice(origin.span()).to_owned()
}

#[test]
fn every_style_knows_its_token() {
    let text = "a: x y\nb: 'q''r'\nc: \"s\\n\"\nd: &n !!str |2- # c\n    t\n   u\ne: >\n  v\n  w\nf: [1, {g: h}]\ni:\nj: *n\n";
    let stream = stream(text);
    assert_eq!(token(&stream, &["a"]), "x y");
    assert_eq!(token(&stream, &["b"]), "'q''r'");
    assert_eq!(token(&stream, &["c"]), "\"s\\n\"");
    assert!(token(&stream, &["d"]).starts_with("|2- # c\n    t\n   u"));
    assert!(token(&stream, &["e"]).starts_with(">\n  v\n  w"));
    assert_eq!(token(&stream, &["f"]), "[1, {g: h}]");
    assert_eq!(token(&stream, &["i"]), "");
    let root = &stream.documents[0].root;
    assert_eq!(root.get("b").unwrap().str(), Some("q'r"));
    assert_eq!(root.get("d").unwrap().str(), Some("  t\n u"));
    assert_eq!(root.get("e").unwrap().str(), Some("v w\n"));
    assert_eq!(root.get("j").unwrap().str(), Some("  t\n u"));
}

#[test]
fn merges_and_reports_duplicates() {
    let stream = stream("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n  y: 4\n---\nz: 1\n");
    let b = stream.documents[0].root.get("b").unwrap();
    assert_eq!(b.get("x").unwrap().str(), Some("1"));
    assert_eq!(b.get("y").unwrap().str(), Some("4"));
    assert_eq!(stream.documents[0].duplicates.len(), 1);
    assert_eq!(stream.documents.len(), 2);
}

#[test]
fn refuses_bombs() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..12 {
        let row = vec![format!("*a{}", i - 1); 10].join(", ");
        bomb.push_str(&format!("a{i}: &a{i} [{row}]\n"));
    }
    assert!(parse(&Source::file(TreePath::root(), bomb)).is_err());
    let own = "a: &a [*a]\n";
    assert!(parse(&Source::file(TreePath::root(), own)).is_err());
}

#[test]
fn refuses_deep_nesting_at_once() {
    for open in ["[", "{a: ", "- ", "? ", "{? ", "[{"] {
        let error = parse(&Source::file(TreePath::root(), open.repeat(100_000))).unwrap_err();
        assert!(error.message.contains("deep"), "{open}: {error}");
    }
    let lines: String = (0..5_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    assert!(parse(&Source::file(TreePath::root(), lines)).is_err());
    let allowed = format!("{}{}", "[".repeat(400), "]".repeat(400));
    assert!(parse(&Source::file(TreePath::root(), allowed)).is_ok());
}

#[test]
fn strings_continued_too_far_left_read_as_kubernetes_reads_them() {
    let text = "k:\n  a: \"one\\\"  \n  two\n\n  three\" # c\n  b: 'x\ny'\nl:\n  - \"p\n\tq\"\n";
    for text in [text.to_owned(), text.replace('\n', "\r\n")] {
        let stream = stream(&text);
        let root = &stream.documents[0].root;
        assert_eq!(root.at(&["k", "a"]).unwrap().str(), Some("one\" two\nthree"));
        assert_eq!(root.at(&["k", "b"]).unwrap().str(), Some("x y"));
        assert_eq!(root.get("l").unwrap().items()[0].str(), Some("p q"));
        assert!(token(&stream, &["k", "a"]).ends_with("three\""));
        assert_eq!(stream.comments.len(), 1);
    }
    assert!(parse(&Source::file(TreePath::root(), "\"a\nb\": 1\n")).is_err());
}

#[test]
fn tabs_may_indent_between_brackets() {
    let stream = stream("a: {\n\t\"b\": [\n\t\t'1'\n\t]\n}\n");
    assert_eq!(stream.documents[0].root.at(&["a", "b"]).unwrap().items()[0].str(), Some("1"));
}

#[test]
fn empty_values_and_first_dashes_have_a_place() {
    let text = "a:\nb : # c\nc: &x\nd:\n# - no\n- # e\n  - f\n- g\nh: {i, j: , \"k\":}\n";
    let stream = stream(text);
    let root = &stream.documents[0].root;
    let start = |keys: &[&str]| root.at(keys).unwrap().origin.as_ref().unwrap().span().start;
    assert!(text[..start(&["a"])].ends_with("a:"));
    assert!(text[..start(&["b"])].ends_with("b :"));
    assert!(text[..start(&["c"])].ends_with("&x"));
    assert!(text[start(&["d"])..].starts_with("- # e"));
    assert!(text[..start(&["h", "i"])].ends_with("{i"));
    assert!(text[..start(&["h", "j"])].ends_with("j:"));
    assert!(text[..start(&["h", "k"])].ends_with("\"k\":"));
}

#[test]
fn large_maps_take_no_longer_than_their_size() {
    let lines = |name: &str| (0..20_000).map(|i| format!("  {name}{i}: 1\n")).collect::<String>();
    let text = format!("a: &a\n{}b:\n  <<: *a\n{}", lines("x"), lines("y"));
    let stream = stream(&text);
    assert_eq!(stream.documents[0].root.get("b").unwrap().entries().len(), 40_000);
}

#[test]
fn messages_say_what_to_do() {
    let help = |text: &str| parse(&Source::file(TreePath::root(), text)).unwrap_err().help.unwrap();
    assert!(help("a:\n\tb: 1\n").contains("spaces"));
    assert!(help("a: {{ .Values.x }}\n").contains("template"));
    assert!(help("{{- if x }}\na: 1\n{{- end }}\n").contains("template"));
    assert!(help("a: *b\n").contains("&name"));
    assert!(help("a: \"\\/\"\n").contains("itself"));
    assert!(help("a: b: c\n").contains("quotes"));
}

#[test]
fn a_text_without_a_last_line_break_ends_there() {
    let stream = stream("a: |\n  b");
    assert_eq!(stream.documents[0].root.get("a").unwrap().str(), Some("b"));
    assert_eq!(token(&stream, &["a"]), "|\n  b");
}
