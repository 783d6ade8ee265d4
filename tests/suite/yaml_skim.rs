//! A schema that is only looked through and one that is read at once are the same.
//!
//! What decides between them is the kind of the object: each text is put below the schema's key in an object of either.

use std::fs;
use std::path::Path;

use rotate::text::path::TreePath;
use rotate::text::source::Source;
use rotate::yaml::node::{Node, Value};
use rotate::yaml::parse::{Stream, SyntaxError, parse};

use super::yaml_acceptance::{HEAD, READ, REFUSED};

/// Texts that are let through, of which small changes make others that just are, or just are not.
const PLAIN: &[&str] = &[
    "a: b\nc:\n  d: e # f\n\n# g\nh:\n- i\n- j: k\n  l: m\nn:\n  - o\n  -  - p\n     - q: r\n",
    "a: |\n  b\n\n   c # d\n\n\ne: >-\n\n   f\n   g\nh:\n  - |\n   i\n  - j\n",
    "a: |2-\n     b\n\n   c\nd:\n- >1\n\n  e\n   f\n- |3\n    g\n",
    "a: 'b\n\n  c''d'\n'e f': \"g\\\"h\\\n    i\"  # j\n\"k\":\n  'l'\nm: \"n\n o\"#p\n",
    "a: b c\n  d\n\n  e # f\ng:\n    h\n   i\nj: -1\nk: a:b#c\nl: {}\nm: []\nn: ~\no:\n",
    "properties:\n  apiVersion:\n    description: 'APIVersion defines the schema. More info: https://x.y/#z'\n    type: string\n  spec:\n    description: What:it\n    anyOf:\n    - type: integer\n    - type: string\n    pattern: ^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))$\n    x-kubernetes-int-or-string: true\n",
    "a:\nb:\nc:\n- d:\n  e:\n-\n  f: g\n- h:\n  - i\n  j: k\n",
];

const INSERTED: &[&str] = &[
    " ", "  ", "\n", "\n\n", ":", ": ", "#", " # x", "-", "- ", "'", "\"", "\\", "\t", "|", ">",
    "|\n", ">-\n", "|+\n", "|2\n", "&a ", "*a", "{", "}", "[", "]", ",", "\r", "\r\n", "é",
    "\u{85}", "\u{2028}", "\u{feff}", "---\n", "...\n", "\n---\n", "? ", "!", "!!str ", "%", "@",
    "`", "~", "null", "<<: ", "\u{7}", "a: ", "a", "\n#c\n", "''", "\\n",
];

/// Numbers that are the same in every run.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    /// A byte of a text at which a character begins.
    fn at(&mut self, text: &str) -> usize {
        let at = self.below(text.len() + 1);
        text.floor_char_boundary(at)
    }

    /// The text with one thing in it changed.
    fn changed(&mut self, text: &str) -> String {
        let mut out = text.to_owned();
        let (one, two) = (self.at(text), self.at(text));
        match self.below(8) {
            0..=3 => out.insert_str(one, INSERTED[self.below(INSERTED.len())]),
            4 if one < out.len() => {
                out.remove(one);
            }
            4 => out.push('\n'),
            5 => {
                let end = text.floor_char_boundary(text.len().min(one + self.below(12)));
                out.replace_range(one..end.max(one), "");
            }
            6 => {
                let line = text[one..].find('\n').map_or(text.len(), |len| one + len + 1);
                let start = text[..one].rfind('\n').map_or(0, |at| at + 1);
                let to = text[..two].rfind('\n').map_or(0, |at| at + 1);
                out.insert_str(to, &text[start..line]);
            }
            _ => {
                let start = text[..one].rfind('\n').map_or(0, |at| at + 1);
                let spaces = text[start..].len() - text[start..].trim_start_matches(' ').len();
                out.replace_range(start..start + spaces, &" ".repeat(self.below(spaces + 3)));
            }
        }
        out
    }
}

/// An object that has the text below the key of a schema, with `indent` more spaces before each line.
fn object(kind: &str, text: &str, indent: usize) -> Result<Stream, SyntaxError> {
    let lines = text.split_inclusive('\n');
    let indented: String = lines
        .map(|line| if line == "\n" { line.to_owned() } else { " ".repeat(indent) + line })
        .collect();
    let text = format!(
        "kind: {kind}\nspec:\n- schema:\n    openAPIV3Schema:{}{indented}",
        if indent > 0 { "\n" } else { " " }
    );
    parse(&Source::file(TreePath::root(), text))
}

fn schema(stream: &Stream) -> Option<&Node> {
    let versions = stream.documents[0].root.get("spec")?;
    versions.items().first()?.at(&["schema", "openAPIV3Schema"])
}

fn is_unread(stream: &Stream) -> bool {
    let node = schema(stream);
    node.is_some_and(|node| matches!(&node.value, Value::Map(map) if map.entries.is_unread()))
}

/// Everything that there is to know of a tree.
fn told(node: &Node, into: &mut String) {
    let span = node.origin.as_ref().map(|origin| origin.span());
    let alias = node.alias();
    into.push_str(&format!("{span:?} {alias:?} {:?} ", node.how));
    match &node.value {
        Value::Scalar(scalar) => {
            into.push_str(&format!("{:?} {:?} {:?}\n", scalar.style, scalar.tag, node.str()));
        }
        Value::Map(map) => {
            into.push_str(&format!("map {} {}\n", map.flow, map.entries.len()));
            for entry in &map.entries {
                into.push_str(if entry.is_merged() { "merged " } else { "" });
                told(&entry.key, into);
                told(&entry.value, into);
            }
        }
        Value::Seq(seq) => {
            into.push_str(&format!("seq {} {}\n", seq.flow, seq.items.len()));
            seq.items.iter().for_each(|item| told(item, into));
        }
    }
}

/// What a text is read as, or why it is not; the kind of the object left out.
fn outcome(read: &Result<Stream, SyntaxError>) -> String {
    let mut out = String::new();
    match read {
        Err(error) => out = format!("{} {:?} {:?}", error.message, error.place.span(), error.help),
        Ok(stream) => {
            out.push_str(&format!("{:?}\n", stream.comments));
            for document in &stream.documents {
                out.push_str(&format!("{:?} {:?}\n", document.span, document.duplicates));
                told(&document.root, &mut out);
            }
        }
    }
    out.replace("CustomResourceDefinitioX", "CustomResourceDefinition")
}

/// Compares both ways of reading; whether the schema was only looked through.
fn agrees(text: &str, indent: usize) -> bool {
    let late = object("CustomResourceDefinition", text, indent);
    let early = object("CustomResourceDefinitioX", text, indent);
    assert!(!early.as_ref().is_ok_and(is_unread));
    let was_unread = late.as_ref().is_ok_and(is_unread);
    assert_eq!(outcome(&late), outcome(&early), "{text:?} at {indent}");
    was_unread
}

fn fixtures(directory: &Path, into: &mut Vec<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            fixtures(&path, into);
        } else if path.extension().is_some_and(|it| it == "yaml" || it == "yml") {
            into.extend(fs::read_to_string(&path));
        }
    }
}

fn texts() -> Vec<String> {
    let mut texts: Vec<String> = PLAIN.iter().map(|&text| text.to_owned()).collect();
    for (_, text) in READ.iter().chain(REFUSED) {
        texts.push(format!("{HEAD}{text}"));
        texts.push((*text).to_owned());
    }
    fixtures(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"), &mut texts);
    texts
}

#[test]
fn plain_schemas_are_only_looked_through() {
    for text in &PLAIN[..5] {
        assert!(agrees(text, 6), "{text}");
    }
}

#[test]
fn both_ways_agree_on_every_text() {
    let texts = texts();
    let unread = texts.iter().filter(|text| agrees(text, 6)).count();
    assert!(unread > 200, "{unread} of {}", texts.len());
    for text in &texts {
        for indent in [0, 2, 4, 5] {
            let _ = agrees(text, indent);
        }
    }
}

#[test]
fn both_ways_agree_on_texts_that_were_changed() {
    let mut seeded = Seeded(0x9e37_79b9_7f4a_7c15);
    let mut unread = 0;
    for (index, text) in texts().iter().enumerate() {
        let text = &text[..text.floor_char_boundary(1500)];
        let times = if index < PLAIN.len() { 3000 } else { 12 };
        for _ in 0..times {
            let mut text = seeded.changed(text);
            for _ in 0..seeded.below(3) {
                text = seeded.changed(&text);
            }
            unread += usize::from(agrees(&text, 6));
        }
    }
    assert!(unread > 3000, "{unread}");
}
