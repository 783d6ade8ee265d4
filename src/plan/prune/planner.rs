//! The plan: judges every stub, removes those that may be removed, and proves the planned tree.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::k8s::found::Role;
use crate::plan::FileChange;
use crate::plan::batch::overlay;
use crate::plan::prune::document::{Document, documents};
use crate::plan::prune::proof::{Change, Objects, broken, prove};
use crate::plan::prune::removal::Removal;
use crate::plan::prune::verdict::{Judge, Verdict};
use crate::plan::prune::{
    Gone, Kept, Pods, Prune, PruneRequest, Reason, Shown, Unused, Why, next_steps, watching,
};
use crate::plan::refusal::{PlanError, Refusal, environment};
use crate::repo::Repo;
use crate::repo::deployed::deployed;
use crate::repo::environment::EnvironmentId;
use crate::repo::mentions::Mentions;
use crate::repo::subject::{Family, Subject};
use crate::text::nearest::nearest;
use crate::text::path::TreePath;

/// A stub that may be removed.
pub(super) type UnusedStub<'d, 'r> = (&'d Document<'r>, Unused);

/// Plans the removals and proves them on the planned tree. An empty plan means that every stub is kept.
///
/// # Errors
/// When the environment or family is unknown, the history is too shallow to decide, a stub cannot be removed, or the
/// planned tree does not resolve to what was meant.
pub fn plan(repo: &Repo, request: &PruneRequest<'_>) -> Result<Prune, PlanError> {
    let environment = environment(repo, &request.subject.environment)?;
    let ground = PrunePlanner { repo, request };
    ground.check(environment)?;
    let all = documents(repo, environment, &request.subject.family);
    let judge = Judge::new(repo, request, &all);
    let (mut unused, mut kept) = (Vec::new(), Vec::new());
    for document in &all {
        match judge.judge(document)? {
            Verdict::Goes(reason) => unused.push((document, reason)),
            Verdict::Stays(reason) => kept.push(keep(document, reason)),
        }
    }
    if !request.ignore_text {
        ground.mentioned(&mut unused, &mut kept);
    }
    ground.unspelled(&mut unused, &mut kept);
    ground.live(environment, &mut unused, &mut kept);
    kept.sort_by(|a, b| a.version.cmp(&b.version));
    let mut prune = Prune {
        subject: request.subject.clone(),
        gone: Vec::new(),
        kept,
        changes: Vec::new(),
        next: Vec::new(),
        leftovers: Vec::new(),
        notes: Vec::new(),
        shown: match request.pods {
            Pods::Shown(shown) => Some(shown.clone()),
            Pods::Unknown(_) => None,
        },
    };
    if unused.is_empty() {
        return Ok(prune);
    }
    ground.take_out(environment, &unused, &mut prune)?;
    Ok(prune)
}

fn keep(document: &Document<'_>, reason: Reason) -> Kept {
    Kept {
        secret: document.secret.to_owned(),
        version: document.version.to_owned(),
        namespace: document.namespace().map(str::to_owned),
        place: document.place.clone(),
        reason,
    }
}

/// What a plan is based on.
struct PrunePlanner<'p> {
    repo: &'p Repo,
    request: &'p PruneRequest<'p>,
}

impl PrunePlanner<'_> {
    /// Checks that the family exists and may be changed at all.
    fn check(&self, environment: EnvironmentId) -> Result<(), PlanError> {
        let subject = self.request.subject;
        let family = &*subject.family;
        let all = self.repo.all_families_of(environment);
        let is_known = all.contains_key(family)
            || deployed(self.repo).any(|(root, _)| {
                root.providers
                    .iter()
                    .any(|one| crate::k8s::secret_name::family(one.secret()) == family)
            });
        if !is_known {
            let nearest = nearest(family, all.keys().copied()).map(Family::from);
            let known = all.into_keys().map(Family::from).collect();
            return Err(PlanError::UnknownFamily { subject: subject.clone(), nearest, known });
        }
        if self.repo.config.secret(family).is_managed() {
            return Ok(());
        }
        Err(self.irremovable(vec![Refusal {
            what: "rotate.yaml says to leave the family alone".to_owned(),
            place: None,
            hint: "remove `managed: false` from it".to_owned(),
        }]))
    }

    fn irremovable(&self, reasons: Vec<Refusal>) -> PlanError {
        PlanError::Irremovable { subject: self.request.subject.clone(), reasons }
    }

    fn unproved(&self, differences: Vec<String>) -> PlanError {
        PlanError::Unproved { subject: self.request.subject.clone(), differences }
    }

    /// Keeps the stubs that text other than manifests mentions.
    fn mentioned(&self, unused: &mut Vec<UnusedStub<'_, '_>>, kept: &mut Vec<Kept>) {
        let versions: BTreeSet<&str> = unused.iter().map(|(one, _)| one.version).collect();
        let mentions = Mentions::of(self.repo, &versions);
        unused.retain(|(document, _)| {
            let mut all = mentions.of_version(&self.request.subject.family, document.version);
            let Some(mention) = all.find(|one| !one.is_resolved) else { return true };
            let place = mention.place.clone();
            let line = place.position().line;
            let text = format!("{}:{line} mentions it", place.source.path());
            let reason = Reason { why: Why::Mentioned, text, until: None, place: Some(place) };
            kept.push(keep(document, reason));
            false
        });
    }

    /// Keeps the stubs that are not written as a document of their own in any file.
    fn unspelled(&self, unused: &mut Vec<UnusedStub<'_, '_>>, kept: &mut Vec<Kept>) {
        let mut removal = Removal::new(self.repo);
        unused.retain(|(document, _)| {
            let Err(text) = removal.add(document) else { return true };
            let reason = Reason { why: Why::Irremovable, text, until: None, place: None };
            kept.push(keep(document, reason));
            false
        });
    }

    /// Keeps the stubs that the cluster uses, and all of them where it does not show that every pod has moved.
    fn live(
        &self,
        environment: EnvironmentId,
        unused: &mut Vec<UnusedStub<'_, '_>>,
        kept: &mut Vec<Kept>,
    ) {
        let Pods::Shown(shown) = self.request.pods else { return };
        unused.retain(|(document, _)| {
            let users = shown.users.get(document.version);
            let users = users.map(|users| (Why::Live, format!("{users} still uses it")));
            let unproved = || self.unproved_in(environment, document, shown);
            let Some((why, text)) = users.or_else(|| Some((Why::Unproved, unproved()?))) else {
                return true;
            };
            kept.push(keep(document, Reason { why, text, until: None, place: None }));
            false
        });
    }

    /// Why it is not proved that no pod needs a stub.
    fn unproved_in(
        &self,
        environment: EnvironmentId,
        document: &Document<'_>,
        shown: &Shown,
    ) -> Option<String> {
        let Subject { environment: name, family } = self.request.subject;
        if let Some(reason) = shown.reason() {
            return Some(format!("it is not proved that every pod in {name} has moved: {reason}"));
        }
        let others = document
            .environments(self.repo)
            .into_iter()
            .filter(|id| *id != environment && !self.repo.running_of(*id, family).is_empty());
        let others: Vec<&str> = others.map(|id| self.repo.environments[id].name.as_str()).collect();
        (!others.is_empty()).then(|| {
            let others = others.join(" and ");
            format!(
                "it is deployed in {others} as well, and only the pods in {name} are proved to have moved: check {others} with `rotate verify`, and leave out `--live` and `--context` here"
            )
        })
    }

    /// Removes the stubs, proves the result, and adds the remaining steps.
    fn take_out(
        &self,
        environment: EnvironmentId,
        unused: &[UnusedStub<'_, '_>],
        prune: &mut Prune,
    ) -> Result<(), PlanError> {
        let mut removal = Removal::new(self.repo);
        for (document, _) in unused {
            removal.add(document).map_err(|fault| self.unproved(vec![fault]))?;
        }
        let stubs = (unused, prune.kept.as_slice());
        let on = (self.repo, environment);
        let watching = watching::take_out(on, self.request, stubs, &mut removal);
        let done = removal.finish().map_err(|fault| self.unproved(vec![fault]))?;
        let after = self.proved(&done.changes, unused, watching.gone)?;
        prune.notes.extend(watching.notes);
        for (document, unused) in unused {
            let Some(place) = document.place.clone() else { continue };
            let file = place.source.path().clone();
            prune.gone.push(Gone {
                secret: document.secret.to_owned(),
                version: document.version.to_owned(),
                namespace: document.namespace().map(str::to_owned),
                is_whole_file: done.files.contains_key(&file),
                listed_in: done.files.get(&file).cloned().unwrap_or_default(),
                place,
                unused: unused.clone(),
            });
        }
        prune.changes = done.changes;
        prune.notes.extend(self.grants(&after, unused));
        let steps = next_steps::NextSteps { after: &after, unused, request: self.request };
        let (next, leftovers, notes) = steps.steps();
        prune.next = next;
        prune.leftovers = leftovers;
        prune.notes.extend(notes);
        Ok(())
    }

    fn proved(
        &self,
        changes: &[FileChange],
        unused: &[UnusedStub<'_, '_>],
        mut gone: Objects,
    ) -> Result<Repo, PlanError> {
        let changed: BTreeSet<TreePath> =
            changes.iter().map(|change| change.path.clone()).collect();
        let after = self.repo.reload(Arc::new(overlay(self.repo, changes)), &changed);
        let after = after.map_err(|error| self.unproved(vec![error.to_string()]))?;
        let broken = broken(self.repo, &after);
        if !broken.is_empty() {
            return Err(self.irremovable(broken));
        }
        let makers = unused.iter().flat_map(|(document, _)| &document.makers);
        gone.extend(makers.map(|maker| (maker.index, maker.provider.object)));
        let change = Change { gone: &gone, is_meant: &|_, _| false };
        let faults = prove(self.repo, &after, &change);
        if faults.is_empty() { Ok(after) } else { Err(self.unproved(faults)) }
    }

    /// A note on each object that still grants access to a removed secret.
    fn grants(&self, after: &Repo, unused: &[UnusedStub<'_, '_>]) -> Vec<String> {
        let gone: BTreeSet<&str> = unused.iter().map(|(document, _)| document.secret).collect();
        let mut found: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        let near = |environment: Option<&str>| {
            environment.is_none_or(|environment| environment == self.request.subject.environment)
        };
        for (root, _) in deployed(after).filter(|(_, environment)| near(*environment)) {
            for reference in &root.references {
                if reference.found.role == Role::Grant
                    && let Some(secret) = gone.get(reference.secret())
                {
                    let object = root.object_of(reference);
                    let who = format!("{} `{}`", object.kind(), object.name());
                    found.entry(who).or_default().insert(secret);
                }
            }
        }
        let note = |(who, secrets): (String, BTreeSet<&str>)| {
            let list: Vec<&str> = secrets.into_iter().collect();
            format!(
                "{who} still grants access to {}: take it out of its resourceNames",
                list.join(", ")
            )
        };
        found.into_iter().map(note).collect()
    }
}
