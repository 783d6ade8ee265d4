//! The ExternalSecrets that make the Secrets of a family, and what going back would cost.

use std::collections::BTreeSet;

use crate::cluster::object::State;
use crate::cluster::word::{Saying, Word};
use crate::k8s::resource::group_of;
use crate::k8s::secret_name::Family;
use crate::verify::Request;
use crate::verify::clusters::Scope;
use crate::verify::expected::Expected;
use crate::verify::judge::Judge;
use crate::verify::known::is_of;
use crate::verify::part::{Part, Remark, Role};
use crate::verify::scene::Scene;

const KIND: (&str, &str) = ("external-secrets.io", "ExternalSecret");

/// An ExternalSecret of Git: namespace, name, and the Secret that it makes.
pub(super) type Stub<'r> = (Option<&'r str>, &'r str, &'r str);

/// The ExternalSecrets of a family in some roots.
pub(super) fn of<'r>(
    request: &Request<'r>,
    family: &Family,
    scope: Option<&Scope>,
) -> BTreeSet<Stub<'r>> {
    let mut stubs = BTreeSet::new();
    for (index, root) in request.repo.roots_of(request.environment) {
        // The stubs of a cluster may be in other roots than its workloads.
        let is_in = |scope: &Scope| {
            let cluster = scope.cluster.as_deref();
            scope.roots.contains(&index) || cluster.is_none_or(|cluster| is_of(root, cluster))
        };
        if scope.is_some_and(|scope| !is_in(scope)) {
            continue;
        }
        for one in root.providers.iter().filter(|one| one.family() == &**family) {
            let object = root.object_that_provides(one);
            if object.kind() == KIND.1 && group_of(&object.node) == KIND.0 {
                let namespace = root.namespace_of_provider(one).or(request.namespace);
                stubs.insert((namespace, object.name(), one.secret()));
            }
        }
    }
    stubs
}

impl Judge<'_, '_> {
    /// Judges the ExternalSecrets of what Git names.
    pub(super) fn stubs(&mut self, scope: &Scope) {
        let running = self.request.repo.running_of(self.request.environment, self.family);
        let wanted = crate::verify::names(&running, self.family);
        for (namespace, name, secret) in of(self.request, self.family, Some(scope)) {
            if !wanted.contains(secret) {
                continue;
            }
            let found = self.scene.view.named(KIND, namespace, name);
            let mut part = Part {
                role: Role::Stub,
                group: KIND.0.to_owned(),
                kind: KIND.1.to_owned(),
                namespace: namespace.map(str::to_owned),
                name: name.to_owned(),
                cluster: self.cluster.label(),
                context: self.cluster.context(found.first().map(|one| self.scene.object(*one))),
                wanted: BTreeSet::from([secret.to_owned()]),
                pods: None,
                remarks: Vec::new(),
                is_found: false,
            };
            let describe = part.kubectl("describe", "");
            part.is_found = !found.is_empty();
            for index in &found {
                self.seen.insert(*index);
                if let State::ExternalSecret { secret: made } = &self.scene.object(*index).state
                    && made != secret
                {
                    let text = format!("in the cluster it makes `{made}`, and in Git `{secret}`");
                    let remark = Remark::new(Word::NotApplied, text);
                    part.remarks.push(remark.next(Some(describe.clone())));
                }
                let sayings = self.scene.object(*index).sayings.iter();
                let remarks = sayings.map(|one| Remark::from(one).next(Some(describe.clone())));
                part.remarks.extend(remarks);
            }
            if found.is_empty() {
                part.remarks.push(if self.scene.view.has_kind(KIND.0, KIND.1) {
                    let text = "it is not in the input, so nothing makes the Secret there";
                    let missing = Remark::new(Word::NotSynced, text);
                    self.absent(KIND, namespace, missing.next(Some(part.kubectl("get", ""))))
                } else {
                    Remark::new(Word::NotChecked, "no ExternalSecret is in the input")
                });
            }
            self.parts.push(part);
        }
    }
}

/// What going back would cost: Rollouts and Canaries that are slow, and older Secrets that may not be there.
pub(super) fn costs(
    request: &Request<'_>,
    family: &Family,
    expected: &[Expected<'_>],
    scenes: &[Option<Scene<'_>>],
) -> Vec<String> {
    let mut costs = BTreeSet::new();
    let roots: BTreeSet<usize> = expected.iter().map(|one| one.root).collect();
    for root in roots {
        for slow in request.repo.slow_returns(&request.repo.roots[root]) {
            if slow.references.iter().any(|one| one.family() == &**family) {
                let (kind, name) = (slow.object.kind(), slow.object.name());
                costs.insert(format!("{kind} `{name}` cannot go back at once: {}", slow.why));
            }
        }
    }
    let running = request.repo.running_of(request.environment, family);
    let wanted = crate::verify::names(&running, family);
    let older = of(request, family, None);
    for (namespace, name, _) in older.iter().filter(|(.., secret)| !wanted.contains(*secret)) {
        for scene in scenes.iter().flatten() {
            for index in scene.view.named(KIND, *namespace, name) {
                let object = scene.object(index);
                let State::ExternalSecret { secret } = &object.state else { continue };
                let said = |one: &Saying| {
                    format!(
                        "going back to `{secret}` may fail: its ExternalSecret is {}: {}",
                        one.word, one.text
                    )
                };
                costs.extend(object.sayings.iter().map(said));
            }
        }
    }
    costs.into_iter().collect()
}
