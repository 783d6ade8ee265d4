//! The patches of a post-renderer of Flux, which kustomize applies to what Helm renders.

use std::collections::BTreeSet;

use crate::kustomize::fields::candidates::Candidates;
use crate::kustomize::fields::selector::Selector;
use crate::kustomize::load::context::Context;
use crate::kustomize::model::object::Object;
use crate::kustomize::transform::json_patch::read;
use crate::kustomize::transform::patches::apply::apply_json_forgetting;
use crate::kustomize::transform::patches::content::object;
use crate::kustomize::transform::patches::{merge_all, patches};
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::yaml::library::Library;
use crate::yaml::node::{Entry, Node};

/// What a post-renderer may say; the images of containers name no secret.
const KNOWN: [&str; 4] = ["images", "patches", "patchesJson6902", "patchesStrategicMerge"];

/// Applies a post-renderer to some objects.
///
/// # Errors
/// When kustomize would refuse it, or it does something that is not known here.
pub fn post_render(
    objects: &mut Vec<Object>,
    renderer: &Node,
    library: &Library,
) -> Result<(), Problem> {
    let kustomize = renderer.get("kustomize").filter(|_| renderer.entries().len() == 1);
    let Some(kustomize) = kustomize else {
        return Err(Problem::at("a post-renderer that is not kustomize", renderer));
    };
    let key = |entry: &Entry| entry.key.str().unwrap_or_default().to_owned();
    if let Some(key) = kustomize.entries().iter().map(key).find(|key| !KNOWN.contains(&&**key)) {
        return Err(Problem::at(format!("`{key}` is not known"), kustomize));
    }
    let items = |key: &str| kustomize.get(key).map_or(&[][..], Node::items);
    for entry in items("patchesStrategicMerge") {
        merge_all(objects, &mut Candidates::default(), &[object(entry)?], entry)?;
    }
    if let Some(list) = kustomize.get("patches") {
        if let Some(entry) = list.items().iter().find(|entry| entry.get("path").is_some()) {
            return Err(Problem::at("a patch in a file", entry));
        }
        let (root, mut files, mut outside) = (TreePath::root(), BTreeSet::new(), None);
        let (directory, file) = (&root, &root);
        let (files, outside) = (&mut files, &mut outside);
        patches(objects, list, &mut Context { library, directory, file, files, outside })?;
    }
    for entry in items("patchesJson6902") {
        let Some((target, list)) = entry.get("target").zip(entry.get("patch")) else {
            return Err(Problem::at("a patch without a target or operations", entry));
        };
        let operations = read(list)?;
        for index in Selector::read(target)?.select(objects, &mut Candidates::default()) {
            apply_json_forgetting(&mut objects[index], &operations)?;
        }
    }
    Ok(())
}
