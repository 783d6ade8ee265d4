//! Releases of charts, whose objects Git does not have: what runs in their namespace and names the family stands for them.

use std::collections::BTreeSet;

use crate::cluster::word::Word;
use crate::k8s::workload::pod_spec;
use crate::verify::expected::Expected;
use crate::verify::judge::Judge;
use crate::verify::part::{Part, Remark, Role, Tally};
use crate::verify::wanted::{is_of, used};

/// The kinds that are named as what runs a pod, with their groups.
const RUNNING: &[(&str, &str)] = &[
    ("apps", "DaemonSet"),
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("argoproj.io", "Rollout"),
    ("batch", "CronJob"),
];

impl Judge<'_, '_> {
    /// Judges the workloads and pods of a release's namespaces that name the family and that Git has not.
    pub(super) fn release(&mut self, expected: &Expected<'_>, all: &[Expected<'_>]) {
        let mut part = Part::of(expected, self.cluster);
        part.role = Role::Workload;
        let namespaces: BTreeSet<Option<&str>> =
            expected.values.iter().map(|(namespace, _)| *namespace).collect();
        let is_in = |namespace: Option<&str>| {
            namespaces.iter().any(|one| one.is_none_or(|one| Some(one) == namespace))
        };
        let wanted: BTreeSet<String> =
            expected.values.iter().map(|(_, secret)| (*secret).to_owned()).collect();
        let own = (expected.group, expected.kind);
        let found = self.scene.view.named(own, expected.namespace, expected.name);
        if found.is_empty() {
            let text = "it is not in the input, so whether its last release succeeded is unknown";
            part.remarks.push(Remark::new(Word::NotChecked, text));
        }
        for index in found {
            self.seen.insert(index);
            part.is_found = true;
            let sayings = self.scene.object(index).sayings.iter();
            let next = part.kubectl("describe", "");
            let remarks = sayings.map(|one| Remark::from(one).next(Some(next.clone())));
            part.remarks.extend(remarks);
        }
        let (mut tally, mut has_workload) = (Tally::default(), false);
        for index in self.scene.using(self.family).to_vec() {
            let object = self.scene.object(index);
            let names = object.used().any(|secret| is_of(secret, self.family));
            let is_workload =
                object.starts_pods() && pod_spec(&object.group, &object.kind).is_some();
            let is_git = || {
                let same = |one: &Expected<'_>| {
                    let is_there = |name| object.namespace.as_deref() == Some(name);
                    object.is(one.group, one.kind)
                        && one.name == object.name
                        && one.namespace.is_none_or(is_there)
                };
                all.iter().any(|one| same(one) && !one.in_pods.is_empty())
            };
            if names && is_workload && is_in(object.namespace.as_deref()) && !is_git() {
                self.of_release(index, &wanted, &mut tally);
                has_workload = true;
            }
        }
        self.loose(&is_in, &wanted, &mut tally, &mut part);
        part.is_found |= tally.total > 0;
        part.pods = Some(tally);
        // What has no pods now, such as an idle CronJob, was judged by its template.
        if tally.total == 0 && !has_workload {
            let places: Vec<&str> = namespaces.iter().copied().flatten().collect();
            let place = if places.is_empty() { "the input".to_owned() } else { places.join(", ") };
            let text = format!("no pod of {place} names {}", self.family);
            part.remarks.push(Remark::new(Word::MissingPods, text));
        }
        self.parts.push(part);
    }

    /// A workload that stands for a release.
    fn of_release(&mut self, index: usize, wanted: &BTreeSet<String>, tally: &mut Tally) {
        if !self.seen.insert(index) {
            return;
        }
        let mut part = Part::live(Role::Workload, self.scene.object(index), self.cluster);
        part.wanted.clone_from(wanted);
        let names = used(self.scene.object(index), self.family);
        // A part of what the values name is enough: a release has several workloads.
        let own: BTreeSet<String> = names.intersection(wanted).cloned().collect();
        let own = if own.is_empty() { wanted.clone() } else { own };
        self.workload(index, (&own, false), &mut part);
        let pods = part.pods.unwrap_or_default();
        tally.add(pods);
        self.parts.push(part);
    }

    /// Pods that no workload in the input has.
    fn loose(
        &mut self,
        is_in: &dyn Fn(Option<&str>) -> bool,
        wanted: &BTreeSet<String>,
        tally: &mut Tally,
        part: &mut Part,
    ) {
        let mut lost = BTreeSet::new();
        for index in self.scene.using(self.family).iter().copied() {
            let pod = self.scene.object(index);
            if pod.pod().is_none_or(|pod| pod.is_over) {
                continue;
            }
            let names = used(pod, self.family);
            let fits = !names.is_empty() && names.is_subset(wanted);
            if !fits || self.seen.contains(&index) || !is_in(pod.namespace.as_deref()) {
                continue;
            }
            self.seen.insert(index);
            let newest = pod.pod().and_then(|pod| pod.started);
            tally.add(Tally { total: 1, moved: 1, newest });
            let up = self.scene.view.owners(index).into_iter().next_back();
            let known = |(kind, name): &(String, String)| {
                let row = RUNNING.iter().find(|(_, known)| known == kind)?;
                let found = self.scene.view.named(*row, pod.namespace.as_deref(), name);
                found.is_empty().then(|| format!("{kind} `{name}`"))
            };
            lost.extend(up.as_ref().and_then(known));
        }
        if !lost.is_empty() {
            let lost: Vec<String> = lost.into_iter().collect();
            let text = format!("its pods are there, but not what runs them: {}", lost.join(", "));
            part.remarks.push(Remark::new(Word::MissingWorkload, text));
        }
    }
}
