//! What applies commits: whether it has applied the one with which Git began to name what it names.

use std::collections::BTreeSet;

use crate::cluster::object::State;
use crate::cluster::word::Word;
use crate::verify::Applied;
use crate::verify::expected::Expected;
use crate::verify::judge::Judge;
use crate::verify::part::{Part, Remark, Role};

/// The group of a builder's kind.
pub(crate) fn group(kind: &str) -> &'static str {
    match kind {
        "Application" => "argoproj.io",
        "HelmRelease" => "helm.toolkit.fluxcd.io",
        _ => "kustomize.toolkit.fluxcd.io",
    }
}

impl Judge<'_, '_> {
    /// Judges what builds the roots that name the family.
    pub(super) fn builders(&mut self, expected: &[Expected<'_>]) {
        let roots: BTreeSet<usize> = expected.iter().map(|one| one.root).collect();
        let repo = self.request.repo;
        let builders = roots.iter().flat_map(|root| &repo.roots[*root].builders);
        let builders: BTreeSet<(&str, Option<&str>, &str)> =
            builders.map(|one| (one.kind, one.namespace.as_deref(), one.name.as_str())).collect();
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
