//! `$patch: delete`, `replace` and `merge`, in a mapping or as an item of a list.

use crate::text::problem::Problem;
use crate::yaml::node::Node;

/// The key of a directive.
pub const KEY: &str = "$patch";

/// What a patch does with the mapping or list that it applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directive {
    /// Remove it.
    Delete,
    /// Replace it with the patch.
    Replace,
    /// Merge it, the default without a directive.
    Merge,
}

/// The directive in a mapping.
///
/// # Errors
/// When it is none that exists.
pub fn of_map(map: &Node) -> Result<Option<Directive>, Problem> {
    map.get(KEY).map(read).transpose()
}

/// The directive for a whole list: an item that contains nothing else.
///
/// # Errors
/// When it is none that exists.
pub fn of_list(list: &Node) -> Result<Option<Directive>, Problem> {
    let first = list.items().iter().find(|item| item.get(KEY).is_some());
    first.filter(|item| is_alone(item)).and_then(|item| item.get(KEY)).map(read).transpose()
}

/// A mapping without its directive, or a list without the items that are nothing else.
#[must_use]
pub fn without(mut node: Node) -> Node {
    if let Some(items) = node.items_mut() {
        items.retain(|item| !(item.get(KEY).is_some() && is_alone(item)));
    } else {
        node.remove(KEY);
    }
    node
}

fn is_alone(item: &Node) -> bool {
    item.entries().len() == 1
}

fn read(node: &Node) -> Result<Directive, Problem> {
    match node.str().unwrap_or_default() {
        "delete" => Ok(Directive::Delete),
        "replace" => Ok(Directive::Replace),
        "merge" => Ok(Directive::Merge),
        other => {
            let problem = Problem::at(format!("`{KEY}: {other}` is no directive"), node);
            Err(problem.with_help("there are `delete`, `replace` and `merge`"))
        }
    }
}
