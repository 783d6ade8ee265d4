//! The values that differ between a manifest and an older text of it, found without parsing that text.
//!
//! This works if the only differences are plain words replaced by plain words: letters and digits, with a few
//! characters between them that mean nothing to YAML. Such a replacement leaves every other token unchanged.

use crate::text::source::Place;
use crate::text::span::Span;
use crate::yaml::node::{Node, Style, Tag, Value};
use crate::yaml::parse::Stream;
use crate::yaml::path::Path;

/// Maximum length of a word: far less than the maximum length of a key.
const LONGEST: usize = 256;

/// A value that has changed from one word to another.
pub(super) struct Changed<'n> {
    /// The root of its document.
    pub(super) root: &'n Node,
    /// Its path in the document.
    pub(super) path: Path,
    /// The words, the current one first.
    pub(super) words: [&'n str; 2],
}

/// Every value that was a different word in the older text; `None` if anything else may differ.
pub(super) fn changed<'n>(now: &'n Stream, older: &'n str) -> Option<Vec<Changed<'n>>> {
    let text = now.source.text();
    // The value of an anchor appears in several places.
    if text.contains(['&', '*']) {
        return None;
    }
    let (new, old) = (text.as_bytes(), older.as_bytes());
    let mut found = Vec::new();
    let (mut at, mut was_at) = (0, 0);
    loop {
        let (rest, was_rest) = (&new[at..], &old[was_at..]);
        let same = rest.iter().zip(was_rest).take_while(|(is, was)| is == was).count();
        if same == rest.len() && same == was_rest.len() {
            return Some(found);
        }
        let value = value_at(now, at + same)?;
        let before = (at + same).checked_sub(value.span.start)?;
        let start = (was_at + same).checked_sub(before).filter(|start| *start >= was_at)?;
        let words = [word(text, value.span.start)?, word(older, start)?];
        let ends = (value.span.start + words[0].len(), start + words[1].len());
        // Both words must be followed by the same byte.
        if value.span.end != ends.0 || new.get(ends.0) != old.get(ends.1) {
            return None;
        }
        (at, was_at) = ends;
        found.push(Changed { root: value.root, path: value.path, words });
    }
}

/// A value with its path and span.
struct Found<'n> {
    root: &'n Node,
    path: Path,
    span: Span,
}

/// The plain scalar value that contains a byte, or that ends before it.
fn value_at(stream: &Stream, at: usize) -> Option<Found<'_>> {
    let holds = |place: &Place| place.span().start <= at && at <= place.span().end;
    let mut documents = stream.documents.iter();
    let root = &documents.find(|one| one.root.origin.as_ref().is_some_and(holds))?.root;
    let (mut node, mut path) = (root, Path::default());
    loop {
        let inside = |node: &Node| node.origin.as_ref().is_some_and(holds);
        match &node.value {
            Value::Map(map) => {
                let entry = map.entries.iter().find(|entry| inside(&entry.value))?;
                path = path.key(entry.key.str().filter(|_| !entry.is_merged())?);
                node = &entry.value;
            }
            Value::Seq(seq) => {
                let index = seq.items.iter().position(inside)?;
                path = path.index(index);
                node = &seq.items[index];
            }
            Value::Scalar(scalar) => {
                let plain = scalar.style == Style::Plain && scalar.tag == Tag::None;
                // Of duplicate keys, only one counts.
                let counts = plain && path.follow(root).is_some_and(|one| std::ptr::eq(one, node));
                let span = node.origin.as_ref().filter(|_| counts)?.span();
                return Some(Found { root, path, span });
            }
        }
    }
}

/// The word that starts at a byte and extends as far as possible.
fn word(text: &str, start: usize) -> Option<&str> {
    let sign = |byte: &u8| matches!(byte, b'-' | b'.' | b'_' | b'/' | b':' | b'@');
    let rest = text.as_bytes().get(start..)?;
    let len = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || sign(byte)).count();
    let word = text.get(start..start + len).filter(|word| word.len() <= LONGEST)?;
    let ends = [word.as_bytes().first()?, word.as_bytes().last()?];
    ends.iter().all(|byte| byte.is_ascii_alphanumeric()).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::changed;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::compare::differences;
    use crate::yaml::parse::{Stream, parse};

    const NOW: &str = "apiVersion: v1 # here\nspec:\n  image: r.example/web:1.2.3\n  args: [a-1, b]\n  more:\n  \
                       - {x: 1, y: two, x: 3}\n  - 'q'\n  - z\n  empty:\n  long: one\n    two\n---\nend: 1.10";

    fn stream(text: &str) -> Option<Stream> {
        parse(&Source::file(TreePath::root(), text)).ok()
    }

    fn describe(now: &str, older: &str) -> Option<Vec<String>> {
        let now = stream(now).unwrap();
        let tell = |[is, was]: [&str; 2]| format!("{was} became {is}");
        let changed = changed(&now, older)?.into_iter();
        Some(changed.map(|one| format!("{}: {}", one.path, tell(one.words))).collect())
    }

    #[test]
    fn tells_words_instead_of_words() {
        let older = NOW.replace("1.2.3", "1.2").replace("[a-1,", "[null,").replace("1.10", "x");
        let all = ["spec.image: r.example/web:1.2 became r.example/web:1.2.3"];
        let all = [&all[..], &["spec.args[0]: null became a-1", "end: x became 1.10"]].concat();
        assert_eq!(describe(NOW, &older).unwrap(), all);
        assert_eq!(describe(NOW, NOW).unwrap(), [""; 0]);
    }

    #[test]
    fn leaves_alone_what_may_be_more_than_a_word() {
        for (now, older) in [
            ("a: b", "a: b c"),
            ("a: b", "a: b:"),
            ("a: b", "a: -b"),
            ("a: b", "a: 'b'"),
            ("a: b", "c: b"),
            ("a: b\n", "a: b\n#\n"),
            ("a: b # c", "a: b # d"),
            ("a: b", "a:"),
            ("a: b\n  c", "a: d\n  c"),
            ("a: [b, c]", "a: [b, c, d]"),
            ("a: &x b\nc: *x", "a: &x d\nc: *x"),
            ("a: !!str b", "a: !!str c"),
            ("a: b\na: c", "a: d\na: c"),
            ("{a: b}", "{a: b?}"),
        ] {
            assert_eq!(describe(now, older), None, "{older}");
        }
    }

    #[test]
    fn tells_no_less_than_a_comparison_of_what_was_parsed() {
        let now = stream(NOW).unwrap();
        let mut describe = 0;
        for at in 0..NOW.len() {
            for new in ["", "a", "9", "-", ".", ":", " ", "#", "\n", "'", ",", "}", "?", "&", "~"] {
                for end in [at, at + 1] {
                    let older = [&NOW[..at], new, &NOW[end..]].concat();
                    let Some(changed) = changed(&now, &older) else { continue };
                    describe += 1;
                    let older = stream(&older).unwrap();
                    assert_eq!(now.documents.len(), older.documents.len());
                    for (index, document) in now.documents.iter().enumerate() {
                        let root = &older.documents[index].root;
                        for path in differences(&document.root, root) {
                            let own = changed.iter().find(|one| {
                                std::ptr::eq(one.root, &document.root) && one.path == path
                            });
                            let words = own.unwrap_or_else(|| panic!("{path}")).words;
                            let text = |root| path.follow(root).unwrap().str().unwrap();
                            assert_eq!(words, [text(&document.root), text(root)]);
                        }
                    }
                }
            }
        }
        assert!(describe > 300, "{describe}");
    }
}
