//! Guarded JSON 6902 patches: the entry of `patches` by which an overlay changes scalars.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::k8s::job::is_fixed;
use crate::k8s::resource::group;
use crate::kustomize::model::object::{Identity, Object};
use crate::plan::overlay::scalar::{NewKey, NewScalar};
use crate::plan::overlay::token::{Token, scalars, with_parts};
use crate::plan::spell::{entry, indented, item, scalar};
use crate::yaml::node::Node;
use crate::yaml::path::{Path, PathStep};

/// How a scalar changes.
#[derive(Debug, Clone)]
pub(super) enum Rewrite {
    /// Parts of its text become another text.
    Replace(Vec<Range<usize>>, String),
    /// It is an integer and becomes another one.
    Integer(u64),
    /// It stays, and a mapping around it gets a key.
    Beside(NewKey),
    /// A text is added to the list that it is an item of.
    Add(String),
}

/// A patch for one object.
pub(super) struct ObjectPatch {
    /// The entry of `patches`, without indentation.
    pub(super) entry: String,
    /// The tokens that it covers.
    pub(super) tokens: Vec<Token>,
}

/// Why an object cannot be patched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ambiguous(pub(super) Identity);

/// The patches that change the text of the tokens in every object that a kustomization sees.
///
/// # Errors
/// When a target would select several objects.
pub(super) fn patches(
    all: &[Object],
    wanted: &BTreeMap<Token, Rewrite>,
) -> Result<Vec<ObjectPatch>, Ambiguous> {
    let mut patches = Vec::new();
    for object in all.iter().filter(|object| !is_fixed(&object.node)) {
        let found = find(object, wanted);
        let operations = operations(object, &found);
        if operations.is_empty() {
            continue;
        }
        let target = target(all, object)?;
        let entry = spell(&target, &operations);
        let tokens = found.into_iter().map(|one| one.token).collect();
        patches.push(ObjectPatch { entry, tokens });
    }
    Ok(patches)
}

/// A scalar of an object that is to change.
struct FieldEdit<'n> {
    path: Path,
    node: &'n Node,
    token: Token,
    change: &'n Rewrite,
}

impl FieldEdit<'_> {
    /// Whether a `test` here also guards another field: one token holds both, and no item can come between them.
    fn guards(&self, other: &Self) -> bool {
        let same =
            self.path.0.iter().zip(&other.path.0).take_while(|(one, two)| one == two).count();
        let rest = self.path.0[same..].iter().chain(&other.path.0[same..]);
        self.token.anchored() == other.token.anchored()
            && rest.into_iter().all(|step| matches!(step, PathStep::Key(_)))
    }
}

fn find<'n>(object: &'n Object, wanted: &'n BTreeMap<Token, Rewrite>) -> Vec<FieldEdit<'n>> {
    let mut found = Vec::new();
    scalars(&object.node, &Path::default(), &mut |path, node| {
        if let Some(token) = Token::of(node)
            && let Some(change) = wanted.get(&token)
        {
            found.push(FieldEdit { path: path.clone(), node, token, change });
        }
    });
    found
}

/// The guarded operations on an object; a list gets a new item once.
fn operations(object: &Object, found: &[FieldEdit<'_>]) -> Vec<String> {
    let mut lists: Vec<Path> = Vec::new();
    let mut tested: Vec<&FieldEdit<'_>> = Vec::new();
    let mut operations = Vec::new();
    for edit @ FieldEdit { path, node, change, .. } in found {
        let text = node.str().unwrap_or_default();
        match change {
            Rewrite::Replace(..) | Rewrite::Integer(_) => {
                let (value, is_text) = match change {
                    Rewrite::Replace(parts, new) => (with_parts(text, parts, new), true),
                    Rewrite::Integer(new) => (new.to_string(), false),
                    Rewrite::Add(_) | Rewrite::Beside(_) => continue,
                };
                let replaced = one("replace", &path.pointer(), (&value, is_text));
                if tested.iter().any(|other| other.guards(edit)) {
                    operations.push(replaced);
                } else {
                    let test = one("test", &path.pointer(), (text, is_text));
                    operations.push(format!("{test}\n{replaced}"));
                    tested.push(edit);
                }
            }
            Rewrite::Beside(new) => {
                let Some((_, at)) = new.beside(path) else { continue };
                let value = match &new.value {
                    NewScalar::Integer(number) => (number.to_string(), false),
                    NewScalar::Text(text) => (text.clone(), true),
                };
                let test = one("test", &path.pointer(), (text, true));
                let added = one("add", &at.pointer(), (&value.0, value.1));
                operations.push(format!("{test}\n{added}"));
            }
            Rewrite::Add(new) => {
                let Some((list, _)) = list_of(path) else { continue };
                if !lists.contains(&list) && !has(&object.node, &list, new) {
                    let end = format!("{}/-", list.pointer());
                    let test = one("test", &path.pointer(), (text, true));
                    operations.push(format!("{test}\n{}", one("add", &end, (new, true))));
                    lists.push(list);
                }
            }
        }
    }
    operations
}

/// One operation. A value that ends with a line break comes before the path: kustomize trims a patch, so at its end
/// the value would lose that break. A number is written as one, so that it stays one.
fn one(operation: &str, pointer: &str, (value, is_text): (&str, bool)) -> String {
    let value_lines = if is_text { entry("value", value) } else { format!("value: {value}") };
    let path = format!("path: {}", scalar(pointer));
    let lines = if value.ends_with('\n') { [value_lines, path] } else { [path, value_lines] };
    item(&format!("op: {operation}\n{}", lines.join("\n")))
}

fn has(object: &Node, list: &Path, name: &str) -> bool {
    list.follow(object).is_some_and(|list| list.items().iter().any(|one| one.str() == Some(name)))
}

/// The lines under `target` that select an object and no other.
fn target(all: &[Object], object: &Object) -> Result<Vec<(&'static str, String)>, Ambiguous> {
    let wanted = object.identity();
    let selects = |other: &&Object, namespace: bool| {
        let names = std::iter::once(other.identity()).chain(other.previous.first().cloned());
        names.into_iter().any(|other| {
            other.api_version == wanted.api_version
                && other.kind == wanted.kind
                && other.name == wanted.name
                && (!namespace || effective(&other) == effective(&wanted))
        })
    };
    let by_name = all.iter().filter(|other| selects(other, false)).count() == 1;
    let by_namespace = all.iter().filter(|other| selects(other, true)).count() == 1;
    let by_namespace = by_namespace && wanted.namespace.is_some();
    if !(by_name || by_namespace) {
        return Err(Ambiguous(wanted));
    }
    let version = wanted.api_version.rsplit('/').next().unwrap_or_default();
    let mut lines = vec![
        ("group", group(&wanted.api_version).to_owned()),
        ("version", version.to_owned()),
        ("kind", wanted.kind.to_string()),
        ("name", escaped(&wanted.name)),
    ];
    if !by_name {
        lines.push(("namespace", escaped(wanted.namespace.as_deref().unwrap_or_default())));
    }
    lines.retain(|(_, text)| !text.is_empty());
    Ok(lines)
}

fn effective(identity: &Identity) -> &str {
    identity.namespace.as_deref().unwrap_or("default")
}

/// A name as a regular expression that matches nothing else.
fn escaped(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for char in name.chars() {
        if ".+*?()|[]{}^$\\".contains(char) {
            out.push('\\');
        }
        out.push(char);
    }
    out
}

/// The entry of `patches`.
fn spell(target: &[(&'static str, String)], operations: &[String]) -> String {
    let lines: Vec<String> =
        target.iter().map(|(key, text)| format!("  {key}: {}", scalar(text))).collect();
    let body = indented(&operations.join("\n"), 2);
    format!("target:\n{}\npatch: |-\n{body}", lines.join("\n"))
}

/// The list that a path leads into, where its last step is an index.
pub(super) fn list_of(path: &Path) -> Option<(Path, usize)> {
    let (last, list) = path.0.split_last()?;
    let PathStep::Index(index) = last else { return None };
    Some((Path(list.to_vec()), *index))
}
