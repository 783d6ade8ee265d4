//! Directories that Flux and Argo CD are configured to apply.

use std::collections::{BTreeMap, BTreeSet};

use crate::builders::argo;
use crate::kustomize::model::object::Object;
use crate::repo::builder::{Builder, Builders, TreeListing, Way};
use crate::text::path::TreePath;

/// Every directory that a controller applies, with the namespaces configured for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pointers(BTreeMap<TreePath, Pointed>);

/// What controllers do with a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Pointed {
    /// The namespaces configured for it.
    namespaces: BTreeSet<Option<String>>,
    /// Whether Flux builds it, which knows no load restrictions.
    by_flux: bool,
}

impl Pointers {
    /// The directories configured in some objects; `builders` are those that these configure.
    pub(super) fn of(objects: &[Object], builders: &Builders) -> Self {
        let mut pointers = Self::default();
        builders.all.iter().for_each(|builder| pointers.point(builder));
        objects.iter().for_each(|object| pointers.point_unfilled(object));
        pointers
    }

    /// All of these together.
    pub(super) fn union<'p>(all: impl IntoIterator<Item = &'p Self>) -> Self {
        let mut pointers = Self::default();
        for (directory, pointed) in all.into_iter().flat_map(|one| &one.0) {
            let known = pointers.0.entry(directory.clone()).or_default();
            known.namespaces.extend(pointed.namespaces.iter().cloned());
            known.by_flux |= pointed.by_flux;
        }
        pointers
    }

    /// Adds the directories configured in an object.
    pub(super) fn read(&mut self, object: &Object, listing: &TreeListing<'_>) {
        let Some((all, _)) = Builder::configured_by(object, listing) else { return };
        all.iter().for_each(|builder| self.point(builder));
        self.point_unfilled(object);
    }

    /// A template may spell a directory where it is not known what else is filled in.
    fn point_unfilled(&mut self, object: &Object) {
        let unfilled = argo::template(object).into_iter();
        let unfilled = unfilled.flat_map(|one| Builder::argo(object, one));
        unfilled.for_each(|builder| self.point(&builder));
    }

    fn point(&mut self, builder: &Builder) {
        let directory = builder.directory();
        let is_open = ["{{", "${"].iter().any(|open| directory.as_str().contains(open));
        let by_flux = match &builder.way {
            Way::Flux(flux) if !flux.has_path => return,
            way => matches!(way, Way::Flux(_)),
        };
        if is_open {
            return;
        }
        let pointed = self.0.entry(directory.clone()).or_default();
        pointed.namespaces.insert(builder.target().map(str::to_owned));
        pointed.by_flux |= by_flux;
    }

    /// The default namespace of objects in a directory, if all controllers that apply it agree.
    pub(super) fn namespace(&self, directory: &TreePath) -> Option<&str> {
        let namespaces = &self.0.get(directory)?.namespaces;
        let first = namespaces.first()?.as_deref();
        if namespaces.len() == 1 { first } else { None }
    }

    /// The nearest directory that a controller applies, from `directory` upward.
    pub(super) fn above(&self, directory: &TreePath) -> Option<&TreePath> {
        let mut up = crate::repo::layout::above(directory);
        up.find_map(|up| self.0.get_key_value(&up).map(|(at, _)| at))
    }

    /// Whether Flux builds a directory.
    pub(super) fn is_built_by_flux(&self, directory: &TreePath) -> bool {
        self.0.get(directory).is_some_and(|pointed| pointed.by_flux)
    }

    /// The directories.
    pub(super) fn directories(&self) -> impl Iterator<Item = &TreePath> {
        self.0.keys()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::kustomize::resolver::Resolver;
    use crate::repo::builder::TreeListing;
    use crate::repo::layout::Layout;
    use crate::repo::root::RootKind;
    use crate::repo::site::BuildSite;
    use crate::repo::testing::{path, tree};
    use crate::text::work;
    use crate::tree::Tree;
    use crate::yaml::library::Library;

    #[test]
    fn each_builder_of_a_root_is_read_once() {
        let flux = |name: &str| {
            format!(
                "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}}}\n\
                 spec: {{path: ./apps/{name}, targetNamespace: {name}}}\n"
            )
        };
        let all = format!("{}---\n{}", flux("a"), flux("b"));
        let tree = tree(&[
            ("clusters/all.yaml", &all),
            ("clusters/kustomization.yaml", "resources: [all.yaml]\n"),
        ]);
        let layout = Layout::new(tree.manifests(), None);
        let library = Arc::new(Library::new(tree));
        let build = Resolver::new(Arc::clone(&library)).build(&path("clusters")).restricted();
        let site = BuildSite::new(&path("clusters"), RootKind::Kustomize, None, build);
        let listing = TreeListing::new(&layout, &library);
        let mut made = None;
        let work = work::during(|| made = Some(site.configuring(&listing)));
        let pointers = made.unwrap().pointers;
        let (a, b) = (path("apps/a"), path("apps/b"));
        assert_eq!(pointers.directories().collect::<Vec<_>>(), [&a, &b]);
        assert_eq!((pointers.namespace(&a), pointers.namespace(&b)), (Some("a"), Some("b")));
        assert_eq!(work["builder read"], 2);
    }
}
