//! How far a workload is: its own status, its pods, and whether all of them are in the input.

use std::collections::BTreeSet;

use crate::cluster::object::{Object, State};
use crate::cluster::word::{Saying, Word};
use crate::k8s::secret_name::Family;
use crate::text::few::few;
use crate::text::shell::command;
use crate::verify::asks::plural;
use crate::verify::expected::Expected;
use crate::verify::part::{Part, Remark, Role, Tally};
use crate::verify::scene::Scene;
use crate::verify::site::Site;
use crate::verify::wanted::{COPY, used, uses_copy};
use crate::verify::{Request, Unread, version};

/// Judges a family in one cluster.
pub(super) struct Judge<'a, 'l> {
    pub(super) request: &'a Request<'a>,
    pub(super) family: &'a Family,
    pub(super) scene: &'a Scene<'l>,
    pub(super) cluster: Site<'a>,
    /// What was judged.
    pub(super) parts: Vec<Part>,
    /// The objects that belong to what was judged, as indexes.
    pub(super) seen: BTreeSet<usize>,
}

impl<'a, 'l> Judge<'a, 'l> {
    pub(super) const fn new(
        request: &'a Request<'a>,
        family: &'a Family,
        scene: &'a Scene<'l>,
        cluster: Site<'a>,
    ) -> Self {
        Self { request, family, scene, cluster, parts: Vec::new(), seen: BTreeSet::new() }
    }

    /// That something is absent, unless its kind could not be read there: then nobody can tell.
    pub(super) fn absent(
        &self,
        (group, kind): (&str, &str),
        namespace: Option<&str>,
        otherwise: Remark,
    ) -> Remark {
        let resource = plural(group, kind);
        let is_it = |one: &&Unread| {
            let is_kind = one.resource == resource || one.resource == format!("{resource}.{group}");
            let of = one.namespace.as_deref();
            is_kind
                && (of.is_none() || namespace.is_none() || of == namespace)
                && self.cluster.may_have(&one.input)
        };
        self.request.unread.iter().find(is_it).map_or(otherwise, |one| {
            let place =
                one.namespace.as_ref().map_or_else(String::new, |name| format!(" in {name}"));
            Remark::new(Word::NotChecked, format!("{}{place} could not be read", one.resource))
        })
    }

    /// Notes what the input has in several states, since only one of them was looked at.
    pub(super) fn twice(&mut self) {
        for (before, last) in &self.scene.view.differing {
            let object = self.scene.object(*last);
            let is_used = [*before, *last]
                .iter()
                .any(|one| !used(self.scene.object(*one), self.family).is_empty());
            if !is_used && !self.seen.contains(last) {
                continue;
            }
            let input = |at: usize| &*self.request.inputs[self.scene.object(at).input].name;
            let place = if input(*before) == input(*last) {
                input(*last).to_owned()
            } else {
                format!("{} and {}", input(*before), input(*last))
            };
            let text = format!(
                "{place}: it is there in two states, of two times or of two clusters; leave out the older, or name each cluster: `--live CLUSTER=FILE`"
            );
            let remark = Remark::new(Word::MissingWorkload, text);
            let part = Part::live(Role::Object, object, self.cluster);
            match self.parts.iter_mut().find(|one| one.named() == part.named()) {
                Some(known) => known.remarks.push(remark),
                None => self.parts.push(Part { remarks: vec![remark], ..part }),
            }
        }
    }

    /// Judges an object of Git.
    pub(super) fn expected(&mut self, expected: &Expected<'_>, all: &[Expected<'_>]) {
        if !expected.values.is_empty() {
            self.release(expected, all);
        }
        let rest = [&expected.in_pods, &expected.own, &expected.grants, &expected.unseen];
        if expected.values.is_empty() || rest.iter().any(|set| !set.is_empty()) {
            self.object(expected);
        }
    }

    fn object(&mut self, expected: &Expected<'_>) {
        let mut part = Part::of(expected, self.cluster);
        let Some(index) = self.find(expected, &mut part) else {
            self.parts.push(part);
            return;
        };
        part.is_found = true;
        let object = self.scene.object(index);
        part.namespace = object.namespace.as_deref().map(str::to_owned);
        part.context = self.cluster.context(Some(object));
        self.seen.insert(index);
        if expected.in_pods.is_empty() {
            self.compare(expected, object, &mut part);
        } else {
            let wanted = expected.in_pods.iter().map(|name| (*name).to_owned()).collect();
            self.workload(index, (&wanted, expected.is_by_reference), &mut part);
            self.canaries(expected, &mut part);
            self.compare(expected, object, &mut part);
        }
        self.parts.push(part);
    }

    /// Notes the Canaries that Git has and the input does not: the pods that get the traffic are then not in sight.
    fn canaries(&self, expected: &Expected<'_>, part: &mut Part) {
        let kind = ("flagger.app", "Canary");
        for name in &expected.canaries {
            if self.scene.view.named(kind, expected.namespace, name).is_empty() {
                let text = format!(
                    "Canary `{name}`, by which Flagger runs its pods as `{}{COPY}`, is not in the input",
                    expected.name
                );
                let get = part.kubectl_beside("get", kind, name, " -o json");
                let missing = Remark::new(Word::MissingWorkload, text).next(Some(get));
                part.remarks.push(self.absent(kind, expected.namespace, missing));
            }
        }
    }

    /// The live object; where it is not in the input, that is noted.
    fn find(&self, expected: &Expected<'_>, part: &mut Part) -> Option<usize> {
        let kind = (expected.group, expected.kind);
        let found = self.scene.view.named(kind, expected.namespace, expected.name);
        if let [one] = found[..] {
            return Some(one);
        }
        let kind = expected.kind;
        let remark = if found.len() > 1 {
            part.is_found = true;
            let namespace = |index: &usize| self.scene.object(*index).namespace.as_deref();
            let namespaces: Vec<&str> = found.iter().filter_map(namespace).collect();
            let text = format!(
                "{} namespaces have it ({}), and Git names none; choose with `--namespace NAMESPACE`",
                found.len(),
                few(&namespaces)
            );
            Remark::new(Word::MissingWorkload, text)
        } else if !expected.runs_pods() && !self.scene.view.has_kind(expected.group, kind) {
            Remark::new(Word::NotChecked, format!("no {kind} is in the input"))
        } else if expected.is_passing && kind == "Job" {
            let text = "it is not in the input; such a Job is removed once it has ended";
            Remark::new(Word::NotChecked, text)
        } else {
            let get = part.kubectl("get", " -o json");
            let missing = Remark::new(Word::MissingWorkload, "it is not in the input");
            let own = (expected.group, kind);
            self.absent(own, expected.namespace, missing.next(Some(get)))
        };
        part.remarks.push(remark);
        None
    }

    /// Judges what runs pods; `is_by_reference`: by the template of another object.
    pub(super) fn workload(
        &mut self,
        index: usize,
        (wanted, is_by_reference): (&BTreeSet<String>, bool),
        part: &mut Part,
    ) {
        let object = self.scene.object(index);
        let template = used(object, self.family);
        let has_template = !template.is_empty() || !is_by_reference;
        if object.pod().is_none() && has_template && template != *wanted {
            self.not_applied(&template, part);
        }
        match &object.state {
            State::Pod(_) => self.pods(&[index], wanted, &object.sayings, part),
            State::CronJob { active } => self.cron_job(object, active, wanted, part),
            State::Job { is_finished: true, .. } => part.pods = Some(Tally::default()),
            State::Job { active, .. } => {
                let pods = self.own_pods(object);
                self.job(object, (*active, &pods), wanted, part);
            }
            _ => self.replicated(object, wanted, part),
        }
        let next = self.look_closer(index, part);
        if let Some(first) = part.remarks.first_mut().filter(|first| first.next.is_none()) {
            first.next = Some(next);
        }
    }

    /// The command that shows how far a workload is. `kubectl rollout status` refuses what it cannot wait for: `OnDelete`.
    fn look_closer(&self, index: usize, part: &Part) -> String {
        let said = |word| part.remarks.iter().any(|one| one.word == word);
        let waits = matches!(part.kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet");
        let verb = if waits && !said(Word::OnDelete) { "rollout status" } else { "describe" };
        if self.scene.canaries_of(self.scene.object(index)).is_empty() {
            return part.kubectl(verb, "");
        }
        let primary = format!("{}{COPY}", part.name);
        part.kubectl_beside(verb, (&part.group, &part.kind), &primary, "")
    }

    fn not_applied(&self, template: &BTreeSet<String>, part: &mut Part) {
        let names: Vec<&str> = template.iter().map(String::as_str).collect();
        let text = if names.is_empty() {
            format!("in the cluster its template does not name {} yet", self.family)
        } else {
            format!("in the cluster its template still names {}", few(&names))
        };
        let get = part.kubectl("get", " -o yaml");
        part.remarks.push(Remark::new(Word::NotApplied, text).next(Some(get)));
    }

    /// The pods of an object that have not ended.
    pub(super) fn own_pods(&self, object: &'l Object) -> Vec<usize> {
        self.scene.pods_of(object).to_vec()
    }

    /// Judges what keeps a number of pods, with what Flagger makes of it.
    fn replicated(&mut self, object: &'l Object, wanted: &BTreeSet<String>, part: &mut Part) {
        let mut sayings: Vec<Saying> = object.sayings.clone();
        let mut pods = self.own_pods(object);
        let mut controllers = vec![object];
        let (mut all, mut ending) = match object.state {
            State::Workload { pods, ending } => (pods, ending),
            _ => (None, 0),
        };
        for canary in self.scene.canaries_of(object).iter().copied() {
            self.seen.insert(canary);
            sayings.extend(self.scene.object(canary).sayings.iter().cloned());
            let primary = format!("{}{COPY}", object.name);
            let kind = (&*object.group, &*object.kind);
            let twin = self.scene.view.named(kind, object.namespace.as_deref(), &primary);
            let Some(twin) = twin.first().copied() else {
                let text = format!(
                    "{} `{primary}`, which Flagger makes, is not in the input",
                    object.kind
                );
                part.remarks.push(Remark::new(Word::MissingWorkload, text));
                continue;
            };
            self.seen.insert(twin);
            let twin = self.scene.object(twin);
            controllers.push(twin);
            sayings.extend(twin.sayings.iter().cloned());
            pods.extend(self.own_pods(twin));
            if let State::Workload { pods: own, ending: leaving } = twin.state {
                all = all.zip(own).map(|(all, own)| all.saturating_add(own)).or(all);
                ending = ending.saturating_add(leaving);
            }
        }
        self.pods(&pods, wanted, &sayings, part);
        self.lost_pods(object, &pods, (all.unwrap_or(0), ending), part);
        controllers.iter().for_each(|one| self.lost_pods_of_sets(one, part));
    }

    /// Judges pods: which names they have, and what keeps them.
    pub(super) fn pods(
        &mut self,
        pods: &[usize],
        wanted: &BTreeSet<String>,
        sayings: &[Saying],
        part: &mut Part,
    ) {
        self.seen.extend(pods);
        let objects: Vec<&Object> = pods.iter().map(|pod| self.scene.object(*pod)).collect();
        let objects: Vec<&Object> =
            objects.into_iter().filter(|one| one.pod().is_none_or(|pod| !pod.is_over)).collect();
        let is_moved = |pod: &&&Object| used(pod, self.family) == *wanted;
        let moved = objects.iter().filter(is_moved).count();
        let newest = objects.iter().filter_map(|one| one.pod()?.started).max();
        part.pods = Some(Tally { total: objects.len(), moved, newest });
        let old: Vec<&Object> = objects.iter().filter(|pod| !is_moved(pod)).copied().collect();
        let (ending, old): (Vec<&Object>, Vec<&Object>) =
            old.into_iter().partition(|pod| pod.deleted.is_some());
        let held = sayings.iter().filter(|saying| {
            !old.is_empty() || !matches!(saying.word, Word::Partition | Word::OnDelete)
        });
        let held: Vec<&Saying> = held.collect();
        part.remarks.extend(held.iter().map(|saying| Remark::from(*saying)));
        if !old.is_empty() {
            let word = word_of(&old, &held, self.family);
            part.remarks.push(self.still(word, &old, objects.len(), part));
        }
        if !ending.is_empty() {
            part.remarks.push(self.ending(&ending, part));
        }
        self.own_sayings(&objects, part);
    }

    /// Pods that are not on what Git names.
    fn still(&self, word: Word, old: &[&Object], total: usize, part: &Part) -> Remark {
        let versions: BTreeSet<String> =
            old.iter().flat_map(|pod| used(pod, self.family)).collect();
        let versions: Vec<&str> = versions.iter().map(|name| version(name)).collect();
        let runs = if versions.is_empty() {
            format!("no version of {}", self.family)
        } else {
            few(&versions)
        };
        let names: Vec<&str> = old.iter().map(|pod| pod.name.as_str()).collect();
        let copy = if word == Word::PrimaryCopy { " through a copy of Flagger" } else { "" };
        let text = format!(
            "{} of {total} {} {}{copy}: {}",
            old.len(),
            if total == 1 { "pod" } else { "pods" },
            if old.len() == 1 { format!("runs {runs}") } else { format!("run {runs}") },
            few(&names)
        );
        // One at a time: `OnDelete` is chosen by those who want to look after each pod.
        let delete = (word == Word::OnDelete)
            .then(|| command("kubectl delete pod", &names[..1], &part.place()));
        Remark {
            since: old.iter().filter_map(|pod| pod.since()).min(),
            pods: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Remark::new(word, text).next(delete)
        }
    }

    fn ending(&self, ending: &[&Object], part: &Part) -> Remark {
        let names: Vec<&str> = ending.iter().map(|pod| pod.name.as_str()).collect();
        let versions: BTreeSet<String> =
            ending.iter().flat_map(|pod| used(pod, self.family)).collect();
        let versions: Vec<&str> = versions.iter().map(|name| version(name)).collect();
        let text = format!("being stopped, still with {}: {}", few(&versions), few(&names));
        let next = names.first().map(|name| {
            let options = format!(" --for=delete --timeout=10m{}", part.place());
            command("kubectl wait", &[&format!("pod/{name}")], &options)
        });
        Remark {
            since: ending.iter().filter_map(|pod| pod.deleted).min(),
            pods: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Remark::new(Word::Terminating, text).next(next)
        }
    }

    /// What pods say of themselves: each that is stuck; others only where nothing else is said.
    fn own_sayings(&self, objects: &[&Object], part: &mut Part) {
        let living = objects.iter().filter(|pod| pod.deleted.is_none());
        let said = living.flat_map(|pod| pod.sayings.iter().map(|saying| (saying, &pod.name)));
        let mut said: Vec<(&Saying, &String)> = said.collect();
        said.sort();
        if !part.remarks.is_empty() {
            said.retain(|(saying, _)| saying.word == Word::Stuck);
        }
        let Some((first, name)) = said.first() else { return };
        let more = said.len() - 1;
        let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
        let mut remark = Remark::from(*first);
        remark.text = format!("pod {name}{more}: {}", first.text);
        remark.pods = said.iter().map(|(_, name)| (*name).clone()).collect();
        let pod = format!("pod/{name}");
        remark.next = Some(command("kubectl describe", &[&pod], &part.place()));
        part.remarks.push(remark);
    }
}

/// The word for pods that are not on what Git names.
fn word_of(old: &[&Object], sayings: &[&Saying], family: &Family) -> Word {
    let is_rolling = sayings.iter().any(|saying| saying.word == Word::Rolling);
    if !is_rolling && old.iter().all(|pod| uses_copy(pod, family)) {
        return Word::PrimaryCopy;
    }
    let why = [Word::Partition, Word::OnDelete];
    let why = sayings.iter().map(|saying| saying.word).find(|word| why.contains(word));
    why.unwrap_or(Word::Rolling)
}
