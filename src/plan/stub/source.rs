//! What a new stub is made from: the newest ExternalSecret of the family, told as its own file.

use std::collections::{BTreeMap, BTreeSet};

use crate::k8s::resource::kind_of;
use crate::k8s::secret_name::split;
use crate::kustomize::model::object::Object;
use crate::plan::spell::scalar;
use crate::plan::stub::document::{edited, own, read};
use crate::plan::survey::Made;
use crate::repo::root::Root;
use crate::text::edit::apply;
use crate::text::path::TreePath;
use crate::text::source::{Place, Source as Text};
use crate::text::span::Span;
use crate::yaml::compare::differences;
use crate::yaml::edit::insert::insert_entry;
use crate::yaml::edit::rewrite::rewrite;
use crate::yaml::node::{Node, Provenance};
use crate::yaml::parse::parse;
use crate::yaml::path::{Path, PathStep};

/// An ExternalSecret that a new stub is copied from.
pub(super) struct Source<'r> {
    /// The effective object.
    pub(super) object: &'r Object,
    /// The secret it makes.
    pub(super) secret: &'r str,
    /// The document in its file.
    pub(super) place: Place,
    /// The namespace in which it creates the secret.
    pub(super) namespace: Option<&'r str>,
    /// The roots that have it: indexes into the repository's roots.
    pub(super) roots: BTreeSet<usize>,
    /// Whether other roots make something else of the same document, such as clusters that patch its key.
    pub(super) is_split: bool,
}

/// The newest ExternalSecrets of each root, every document once.
pub(super) fn newest<'r>(providers: &[Made<'r>]) -> Vec<Source<'r>> {
    let mut best: BTreeMap<(usize, Option<&str>), &str> = BTreeMap::new();
    let stubs: Vec<&Made<'r>> =
        providers.iter().filter(|made| kind_of(&made.object().node) == "ExternalSecret").collect();
    let roots: BTreeMap<usize, &Root> = stubs.iter().map(|made| (made.index, made.root)).collect();
    let version = |name: &str| split(name).map(|(_, digits)| digits.to_owned());
    for made in &stubs {
        let known = best.entry((made.index, made.namespace())).or_insert(made.provider.secret());
        if version(made.provider.secret()) > version(known) {
            *known = made.provider.secret();
        }
    }
    let mut sources: BTreeMap<(TreePath, Span), Vec<Source<'r>>> = BTreeMap::new();
    for made in stubs {
        let newest = best.get(&(made.index, made.namespace()));
        let Some(origin) = made.object().node.origin.as_ref() else { continue };
        if newest != Some(&made.provider.secret()) {
            continue;
        }
        let place = origin.near_in_file();
        let key = (place.source.path().clone(), place.span());
        let all = sources.entry(key).or_default();
        if let Some(source) = all.iter_mut().find(|one| says_the_same(one.object, made.object())) {
            source.roots.insert(made.index);
            continue;
        }
        all.push(Source {
            object: made.object(),
            secret: made.provider.secret(),
            place,
            namespace: made.namespace(),
            roots: BTreeSet::from([made.index]),
            is_split: false,
        });
    }
    for all in sources.values_mut().filter(|all| all.len() > 1) {
        // What clusters include, they make their own of.
        let outer: Vec<usize> = all.iter().flat_map(|source| &source.roots).copied().collect();
        let is_included = |root: &usize| {
            let path = roots.get(root).map(|root| &root.path);
            let mut others = outer.iter().filter(|other| *other != root);
            others.any(|other| path.is_some_and(|path| roots[other].directories().contains(path)))
        };
        all.retain(|source| !source.roots.iter().all(is_included));
        all.iter_mut().for_each(|source| source.is_split = true);
    }
    sources.into_values().flatten().collect()
}

/// Whether two roots make the same of a document, but for what kustomizations give to all their objects alike.
fn says_the_same(one: &Object, other: &Object) -> bool {
    differences(&one.node, &other.node).iter().all(is_around)
}

impl Source<'_> {
    /// The document as a file of its own, saying what the effective object says; for a kustomization that includes the old
    /// one only by its bases, also what those gave it: the object as that kustomization sees it.
    ///
    /// # Errors
    /// With a phrase that says why it cannot be told so.
    pub(super) fn text(&self, seen: Option<&Object>) -> Result<String, String> {
        let own = own(&self.place.source, self.place.span()).ok_or("its file does not parse")?;
        let file = Text::file(TreePath::root(), own.as_str());
        let stream = parse(&file).map_err(|error| error.message)?;
        let Some(written) = stream.documents.first().map(|document| &document.root) else {
            return Err("it is empty".to_owned());
        };
        let mut edits = Vec::new();
        for path in differences(written, &self.object.node) {
            if is_around(&path) {
                continue;
            }
            match (path.follow(written), path.follow(&self.object.node)) {
                (_, Some(now)) if now.how == Provenance::Derived => {}
                (Some(old), Some(now)) if old.scalar().is_some() && now.scalar().is_some() => {
                    let edit = rewrite(old, now.str().unwrap_or_default());
                    edits.push(edit.map_err(|error| error.to_string())?);
                }
                _ if path.0.is_empty() || kind_of(written).ends_with("List") => {
                    return Err(
                        "it is an item of a List; write it as a separate document".to_owned()
                    );
                }
                _ => return Err(format!("a patch changes its {path}")),
            }
        }
        let text = apply(&own, &edits).map_err(|error| error.to_string())?;
        match seen {
            Some(seen) => self.alone(text, seen),
            None => Ok(text),
        }
    }

    /// A text that says itself what the kustomizations around the old one say of all their objects.
    fn alone(&self, mut text: String, seen: &Object) -> Result<String, String> {
        let metadata = Path::default().key("metadata");
        if let Some(namespace) = self.object.namespace() {
            text = put(&text, &metadata, "namespace", namespace)?;
        }
        for key in ["labels", "annotations"] {
            for entry in seen.node.at(&["metadata", key]).map_or(&[][..], Node::entries) {
                if let (Some(name), Some(value)) = (entry.key.str(), entry.value.str()) {
                    let map = metadata.key(key);
                    if read(&text, |root| map.follow(root).is_none())? {
                        let first = format!("{}: {}", scalar(name), scalar(value));
                        let add =
                            |root: &Node| Some(insert_entry(root, &metadata, key, &first, None));
                        text = edited(&text, add)?;
                    }
                    text = put(&text, &map, name, value)?;
                }
            }
        }
        Ok(text)
    }
}

/// What a kustomization gives to all its objects alike.
fn is_around(path: &Path) -> bool {
    let keys = [&path.0[..path.0.len().min(1)], path.0.get(1..2).unwrap_or_default()];
    let key = |steps: &[PathStep], wanted: &[&str]| matches!(steps, [PathStep::Key(key)] if wanted.contains(&&**key));
    key(keys[0], &["metadata"]) && key(keys[1], &["namespace", "labels", "annotations"])
}

/// A text with a key of a mapping set to a text.
fn put(text: &str, map: &Path, key: &str, value: &str) -> Result<String, String> {
    edited(text, |root| match map.follow(root)?.get(key) {
        Some(node) if node.str() == Some(value) => None,
        Some(node) => Some(rewrite(node, value)),
        None => Some(insert_entry(root, map, key, &scalar(value), Some("name"))),
    })
}
