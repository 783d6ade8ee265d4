//! The bytes behind references: which references share a token, and what else does.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::plan::survey::Item;
use crate::repo::root::Root;
use crate::text::path::TreePath;
use crate::text::span::Span;
use crate::yaml::node::{Node, Provenance, Value};
use crate::yaml::path::Path;

/// A scalar's token in a file, and the alias through which it is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Token {
    /// The file.
    pub(super) file: TreePath,
    /// The range in the file, as near as can be told.
    pub(super) span: Span,
    /// The range of the alias in the same text.
    pub(super) alias: Option<Span>,
}

/// Every reference that is written by one token.
pub(super) struct Spelling<'r> {
    /// The token.
    pub(super) token: Token,
    /// The references.
    pub(super) items: Vec<Item<'r>>,
}

impl Token {
    /// The token that spells a scalar; `None` when no file does.
    pub(super) fn of(node: &Node) -> Option<Self> {
        let origin = node.origin.as_ref()?;
        let near = origin.near_in_file();
        let file = near.source.path().clone();
        Some(Self { file, span: near.span, alias: node.alias() })
    }

    /// The token without the alias.
    pub(super) fn anchored(&self) -> (&TreePath, Span) {
        (&self.file, self.span)
    }
}

impl Spelling<'_> {
    /// The scalar, as the first reference has it.
    pub(super) fn node(&self) -> &Node {
        self.items[0].node()
    }

    /// The parts of the scalar's text that are the name, in order.
    pub(super) fn parts(&self) -> Vec<Range<usize>> {
        let mut parts: Vec<Range<usize>> = self.items.iter().map(Item::part).collect();
        parts.sort_by_key(|part| (part.start, part.end));
        parts.dedup();
        parts
    }
}

/// Sorts references by the token that spells them; the second half has no token.
pub(super) fn group<'r>(items: &[Item<'r>]) -> (Vec<Spelling<'r>>, Vec<Item<'r>>) {
    let mut sites: BTreeMap<Token, Vec<Item<'r>>> = BTreeMap::new();
    let mut nowhere = Vec::new();
    for item in items {
        match Token::of(item.node()) {
            Some(token) => sites.entry(token).or_default().push(*item),
            None => nowhere.push(*item),
        }
    }
    let sites = sites.into_iter().map(|(token, items)| Spelling { token, items }).collect();
    (sites, nowhere)
}

/// A text with parts of it replaced.
pub(super) fn with_parts(text: &str, parts: &[Range<usize>], new: &str) -> String {
    let mut out = String::with_capacity(text.len() + new.len());
    let mut done = 0;
    for part in parts {
        out.push_str(text.get(done..part.start).unwrap_or_default());
        out.push_str(new);
        done = part.end.max(done);
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// Calls with every scalar below a node and its path.
pub(super) fn scalars<'n>(node: &'n Node, path: &Path, take: &mut impl FnMut(&Path, &'n Node)) {
    match &node.value {
        Value::Scalar(_) => take(path, node),
        Value::Map(map) => {
            for entry in &map.entries {
                if let Some(key) = entry.key.str() {
                    scalars(&entry.value, &path.key(key), take);
                }
            }
        }
        Value::Seq(seq) => {
            for (index, item) in seq.items.iter().enumerate() {
                scalars(item, &path.index(index), take);
            }
        }
    }
}

/// Tokens that spell something else besides what they were chosen for.
#[derive(Default)]
pub(super) struct Others {
    /// Values that change too because they are copied from a token: root, object, path.
    pub(super) copied: BTreeSet<(usize, usize, Path)>,
    /// Tokens, ignoring the alias, that are also read by something that must not change.
    staying: BTreeSet<(TreePath, Span)>,
}

impl Others {
    /// Looks through the objects of some roots for values that the tokens of `sites` spell besides what was chosen.
    pub(super) fn find<'r>(
        roots: impl IntoIterator<Item = (usize, &'r Root)>,
        sites: &[Spelling<'_>],
    ) -> Self {
        let tokens: BTreeSet<(&TreePath, Span)> =
            sites.iter().map(|site| site.token.anchored()).collect();
        let files: BTreeSet<&TreePath> = tokens.iter().map(|(file, _)| *file).collect();
        let chosen: BTreeSet<(usize, usize, &Path)> = sites
            .iter()
            .flat_map(|site| &site.items)
            .map(|item| (item.index, item.reference.object, &item.reference.found.path))
            .collect();
        let mut others = Self::default();
        for (index, root) in roots {
            for (number, object) in root.objects().iter().enumerate() {
                scalars(&object.node, &Path::default(), &mut |path, node| {
                    let spelled = node
                        .origin
                        .as_ref()
                        .is_some_and(|origin| files.contains(origin.source.path()));
                    let Some(token) = spelled.then(|| Token::of(node)).flatten() else { return };
                    if !tokens.contains(&token.anchored())
                        || chosen.contains(&(index, number, path))
                    {
                        return;
                    }
                    if node.how == Provenance::Copied {
                        others.copied.insert((index, number, path.clone()));
                    } else {
                        others.staying.insert((token.file, token.span));
                    }
                });
            }
        }
        others
    }

    /// Whether a token spells something that must stay as it is.
    pub(super) fn stays(&self, token: &Token) -> bool {
        self.staying.contains(&(token.file.clone(), token.span))
    }
}
