//! New entries in lists and mappings of files that exist.

use std::sync::Arc;

use crate::text::edit::Edit;
use crate::text::remap;
use crate::text::source::Source;
use crate::text::span::Span;
use crate::yaml::edit::insert::insert_entry;
use crate::yaml::edit::{layout, quote, spot};
use crate::yaml::node::{Node, Style};
use crate::yaml::path::Path;

/// The edit that inserts a text after an item of a list; `None` if the list cannot take it there.
pub(in crate::plan) fn behind(list: &Node, item: &Node, text: &str) -> Option<(Arc<Source>, Edit)> {
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
    remap::in_file(source, &edit)
}

/// The quotes of an item, where it is written as a flow scalar.
fn like(item: &Node, source: &Source) -> Style {
    match item.scalar().map(|scalar| scalar.style) {
        _ if layout::is_json(source) => Style::Double,
        Some(style @ (Style::Single | Style::Double)) => style,
        _ => Style::Plain,
    }
}

/// The edit that inserts a key after another one in a mapping below a document's root.
pub(in crate::plan) fn add(
    root: &Node,
    map: &Path,
    after: &str,
    key: &str,
    value: &str,
) -> Option<Edit> {
    insert_entry(root, map, key, value, Some(after)).ok()
}

#[cfg(test)]
mod tests {
    use super::behind;
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
}
