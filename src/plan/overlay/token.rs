//! The bytes behind effective scalars: which scalars share a token, and what else does.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::k8s::spelling::version_in_file;
use crate::repo::root::Root;
use crate::text::path::TreePath;
use crate::text::span::Span;
use crate::yaml::embed;
use crate::yaml::node::{Node, Provenance, Value};
use crate::yaml::path::Path;

/// The field of a release that changes what Helm renders.
const POST_RENDERERS: &str = "spec.postRenderers[";

/// A scalar's token in a file, and the alias through which it is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::plan) struct Token {
    /// The file.
    pub(in crate::plan) file: TreePath,
    /// The range in the file, as near as can be told.
    pub(in crate::plan) span: Span,
    /// The range of the alias in the same text.
    pub(in crate::plan) alias: Option<Span>,
}

/// A scalar of an effective object, or a part of one.
#[derive(Clone, Copy)]
pub(in crate::plan) struct Field<'r> {
    /// The root: an index into the repository's roots.
    pub(in crate::plan) index: usize,
    /// The root.
    pub(in crate::plan) root: &'r Root,
    /// The object: an index into the root's objects.
    pub(in crate::plan) object: usize,
    /// The place in the object.
    pub(in crate::plan) path: &'r Path,
    /// The scalar.
    pub(in crate::plan) node: &'r Node,
    /// The part of its text that is meant, if not all of it: start and end.
    pub(in crate::plan) part: Option<(usize, usize)>,
}

/// Every field that is written by one token.
pub(in crate::plan) struct Spelling<'r> {
    /// The token.
    pub(in crate::plan) token: Token,
    /// The fields; at least one.
    pub(in crate::plan) fields: Vec<Field<'r>>,
    /// Whether only this environment reads the bytes, though others read the file.
    pub(in crate::plan) is_own: bool,
}

impl<'r> Field<'r> {
    /// The scalar's whole text.
    pub(in crate::plan) fn text(&self) -> &'r str {
        self.node.str().unwrap_or_default()
    }

    /// The part of the scalar's text that is meant.
    pub(in crate::plan) fn part(&self) -> Range<usize> {
        self.part.map_or(0..self.text().len(), |(start, end)| start..end)
    }
}

impl Token {
    /// The token that spells a scalar; `None` when no file does.
    pub(in crate::plan) fn of(node: &Node) -> Option<Self> {
        let origin = node.origin.as_ref()?;
        if let Some(version) = version_in_file(node) {
            // Its end stands for every name that is put together with it, and for no scalar.
            let (file, end) = (version.source.path().clone(), version.span().end);
            return Some(Self { file, span: Span::new(end, end), alias: None });
        }
        let near = origin.near_in_file();
        let file = near.source.path().clone();
        Some(Self { file, span: near.span(), alias: node.alias() })
    }

    /// The token that spells a part of a scalar. Of a scalar that is put together from several places, it is the one with the end
    /// of that part, where a version is.
    pub(in crate::plan) fn of_part(node: &Node, part: Range<usize>) -> Option<Self> {
        if !node.origin.as_ref()?.source.is_composed() || version_in_file(node).is_some() {
            return Self::of(node);
        }
        let end = part.end.checked_sub(1)?;
        let mut pieces = embed::pieces(node).into_iter().rev();
        let (_, place) = pieces.find(|(at, _)| *at <= end)?;
        let (file, span) = place.site();
        Some(Self { file, span, alias: None })
    }

    /// The token without the alias.
    pub(in crate::plan) fn anchored(&self) -> (&TreePath, Span) {
        (&self.file, self.span)
    }
}

impl<'r> Spelling<'r> {
    /// The scalar, as the first field has it.
    pub(in crate::plan) fn node(&self) -> &'r Node {
        self.fields[0].node
    }

    /// The parts of the scalar's text that are meant, in order.
    pub(in crate::plan) fn parts(&self) -> Vec<Range<usize>> {
        in_order(self.fields.iter().map(Field::part).collect())
    }
}

/// Ranges in order, each once.
pub(super) fn in_order(mut parts: Vec<Range<usize>>) -> Vec<Range<usize>> {
    parts.sort_by_key(|part| (part.start, part.end));
    parts.dedup();
    parts
}

/// A text with parts of it replaced.
pub(in crate::plan) fn with_parts(text: &str, parts: &[Range<usize>], new: &str) -> String {
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
pub(in crate::plan) fn scalars<'n>(
    node: &'n Node,
    path: &Path,
    take: &mut impl FnMut(&Path, &'n Node),
) {
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
pub(in crate::plan) struct Others {
    /// Values that change too because they are copied from a token: root, object, path.
    pub(in crate::plan) copied: BTreeSet<(usize, usize, Path)>,
    /// Tokens, ignoring the alias, that are also read by something that must not change.
    staying: BTreeSet<(TreePath, Span)>,
}

impl Others {
    /// Looks through the objects of some roots for values that the tokens of `chosen` spell besides its fields.
    pub(in crate::plan) fn find<'r>(
        roots: impl IntoIterator<Item = (usize, &'r Root)>,
        chosen: &[&Spelling<'_>],
    ) -> Self {
        let tokens: BTreeSet<(&TreePath, Span)> =
            chosen.iter().map(|one| one.token.anchored()).collect();
        let files: BTreeSet<&TreePath> = tokens.iter().map(|(file, _)| *file).collect();
        let fields = chosen.iter().flat_map(|one| &one.fields);
        let chosen: BTreeSet<(usize, usize, &Path)> =
            fields.map(|field| (field.index, field.object, field.path)).collect();
        let mut others = Self::default();
        for (index, root) in roots {
            if !files.iter().any(|file| root.files().contains(*file)) {
                continue;
            }
            for (number, object) in root.objects().iter().enumerate() {
                // What is rendered follows its values; the proof shows whether it does.
                if root.is_of_chart(number) {
                    continue;
                }
                let is_release = object.kind() == "HelmRelease";
                scalars(&object.node, &Path::default(), &mut |path, node| {
                    // It is there to change what is rendered.
                    if is_release && path.to_string().starts_with(POST_RENDERERS) {
                        return;
                    }
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
    pub(in crate::plan) fn stays(&self, token: &Token) -> bool {
        self.staying.contains(&(token.file.clone(), token.span))
    }
}
