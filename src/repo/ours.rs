//! Which sources of Flux and Argo CD objects are this repository.

use std::collections::{BTreeMap, BTreeSet};

use crate::builders::flux::SourceRef;
use crate::kustomize::model::object::Object;
use crate::repo::builder::{Builder, Way};
use crate::text::path::TreePath;
use crate::yaml::node::Node;

/// What is known of the addresses of this repository.
///
/// No file says what they are. They are those from which most of the directories come that are here.
#[derive(Debug, Default)]
pub(super) struct Ours {
    /// The address of each `GitRepository`, by namespace and name.
    sources: BTreeMap<(Option<String>, String), String>,
    own: BTreeSet<String>,
}

impl Ours {
    /// `is_there`: whether a directory exists.
    pub(super) fn new<'o>(
        objects: impl Iterator<Item = &'o Object>,
        builders: &[&Builder],
        is_there: impl Fn(&TreePath) -> bool,
    ) -> Self {
        let mut ours = Self::default();
        for object in objects.filter(|object| object.kind() == "GitRepository") {
            if let Some(url) = object.node.at(&["spec", "url"]).and_then(Node::str) {
                let key = (object.namespace().map(str::to_owned), object.name().to_owned());
                ours.sources.insert(key, normal(url));
            }
        }
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for builder in builders.iter().filter(|builder| is_there(&builder.directory)) {
            // A path to the top of the repository is there in any.
            if let Some(address) =
                ours.address(builder).filter(|_| !builder.directory.as_str().is_empty())
            {
                *counts.entry(address).or_default() += 1;
            }
        }
        let most = counts.values().copied().max();
        let own = counts.into_iter().filter(|(_, count)| Some(*count) == most);
        ours.own = own.map(|(address, _)| address).collect();
        ours
    }

    /// Whether a builder's directory is one of this repository.
    pub(super) fn has(&self, builder: &Builder) -> bool {
        let Some(address) = self.address(builder) else { return true };
        // Any repository has a top.
        let is_known = !self.own.is_empty() || builder.directory.as_str().is_empty();
        !is_known || self.own.contains(&address)
    }

    /// The address that a builder takes its directory from, if it is known.
    fn address(&self, builder: &Builder) -> Option<String> {
        match &builder.way {
            Way::Argo { source, .. } => source.repository.as_deref().map(normal),
            Way::Flux(flux) => self.of_flux(&flux.source, flux.namespace.as_deref()),
            Way::Helm(_) => None,
        }
        .filter(|address| !address.contains("${") && !address.contains("{{"))
    }

    fn of_flux(&self, source: &SourceRef, namespace: Option<&str>) -> Option<String> {
        if source.kind != "GitRepository" {
            return None;
        }
        let namespace = source.namespace.as_deref().or(namespace);
        let mut known = self.sources.iter().filter(|((at, name), _)| {
            *name == source.name
                && (at.is_none() || namespace.is_none() || at.as_deref() == namespace)
        });
        // One source may be known by several addresses, one for each cluster.
        let first = known.next()?.1;
        known.all(|(_, other)| other == first).then(|| first.clone())
    }
}

/// An address without what may differ between ways to reach the same repository.
fn normal(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split_once('@').map_or(rest, |(_, rest)| rest);
    let (host, path) = rest.split_at(rest.find(['/', ':']).unwrap_or(rest.len()));
    let path = path.trim_start_matches([':', '/']);
    // A port is not a part of the path.
    let path =
        path.split_once('/').filter(|(port, _)| is_number(port)).map_or(path, |(_, path)| path);
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    format!("{host}/{path}").to_lowercase()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn an_address_is_the_same_however_it_is_reached() {
        let same = [
            "https://git.example.com/team/gitops.git",
            "https://token@git.example.com/team/gitops",
            "ssh://git@git.example.com:2222/team/gitops.git",
            "git@git.example.com:team/gitops.git",
            "https://Git.Example.com/Team/GitOps/",
        ];
        for url in same {
            assert_eq!(normal(url), "git.example.com/team/gitops", "{url}");
        }
        assert_ne!(normal("https://git.example.com/team/other"), normal(same[0]));
    }
}
