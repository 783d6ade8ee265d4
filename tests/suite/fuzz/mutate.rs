//! The seeds, and how they are changed: values, entries, lines and files, taken from other examples where that is possible.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::sample::Index;

use rotate::text::path::TreePath;
use rotate::text::source::Source;
use rotate::text::span::Span;
use rotate::yaml::node::{Node, Value};
use rotate::yaml::parse::parse;

use crate::support::all_files;

/// Texts by path.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub(super) name: String,
    pub(super) files: BTreeMap<String, String>,
}

/// One change: what is done, to which file, where, and with what.
pub(super) type Step = (u8, Index, Index, Index, Index);

/// Words that mean something at many places.
const WORDS: [&str; 32] = [
    "",
    "~",
    "null",
    "''",
    "{}",
    "[]",
    "*",
    "**",
    "true",
    "-1",
    "0x1F",
    "1e3",
    ".inf",
    "..",
    "../..",
    "/",
    ".",
    "./",
    "staging",
    "production",
    "../base",
    "kustomization.yaml",
    "a-20250601090000",
    "20250601090000",
    "20251399999999",
    "{environment}/{family}",
    "$(NAME)",
    "$patch: delete",
    "é☃",
    "&a x",
    "*a",
    "|-\n  a: b",
];

const PIECES: [&str; 24] = [
    "\n", "\r\n", "\t", " ", "- ", ": ", "? ", "[", "]", "{", "}", ",", "\"", "'", "|", ">-", "#",
    "&a ", "*a", "!!int ", "---\n", "\u{feff}", "\u{85}", "<<: ",
];

/// The examples that suit a target.
pub(super) fn seeds(target: &str) -> Vec<Tree> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut files = BTreeMap::<String, BTreeMap<String, String>>::new();
    for (path, bytes) in all_files(&fixtures) {
        let words: Vec<&str> = path.split('/').collect();
        // The tree of a file, and the file's path in it.
        let depth = match words[0] {
            "trees" if words.len() > 2 => 2,
            "builds" if words.len() > 2 => 2,
            "lint" if words.len() > 4 && words[3] == "in" => 4,
            "references" | "providers" if target == "texts" => 1,
            _ => continue,
        };
        let Ok(text) = String::from_utf8(bytes) else { continue };
        let suits = match target {
            "settings" => words.last() == Some(&"rotate.yaml"),
            "builds" => words[0] != "lint",
            "lint" | "bumps" => words[0] != "builds",
            _ => true,
        };
        if suits && !path.ends_with(".md") {
            files
                .entry(words[..depth].join("/"))
                .or_default()
                .insert(words[depth..].join("/"), text);
        }
    }
    files.into_iter().map(|(name, files)| Tree { name, files }).collect()
}

/// A seed after some changes.
pub(super) fn changed(seed: &Tree, seeds: &[Tree], steps: &[Step]) -> Tree {
    let mut tree = seed.clone();
    for step in steps {
        change(&mut tree, seeds, step);
    }
    tree
}

fn change(tree: &mut Tree, seeds: &[Tree], (what, file, at, with, more): &Step) {
    if tree.files.is_empty() {
        return;
    }
    let path = nth(tree.files.keys(), file).clone();
    let text = tree.files[&path].clone();
    let donor = &seeds[with.index(seeds.len())];
    let given = nth(donor.files.values(), more);
    let other = nth(tree.files.values(), with);
    let new = match what % 16 {
        0 | 1 => replaced(&text, at, |_| WORDS[with.index(WORDS.len())].to_owned()),
        2 => replaced(&text, at, |_| part(other, more)),
        3 => replaced(&text, at, |_| part(given, at)),
        4 => replaced(&text, at, |value| format!("{value}{}", WORDS[with.index(WORDS.len())])),
        5 => line(&text, at, |_| String::new()),
        6 => line(&text, at, |line| line.repeat(2)),
        7 => line(&text, at, |line| format!("{line}{}", line_of(given, at))),
        8 => line(&text, at, |line| format!(" {line}")),
        9 => line(&text, at, |line| line.strip_prefix(' ').unwrap_or(line).to_owned()),
        10 => format!("{text}{}", entry(given, at)),
        11 => format!("{text}\n---\n{given}"),
        12 => inserted(&text, at, PIECES[with.index(PIECES.len())]),
        13 => {
            tree.files.remove(&path);
            return;
        }
        14 => {
            let from = nth(tree.files.keys(), with).clone();
            tree.files.insert(from, text);
            return;
        }
        _ => replaced(&text, at, |_| {
            let one = nth(tree.files.keys(), with);
            let up = "../".repeat(path.matches('/').count());
            let directory = one.rsplit_once('/').map_or("", |(directory, _)| directory);
            format!("{up}{}", if more.index(2) == 0 { one } else { directory })
        }),
    };
    // What is large enough to be slow has no more to say.
    if new.len() < 100_000 {
        tree.files.insert(path, new);
    }
}

fn nth<'t, T>(mut all: impl ExactSizeIterator<Item = &'t T>, at: &Index) -> &'t T {
    let end = all.len();
    all.nth(at.index(end)).unwrap()
}

/// The text with one of its values replaced.
fn replaced(text: &str, at: &Index, new: impl Fn(&str) -> String) -> String {
    let spans = spans(text);
    if spans.is_empty() {
        return inserted(text, at, &new(""));
    }
    let span = spans[at.index(spans.len())];
    let value = &text[span.start..span.end];
    format!("{}{}{}", &text[..span.start], new(value), &text[span.end..])
}

/// One value as its file spells it.
fn part(text: &str, at: &Index) -> String {
    let spans = spans(text);
    let span = spans.get(at.index(spans.len().max(1)));
    span.map_or_else(String::new, |span| text[span.start..span.end].to_owned())
}

/// The places of all keys and values; none where the text does not parse.
fn spans(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    if let Ok(stream) = parse(&Source::file(TreePath::new("a.yaml").unwrap(), text)) {
        for document in &stream.documents {
            walk(&document.root, &mut found);
        }
    }
    found
}

fn walk(node: &Node, found: &mut Vec<Span>) {
    let own = node.origin.as_ref().filter(|place| place.in_file().is_some());
    found.extend(own.map(|place| place.span()));
    match &node.value {
        Value::Scalar(_) => {}
        Value::Map(map) => {
            for entry in &map.entries {
                walk(&entry.key, found);
                walk(&entry.value, found);
            }
        }
        Value::Seq(seq) => seq.items.iter().for_each(|item| walk(item, found)),
    }
}

/// The text with one of its lines changed.
fn line(text: &str, at: &Index, new: impl Fn(&str) -> String) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    if !lines.is_empty() {
        let at = at.index(lines.len());
        lines[at] = new(&lines[at]);
    }
    lines.concat()
}

fn line_of<'t>(text: &'t str, at: &Index) -> &'t str {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    if lines.is_empty() { "" } else { lines[at.index(lines.len())] }
}

/// One of a file's entries at the top, with all of its lines.
fn entry(text: &str, at: &Index) -> String {
    let mut entries: Vec<String> = Vec::new();
    for line in text.split_inclusive('\n') {
        match entries.last_mut() {
            Some(last) if line.starts_with([' ', '-', '#', '\n']) => last.push_str(line),
            _ => entries.push(line.to_owned()),
        }
    }
    if entries.is_empty() { String::new() } else { entries.swap_remove(at.index(entries.len())) }
}

fn inserted(text: &str, at: &Index, piece: &str) -> String {
    let mut place = at.index(text.len() + 1);
    while !text.is_char_boundary(place) {
        place -= 1;
    }
    format!("{}{piece}{}", &text[..place], &text[place..])
}
