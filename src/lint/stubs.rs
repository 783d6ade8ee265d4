//! Stubs of one version of a secret, as each environment deploys them.

use crate::config::secrets::{Pin, SecretSettings};
use crate::finding::Finding;
use crate::k8s::secret_name::{Family, Version, split};
use crate::k8s::stub::{Remote, Stub, spec_of};
use crate::kustomize::model::object::Object;
use crate::lint::judge::deployed;
use crate::lint::rule::Rule;
use crate::repo::Repo;
use crate::repo::root::Root;
use crate::text::source::Place;
use crate::yaml::node::Node;

/// An ExternalSecret or ClusterExternalSecret whose secret has a version in its name.
pub(super) struct Versioned<'r> {
    pub(super) root: &'r Root,
    pub(super) environment: Option<&'r str>,
    pub(super) object: &'r Object,
    /// What it is to do.
    pub(super) spec: &'r Node,
    pub(super) stub: Stub,
    pub(super) family: Family,
    pub(super) version: Version,
    /// What `rotate.yaml` says of the family.
    pub(super) settings: SecretSettings,
}

/// The versioned stubs that make a secret: not those with `creationPolicy: None`, and not those of families that
/// `rotate.yaml` leaves alone.
pub(super) fn versioned(repo: &Repo) -> impl Iterator<Item = Versioned<'_>> {
    let objects = deployed(repo).flat_map(|(root, environment)| {
        root.objects().iter().map(move |object| (root, environment, object))
    });
    objects
        .filter_map(|(root, environment, object)| Versioned::of(repo, (root, environment), object))
}

impl<'r> Versioned<'r> {
    /// An object as a versioned stub, if it is one.
    pub(super) fn of(
        repo: &Repo,
        (root, environment): (&'r Root, Option<&'r str>),
        object: &'r Object,
    ) -> Option<Self> {
        let (_, spec) = spec_of(&object.node)?;
        let stub = Stub::read(&object.node)?;
        let (family, digits) = split(stub.secret.node.str()?)?;
        let (family, version) = (Family::from(family), Version::new(digits)?);
        let settings = repo.config.secret(&family);
        let policy = spec.at(&["target", "creationPolicy"]).and_then(Node::str);
        let stub = Self { root, environment, object, spec, stub, family, version, settings };
        (policy != Some("None") && stub.settings.is_managed()).then_some(stub)
    }

    /// The secret that it makes.
    pub(super) fn secret(&self) -> &str {
        self.stub.secret.node.str().unwrap_or_default()
    }

    /// Where the name of the secret is written.
    pub(super) fn secret_place(&self) -> Option<&Place> {
        self.stub.secret.node.origin.as_ref()
    }

    /// How its entries name the version.
    pub(super) fn pin(&self) -> Pin {
        self.settings.remote.version.unwrap_or(Pin::Label)
    }

    /// A finding about it, in its environment.
    pub(super) fn finding(
        &self,
        rule: &Rule,
        place: &Place,
        message: impl Into<String>,
    ) -> Finding {
        rule.finding(place, message).in_each(self.environment).about(&*self.family)
    }

    /// The namespace in which it creates the secret.
    pub(super) fn namespace(&self) -> Option<&'r str> {
        self.object.namespace().or(self.root.namespace.as_deref())
    }
}

/// The key that an entry reads.
pub(super) fn key(remote: &Remote) -> &str {
    remote.key.as_ref().and_then(|field| field.node.str()).unwrap_or_default()
}

/// The version that an entry names; `None` where it names none.
pub(super) fn pinned(remote: &Remote) -> Option<&str> {
    let text = remote.version.as_ref().and_then(|field| field.node.str());
    text.filter(|text| !matches!(*text, "" | "~" | "null"))
}
