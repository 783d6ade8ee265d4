//! What uses a version that Git no longer names, whoever owns it.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::object::Object;
use crate::cluster::word::Word;
use crate::text::few::few;
use crate::verify::judge::Judge;
use crate::verify::part::{Part, Remark, Role, Tally, User};
use crate::verify::version;
use crate::verify::wanted::used;

/// The namespaces of an environment in one cluster.
pub(super) struct Around<'j, 'a, 'l> {
    pub(super) judge: &'j Judge<'a, 'l>,
    pub(super) namespaces: &'j BTreeSet<String>,
    /// The Secrets that Git names.
    pub(super) wanted: &'j BTreeSet<String>,
}

impl Around<'_, '_, '_> {
    /// The versions that an object uses and Git does not name, if it is in one of the namespaces.
    fn old(&self, object: &Object) -> BTreeSet<String> {
        let is_in = |name: &str| self.namespaces.contains(name) || self.is_matched(name);
        if !object.namespace.as_deref().is_some_and(is_in) {
            return BTreeSet::new();
        }
        used(object, self.judge.family).difference(self.wanted).cloned().collect()
    }

    /// Whether something of the environment was found in a namespace that Git does not set.
    fn is_matched(&self, namespace: &str) -> bool {
        self.judge.parts.iter().any(|part| {
            part.is_found
                && part.role == Role::Workload
                && part.namespace.as_deref() == Some(namespace)
        })
    }

    /// What uses an old version and belongs to nothing that Git has. `seen`: what was reported by now.
    pub(super) fn stragglers(&self, seen: &mut BTreeSet<usize>) -> Vec<Part> {
        let scene = self.judge.scene;
        let mut parts = Vec::new();
        let mut by_owner: BTreeMap<(Option<&str>, String, String), Vec<&Object>> = BTreeMap::new();
        for index in scene.using(self.judge.family).iter().copied() {
            let object = scene.object(index);
            if self.judge.seen.contains(&index) || self.old(object).is_empty() {
                continue;
            }
            let is_pod = object.pod().is_some_and(|pod| !pod.is_over);
            if !(is_pod || object.starts_pods()) || !seen.insert(index) {
                continue;
            }
            if is_pod {
                let own = (object.kind.to_string(), object.name.clone());
                let (kind, name) = scene.view.owners(index).into_iter().next_back().unwrap_or(own);
                let key = (object.namespace.as_deref(), kind, name);
                by_owner.entry(key).or_default().push(object);
            } else {
                let mut part = Part::live(Role::Unmanaged, object, self.judge.cluster);
                let old = self.old(object);
                let old: Vec<&str> = old.iter().map(|name| version(name)).collect();
                let text = format!("it is not in Git and names {}", few(&old));
                let next = part.kubectl("get", " -o yaml");
                let remark = Remark::new(Word::OldVersionInUse, text).next(Some(next));
                part.remarks.push(Remark { since: object.since(), ..remark });
                parts.push(part);
            }
        }
        let pods = by_owner.into_iter().map(|(owner, pods)| self.pods(owner, &pods));
        parts.extend(pods.collect::<Vec<_>>());
        parts
    }

    fn pods(
        &self,
        (namespace, kind, name): (Option<&str>, String, String),
        pods: &[&Object],
    ) -> Part {
        let old: BTreeSet<String> = pods.iter().flat_map(|pod| self.old(pod)).collect();
        let old: Vec<&str> = old.iter().map(|name| version(name)).collect();
        let names: Vec<&str> = pods.iter().map(|pod| pod.name.as_str()).collect();
        let ending = pods.iter().all(|pod| pod.deleted.is_some());
        let (word, how) = if ending {
            (Word::Terminating, "is being stopped, still with")
        } else {
            (Word::OldVersionInUse, "uses")
        };
        let text = format!("a pod {how} {}: {}", few(&old), few(&names));
        let mut part = Part::live(Role::Unmanaged, pods[0], self.judge.cluster);
        (part.kind, part.name) = (kind, name);
        part.namespace = namespace.map(str::to_owned);
        part.pods = Some(Tally { total: pods.len(), ..Tally::default() });
        let describe = part.kubectl_beside("describe", ("", "Pod"), names[0], "");
        let remark = Remark::new(word, text).next(Some(describe));
        part.remarks.push(Remark {
            since: pods.iter().filter_map(|pod| pod.since()).min(),
            pods: names.iter().map(|name| (*name).to_owned()).collect(),
            ..remark
        });
        part
    }

    /// Notes what uses each old version, whoever owns it.
    pub(super) fn uses(&self, into: &mut BTreeMap<String, Vec<User>>) {
        let scene = self.judge.scene;
        for index in scene.using(self.judge.family) {
            let object = scene.object(*index);
            let is_pod = object.pod().is_some_and(|pod| !pod.is_over);
            if !is_pod && !object.starts_pods() {
                continue;
            }
            for secret in self.old(object) {
                let user = User {
                    kind: object.kind.to_string(),
                    namespace: object.namespace.as_deref().map(str::to_owned),
                    name: object.name.clone(),
                    is_terminating: object.deleted.is_some(),
                };
                into.entry(version(&secret).to_owned()).or_default().push(user);
            }
        }
    }
}
