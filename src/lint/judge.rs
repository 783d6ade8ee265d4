//! Whether a reference has what it names, as far as can be known.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::k8s::by_hand::is_by_hand;
use crate::k8s::found::Role;
use crate::k8s::heuristics;
use crate::k8s::placeholder::is_name_filled_in;
use crate::k8s::resource::group_of;
use crate::k8s::secret_name::split;
use crate::repo::Repo;
pub(super) use crate::repo::deployed::deployed;
use crate::repo::deployed::{Reached, may_hide};
use crate::repo::inventory::Reference;
use crate::repo::root::Root;

/// What is known of a reference's secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Something provides it, or the place does not really ask for it.
    Fine,
    /// Nothing provides it.
    Missing,
    /// Something that cannot be read here may provide it.
    Unknown,
}

/// What the roots reach that hand a chart to the cluster, found when the first reference asks.
#[derive(Default)]
pub(super) struct Charts(OnceCell<(BTreeSet<*const Root>, Reached)>);

impl Charts {
    /// Whether a chart of the root, or one that may be in the namespace, may make a secret.
    fn may_make(&self, repo: &Repo, root: &Root, namespace: Option<&str>) -> bool {
        let (own, reached) = self.0.get_or_init(|| {
            let roots: Vec<&Root> =
                repo.roots.iter().map(|root| &**root).filter(|root| renders(root)).collect();
            (
                roots.iter().copied().map(std::ptr::from_ref).collect(),
                Reached::by(roots.into_iter()),
            )
        });
        own.contains(&std::ptr::from_ref(root)) || reached.reaches(root.environment, namespace)
    }
}

/// Judges a reference of a root.
pub(super) fn judge(repo: &Repo, root: &Root, reference: &Reference, charts: &Charts) -> Verdict {
    let secret = reference.secret();
    let versioned = split(secret).is_some();
    // The words of a structure tell little; a version tells that it is a secret's name.
    let guessed =
        heuristics::ROWS.contains(&reference.found.row) || reference.found.role == Role::Mention;
    if is_name_filled_in(secret)
        || matches!(reference.found.role, Role::Grant | Role::Watch)
        || root.is_mention(reference)
        || (guessed && !versioned)
    {
        return Verdict::Fine;
    }
    let namespace = root.namespace_of(reference);
    if is_by_hand(&root.object_of(reference).node, namespace, &reference.found) {
        return Verdict::Fine;
    }
    // What belongs to no environment may be meant for any.
    let any = root.environment.is_none().then(|| repo.environments.ids());
    let mut there = any.into_iter().flatten().map(Some).chain([root.environment]);
    if there.any(|environment| repo.is_provided(environment, namespace, secret)) {
        return Verdict::Fine;
    }
    let hidden = root.may_hide()
        || may_hide(repo, root.environment, namespace)
        || (!versioned && charts.may_make(repo, root, namespace));
    if hidden { Verdict::Unknown } else { Verdict::Missing }
}

/// Whether a root hands a chart to the cluster, whose secrets nobody sees here.
fn renders(root: &Root) -> bool {
    const CHARTS: [(&str, &str); 4] = [
        ("helm.toolkit.fluxcd.io", "HelmRelease"),
        ("argoproj.io", "Application"),
        ("argoproj.io", "ApplicationSet"),
        ("helm.cattle.io", "HelmChart"),
    ];
    root.objects().iter().any(|object| CHARTS.contains(&(group_of(&object.node), object.kind())))
}

/// A reference as people speak of it: its object and field. The values of a chart are no object.
pub(super) fn describe(root: &Root, reference: &Reference) -> String {
    let object = root.object_of(reference);
    if object.kind().is_empty() && object.name().is_empty() {
        return format!("the values ({})", reference.field());
    }
    format!("{} ({})", object.identity(), reference.field())
}
