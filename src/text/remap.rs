//! Edits of an embedded text, converted to edits of the file.

use std::sync::Arc;

use crate::text::edit::Edit;
use crate::text::source::{Source, Spelling, Within};
use crate::text::span::Span;

/// The same change as an edit of the file that contains the text; `None` if it cannot be expressed there.
///
/// An edit of a file is returned as it is.
#[must_use]
pub fn in_file(source: &Arc<Source>, edit: &Edit) -> Option<(Arc<Source>, Edit)> {
    let Some(within) = source.within() else {
        let fits = source.text().get(edit.span.start..edit.span.end).is_some();
        return fits.then(|| (Arc::clone(source), edit.clone()));
    };
    let edit = before_last_break(source, &without_shared(source, edit));
    let (outer, span) = outwards(source, within, &edit)?;
    let text = spell(&edit.text, &within.spelling)?;
    in_file(outer, &Edit { span, text })
}

/// Trims what is unchanged at both ends: the quotes of a word, which the outer text might have to escape.
fn without_shared(source: &Source, edit: &Edit) -> Edit {
    let old = source.slice(edit.span);
    let same = |(a, b): &(char, char)| a == b;
    let head: usize =
        old.chars().zip(edit.text.chars()).take_while(same).map(|(a, _)| a.len_utf8()).sum();
    let (old, new) = (&old[head..], &edit.text[head..]);
    let tail: usize =
        old.chars().rev().zip(new.chars().rev()).take_while(same).map(|(a, _)| a.len_utf8()).sum();
    let span = Span::new(edit.span.start + head, edit.span.end - tail);
    Edit { span, text: new[..new.len() - tail].to_owned() }
}

/// Converts an edit that ends after the text's last line break to one that ends before it: what follows
/// in the outer text is on its own line, with a different indentation.
fn before_last_break(source: &Source, edit: &Edit) -> Edit {
    let (text, Span { start, end }) = (source.text(), edit.span);
    let moved = |span: Span, text: String| Edit { span, text };
    let takes_line = edit.text.is_empty() && start > 0 && text[..start].ends_with('\n');
    if end < text.len() || !text.ends_with('\n') {
        // The last line is removed together with the line break before it.
        let start = if end == text.len() && takes_line { start - 1 } else { start };
        return moved(Span::new(start, end), edit.text.clone());
    }
    match edit.text.strip_suffix('\n') {
        Some(kept) if start < end => moved(Span::new(start, end - 1), kept.to_owned()),
        Some(kept) => moved(Span::new(end - 1, end - 1), format!("\n{kept}")),
        None if takes_line => moved(Span::new(start - 1, end - 1), String::new()),
        None => edit.clone(),
    }
}

/// The outer range of an inner one. It may span several lines only if lines are kept verbatim.
fn outwards<'w>(
    source: &Source,
    within: &'w Within,
    edit: &Edit,
) -> Option<(&'w Arc<Source>, Span)> {
    let span = edit.span;
    let lines = within.spelling.lines.is_some();
    if lines && span.end == source.text().len() && source.text().ends_with('\n') {
        return None;
    }
    let (from, to) = (within.run_at(span.start)?, run_before(within, span)?);
    let (first, last) = (within.runs[from], within.runs[to]);
    let start = first.outer + (span.start - first.inner);
    let end = last.outer + (span.end - last.inner);
    let fits = lines || (first == last && end <= last.outer + last.len);
    fits.then(|| (within.outer(from), Span::new(start, end)))
}

/// The run in which a range ends: if it may span lines, the start of the next line if it ends there.
fn run_before(within: &Within, span: Span) -> Option<usize> {
    let from = within.run_at(span.start)?;
    let first = within.runs[from];
    if span.end <= first.inner + first.len && (span.is_empty() || within.spelling.lines.is_none()) {
        return Some(from);
    }
    within.run_at(span.end)
}

fn spell(text: &str, spelling: &Spelling) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut lines = text.split('\n').enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        if index > 0 {
            let next = spelling.lines.as_ref()?;
            out.push_str(next.newline);
            // A blank line needs no indentation; the piece after the last line break is followed by text.
            if !line.is_empty() || lines.peek().is_none() {
                out.extend(std::iter::repeat_n(' ', next.indent));
            }
        }
        for c in line.chars() {
            if c.is_control() || (spelling.words_only && !is_word(c)) {
                return None;
            }
            match spelling.escapes.iter().find(|(plain, _)| *plain == c) {
                Some((_, escaped)) => out.push_str(escaped),
                None => out.push(c),
            }
        }
    }
    Some(out)
}

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/')
}

#[cfg(test)]
mod tests {
    use super::in_file;
    use crate::text::edit::{Edit, apply};
    use crate::text::path::TreePath;
    use crate::text::source::{LineBreak, Place, Run, Source, Spelling};
    use crate::text::span::Span;

    const OUTER: &str = "p: |\n  ab\n  cd\nq: 1\n";

    fn lifted(edit: &Edit) -> Option<String> {
        let outer = Source::file(TreePath::root(), OUTER);
        let runs = vec![Run { inner: 0, outer: 7, len: 3 }, Run { inner: 3, outer: 12, len: 3 }];
        let lines = Some(LineBreak { newline: "\n", indent: 2 });
        let inner =
            Source::inside(&outer, "ab\ncd\n", runs, Spelling { lines, ..Spelling::default() });
        let (file, edit) = in_file(&inner, edit)?;
        apply(file.text(), &[edit]).ok()
    }

    fn edit(start: usize, end: usize, text: &str) -> Edit {
        Edit { span: Span::new(start, end), text: text.to_owned() }
    }

    #[test]
    fn puts_lines_in_and_takes_them_out() {
        assert_eq!(lifted(&edit(2, 2, "\nx\n\ny")).unwrap(), OUTER.replace("ab", "ab\n  x\n\n  y"));
        assert_eq!(lifted(&edit(0, 1, "'")).unwrap(), OUTER.replace("ab", "'b"));
        assert_eq!(lifted(&edit(0, 3, "")).unwrap(), "p: |\n  cd\nq: 1\n");
        assert_eq!(lifted(&edit(3, 6, "")).unwrap(), "p: |\n  ab\nq: 1\n");
        assert_eq!(lifted(&edit(1, 4, "-")).unwrap(), "p: |\n  a-d\nq: 1\n");
        assert_eq!(lifted(&edit(1, 1, "\u{7}")), None);
    }

    #[test]
    fn the_last_line_break_keeps_its_place() {
        assert_eq!(lifted(&edit(6, 6, "ef\n")).unwrap(), OUTER.replace("cd", "cd\n  ef"));
        assert_eq!(lifted(&edit(3, 6, "ef\n")).unwrap(), OUTER.replace("cd", "ef"));
        assert_eq!(lifted(&edit(3, 6, "ef")), None);
        assert_eq!(lifted(&edit(6, 6, "ef")), None);
        assert_eq!(lifted(&edit(1, 6, "")), None);
    }

    #[test]
    fn an_edit_goes_to_the_file_of_its_part() {
        let base = Source::file(TreePath::root(), "name: db-${V}\n");
        let values = Source::file(TreePath::new("v.yaml").unwrap(), "V: 2025\n");
        let place = |source: &std::sync::Arc<Source>, start, end| {
            Some(Place::new(source.clone(), Span::new(start, end)))
        };
        let text =
            Source::composed(&base, &[("db-", place(&base, 6, 9)), ("2025", place(&values, 3, 7))]);
        let (file, moved) = in_file(&text, &edit(0, 7, "db-2026")).unwrap();
        assert_eq!((file.path().as_str(), moved), ("v.yaml", edit(6, 7, "6")));
        assert!(in_file(&text, &edit(0, 7, "da-2026")).is_none());
        assert!(in_file(&text, &edit(3, 7, "a: b")).is_none());
    }

    #[test]
    fn escapes_or_refuses() {
        let outer = Source::file(TreePath::root(), "p: 'ab'\n");
        let runs = vec![Run { inner: 0, outer: 4, len: 2 }];
        let quoted = Spelling { escapes: &[('\'', "''")], ..Spelling::default() };
        let inner = Source::inside(&outer, "ab", runs.clone(), quoted);
        assert_eq!(in_file(&inner, &edit(1, 2, "'")).unwrap().1, edit(5, 6, "''"));
        assert!(in_file(&inner, &edit(1, 2, "\n")).is_none());
        let words = Spelling { words_only: true, ..Spelling::default() };
        let inner = Source::inside(&outer, "ab", runs, words);
        assert!(in_file(&inner, &edit(1, 2, ": ")).is_none());
        assert!(in_file(&inner, &edit(1, 2, "c-d")).is_some());
    }
}
