//! The field `replacements`: a value of one object copied into fields of others.

use crate::kustomize::fields::candidates::Candidates;
use crate::kustomize::fields::field_path::{Create, follow_mut, lookup, split, targets};
use crate::kustomize::fields::selector::{Selector, identities};
use crate::kustomize::load::context::Context;
use crate::kustomize::model::object::{Identity, Object};
use crate::kustomize::transform::hidden::covered;
use crate::text::problem::Problem;
use crate::yaml::bounds::fits;
use crate::yaml::node::{Node, Provenance, Scalar, Style, Tag, Value};
use crate::yaml::scalar::is_null;
use crate::yaml::scalar::{Kind, Schema, kind, plain_kind};

mod structured;

use structured::Filled;

/// The problem with a text that kustomize reformats.
const NOT_SEEN: &str =
    "how it lays out the text is not followed here; replace the whole text, or patch the field";

/// Applies the entries of `replacements`, in order: inline, or a file with one or several.
///
/// # Errors
/// When kustomize would refuse one of them.
#[allow(clippy::ptr_arg)] // the signature that all steps share
pub fn apply(
    objects: &mut Vec<Object>,
    list: &Node,
    context: &mut Context<'_>,
) -> Result<(), Problem> {
    let (mut unseen, mut candidates) = (None, Candidates::default());
    for entry in list.items() {
        match apply_one(objects, &mut candidates, entry, context) {
            Err(problem) if problem.partial => unseen = unseen.or(Some(problem)),
            done => done?,
        }
    }
    unseen.map_or(Ok(()), Err)
}

fn apply_one(
    objects: &mut [Object],
    candidates: &mut Candidates,
    entry: &Node,
    context: &mut Context<'_>,
) -> Result<(), Problem> {
    let Some(path) = entry.get("path").filter(|path| path.str() != Some("")) else {
        return replace(objects, candidates, entry);
    };
    if given(entry, "source").is_some() || entry.get("targets").is_some() {
        let help = "keep `path`, or the replacement itself";
        return Err(Problem::at("the replacement is given twice", path).with_help(help));
    }
    let stream = context.load(path)?;
    let Some(document) = stream.documents.first() else { return Ok(()) };
    match &document.root.value {
        Value::Seq(seq) => {
            seq.items.iter().try_for_each(|entry| replace(objects, candidates, entry))
        }
        Value::Map(_) => replace(objects, candidates, &document.root),
        Value::Scalar(_) => Err(Problem::at("expected a replacement or a list of them", path)),
    }
}

/// The value of a key; null counts as missing.
fn given<'n>(entry: &'n Node, key: &str) -> Option<&'n Node> {
    entry.get(key).filter(|value| !is_null(value))
}

/// The value to copy.
struct Given {
    value: Node,
    /// What stands for it outside of Secrets, if it is the value of one.
    shown: Option<Node>,
}

/// Applies one replacement.
///
/// # Errors
/// When kustomize would refuse it.
fn replace(
    objects: &mut [Object],
    candidates: &mut Candidates,
    entry: &Node,
) -> Result<(), Problem> {
    let Some(targets) = entry.get("targets").filter(|targets| !is_null(targets)) else {
        return Err(Problem::at("the replacement has no targets", entry)
            .with_help("add `targets:` with `select` and `fieldPaths`"));
    };
    let value = match (given(entry, "sourceValue"), given(entry, "source")) {
        (Some(value), Some(_)) => {
            return Err(Problem::at("the source is given twice", value)
                .with_help("keep one of `source` and `sourceValue`"));
        }
        (Some(value), None) => {
            let mut value = value.clone();
            value.mark(Provenance::Patched);
            Given { value, shown: None }
        }
        (None, Some(source)) => source_value(objects, candidates, source)?,
        (None, None) => {
            return Err(Problem::at("the replacement has no source", entry)
                .with_help("add `source:` with kind, name and fieldPath"));
        }
    };
    targets.items().iter().try_for_each(|target| fill(objects, candidates, target, &value))
}

/// The value to copy, marked, with the place where it is written.
fn source_value(
    objects: &[Object],
    candidates: &mut Candidates,
    source: &Node,
) -> Result<Given, Problem> {
    let name = source.get("name").and_then(Node::str).filter(|name| !name.is_empty());
    let chosen = |object: &&Object| {
        name.is_none_or(|name| object.names().any(|known| known == name))
            && identities(object).any(|identity| is_source(source, &identity))
    };
    let named = candidates.of(objects, name).into_iter().map(|index| &objects[index]);
    let mut found = named.filter(chosen);
    let Some(object) = found.next() else {
        return Err(Problem::at("the source of the replacement is not there", source)
            .with_help("no object has this group, version, kind, name and namespace"));
    };
    if let Some(second) = found.next() {
        let (first, second) = (object.identity(), second.identity());
        let message = "the source of the replacement is not the only one";
        return Err(Problem::at(message, source)
            .with_help(format!("both `{first}` and `{second}` match: say more of the one")));
    }
    let (path, place) = path_of(source.get("fieldPath"), source);
    let steps = split(path);
    let value = lookup(&object.node, &steps).map_err(|why| Problem::at(why, place))?;
    let Some(value) = value.filter(|value| !is_blank(value)) else {
        let message = format!("`{path}` of `{}` is missing or empty", object.identity());
        return Err(Problem::at(message, place));
    };
    let mut value = value.clone();
    value.mark(Provenance::Copied);
    let value = refined(value, source)?;
    Ok(Given { shown: covered(object.kind(), &steps, &value), value })
}

fn is_blank(value: &Node) -> bool {
    match &value.value {
        Value::Scalar(_) => is_null(value),
        Value::Map(map) => map.entries.is_empty(),
        Value::Seq(seq) => seq.items.is_empty(),
    }
}

/// Whether a source selects this identity; unset fields match anything.
fn is_source(source: &Node, identity: &Identity) -> bool {
    let asked = |key: &str| source.get(key).and_then(Node::str).filter(|text| !text.is_empty());
    let is = |key: &str, has: &str| asked(key).is_none_or(|wanted| wanted == has);
    let namespace = asked("namespace").is_none_or(|wanted| {
        let mut wanted_in = identity.clone();
        wanted_in.namespace = Some(wanted.into());
        wanted_in.effective_namespace() == identity.effective_namespace()
    });
    is("group", identity.group())
        && is("version", identity.version())
        && is("kind", &identity.kind)
        && is("name", &identity.name)
        && namespace
}

/// The part of the value that the source's options select.
fn refined(value: Node, source: &Node) -> Result<Node, Problem> {
    let Some((delimiter, index, place)) = delimiter(source) else { return Ok(value) };
    let Some(text) = value.str() else { return Err(not_a_text(place)) };
    let chosen = usize::try_from(index).ok().and_then(|index| text.split(delimiter).nth(index));
    match chosen {
        Some(part) => Ok(value.with_text(part, Provenance::Derived)),
        None => Err(Problem::at(format!("the source has no part {index}"), place)),
    }
}

/// `options.delimiter` and `options.index`, if there is a delimiter.
fn delimiter(node: &Node) -> Option<(&str, i64, &Node)> {
    let options = node.get("options")?;
    let delimiter = options.get("delimiter")?.str().filter(|text| !text.is_empty())?;
    let index = options.get("index").and_then(Node::str).and_then(|text| text.parse().ok());
    Some((delimiter, index.unwrap_or(0), options))
}

fn not_a_text(place: &Node) -> Problem {
    Problem::at("a delimiter is for plain values only", place)
}

fn path_of<'n>(node: Option<&'n Node>, otherwise: &'n Node) -> (&'n str, &'n Node) {
    let given =
        node.and_then(|node| Some((node.str()?, node))).filter(|(text, _)| !text.is_empty());
    given.unwrap_or(("metadata.name", otherwise))
}

/// Copies the value into the fields of one target.
fn fill(
    objects: &mut [Object],
    candidates: &mut Candidates,
    target: &Node,
    given: &Given,
) -> Result<(), Problem> {
    let Some(select) = target.get("select").filter(|select| !is_null(select)) else {
        return Err(Problem::at("the target selects nothing", target)
            .with_help("add `select:` with kind and name"));
    };
    let selector = Selector::read(select)?;
    let rejects = target.get("reject").map(Node::items).unwrap_or_default();
    let rejects = rejects.iter().map(Selector::read).collect::<Result<Vec<_>, _>>()?;
    for index in selector.candidates(objects, candidates) {
        let object = &mut objects[index];
        if is_target(object, &selector, &rejects) {
            let filled = fill_object(object, target, given);
            candidates.changed(index, object);
            filled?;
        }
    }
    Ok(())
}

fn fill_object(object: &mut Object, target: &Node, given: &Given) -> Result<(), Problem> {
    let shown = given.shown.as_ref().filter(|_| object.kind() != "Secret");
    let value = shown.unwrap_or(&given.value);
    match target.get("fieldPaths").map(Node::items) {
        Some(paths) if !paths.is_empty() => paths.iter().try_for_each(|path| {
            fill_path(object, target, path.str().unwrap_or_default(), path, value)
        }),
        _ => fill_path(object, target, "metadata.name", target, value),
    }
}

/// Kustomize checks the labels of a rejection separately from the rest: either suffices.
fn is_target(object: &Object, selector: &Selector, rejects: &[Selector]) -> bool {
    let rejected = |reject: &Selector| {
        (reject.asks_metadata() && reject.fits_metadata(object))
            || (reject.asks_identity() && reject.selects_identity(object))
    };
    selector.selects_identity(object)
        && selector.fits_metadata(object)
        && !rejects.iter().any(rejected)
}

fn fill_path(
    object: &mut Object,
    target: &Node,
    path: &str,
    place: &Node,
    value: &Node,
) -> Result<(), Problem> {
    let wants = target.get("options").and_then(|options| options.get("create"));
    let create = match (wants.and_then(|create| kind(create, Schema::Kubectl)), &value.value) {
        (Some(Kind::Bool(true)), Value::Scalar(_)) => Create::Scalar,
        (Some(Kind::Bool(true)), Value::Map(_)) => Create::Map,
        (Some(Kind::Bool(true)), Value::Seq(_)) => Create::Seq,
        _ => Create::Never,
    };
    let missing = |object: &Object, why: Option<String>| {
        let problem = Problem::at(format!("`{path}` is not in `{}`", object.identity()), place);
        let create = "add `options: {create: true}` if the field is to be made";
        problem.with_help(why.unwrap_or_else(|| create.to_owned()))
    };
    let mut node = object.node.clone();
    let parts = split(path);
    if !fits(value, parts.len()) {
        let message = format!("the value is too large, or nests too deep, for `{path}`");
        return Err(Problem::at(message, place).with_help("replace less, or in fewer steps"));
    }
    match structured::fill(&mut node, &parts, value, create) {
        Filled::Not => {}
        Filled::Beyond => {
            let message = format!("kustomize rewrites the text that `{path}` points into");
            return Err(Problem::at(message, place).with_help(NOT_SEEN).as_partial());
        }
        filled => {
            object.node = node;
            let is_hashed = object.generated.is_some_and(|generated| generated.hash);
            if filled == Filled::Otherwise && is_hashed {
                let message = format!(
                    "kustomize rewrites the text that `{path}` points into, and hashes it for the name of `{}`",
                    object.identity()
                );
                return Err(Problem::at(message, place).with_help(NOT_SEEN).as_partial());
            }
            return Ok(());
        }
    }
    let found = targets(&mut node, &parts, create).map_err(|why| missing(object, Some(why)))?;
    if found.is_empty() {
        return Err(missing(object, None));
    }
    for path in found {
        let Some(field) = follow_mut(&mut node, &path) else { continue };
        let filled = filled(field, value, target)?;
        *field = filled.ok_or_else(|| {
            let message = format!("the value does not fit the type of `{path}`");
            Problem::at(message, place).with_help("kustomize keeps the type that the target has")
        })?;
    }
    object.node = node;
    Ok(())
}

/// What a field becomes; `None` when the value cannot be of the field's type.
fn filled(field: &Node, value: &Node, target: &Node) -> Result<Option<Node>, Problem> {
    let text = value.str().unwrap_or_default();
    let new = match delimiter(target) {
        None => value.clone(),
        Some((delimiter, index, place)) => {
            let Some(old) = field.str() else { return Err(not_a_text(place)) };
            field.with_text(&joined(old, delimiter, index, text), Provenance::Derived)
        }
    };
    if field.scalar().is_none() {
        return Ok(Some(new));
    }
    // A mapping that replaces a scalar becomes an empty string.
    let new = if new.scalar().is_some() { new } else { new.with_text("", Provenance::Copied) };
    Ok(typed(field, new))
}

fn joined(old: &str, delimiter: &str, index: i64, text: &str) -> String {
    let mut parts: Vec<&str> = old.split(delimiter).collect();
    match usize::try_from(index) {
        Err(_) => parts.insert(0, text),
        Ok(index) if index >= parts.len() => parts.push(text),
        Ok(index) => parts[index] = text,
    }
    parts.join(delimiter)
}

/// The new value with the field's type.
fn typed(field: &Node, mut new: Node) -> Option<Node> {
    let read = plain_kind(new.str().unwrap_or_default(), Schema::Kyaml);
    // A field created for the value takes its type from the value.
    let tag = match if is_made(field) { Some(read) } else { kind(field, Schema::Kyaml) }? {
        Kind::Str => Tag::Str,
        Kind::Null => Tag::Null,
        Kind::Bool(_) => Tag::Bool,
        Kind::Int(_) => Tag::Int,
        Kind::Float(_) => Tag::Float,
    };
    let fits = match tag {
        Tag::Null => read == Kind::Null,
        Tag::Bool => matches!(read, Kind::Bool(_)),
        Tag::Int => matches!(read, Kind::Int(_)),
        Tag::Float => matches!(read, Kind::Int(_) | Kind::Float(_)),
        _ => true,
    };
    if let Value::Scalar(scalar) = &mut new.value {
        let as_is = tag_of(scalar, read);
        if as_is != tag {
            scalar.tag = tag;
        }
    }
    fits.then_some(new)
}

/// The scalar's implicit tag.
fn tag_of(scalar: &Scalar, read: Kind) -> Tag {
    match (scalar.tag, read) {
        (Tag::None, _) if scalar.style != Style::Plain => Tag::Str,
        (Tag::None, Kind::Str) => Tag::Str,
        (Tag::None, Kind::Null) => Tag::Null,
        (Tag::None, Kind::Bool(_)) => Tag::Bool,
        (Tag::None, Kind::Int(_)) => Tag::Int,
        (Tag::None, Kind::Float(_)) => Tag::Float,
        (tag, _) => tag,
    }
}

fn is_made(field: &Node) -> bool {
    field.origin.is_none() && field.how == Provenance::Copied
}

#[cfg(test)]
mod tests;
