//! New entries in lists and mappings of files that exist.

use std::sync::Arc;

use crate::plan::draft::Draft;
use crate::text::edit::{Edit, apply};
use crate::text::lift;
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::text::span::Span;
use crate::yaml::edit::append::append_item;
use crate::yaml::edit::insert::insert_entry;
use crate::yaml::edit::{layout, quote, spot};
use crate::yaml::library::Library;
use crate::yaml::node::{Node, Style};
use crate::yaml::parse::parse;
use crate::yaml::path::Path;

/// Adds entries at the end of a list of a kustomization; `false` when it cannot take them.
pub(super) fn append(
    draft: &mut Draft,
    library: &Library,
    file: &TreePath,
    key: &str,
    entries: &[String],
) -> bool {
    let Ok(source) = library.tree().source(file) else { return false };
    let mut text = source.text().to_owned();
    for entry in entries {
        let scratch = Source::file(file.clone(), text.as_str());
        let Ok(stream) = parse(&scratch) else { return false };
        let Some(document) = stream.documents.first() else { return false };
        let edit = append_item(&document.root, &Path::default().key(key), entry);
        match edit.ok().and_then(|edit| apply(&text, &[edit]).ok()) {
            Some(changed) => text = changed,
            None => return false,
        }
    }
    draft.edit(&source, between(source.text(), &text));
    true
}

/// The one edit that makes one text of another.
fn between(old: &str, new: &str) -> Edit {
    let head = old.bytes().zip(new.bytes()).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - head;
    let tail =
        old.bytes().rev().zip(new.bytes().rev()).take(most).take_while(|(a, b)| a == b).count();
    let boundary = |at: usize| old.is_char_boundary(at);
    let start = (0..=head).rev().find(|&at| boundary(at)).unwrap_or(0);
    let end = (old.len() - tail..=old.len()).find(|&at| boundary(at)).unwrap_or(old.len());
    let text = new.get(start..new.len() - (old.len() - end)).unwrap_or_default();
    Edit { span: Span::new(start, end), text: text.to_owned() }
}

/// A text put behind an item of a list, as an edit of the file; `None` when the list cannot take it there.
pub(super) fn behind(list: &Node, item: &Node, text: &str) -> Option<(Arc<Source>, Edit)> {
    let source = &list.origin.as_ref()?.source;
    let end = spot::end(item)?;
    let text = quote::spell(text, like(item, source));
    let edit = if spot::is_flow(list) {
        Edit { span: Span::new(end, end), text: format!(", {text}") }
    } else {
        let dash = spot::start(list)?;
        let rest = source.text().get(dash + 1..)?;
        let gap = rest.len() - rest.trim_start_matches(' ').len();
        let at = layout::line_end(source, end);
        let indent = " ".repeat(layout::column(source, dash));
        let text = format!("{}{indent}-{}{text}", layout::newline(source), " ".repeat(gap.max(1)));
        Edit { span: Span::new(at, at), text }
    };
    lift::in_file(source, &edit)
}

/// The quotes of an item, where it is written as a flow scalar.
fn like(item: &Node, source: &Source) -> Style {
    match item.scalar().map(|scalar| scalar.style) {
        _ if layout::is_json(source) => Style::Double,
        Some(style @ (Style::Single | Style::Double)) => style,
        _ => Style::Plain,
    }
}

/// A key put behind another one in a mapping below a document's root.
pub(super) fn add(root: &Node, map: &Path, after: &str, key: &str, value: &str) -> Option<Edit> {
    insert_entry(root, map, key, value, Some(after)).ok()
}

#[cfg(test)]
mod tests {
    use super::{behind, between};
    use crate::text::edit::apply;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::parse::parse;

    fn put(text: &str, index: usize) -> String {
        let stream = parse(&Source::file(TreePath::root(), text)).unwrap();
        let list = stream.documents[0].root.get("l").unwrap();
        let (file, edit) = behind(list, &list.items()[index], "new").unwrap();
        apply(file.text(), &[edit]).unwrap()
    }

    #[test]
    fn an_item_stands_right_behind_another() {
        assert_eq!(put("l:\n- a # why\n- b\n", 0), "l:\n- a # why\n- new\n- b\n");
        assert_eq!(
            put("l:\r\n  -  'a'\r\nm: 1\r\n", 0),
            "l:\r\n  -  'a'\r\n  -  'new'\r\nm: 1\r\n"
        );
        assert_eq!(put("l:\n- a", 0), "l:\n- a\n- new");
        assert_eq!(put("l: [a, \"b\"] # c\n", 1), "l: [a, \"b\", \"new\"] # c\n");
        assert_eq!(put("{\"l\": [\"a\"]}", 0), "{\"l\": [\"a\", \"new\"]}");
    }

    #[test]
    fn one_edit_makes_the_other_text() {
        for (old, new) in
            [("", "a"), ("aba", "ababa"), ("é", "è"), ("abc", "abc"), ("a\nb\n", "a\nc\nb\n")]
        {
            assert_eq!(apply(old, &[between(old, new)]).unwrap(), new);
        }
    }
}
