//! The Secrets that pods use: whether each is there, and immutable, where the input has Secrets.

use std::collections::BTreeSet;

use crate::cluster::object::State;
use crate::cluster::word::Word;
use crate::k8s::secret_name::split;
use crate::verify::expected::Expected;
use crate::verify::judge::Judge;
use crate::verify::part::{Part, Remark, Role};

impl Judge<'_, '_> {
    /// Whether the Secrets of a namespace were not shown; `None`: those whose namespace is not known.
    fn is_unread(&self, namespace: Option<&str>) -> bool {
        self.request.unread.iter().any(|one| {
            one.is_of_secrets()
                && one.namespace.as_deref() == namespace
                && self.cluster.may_have(&one.input)
        })
    }

    /// Judges the Secrets that the pods of some workloads use. Nothing is said of one that is as it should be.
    pub(super) fn secrets(&mut self, expected: &[Expected<'_>]) {
        if !self.request.has_secrets && !self.scene.view.has_kind("", "Secret") {
            return;
        }
        let in_pods = |one: &Expected<'_>| -> Vec<(Option<String>, String)> {
            let own = one.in_pods.iter().map(|secret| (one.namespace, *secret));
            let all = own.chain(one.values.iter().copied());
            all.map(|(namespace, secret)| (namespace.map(str::to_owned), secret.to_owned()))
                .collect()
        };
        let used: BTreeSet<(Option<String>, String)> = expected.iter().flat_map(in_pods).collect();
        for (namespace, name) in used {
            let found = self.scene.view.named(("", "Secret"), namespace.as_deref(), &name);
            let mut part = Part {
                role: Role::Object,
                group: String::new(),
                kind: "Secret".to_owned(),
                namespace,
                name,
                cluster: self.cluster.label(),
                context: self.cluster.context(None),
                wanted: BTreeSet::new(),
                pods: None,
                remarks: Vec::new(),
                is_found: false,
            };
            let is_mutable = |index: &usize| {
                matches!(self.scene.object(*index).state, State::Secret { is_immutable: false })
            };
            let is_asked = self.request.has_secrets && !self.is_unread(part.namespace.as_deref());
            let remark = if found.is_empty() && is_asked {
                let text = "it is not in the cluster, so no pod that uses it can start";
                Remark::new(Word::NotSynced, text).next(Some(part.kubectl("get", "")))
            } else if found.is_empty() {
                Remark::new(Word::NotChecked, "it is not in the input, which has other Secrets")
            } else if split(&part.name).is_some() && found.iter().any(is_mutable) {
                let text = "it is not immutable, so its name does not prove its value";
                Remark::new(Word::NotChecked, text)
            } else {
                continue;
            };
            part.remarks.push(remark);
            self.parts.push(part);
        }
    }
}
