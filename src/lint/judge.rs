//! Whether a reference has what it names, as far as can be known.

use std::cell::OnceCell;

use crate::k8s::by_hand::is_by_hand;
use crate::k8s::found::Role;
use crate::k8s::heuristics;
use crate::k8s::placeholder::is_name_filled_in;
use crate::k8s::resource::group_of;
use crate::k8s::secret_name::split;
use crate::kustomize::model::build::Status;
use crate::repo::Repo;
pub(super) use crate::repo::deployed::deployed;
use crate::repo::deployed::{may_hide, may_reach};
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

/// The roots that hand a chart to the cluster, found when the first reference asks.
#[derive(Default)]
pub(super) struct Charts<'r>(OnceCell<Vec<&'r Root>>);

impl<'r> Charts<'r> {
    fn of(&self, repo: &'r Repo) -> &[&'r Root] {
        let roots = repo.roots.iter().map(|root| &**root);
        self.0.get_or_init(|| roots.filter(|root| renders(root)).collect())
    }
}

/// Judges a reference of a root.
pub(super) fn judge<'r>(
    repo: &'r Repo,
    root: &'r Root,
    reference: &Reference,
    charts: &Charts<'r>,
) -> Verdict {
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
    if there.any(|environment| !repo.providers_of(environment, namespace, secret).is_empty()) {
        return Verdict::Fine;
    }
    let near = |other: &Root| other.environment == root.environment || other.environment.is_none();
    let made_by_chart =
        |other: &Root| near(other) && (std::ptr::eq(other, root) || may_reach(other, namespace));
    let hidden = root.status() != Status::Resolved
        || may_hide(repo, root.environment, namespace)
        || (!versioned && charts.of(repo).iter().any(|other| made_by_chart(other)));
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
