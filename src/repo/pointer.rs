//! Directories that Flux and Argo CD are configured to apply.

use std::collections::{BTreeMap, BTreeSet};

use crate::builders::argo;
use crate::kustomize::model::object::Object;
use crate::repo::builder::{Builder, TreeListing, Way};
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
    /// The directories configured in some objects.
    pub(super) fn of(objects: &[Object], listing: &TreeListing<'_>) -> Self {
        let mut pointers = Self::default();
        objects.iter().for_each(|object| pointers.read(object, listing));
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
        // A template may spell a directory where it is not known what else is filled in.
        let unfilled = argo::template(object).into_iter();
        let unfilled = unfilled.flat_map(|one| Builder::argo(object, one));
        all.iter().for_each(|builder| self.point(builder));
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
    pub(super) fn namespace(&self, directory: &TreePath) -> Option<String> {
        let namespaces = &self.0.get(directory)?.namespaces;
        let first = namespaces.first()?.clone();
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
