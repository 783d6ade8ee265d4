//! Whether a stub may be removed, and if not, why.

use std::collections::{BTreeMap, BTreeSet};

use crate::k8s::found::Role;
use crate::kustomize::model::build::Status;
use crate::plan::prune::document::Document;
use crate::plan::prune::{PruneRequest, Reason, Unused, Why};
use crate::plan::refusal::PlanError;
use crate::repo::Repo;
use crate::repo::deployed::{deployed, may_be_filled_in, may_reach};
use crate::repo::environment::{Environment, EnvironmentId};
use crate::repo::inventory::Reference;
use crate::repo::root::Root;
use crate::repo::subject::Subject;
use crate::timeline::gate::{moment, span};
use crate::timeline::unused::{Known, WaysBack, kept_until};

/// Whether a stub is removed.
pub(super) enum Verdict {
    /// It is removed.
    Goes(Unused),
    /// It is kept.
    Stays(Reason),
}

fn stays(why: Why, text: impl Into<String>) -> Reason {
    Reason { why, text: text.into(), until: None, place: None }
}

/// What an environment knows of a family.
struct Here<'j> {
    environment: &'j Environment,
    /// The versions that it runs.
    running: BTreeSet<String>,
    /// The versions that can be rolled back to.
    ways_back: WaysBack,
    subject: Subject,
}

/// Judges the stubs of one family.
pub(super) struct Judge<'j> {
    repo: &'j Repo,
    request: &'j PruneRequest<'j>,
    /// What is known of each environment queried so far.
    known: BTreeMap<EnvironmentId, Here<'j>>,
    /// Every version that something creates.
    made: BTreeSet<&'j str>,
}

impl<'j> Judge<'j> {
    pub(super) fn new(
        repo: &'j Repo,
        request: &'j PruneRequest<'j>,
        documents: &[Document<'j>],
    ) -> Self {
        let made: BTreeSet<&str> = documents.iter().map(|one| one.version).collect();
        let here = |one: &'j Environment| (one.id, Here::new(repo, request, one, &made));
        let known = repo.environments.iter().map(here).collect();
        Self { repo, request, known, made }
    }

    /// Whether a stub may be removed; text that mentions it is not considered.
    ///
    /// # Errors
    /// When the clone is too shallow to decide.
    pub(super) fn judge(&self, document: &Document<'_>) -> Result<Verdict, PlanError> {
        let environments = document.environments(self.repo);
        let mut all = environments.iter().filter_map(|index| self.known.get(index)).peekable();
        if all.peek().is_none() {
            return Ok(Verdict::Stays(stays(Why::Irremovable, "nothing deploys it")));
        }
        let reason = self
            .referenced(document, &environments)
            .or_else(|| all.clone().find_map(|here| self.in_time(here, document)))
            .or_else(|| self.on_branches(document, &environments))
            .or_else(|| self.unreadable(document));
        if let Some(reason) = reason {
            return Ok(Verdict::Stays(reason));
        }
        let mut last: Option<Unused> = None;
        for here in all {
            match self.retention(here, document)? {
                Verdict::Stays(reason) => return Ok(Verdict::Stays(reason)),
                Verdict::Goes(unused) => {
                    let is_later = last.as_ref().is_none_or(|last| last.since < unused.since);
                    last = if is_later { Some(unused) } else { last };
                }
            }
        }
        let none = || stays(Why::Irremovable, "nothing deploys it");
        Ok(last.map_or_else(|| Verdict::Stays(none()), Verdict::Goes))
    }

    /// What references it, in any environment that reaches it.
    fn referenced(&self, document: &Document<'_>, of: &BTreeSet<EnvironmentId>) -> Option<Reason> {
        let near = |root: &Root| root.environment.is_none_or(|index| of.contains(&index));
        for (root, environment) in deployed(self.repo).filter(|(root, _)| near(root)) {
            let Some(reference) = names(root, document.secret) else { continue };
            let place = environment.map_or_else(|| format!("`{}`", root.path), str::to_owned);
            let text = format!("{} names it in {place}", describe(root, reference));
            return Some(Reason { place: reference.near(), ..stays(Why::Referenced, text) });
        }
        None
    }

    /// The reason to keep it that follows from its place in the order of versions.
    fn in_time(&self, here: &Here<'_>, document: &Document<'_>) -> Option<Reason> {
        let (version, name) = (document.version, &here.environment.name);
        let mut holds = self.repo.config.holds_on(name, &self.request.subject.family);
        if holds.any(|hold| hold.version == version) {
            return Some(stays(Why::Held, format!("a hold keeps {name} at it")));
        }
        let current = here.running.last();
        if let Some(current) = current.filter(|current| version > current.as_str()) {
            return Some(stays(
                Why::Newer,
                format!("it is newer than {current}, which {name} runs"),
            ));
        }
        if here.ways_back.versions.contains(version) {
            let from = current.map_or("what it runs", String::as_str);
            return Some(stays(Why::WayBack, format!("{name} needs it to roll back from {from}")));
        }
        let mainline = self.request.timeline.now(&here.subject);
        let is_now = mainline.is_some_and(|era| era.running.versions.contains(version));
        is_now.then(|| {
            let mainline = &self.request.timeline.mainline;
            stays(Why::Mainline, format!("{name} still names it on {mainline}"))
        })
    }

    fn on_branches(&self, document: &Document<'_>, of: &BTreeSet<EnvironmentId>) -> Option<Reason> {
        let ours: BTreeSet<&str> =
            of.iter().map(|index| self.repo.environments[*index].name.as_str()).collect();
        for branch in self.request.branches {
            let name = &branch.name;
            for (root, environment) in deployed(&branch.repo) {
                if environment.is_some_and(|environment| !ours.contains(environment)) {
                    continue;
                }
                if let Some(reference) = names(root, document.secret) {
                    let text =
                        format!("{} names it on the branch {name}", describe(root, reference));
                    return Some(stays(Why::Branch, text));
                }
                if root.has_failed() {
                    let text = format!("`{}` does not build on the branch {name}", root.path);
                    return Some(stays(Why::Unreadable, text));
                }
            }
        }
        None
    }

    /// What cannot be read and may name it.
    fn unreadable(&self, document: &Document<'_>) -> Option<Reason> {
        if !document.is_stub() {
            let kind = document.makers.first().map_or("", |maker| maker.object().kind());
            return Some(stays(
                Why::Irremovable,
                format!("it is made by a {kind}, which is not a stub"),
            ));
        }
        let references = self.repo.roots.iter().flat_map(|root| &root.references);
        let named: BTreeSet<&str> = references.map(Reference::secret).collect();
        if may_be_filled_in(&self.request.subject.family, &named) {
            let text = "a reference is filled in only when it is deployed, and could name it";
            return Some(stays(Why::Unreadable, text));
        }
        for maker in document.makers.iter().filter(|maker| maker.is_deployed) {
            let hides = |(other, _): &(&Root, Option<&str>)| {
                let near = other.environment == maker.root.environment
                    || other.environment.is_none()
                    || maker.root.environment.is_none();
                near && other.status() != Status::Resolved && may_reach(other, maker.namespace())
            };
            let Some((root, _)) = deployed(self.repo).find(hides) else { continue };
            let why = root.problems().first().map_or("", |problem| problem.message.as_str());
            let how = if root.has_failed() { "does not build" } else { "is known only in part" };
            let text = format!("`{}` {how} and may name it ({why})", root.path);
            let place = root.problems().first().and_then(|problem| problem.place.clone());
            return Some(Reason { place, ..stays(Why::Unreadable, text) });
        }
        None
    }

    /// Whether it was kept for long enough.
    fn retention(&self, here: &Here<'_>, document: &Document<'_>) -> Result<Verdict, PlanError> {
        let (version, name) = (document.version, &here.environment.name);
        let kept = match self.repo.retention(here.environment.id, &self.request.subject.family) {
            Ok(kept) => kept,
            Err(job) => {
                let text = format!("it is unknown how often the CronJob `{job}` runs");
                return Ok(Verdict::Stays(stays(Why::Unreadable, text)));
            }
        };
        let retention = kept.span;
        let hidden =
            || PlanError::Hidden { secret: document.secret.to_owned(), environment: name.clone() };
        let timeline = self.request.timeline;
        let others = self.made.iter().copied().chain(here.running.iter().map(String::as_str));
        let Some((since, known)) = timeline.unused(&here.subject, version, others) else {
            if timeline.is_shallow() {
                return Err(hidden());
            }
            let text = format!("nothing in {name} ever referenced it, and no version followed it");
            return Ok(Verdict::Stays(stays(Why::Retention, text)));
        };
        let until = kept_until(since, retention);
        if until <= self.request.now {
            let unknown = here.ways_back.is_hidden;
            let goes = Verdict::Goes(Unused { since, known, retention });
            return if unknown { Err(hidden()) } else { Ok(goes) };
        }
        if matches!(known, Known::Before(_)) {
            return Err(hidden());
        }
        let by = match known {
            Known::By(commit) => format!(" ({commit})"),
            Known::Followed(version) => format!(", when {version} followed"),
            Known::Before(_) => String::new(),
        };
        let why = kept.job.map_or_else(String::new, |job| format!(", for the CronJob `{job}`"));
        let text = format!(
            "{name} has not named it since {}{by}; it is kept for {}{why}, until {}",
            moment(since),
            span(retention),
            moment(until)
        );
        Ok(Verdict::Stays(Reason { until: Some(until), ..stays(Why::Retention, text) }))
    }
}

impl<'j> Here<'j> {
    fn new(
        repo: &'j Repo,
        request: &'j PruneRequest<'j>,
        environment: &'j Environment,
        made: &BTreeSet<&str>,
    ) -> Self {
        let timeline = request.timeline;
        let subject = Subject::new(&environment.name, &request.subject.family);
        let now = repo.running_of(environment.id, &subject.family);
        Self {
            environment,
            ways_back: timeline.ways_back(&subject, &now, made),
            running: now.versions,
            subject,
        }
    }
}

/// The first reference of a root that names a secret; what grants access to it does not need it.
fn names<'r>(root: &'r Root, secret: &str) -> Option<&'r Reference> {
    let mut all = root.references.iter();
    all.find(|one| one.secret() == secret && one.found.role != Role::Grant)
}

/// A reference, as shown to the user.
fn describe(root: &Root, reference: &Reference) -> String {
    let object = root.object_of(reference);
    format!("{} `{}`", object.kind(), object.name())
}
