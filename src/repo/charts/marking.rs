//! Where what a chart renders is written: scalars of its values and names in its templates are replaced by words that are nowhere
//! else, and these are looked for in what is rendered then.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::builders::substitute::{Part, composed};
use crate::k8s::secret_name::{DIGITS, digits_at, split};
use crate::text::source::{Place, Source};
use crate::text::span::Span;
use crate::yaml::embed;
use crate::yaml::node::{Node, Provenance, Scalar, Style, Tag, Value};

/// At most so many places are marked in a chart.
const MOST: usize = 4096;

/// The shortest text that is marked: a shorter one is a part of too much else.
const SHORTEST: usize = 4;

/// A place that is marked.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    spot: Spot,
    /// The part of the text that is replaced.
    part: Range<usize>,
    /// What replaces it, of the same length.
    token: String,
}

#[derive(Debug, Clone)]
enum Spot {
    /// A scalar of the values, with its number among them.
    Value(usize, Node),
    /// A file of the chart, by its number.
    File(usize, Arc<Source>),
}

/// What is marked, and what is known of it.
pub(super) struct Ground<'g> {
    /// The values.
    pub(super) values: &'g Node,
    /// The texts among the files of the chart, each with its number, without those that hold the values.
    pub(super) files: &'g [(usize, Arc<Source>)],
    /// The names of secrets in what is rendered.
    pub(super) names: &'g BTreeSet<String>,
    /// What is rendered.
    pub(super) rendered: &'g str,
}

/// The places that may spell the names, those that are most likely first.
pub(super) fn marks(ground: &Ground<'_>) -> Vec<Mark> {
    let mut tokens = Tokens { next: 0, rendered: ground.rendered };
    let plain: BTreeSet<&str> =
        ground.names.iter().map(String::as_str).filter(|name| split(name).is_none()).collect();
    let mut spelled: BTreeSet<&str> = BTreeSet::new();
    let (mut versions, mut whole, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    let mut number = 0;
    visit(ground.values, &mut |node| {
        let spot = Spot::Value(number, node.clone());
        number += 1;
        let text = node.str().unwrap_or_default();
        for (at, _) in digits_at(text) {
            versions.push((spot.clone(), at..at + DIGITS));
        }
        if let Some(name) = plain.get(text).filter(|_| text.len() >= SHORTEST) {
            spelled.insert(name);
            whole.push((spot, 0..text.len()));
        } else if digits_at(text).next().is_none() {
            parts.extend(literals(text).map(|part| (spot.clone(), part)));
        }
    });
    for (file, source) in ground.files {
        for (at, _) in digits_at(source.text()) {
            versions.push((Spot::File(*file, Arc::clone(source)), at..at + DIGITS));
        }
    }
    // A part of a name is looked for only where no value is the name.
    let open: Vec<&str> = plain.into_iter().filter(|name| !spelled.contains(name)).collect();
    parts.retain(|(spot, part)| {
        let Spot::Value(_, node) = spot else { return false };
        let text = node.str().and_then(|text| text.get(part.clone())).unwrap_or_default();
        open.iter().any(|name| name.contains(text))
    });
    let all = versions.into_iter().chain(whole).chain(parts).take(MOST);
    all.filter_map(|(spot, part)| {
        let token = match &spot {
            Spot::Value(_, node) if !is_version(node.str()?.get(part.clone())?) => {
                tokens.word(part.len())
            }
            _ => tokens.digits(),
        };
        Some(Mark { spot, part, token: token? })
    })
    .collect()
}

fn is_version(text: &str) -> bool {
    digits_at(text).any(|(_, digits)| digits.len() == text.len())
}

/// The parts of a text that may be parts of a name: all of it, or what is around its templates.
fn literals(text: &str) -> impl Iterator<Item = Range<usize>> {
    let is_short = text.len() <= 253 && !text.contains('\n');
    let mut parts = Vec::new();
    let mut start = 0;
    while is_short && start < text.len() {
        let end = text[start..].find("{{").map_or(text.len(), |at| start + at);
        let inner = text[start..end].trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let at = start + text[start..end].find(inner).unwrap_or(0);
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
        let is_part = inner.len() >= SHORTEST && inner.chars().all(fits);
        if is_part && inner.chars().any(|c| c.is_ascii_lowercase()) {
            parts.push(at..at + inner.len());
        }
        start = text[end..].find("}}").map_or(text.len(), |at| end + at + 2);
    }
    parts.into_iter()
}

/// Calls with every scalar of some values, in order.
fn visit(node: &Node, take: &mut impl FnMut(&Node)) {
    match &node.value {
        Value::Scalar(_) => take(node),
        Value::Map(map) => map.entries.iter().for_each(|entry| visit(&entry.value, take)),
        Value::Seq(seq) => seq.items.iter().for_each(|item| visit(item, take)),
    }
}

/// Words that what is rendered does not hold.
struct Tokens<'t> {
    next: usize,
    rendered: &'t str,
}

impl Tokens<'_> {
    /// Digits that are a version.
    fn digits(&mut self) -> Option<String> {
        self.new_one(|number| {
            let (day, month) = (number % 28 + 1, number / 28 % 12 + 1);
            let year = 1700 + number / (28 * 12);
            (year < 2000).then(|| format!("{year}{month:02}{day:02}070707"))
        })
    }

    /// A word of that length. Its last letters are its number, and letters that are in no number come before them, so that no word
    /// is a part of another.
    fn word(&mut self, length: usize) -> Option<String> {
        const PAD: &[u8] = b"qxz";
        const LETTERS: &[u8] = b"abcdefghijklmnoprstuvwy";
        self.new_one(|mut number| {
            let mut letters = Vec::with_capacity(length);
            for _ in 0..3 {
                letters.push(LETTERS[number % LETTERS.len()]);
                number /= LETTERS.len();
            }
            let pad = (0..length.checked_sub(3)?).map(|at| PAD[at % PAD.len()]);
            letters.extend(pad);
            letters.reverse();
            (number == 0).then(|| String::from_utf8(letters).ok())?
        })
    }

    fn new_one(&mut self, make: impl Fn(usize) -> Option<String>) -> Option<String> {
        loop {
            let word = make(self.next)?;
            self.next += 1;
            if !self.rendered.contains(&word) {
                return Some(word);
            }
        }
    }
}

/// The values with the marks in them.
pub(super) fn marked_values(values: &Node, marks: &[Mark]) -> Node {
    let mut values = values.clone();
    let mut by_number: BTreeMap<usize, Vec<&Mark>> = BTreeMap::new();
    for one in marks {
        if let Spot::Value(number, _) = one.spot {
            by_number.entry(number).or_default().push(one);
        }
    }
    mark(&mut values, &mut 0, &by_number);
    values
}

fn mark(node: &mut Node, number: &mut usize, marks: &BTreeMap<usize, Vec<&Mark>>) {
    if node.scalar().is_some() {
        let here = marks.get(number);
        *number += 1;
        let Some(here) = here else { return };
        let mut text = node.str().unwrap_or_default().to_owned();
        here.iter().for_each(|one| text.replace_range(one.part.clone(), &one.token));
        *node = Node {
            value: Value::Scalar(Scalar::new(text, Style::Double, Tag::Str)),
            ..Node::string("", Provenance::Generated)
        };
    } else if let Some(map) = node.map_mut() {
        map.entries.iter_mut().for_each(|entry| mark(&mut entry.value, number, marks));
    } else if let Some(items) = node.items_mut() {
        items.iter_mut().for_each(|item| mark(item, number, marks));
    }
}

/// The text of a file with the marks in it; `None` if it has none.
pub(super) fn marked_file(file: usize, marks: &[Mark]) -> Option<String> {
    let mut text: Option<String> = None;
    for one in marks {
        let Spot::File(_, source) = &one.spot else { continue };
        if matches!(one.spot, Spot::File(at, _) if at == file) {
            let text = text.get_or_insert_with(|| source.text().to_owned());
            text.replace_range(one.part.clone(), &one.token);
        }
    }
    text
}

/// An object whose scalars know where they are written, as far as the marks in the other rendering of it tell.
pub(super) fn traced(object: &Node, marked: &Node, marks: &[Mark]) -> Node {
    let mut traced = object.clone();
    trace(&mut traced, marked, marks);
    traced
}

fn trace(node: &mut Node, marked: &Node, marks: &[Mark]) {
    if node.scalar().is_some() {
        if let Some(found) = scalar(node, marked, marks) {
            *node = found;
        }
        return;
    }
    let keys: Vec<Option<String>> =
        node.entries().iter().map(|entry| entry.key.str().map(str::to_owned)).collect();
    if let Some(map) = node.map_mut() {
        for (entry, key) in map.entries.iter_mut().zip(keys) {
            if let Some(other) = key.and_then(|key| marked.get(&key)) {
                trace(&mut entry.value, other, marks);
            }
        }
    } else if let Some(items) = node.items_mut() {
        let others = marked.items();
        if items.len() == others.len() {
            items.iter_mut().zip(others).for_each(|(item, other)| trace(item, other, marks));
        }
    }
}

fn scalar(node: &Node, marked: &Node, marks: &[Mark]) -> Option<Node> {
    let (text, other) = (node.str()?, marked.str()?);
    if text == other {
        return None;
    }
    let follows = || Node { how: Provenance::Derived, ..node.clone() };
    if text.len() != other.len() {
        return Some(follows());
    }
    let mut found: Vec<(usize, &Mark)> = Vec::new();
    for one in marks {
        found.extend(other.match_indices(&one.token).map(|(at, _)| (at, one)));
    }
    found.sort_by_key(|(at, _)| *at);
    let mut back = other.to_owned();
    for (at, one) in &found {
        let own = one.text().get(one.part.clone())?;
        back.replace_range(*at..at + one.token.len(), own);
    }
    // Otherwise the text follows from what was marked in another way: it is a checksum, say.
    if back != text {
        return Some(follows());
    }
    let (mut parts, mut done): (Vec<Part>, usize) = (Vec::new(), 0);
    for (at, one) in found {
        let (here, there) = one.around(text, at..at + one.token.len(), done);
        if here == (0..text.len()) && parts.is_empty() && one.is_all(&there) {
            return one.whole(there);
        }
        parts.push((text.get(done..here.start)?.to_owned(), None));
        parts.push((text.get(here.clone())?.to_owned(), one.place(there)));
        done = here.end;
    }
    parts.push((text.get(done..)?.to_owned(), None));
    parts.retain(|(text, _)| !text.is_empty());
    Some(Node { how: Provenance::Written, ..composed(node, &parts) })
}

impl Mark {
    /// The text that it is in.
    fn text(&self) -> &str {
        match &self.spot {
            Spot::Value(_, node) => node.str().unwrap_or_default(),
            Spot::File(_, source) => source.text(),
        }
    }

    /// How far the text around a mark is the same here and where it is written, at most to what is done: the two ranges.
    fn around(&self, text: &str, here: Range<usize>, done: usize) -> (Range<usize>, Range<usize>) {
        let is_word =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        let same = |a: &u8, b: &u8| a == b && is_word(a);
        let (own, rendered) = (self.text().as_bytes(), text.as_bytes());
        let before = own[..self.part.start].iter().rev();
        let before = before.zip(rendered[done..here.start].iter().rev());
        let before = before.take_while(|(a, b)| same(a, b)).count();
        let after = own[self.part.end..].iter().zip(&rendered[here.end..]);
        let after = after.take_while(|(a, b)| same(a, b)).count();
        (here.start - before..here.end + after, self.part.start - before..self.part.end + after)
    }

    /// Whether a range is all of the scalar that it is in; of a file, any is.
    fn is_all(&self, there: &Range<usize>) -> bool {
        matches!(self.spot, Spot::File(..)) || *there == (0..self.text().len())
    }

    /// The scalar that spells all of a text.
    fn whole(&self, there: Range<usize>) -> Option<Node> {
        match &self.spot {
            Spot::Value(_, node) => Some(node.clone()),
            Spot::File(..) => Some(Node {
                value: Value::Scalar(Scalar::verbatim(Style::Plain, Tag::None)),
                origin: self.place(there),
                ..Node::string("", Provenance::Written)
            }),
        }
    }

    /// Where a range of the text is written.
    fn place(&self, there: Range<usize>) -> Option<Place> {
        match &self.spot {
            Spot::Value(_, node) => embed::part(node, there),
            Spot::File(_, source) => {
                let span = Span::new(there.start, there.end);
                Some(Place::new(Arc::clone(source), span))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::{Ground, Mark, marked_file, marked_values, marks, traced};
    use crate::builders::render::text;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::embed;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;

    fn file(path: &str, text: &str) -> Arc<Source> {
        Source::file(TreePath::new(path).unwrap(), text)
    }

    fn root(path: &str, text: &str) -> Node {
        parse(&file(path, text)).unwrap().documents[0].root.clone()
    }

    const VALUES: &str = "name: db-20250602090000\npull: registry\nsuffix: '{{ .Release.Name }}-keys'\nversion: \"20250602090000\"\nimage: registry.example.com/x\nlong: |\n  a: db-20250602090000\n";

    /// What a chart would render of the values and the template.
    fn rendered(values: &Node, template: &str) -> String {
        let value = |key: &str| values.get(key).and_then(Node::str).unwrap().to_owned();
        let keys = value("suffix").replace("{{ .Release.Name }}", "web");
        format!(
            "a: {}\nb: {}\nc: {keys}\nd: mail-{}\ne: {template}\nf: {}\nsum: x{}\n",
            value("name"),
            value("pull"),
            value("version"),
            value("image"),
            value("name").len() * 31 + usize::from(value("name").as_bytes()[4])
        )
    }

    fn place(node: &Node, word: &str) -> Option<String> {
        let at = node.str()?.find(word)?;
        let place = embed::part(node, at..at + word.len())?.in_file()?;
        assert_eq!(place.text(), word);
        Some(format!("{}:{}", place.source.path(), place.position().line))
    }

    #[test]
    fn scalars_are_found_where_they_are_written() {
        let values = root("values.yaml", VALUES);
        let template = file("t.yaml", "name: 'tls-20250602090000'\n");
        let base = rendered(&values, "tls-20250602090000");
        let names = ["db-20250602090000", "registry", "web-keys", "tls-20250602090000"];
        let names: BTreeSet<String> = names.map(str::to_owned).into();
        let files = [(3, Arc::clone(&template))];
        let ground = Ground { values: &values, files: &files, names: &names, rendered: &base };
        let marks = marks(&ground);
        let tokens: BTreeSet<&str> = marks.iter().map(|one: &Mark| one.token.as_str()).collect();
        assert_eq!((marks.len(), tokens.len()), (6, 6), "{marks:?}");
        let marked = marked_values(&values, &marks);
        assert!(!text(&marked).contains("20250602090000"), "{}", text(&marked));
        let other = marked_file(3, &marks).unwrap();
        assert!(marked_file(2, &marks).is_none());
        let other = other.trim().trim_start_matches("name: '").trim_end_matches('\'');
        let marked = root("r.yaml", &rendered(&marked, other));
        let found = traced(&root("r.yaml", &base), &marked, &marks);
        let at = |key: &str, word: &str| place(found.get(key).unwrap(), word);
        let values = |line: usize| Some(format!("values.yaml:{line}"));
        assert_eq!(at("a", "db-20250602090000"), values(1));
        assert_eq!(at("b", "registry"), values(2));
        assert_eq!(at("c", "keys"), values(3));
        assert_eq!(at("d", "20250602090000"), values(4));
        assert_eq!(at("e", "tls-20250602090000"), Some("t.yaml:1".to_owned()));
        // Nothing is known of what a prefix comes from.
        let composed = found.get("d").unwrap();
        assert_eq!(composed.str(), Some("mail-20250602090000"));
        assert!(at("d", "mail").is_none_or(|at| at.starts_with("r.yaml")));
    }
}
