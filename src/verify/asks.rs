//! What to ask kubectl for: the kinds and the namespaces of an environment that name some families.

use std::collections::BTreeSet;

use crate::k8s::resource::group_of;
use crate::text::shell::{command, option};
use crate::verify::builders::group;
use crate::verify::expected::Expected;
use crate::verify::part::resource;
use crate::verify::wants::{self, Want};
use crate::verify::{Request, expected};

/// What kubectl is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asks {
    /// The kinds, as kubectl calls them.
    pub kinds: Vec<String>,
    /// The only namespace; `None` for all.
    pub namespace: Option<String>,
    /// The same kind by kind, where each can be asked for by itself.
    pub wants: Vec<Want>,
}

/// What has pods, with all that is between.
const OF_RELEASES: &[&str] =
    &["cronjobs", "daemonsets", "deployments", "jobs", "pods", "replicasets", "statefulsets"];

impl Asks {
    /// What an environment's families need.
    #[must_use]
    pub fn of(request: &Request<'_>) -> Self {
        let mut kinds: BTreeSet<String> = BTreeSet::from(["pods".to_owned()]);
        let mut namespaces: BTreeSet<Option<&str>> = BTreeSet::new();
        let expected = request.families.iter().flat_map(|family| expected::of(request, family));
        let expected: Vec<Expected<'_>> = expected.collect();
        for one in &expected {
            let root = &request.repo.roots[one.root];
            // What a chart deploys may be in other namespaces than the release.
            let is_release = !one.values.is_empty();
            namespaces.insert(one.namespace.filter(|_| !is_release));
            kinds.extend(of_workload(one));
            for builder in &root.builders {
                kinds.insert(plural(group(builder.kind), builder.kind));
                namespaces.insert(builder.namespace.as_deref());
            }
            for object in root.objects() {
                let group = group_of(&object.node);
                let is_asked = matches!(
                    (group, object.kind()),
                    ("flagger.app", "Canary") | ("external-secrets.io", "ExternalSecret")
                );
                if is_asked {
                    kinds.insert(plural(group, object.kind()));
                }
            }
        }
        // Where pods come first, the rest follows in the order of the alphabet.
        let rest = kinds.iter().filter(|kind| *kind != "pods").cloned();
        let kinds = std::iter::once("pods".to_owned()).chain(rest).collect();
        let only = namespaces.len() == 1;
        let namespace = namespaces.into_iter().next().flatten().filter(|_| only);
        Self {
            kinds,
            namespace: namespace.map(str::to_owned),
            wants: wants::of(request, &expected),
        }
    }

    /// The words after `kubectl` that print them.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let mut words = vec!["get".to_owned(), self.kinds.join(",")];
        match &self.namespace {
            Some(namespace) => words.extend(["-n".to_owned(), namespace.clone()]),
            None => words.push("-A".to_owned()),
        }
        words.extend(["-o".to_owned(), "json".to_owned()]);
        words
    }

    /// The command that prints them.
    #[must_use]
    pub fn command(&self) -> String {
        let namespace =
            self.namespace.as_deref().map_or_else(|| " -A".to_owned(), |name| option("-n", name));
        command("kubectl get", &[&self.kinds.join(",")], &format!("{namespace} -o json"))
    }
}

fn of_workload(one: &Expected<'_>) -> Vec<String> {
    if !one.values.is_empty() {
        let own =
            matches!(one.kind, "HelmRelease" | "Application").then(|| plural(one.group, one.kind));
        return OF_RELEASES.iter().map(|kind| (*kind).to_owned()).chain(own).collect();
    }
    if !one.is_compared() || one.group.is_empty() && one.kind == "Secret" {
        return Vec::new();
    }
    let own = plural(one.group, one.kind);
    let between = match one.kind {
        "Deployment" | "Rollout" => Some("replicasets"),
        "CronJob" => Some("jobs"),
        _ => None,
    };
    std::iter::once(own).chain(between.map(str::to_owned)).collect()
}

/// What kubectl calls several objects of a kind. It takes the singular of others as well.
#[must_use]
pub fn plural(group: &str, kind: &str) -> String {
    let one = resource(group, kind);
    let (name, group) = one.split_once('.').map_or((one.as_str(), ""), |(name, of)| (name, of));
    let group = if group.is_empty() { String::new() } else { format!(".{group}") };
    let is_vowel = |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u');
    match name.strip_suffix('y') {
        Some(stem) if !stem.ends_with(is_vowel) => format!("{stem}ies{group}"),
        _ if name.ends_with(['s', 'x']) || name.ends_with("ch") => format!("{name}es{group}"),
        _ => format!("{name}s{group}"),
    }
}

#[cfg(test)]
mod tests {
    use super::plural;

    #[test]
    fn kinds_are_called_as_kubectl_calls_them() {
        for (group, kind, plural_of_it) in [
            ("apps", "Deployment", "deployments"),
            ("flagger.app", "Canary", "canaries.flagger.app"),
            ("networking.k8s.io", "Ingress", "ingresses.networking.k8s.io"),
            ("gateway.networking.k8s.io", "Gateway", "gateways.gateway.networking.k8s.io"),
            ("projectcontour.io", "HTTPProxy", "httpproxies.projectcontour.io"),
        ] {
            assert_eq!(plural(group, kind), plural_of_it);
        }
    }
}
