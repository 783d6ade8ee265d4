//! Values files among plain manifests, in which they are no objects.

use std::collections::BTreeSet;

use crate::kustomize::model::build::{Build, Status};
use crate::kustomize::model::object::Object;
use crate::repo::marks::meet;
use crate::repo::root::RootKind;
use crate::repo::site::Site;
use crate::text::path::TreePath;

/// Takes values files out of the trees of plain manifests, in which they are no objects.
pub(super) fn withdraw(site: Site, claimed: &BTreeSet<TreePath>) -> Option<Site> {
    let holds = |build: &Build| {
        let problems = build.problems.iter().any(|problem| claimed.contains(&problem.path));
        let objects = || build.objects.iter().any(|object| is_values_file(object, claimed));
        problems || meet(claimed, &build.files) && objects()
    };
    if site.kind() != RootKind::Plain || !holds(site.build()) {
        return Some(site);
    }
    let site = site.rebuilt(|build| without(build, claimed));
    let is_empty = site.build().objects.is_empty() && site.build().problems.is_empty();
    (!is_empty).then_some(site)
}

/// Whether an object is only a values file that names a version.
fn is_values_file(object: &Object, claimed: &BTreeSet<TreePath>) -> bool {
    let origin = object.node.origin.as_ref();
    object.kind().is_empty() && origin.is_some_and(|at| claimed.contains(at.source.path()))
}

fn without(build: &Build, claimed: &BTreeSet<TreePath>) -> Build {
    let kept = build.objects.iter().filter(|one| !is_values_file(one, claimed));
    let objects: Vec<Object> = kept.cloned().collect();
    let holds = |file: &TreePath| {
        let mut origins = objects.iter().filter_map(|object| object.node.origin.as_ref());
        origins.any(|origin| origin.source.path() == file)
    };
    let mut build = build.clone();
    build.files.retain(|file| !claimed.contains(file) || holds(file));
    build.problems.retain(|problem| !claimed.contains(&problem.path));
    if build.problems.is_empty() {
        build.status = Status::Resolved;
    }
    build.objects = objects.into();
    build
}
