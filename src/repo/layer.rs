//! Where a builder's own object takes patches: the fields of a `Kustomization` or an `Application` that are laid over its directory.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::builders::substitute::Variables;
use crate::k8s::values::is_values;
use crate::kustomize::model::object::Object;
use crate::repo::Repo;
use crate::repo::builder::{Builder, Way};
use crate::repo::charts::lays_over;
use crate::repo::root::Root;
use crate::text::path::TreePath;
use crate::yaml::node::Node;
use crate::yaml::path::Path;

/// The patches of a builder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Patches {
    /// The file that its object is written in.
    pub file: TreePath,
    /// Which document of the file that is.
    pub document: usize,
    /// The list, which need not be there.
    pub list: Path,
}

impl Repo {
    /// Where a builder of a root takes patches; `None` if it takes none, or no file spells its object.
    #[must_use]
    pub fn patches_of(&self, built: &Root, builder: &Builder) -> Option<Patches> {
        let (file, document) = self.document_of(builder)?;
        let stream = self.library.stream(&file).ok()?;
        let spec = Path::default().key("spec");
        let list = match &builder.way {
            Way::Flux(_) => spec.key("patches"),
            Way::Helm(_) => return None,
            Way::Argo { source, .. } => {
                // Without a kustomization, Argo CD takes no patches.
                self.layout.kustomizations.get(&builder.directory)?;
                // A list beside the path would replace that of the Application.
                let mut beside = built.files().iter().filter(|file| lays_over(file));
                if beside.any(|file| self.has_patches(file)) {
                    return None;
                }
                let root = &stream.documents[document].root;
                let several = root.at(&["spec", "sources"]).map_or(&[][..], Node::items);
                let own = source.node.origin.as_ref()?;
                let is_own = |node: &Node| {
                    node.origin.as_ref().is_some_and(|origin| origin.site() == own.site())
                };
                let source = match several.iter().position(is_own) {
                    Some(index) => spec.key("sources").index(index),
                    None => spec.key("source"),
                };
                source.key("kustomize").key("patches")
            }
        };
        Some(Patches { file, document, list })
    }

    /// The file that a builder's object is written in, and which document of it that is.
    #[must_use]
    pub fn document_of(&self, builder: &Builder) -> Option<(TreePath, usize)> {
        let place = builder.origin.as_ref()?.in_file()?;
        let (file, span) = place.site();
        let stream = self.library.stream(&file).ok()?;
        let document = stream.documents.iter().position(|document| {
            let name = document.root.at(&["metadata", "name"]);
            let name = name.and_then(|name| name.origin.as_ref()?.in_file());
            document.root.get("kind").is_some_and(|kind| kind.reads(builder.kind))
                && name.is_some_and(|name| name.site().1 == span)
        })?;
        Some((file, document))
    }

    /// Whether a file that is laid over a source has patches.
    fn has_patches(&self, file: &TreePath) -> bool {
        let has = |root: &Node| root.at(&["kustomize", "patches"]).is_some();
        let stream = self.library.stream(file);
        stream.is_ok_and(|stream| stream.documents.iter().any(|document| has(&document.root)))
    }

    /// The objects of a builder's directory as its own patches see them.
    #[must_use]
    pub fn patched_by(&self, builder: &Builder) -> Vec<Object> {
        match &builder.way {
            Way::Flux(flux) => self.resolver.patched_with(&builder.directory, flux.overrides()),
            Way::Argo { source, .. } => {
                self.resolver.patched_with(&builder.directory, &source.overrides)
            }
            Way::Helm(_) => Vec::new(),
        }
    }

    /// A root as its builder makes it, where it was taken for what kubectl makes since there was no difference but the namespace, and
    /// the same root of a changed tree is the builder's own.
    #[must_use]
    pub fn as_built(&self, old: &Root, new: &Root) -> Option<Root> {
        if old.is_own() || !new.is_own() {
            return None;
        }
        let key = new.builders.first()?.key();
        let builder = old.builders.iter().find(|one| one.key() == key)?;
        let Way::Flux(flux) = &builder.way else { return None };
        let built = flux.build(&self.resolver, &Variables::default()).objects;
        let mut by_name: BTreeMap<_, Vec<&Object>> = BTreeMap::new();
        for object in built.iter().rev() {
            let name = (object.api_version(), object.kind(), object.name());
            by_name.entry(name).or_default().push(object);
        }
        let mut objects = Vec::with_capacity(old.objects().len());
        for object in old.objects() {
            if is_values(&object.node) {
                objects.push(object.clone());
                continue;
            }
            let name = (object.api_version(), object.kind(), object.name());
            let same = by_name.get_mut(&name)?;
            let is_it = |one: &&Object| one.namespace() == object.namespace();
            let at = same.iter().rposition(is_it).or_else(|| same.len().checked_sub(1))?;
            objects.push(same.remove(at).clone());
        }
        let mut root = old.clone();
        root.inventory.objects = objects.into();
        Some(root)
    }

    /// The objects of build roots that are a builder's own, by the indexes of both.
    #[must_use]
    pub fn objects_of(&self, builder: &Builder) -> Vec<(usize, usize)> {
        let Some(place) = builder.origin.as_ref().map(|place| place.near_in_file()) else {
            return Vec::new();
        };
        let is_own = |object: &Object| {
            let name = object.node.at(&["metadata", "name"]);
            let name = name.and_then(|name| name.origin.as_ref());
            object.kind() == builder.kind
                && name.is_some_and(|name| name.near_in_file().site() == place.site())
        };
        let of_root = |(index, root): (usize, &Arc<Root>)| {
            let objects = root.objects().iter().enumerate();
            let own = objects.filter(|(_, object)| is_own(object));
            own.map(|(number, _)| (index, number)).collect::<Vec<_>>()
        };
        self.roots.iter().enumerate().flat_map(of_root).collect()
    }
}
