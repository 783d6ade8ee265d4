//! What applies commits: whether it has applied the one with which Git began to name what it names.

use std::collections::BTreeSet;

use crate::cluster::object::State;
use crate::cluster::word::Word;
use crate::verify::expected::Expected;
use crate::verify::judge::Judge;
use crate::verify::part::{Part, Remark, Role};
use crate::verify::{Applied, Request, hubs};

/// The group of a builder's kind.
pub(crate) fn group(kind: &str) -> &'static str {
    match kind {
        "Application" => "argoproj.io",
        "HelmRelease" => "helm.toolkit.fluxcd.io",
        _ => "kustomize.toolkit.fluxcd.io",
    }
}

/// What builds something: kind, namespace and name.
pub(super) type Named<'r> = (&'r str, Option<&'r str>, &'r str);

/// What builds the roots of what is expected, as far as it is in a cluster: what deploys to others is in the one that has no
/// workloads, if there is such a hub.
pub(super) fn of<'r>(
    request: &Request<'r>,
    expected: &[Expected<'r>],
    (is_hub, has_hub): (bool, bool),
) -> BTreeSet<Named<'r>> {
    let remote = hubs::remote(request, expected.iter());
    if is_hub {
        return remote
            .into_iter()
            .map(|(namespace, name)| (hubs::KIND.1, namespace, name))
            .collect();
    }
    let roots: BTreeSet<usize> = expected.iter().map(|one| one.root).collect();
    let builders = roots.iter().flat_map(|root| &request.repo.roots[*root].builders);
    let all = builders.map(|one| (one.kind, one.namespace.as_deref(), one.name.as_str()));
    let is_elsewhere = |(kind, namespace, name): &Named<'_>| {
        has_hub && *kind == hubs::KIND.1 && remote.contains(&(*namespace, *name))
    };
    all.filter(|one| !is_elsewhere(one)).collect()
}

impl Judge<'_, '_> {
    /// Judges what builds the roots that name the family.
    pub(super) fn builders(&mut self, builders: BTreeSet<Named<'_>>) {
        for (kind, namespace, name) in builders {
            let group = group(kind);
            let found = self.scene.view.named((group, kind), namespace, name);
            let mut part = Part {
                role: Role::Builder,
                group: group.to_owned(),
                kind: kind.to_owned(),
                namespace: namespace.map(str::to_owned),
                name: name.to_owned(),
                cluster: self.cluster.label(),
                context: self.cluster.context(found.first().map(|one| self.scene.object(*one))),
                wanted: BTreeSet::new(),
                pods: None,
                remarks: Vec::new(),
                is_found: false,
            };
            let describe = part.kubectl("describe", "");
            let Some(index) = found.first() else {
                let text =
                    "it is not in the input, so whether it has applied the commit is unknown";
                part.remarks.push(Remark::new(Word::NotChecked, text));
                self.parts.push(part);
                continue;
            };
            self.seen.insert(*index);
            let object = self.scene.object(*index);
            let remarks = object.sayings.iter();
            let remarks = remarks.map(|one| Remark::from(one).next(Some(describe.clone())));
            part.remarks.extend(remarks);
            if let State::Builder { revisions } = &object.state {
                part.remarks.extend(self.revisions(kind, revisions, &describe));
            }
            self.parts.push(part);
        }
    }

    /// What the revisions that a builder has applied say.
    fn revisions(&self, kind: &str, revisions: &[String], describe: &str) -> Option<Remark> {
        if kind == "HelmRelease" {
            return None;
        }
        let answers: Vec<(Applied, &String)> = revisions
            .iter()
            .map(|one| ((self.request.is_applied)(self.family, one), one))
            .collect();
        let next = Some(describe.to_owned());
        if answers.iter().any(|(answer, _)| *answer == Applied::Yes) {
            // Sources of other repositories have other commits; one of this repository may be pinned to an older one.
            let (_, behind) = answers.iter().find(|(answer, _)| *answer == Applied::No)?;
            let text = format!(
                "one of its sources has applied {behind}, which does not have the commit; whether that is the source of these files is unknown"
            );
            return Some(Remark::new(Word::NotChecked, text).next(next));
        }
        if let Some((_, revision)) = answers.iter().find(|(answer, _)| *answer == Applied::No) {
            let text = format!("it has applied {revision}, which does not have the commit yet");
            return Some(Remark::new(Word::NotApplied, text).next(next));
        }
        let why = answers.into_iter().find_map(|(answer, _)| match answer {
            Applied::Unknown(why) => Some(why),
            Applied::Yes | Applied::No => None,
        });
        let why = why.unwrap_or_else(|| "it has applied no revision yet".to_owned());
        Some(Remark::new(Word::NotChecked, why))
    }
}
