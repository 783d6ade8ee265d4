//! Parsing and editing of generated documents in all styles, of every fixture, and of damaged texts.

use std::fmt::Write as _;
use std::path::PathBuf;

use proptest::prelude::*;

use rotate::text::edit::apply;
use rotate::text::path::TreePath;
use rotate::text::remap::in_file;
use rotate::text::source::Source;
use rotate::text::span::Span;
use rotate::yaml::compare::differences;
use rotate::yaml::edit::append::append_item;
use rotate::yaml::edit::insert::insert_entry;
use rotate::yaml::edit::remove::remove;
use rotate::yaml::edit::rewrite::{rewrite, rewrite_part};
use rotate::yaml::embed::parse_inside;
use rotate::yaml::node::{Node, Style, Tag, Value};
use rotate::yaml::parse::{Stream, parse};
use rotate::yaml::path::Path;
use rotate::yaml::scalar::{Kind, Schema, kind};

/// What a value is replaced by: names, numbers to be, and texts that need quotes.
pub(crate) const NEW: [&str; 5] =
    ["auth-20250723110000", "20250723110000", "yes", "it's: #1", "a,b"];

fn parsed(text: &str) -> Stream {
    let source = Source::file(TreePath::new("a.yaml").unwrap(), text);
    parse(&source).unwrap_or_else(|error| panic!("{error} at {:?} in\n{text}", error.place))
}

/// A value to be written.
#[derive(Debug, Clone)]
enum Tree {
    Scalar { lines: Vec<String>, form: Form, props: &'static str },
    Map { entries: Vec<(Self, bool)>, flow: bool },
    Seq { items: Vec<Self>, flow: bool },
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    Plain,
    Single,
    Double,
    Literal(&'static str),
    Folded(&'static str),
}

fn scalar() -> impl Strategy<Value = Tree> {
    let word = prop_oneof!["[a-z][a-z0-9-]{0,8}", "[a-zé☃]{1,4}( [a-z']{1,4}){0,2}"];
    let lines = prop::collection::vec(word, 1..4);
    let chomp = prop_oneof![Just(""), Just("-"), Just("+")];
    let form = prop_oneof![
        3 => Just(Form::Plain),
        2 => Just(Form::Single),
        2 => Just(Form::Double),
        2 => chomp.clone().prop_map(Form::Literal),
        1 => chomp.prop_map(Form::Folded),
    ];
    let props = prop_oneof![4 => Just(""), 1 => Just("!!str "), 2 => Just("&a ")];
    (lines, form, props).prop_map(|(lines, form, props)| Tree::Scalar { lines, form, props })
}

fn tree() -> impl Strategy<Value = Tree> {
    scalar().prop_recursive(3, 20, 4, |inner| {
        let entries = prop::collection::vec((inner.clone(), any::<bool>()), 1..4);
        let items = prop::collection::vec(inner, 1..4);
        prop_oneof![
            (entries, prop::bool::weighted(0.3))
                .prop_map(|(entries, flow)| Tree::Map { entries, flow }),
            (items, prop::bool::weighted(0.3)).prop_map(|(items, flow)| Tree::Seq { items, flow }),
        ]
    })
}

/// Writes trees and remembers what each anchor names.
#[derive(Default)]
struct Writer {
    out: String,
    anchors: usize,
    plain: bool,
}

impl Writer {
    fn line(&mut self, indent: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    /// Writes a value behind `key:` or `-`, whose children are indented by `indent`.
    fn value(&mut self, tree: &Tree, indent: usize, in_flow: bool) {
        match tree {
            Tree::Scalar { lines, form, props } => {
                self.scalar(lines, *form, props, indent, in_flow)
            }
            Tree::Map { entries, flow } if *flow || in_flow => {
                self.out.push_str(" {");
                for (index, (value, _)) in entries.iter().enumerate() {
                    let _ = write!(self.out, "{}k{index}:", if index > 0 { ", " } else { "" });
                    self.value(value, indent, true);
                }
                self.out.push('}');
            }
            Tree::Seq { items, flow } if *flow || in_flow => {
                self.out.push_str(" [");
                for (index, value) in items.iter().enumerate() {
                    self.out.push_str(if index > 0 { "," } else { "" });
                    self.value(value, indent, true);
                }
                self.out.push(']');
            }
            Tree::Map { entries, .. } => {
                for (index, (value, comment)) in entries.iter().enumerate() {
                    if *comment {
                        self.line(indent);
                        self.out.push_str("# - about 'k: \"");
                    }
                    self.line(indent);
                    let _ = write!(self.out, "k{index}:");
                    self.value(value, indent + 2, false);
                }
            }
            Tree::Seq { items, .. } => {
                for value in items {
                    self.line(indent);
                    self.out.push('-');
                    self.value(value, indent + 2, false);
                }
            }
        }
    }

    fn scalar(&mut self, lines: &[String], form: Form, props: &str, indent: usize, flow: bool) {
        self.out.push(' ');
        if props.starts_with('&') && !self.plain {
            let _ = write!(self.out, "&a{} ", self.anchors);
            self.anchors += 1;
        } else if !props.starts_with('&') {
            self.out.push_str(props);
        }
        let pad = format!("\n{}", " ".repeat(indent));
        let folded = lines.join(&pad);
        let _ = match form {
            Form::Plain => write!(self.out, "{folded}"),
            Form::Single => write!(self.out, "'{}'", folded.replace('\'', "''")),
            Form::Literal(chomp) if !flow => {
                write!(self.out, "|{chomp}{pad}{folded}{}", blank(chomp))
            }
            Form::Folded(chomp) if !flow => {
                write!(self.out, ">{chomp}{pad}{folded}{}", blank(chomp))
            }
            _ => write!(self.out, "\"{}\"", lines.join("\\n\\\"\\\\").replace('é', "\\u00e9")),
        };
    }
}

/// A blank line behind a block scalar, which counts with `+` only.
fn blank(chomp: &str) -> &'static str {
    if chomp == "-" { "" } else { "\n" }
}

/// How a whole text is written.
#[derive(Debug, Clone, Copy)]
struct Habits {
    crlf: bool,
    mark: bool,
    unbroken: bool,
}

fn habits() -> impl Strategy<Value = Habits> {
    any::<(bool, bool, bool)>().prop_map(|(crlf, mark, unbroken)| Habits { crlf, mark, unbroken })
}

fn written(trees: &[Tree], habits: Habits, anchors: bool) -> String {
    let mut text = String::new();
    for (index, tree) in trees.iter().enumerate() {
        let mut writer = Writer { plain: !anchors, ..Writer::default() };
        writer.out.push_str("root:");
        writer.value(tree, 2, false);
        for anchor in 0..writer.anchors {
            let _ = write!(writer.out, "\nalias{anchor}: *a{anchor} # again");
        }
        if anchors {
            writer.out.push_str("\nbase: &base {x: 1, y: 'two'}\nmerged:\n  <<: *base\n  z: 3");
        }
        let parted = if index > 0 { "---\n" } else { "" };
        let _ = writeln!(text, "{parted}{}", writer.out);
    }
    if habits.unbroken {
        text.pop();
    }
    let text = if habits.crlf { text.replace('\n', "\r\n") } else { text };
    if habits.mark { format!("\u{feff}{text}") } else { text }
}

/// The scalars of a document that stand in it as values, with their paths.
fn scalars<'n>(node: &'n Node, path: &Path, found: &mut Vec<(Path, &'n Node)>) {
    match &node.value {
        Value::Scalar(_) => found.push((path.clone(), node)),
        Value::Map(map) => {
            for entry in &map.entries {
                scalars(&entry.value, &path.key(entry.key.str().unwrap_or_default()), found);
            }
        }
        Value::Seq(seq) => {
            for (index, item) in seq.items.iter().enumerate() {
                scalars(item, &path.index(index), found);
            }
        }
    }
}

pub(crate) fn leaves(stream: &Stream) -> Vec<Vec<(Path, &Node)>> {
    let each = stream.documents.iter().map(|document| {
        let mut found = Vec::new();
        scalars(&document.root, &Path::default(), &mut found);
        found
    });
    each.collect()
}

fn span(node: &Node) -> Span {
    node.origin.as_ref().unwrap().span()
}

/// Holds two readings of a text against each other: only what the bytes at `changed` spell may differ.
fn assert_only(before: &Stream, after: &Stream, changed: Span, new: &str) {
    assert_eq!(before.comments.len(), after.comments.len());
    let (before, after) = (leaves(before), leaves(after));
    assert_eq!(before.len(), after.len(), "documents");
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.len(), after.len(), "scalars");
        for ((path, old), (path_after, node)) in before.iter().zip(after) {
            assert_eq!(path, path_after);
            let schema = Schema::Kubectl;
            if span(old) == changed {
                assert_eq!(node.str(), Some(new), "{path}");
                assert_eq!(kind(node, schema), Some(Kind::Str), "{path}");
            } else {
                assert_eq!(node.str(), old.str(), "{path}");
                assert!(kind(node, schema) == kind(old, schema) || old.str() == Some(".nan"));
            }
        }
    }
}

/// Changes one scalar of a text, and reads it back.
pub(crate) fn change_one(text: &str, stream: &Stream, node: &Node, new: &str) {
    assert_eq!(apply(text, &[]).unwrap(), text);
    let scalar = node.scalar().unwrap();
    let in_block = matches!(scalar.style, Style::Literal | Style::Folded);
    let new = if in_block {
        // What a block's header says of the line breaks at its end must stay true.
        let old = node.str().unwrap();
        format!("{new}{}", &old[old.trim_end_matches('\n').len()..])
    } else {
        new.to_owned()
    };
    let edit = match rewrite(node, &new) {
        Ok(edit) => edit,
        Err(error) => {
            let empty = node.str().unwrap().trim().is_empty();
            let tagged = scalar.tag != Tag::None;
            assert!(empty || tagged, "{error}: {node:?} in\n{text}");
            return;
        }
    };
    let token = span(node);
    assert!(token.contains(edit.span), "{edit:?} outside {token:?} in\n{text}");
    let after = apply(text, &[edit]).unwrap();
    assert!(after.starts_with(&text[..token.start]) && after.ends_with(&text[token.end..]));
    assert_only(stream, &parsed(&after), token, &new);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn one_value_changes_and_nothing_else(
        trees in prop::collection::vec(tree(), 1..3),
        habits in habits(),
        pick in any::<prop::sample::Index>(),
        new in prop::sample::select(&NEW[..]),
    ) {
        let text = written(&trees, habits, true);
        let stream = parsed(&text);
        let leaves: Vec<_> = leaves(&stream).into_iter().flatten().collect();
        let (_, node) = &leaves[pick.index(leaves.len())];
        change_one(&text, &stream, node, new);
        // A part of it, too: its first character.
        let old = node.str().unwrap();
        let first = old.chars().next().map_or(0, char::len_utf8);
        let whole = format!("z9{}", &old[first..]);
        if let Ok(edit) = rewrite_part(node, 0..first, "z9") {
            let after = apply(&text, &[edit]).unwrap();
            assert_only(&stream, &parsed(&after), span(node), &whole);
        }
    }

    #[test]
    fn structure_changes_where_it_is_told_to(
        tree in tree(),
        habits in habits(),
        pick in any::<prop::sample::Index>(),
    ) {
        let text = written(&[tree], habits, false);
        let root = parsed(&text).documents[0].root.clone();
        let mut all = Vec::new();
        collections(&root, &Path::default(), &mut all);
        let path = &all[pick.index(all.len())];
        let node = path.follow(&root).unwrap();
        let reads = |edit, changed: &[Path]| {
            let after = apply(&text, &[edit]).unwrap();
            let stream = parsed(&after);
            assert_eq!(differences(&root, &stream.documents[0].root), changed, "{text}\n{after}");
            let alone = after.replace("\r\n", "");
            let wrong = if text.contains("\r\n") { '\n' } else { '\r' };
            assert!(!alone.contains(wrong), "mixed line breaks in {after:?}");
        };
        let many = node.items().len();
        if matches!(node.value, Value::Seq(_)) {
            let item = "a: 1\nb:\n- yes";
            reads(append_item(&root, path, item).unwrap(), &[path.index(many)]);
            let edit = remove(&root, &path.index(many - 1)).unwrap();
            reads(edit, &[path.index(many - 1)]);
        } else {
            reads(insert_entry(&root, path, "new", "v", None).unwrap(), &[path.key("new")]);
            let value = "- a: 1\n  b: |\n    t\n- c";
            let edit = insert_entry(&root, path, "new", value, Some("k0")).unwrap();
            reads(edit, &[path.key("new")]);
            let last = node.entries().last().unwrap().key.str().unwrap();
            reads(remove(&root, &path.key(last)).unwrap(), &[path.key(last)]);
        }
    }

    #[test]
    fn a_document_in_a_literal_is_edited_in_the_file(
        tree in tree(),
        crlf in any::<bool>(),
        pick in any::<prop::sample::Index>(),
    ) {
        let habits = Habits { crlf: false, mark: false, unbroken: false };
        let inner = written(&[tree], habits, false);
        let text = format!("patch: |-\n  {}\nnext: 1\n", inner.trim_end().replace('\n', "\n  "));
        let text = if crlf { text.replace('\n', "\r\n") } else { text };
        let outer = parsed(&text);
        let patch = outer.documents[0].root.get("patch").unwrap();
        let stream = parse_inside(patch).unwrap();
        let leaves: Vec<_> = leaves(&stream).into_iter().flatten().collect();
        let (path, node) = &leaves[pick.index(leaves.len())];
        if let Ok(edit) = rewrite(node, "auth-1") {
            let (file, lifted) = in_file(&stream.source, &edit).unwrap();
            let after = parsed(&apply(file.text(), &[lifted]).unwrap());
            let root = &after.documents[0].root;
            assert_eq!(root.get("next").unwrap().str(), Some("1"));
            let again = parse_inside(root.get("patch").unwrap()).unwrap();
            let changed = differences(&stream.documents[0].root, &again.documents[0].root);
            assert!(changed.is_empty() || changed == [path.clone()], "{changed:?} {path} in\n{text}");
        }
    }
}

/// The paths of all collections of a document.
fn collections(node: &Node, path: &Path, found: &mut Vec<Path>) {
    if !matches!(node.value, Value::Scalar(_)) {
        found.push(path.clone());
    }
    for entry in node.entries() {
        collections(&entry.value, &path.key(entry.key.str().unwrap()), found);
    }
    for (index, item) in node.items().iter().enumerate() {
        collections(item, &path.index(index), found);
    }
}

fn fixtures() -> Vec<(PathBuf, String)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut files: Vec<_> = walkdir::WalkDir::new(root)
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json"))
        .filter_map(|path| std::fs::read_to_string(&path).ok().map(|text| (path, text)))
        .collect();
    files.sort();
    files
}

#[test]
fn every_fixture_is_read_and_changed_value_by_value() {
    let files = fixtures();
    let mut read = 0;
    for (path, text) in &files {
        let (lf, mark) = (text.replace("\r\n", "\n"), format!("\u{feff}{text}"));
        for text in [text.clone(), lf.replace('\n', "\r\n"), lf, mark] {
            let name = TreePath::new(&path.file_name().unwrap().to_string_lossy()).unwrap();
            let Ok(stream) = parse(&Source::file(name, text.as_str())) else { continue };
            read += 1;
            let leaves: Vec<_> = leaves(&stream).into_iter().flatten().collect();
            let step = leaves.len() / 12 + 1;
            for (index, (_, node)) in leaves.iter().enumerate().step_by(step) {
                change_one(&text, &stream, node, NEW[index % NEW.len()]);
            }
        }
    }
    assert!(files.is_empty() || read > files.len(), "{read} of {} were read", files.len());
}

/// A small generator of pseudo-random numbers, the same on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (end.max(1) as u64)).unwrap()
    }
}

const PIECES: [&str; 24] = [
    "\n", "\r\n", "\t", " ", "- ", ": ", "? ", "[", "]", "{", "}", ",", "\"", "'", "|", ">-", "#",
    "&a ", "*a", "!!int ", "---\n", "\u{feff}", "\u{85}", "<<: ",
];

#[test]
fn damaged_texts_never_panic() {
    let seed = "a: &a {b: 'c', d: [1, \"e\\tf\"]}\ng:\n- |2+\n    h\n\n- >-\n  i\n  j\n- <<: *a # k\n---\n? l\n: m\n  n\n";
    let mut random = Random(0x5eed);
    for _ in 0..6_000 {
        let mut text: Vec<char> = seed.chars().collect();
        for _ in 0..=random.below(4) {
            let at = random.below(text.len());
            match random.below(3) {
                0 => drop(text.drain(at..(at + random.below(6)).min(text.len()))),
                1 => drop(text.splice(at..at, PIECES[random.below(PIECES.len())].chars())),
                _ => text.truncate(at.max(20)),
            }
        }
        let text: String = text.into_iter().collect();
        match parse(&Source::file(TreePath::root(), text.as_str())) {
            Ok(stream) => {
                for (_, node) in leaves(&stream).into_iter().flatten() {
                    let place = node.origin.as_ref().unwrap();
                    assert!(text.get(place.span().start..place.span().end).is_some(), "{text:?}");
                    if let Ok(edit) = rewrite(node, "new") {
                        assert!(apply(&text, &[edit]).is_ok(), "{text:?}");
                    }
                    drop(parse_inside(node));
                }
            }
            Err(error) => assert!(error.place.span().start <= text.len(), "{text:?}"),
        }
    }
}
