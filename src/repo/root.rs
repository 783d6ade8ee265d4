//! A build root with the references and providers of its effective objects.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use crate::k8s::found::{EVERYWHERE, Found, Provided, Role};
use crate::k8s::resource::group_of;
use crate::k8s::secret_name::family;
use crate::kustomize::model::build::{Build, Status};
use crate::kustomize::model::object::Object;
use crate::repo::environment::EnvironmentId;
use crate::repo::layout::is_kustomization;
use crate::repo::spelled;
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::text::source::Place;

/// A directory that is built as a unit.
#[derive(Debug, Clone)]
pub struct Root {
    /// The directory.
    pub path: TreePath,
    /// A kustomization or a tree of plain manifests.
    pub kind: RootKind,
    /// The environment it belongs to: an index into the repository's environments.
    pub environment: Option<EnvironmentId>,
    /// The default namespace that Flux or Argo CD sets for objects, if all that apply the directory agree.
    pub namespace: Option<String>,
    /// The build of the directory; for plain manifests, the contents of the files.
    pub build: Arc<Build>,
    /// Every effective reference, in the order of the objects.
    pub references: Vec<Reference>,
    /// Every secret that its objects provide.
    pub providers: Vec<Provider>,
}

/// What a build root is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RootKind {
    /// A kustomization.
    Kustomize,
    /// A tree of plain manifests.
    Plain,
}

/// A reference of a build root.
#[derive(Debug, Clone)]
pub struct Reference {
    /// The object that has it: an index into the root's objects.
    pub object: usize,
    /// The place in the object.
    pub found: Found,
}

/// A provider of a build root.
#[derive(Debug, Clone)]
pub struct Provider {
    /// The object that makes the secret: an index into the root's objects.
    pub object: usize,
    /// What it makes.
    pub provided: Provided,
}

/// A reference of the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReferenceId {
    /// An index into the repository's roots.
    pub root: usize,
    /// An index into the root's references.
    pub reference: usize,
}

/// A provider of the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderId {
    /// An index into the repository's roots.
    pub root: usize,
    /// An index into the root's providers.
    pub provider: usize,
}

/// The roots in one list that are not in the other. Most are the same, in the same order.
pub fn others<'r>(
    of: &'r [Arc<Root>],
    than: &[impl AsRef<Root>],
) -> impl Iterator<Item = &'r Arc<Root>> {
    let same = |(one, other): &(&Arc<Root>, &Root)| std::ptr::eq(Arc::as_ptr(one), *other);
    let than: Vec<&Root> = than.iter().map(AsRef::as_ref).collect();
    let start = of.iter().zip(than.iter().copied()).take_while(same).count();
    let (of, than) = (&of[start..], &than[start..]);
    let end = of.iter().rev().zip(than.iter().copied().rev()).take_while(same).count();
    let than: HashSet<*const Root> =
        than[..than.len() - end].iter().map(|root| std::ptr::from_ref(*root)).collect();
    of[..of.len() - end].iter().filter(move |root| !than.contains(&Arc::as_ptr(root)))
}

impl Root {
    /// The effective objects.
    #[must_use]
    pub fn objects(&self) -> &[Object] {
        &self.build.objects
    }

    /// How much of it could be resolved.
    #[must_use]
    pub fn status(&self) -> Status {
        self.build.status
    }

    /// Whether kustomize would reject it, or one of its files does not parse.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.status() == Status::Failed
    }

    /// Whether something remote or foreign is missing.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.status() == Status::Partial
    }

    /// What could not be resolved, and why.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.build.problems
    }

    /// The kustomizations among its files.
    pub fn kustomizations(&self) -> impl Iterator<Item = &TreePath> {
        self.files().iter().filter(|file| is_kustomization(file))
    }

    /// Every file read for it.
    #[must_use]
    pub fn files(&self) -> &BTreeSet<TreePath> {
        &self.build.files
    }

    /// Every kustomization directory reached, its own included; empty for plain manifests.
    #[must_use]
    pub fn directories(&self) -> &BTreeSet<TreePath> {
        &self.build.directories
    }

    /// Every secret that it names or provides.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        let references = self.references.iter().map(Reference::secret);
        references.chain(self.providers.iter().map(Provider::secret))
    }

    /// The object that has a reference.
    #[must_use]
    pub fn object_of(&self, reference: &Reference) -> &Object {
        &self.build.objects[reference.object]
    }

    /// Whether a reference is a mere mention: the name appears in an object whose fields Kubernetes itself
    /// defines, in a place that no field of it reads as a secret's name (an argument, a text, an
    /// annotation for a controller). In other kinds a name by value is all that can be known.
    #[must_use]
    pub fn is_mention(&self, reference: &Reference) -> bool {
        let object = self.object_of(reference);
        let group = group_of(&object.node);
        let defined =
            !object.kind().is_empty() && (!group.contains('.') || group.ends_with(".k8s.io"));
        defined && matches!(reference.found.role, Role::Mention | Role::Watch)
    }

    /// The object that makes a secret.
    #[must_use]
    pub fn object_that_provides(&self, provider: &Provider) -> &Object {
        &self.build.objects[provider.object]
    }

    /// The namespace in which a reference looks for its secret; `None` when nothing in Git sets one, or when
    /// it may be any.
    #[must_use]
    pub fn namespace_of<'r>(&'r self, reference: &'r Reference) -> Option<&'r str> {
        let named = reference.found.namespace.as_deref();
        if named == Some(EVERYWHERE) {
            return None;
        }
        named.or_else(|| self.object_of(reference).namespace()).or(self.namespace.as_deref())
    }

    /// The namespace in which a provider makes its secret; `None` when nothing in Git sets one, or when
    /// it makes the secret in every one.
    #[must_use]
    pub fn namespace_of_provider<'r>(&'r self, provider: &'r Provider) -> Option<&'r str> {
        let named = provider.provided.namespace.as_deref();
        if named == Some(EVERYWHERE) {
            return None;
        }
        let own = || self.object_that_provides(provider).namespace();
        named.or_else(own).or(self.namespace.as_deref())
    }
}

impl Reference {
    /// The secret's name.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.found.secret
    }

    /// The family of the secret.
    #[must_use]
    pub fn family(&self) -> &str {
        family(self.secret())
    }

    /// The field, for display.
    #[must_use]
    pub fn field(&self) -> String {
        self.found.path.to_string()
    }

    /// The bytes of a file that spell the secret's name and nothing else; `None` when no file spells it
    /// so (a generated or prefixed name, an escape).
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        spelled::place(&self.found.node, self.found.part.clone(), &self.found.secret)
    }

    /// Where the name comes from, as near as can be told.
    #[must_use]
    pub fn near(&self) -> Option<Place> {
        self.place().or_else(|| self.found.node.origin.as_ref().map(Place::near_in_file))
    }
}

impl Provider {
    /// The secret's name.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.provided.secret
    }

    /// The family of the secret.
    #[must_use]
    pub fn family(&self) -> &str {
        family(self.secret())
    }

    /// The field that names the secret, for display.
    #[must_use]
    pub fn field(&self) -> String {
        self.provided.path.to_string()
    }

    /// The bytes of a file that spell the secret's name and nothing else; `None` when no file spells it so.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        spelled::place(&self.provided.node, None, &self.provided.secret)
    }

    /// Where the name comes from, as near as can be told.
    #[must_use]
    pub fn near(&self) -> Option<Place> {
        self.place().or_else(|| self.provided.node.origin.as_ref().map(Place::near_in_file))
    }
}
