//! How long an environment may stay behind the one before it: that one's soak, and the lag that `rotate.yaml` allows.
//! And what rules ask of the history for that.

use chrono::{DateTime, TimeDelta, Utc};

use crate::k8s::secret_name::Version;
use crate::lint::rule::Facts;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::subject::Subject;
use crate::repo::usage::Running;
use crate::timeline::Timeline;
use crate::timeline::question::{Question, Questions};

/// Whether an environment should have taken a version over by now that the one before it runs. The digits say when
/// the version was made; Git says since when it runs there.
pub(super) fn is_due(
    facts: &Facts<'_>,
    environment: EnvironmentId,
    before: &Subject,
    version: &Version,
) -> bool {
    let wait = wait(facts.repo, environment);
    if !is_older(version, wait, facts.now) {
        return false;
    }
    let question = Question::Since(before.clone(), Running::of(version.as_str()));
    let since = past(facts, question).and_then(|past| past.runs(before, version.as_str()));
    since.is_none_or(|era| facts.now - era.began.time() > TimeDelta::seconds(wait.into()))
}

/// Whether an environment ever had a version, or else an older one since, by Git where it knows.
pub(super) fn had(facts: &Facts<'_>, subject: &Subject, version: &Version) -> Option<Had> {
    let question = Question::Ran(subject.clone(), version.as_str().to_owned());
    let past = past(facts, question)?;
    Some(match past.ever_had(subject, version.as_str())? {
        true => Had::It,
        false if past.ran_older_since(subject, version) => Had::OlderOnes,
        false => Had::Neither,
    })
}

/// What an environment had, when a version was made or later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Had {
    /// The version.
    It,
    /// Older versions, and never this one.
    OlderOnes,
    /// Nothing as old as the version.
    Neither,
}

/// The history, where it answers a question.
fn past<'r>(facts: &Facts<'r>, question: Question) -> Option<&'r Timeline> {
    facts.history.answering(question, || likely(facts))
}

/// What the rules ask of the history, as far as the references tell: an environment and an earlier one run different
/// names of a family.
fn likely(facts: &Facts<'_>) -> Questions {
    let repo = facts.repo;
    let mut questions = Questions::new();
    for environment in repo.environments.iter().filter(|one| one.versioned) {
        let wait = wait(repo, environment.id);
        for (family, here) in repo.running(environment.id) {
            for earlier in repo.environments.before(environment.id) {
                let there = repo.running_of(earlier.id, family);
                let subject = Subject::new(&earlier.name, family);
                let is_made = |version: &String| {
                    let state = repo.family(earlier.id, family);
                    state.is_some_and(|state| state.stubs.contains_key(version))
                };
                let never = here.versions.iter().filter(|one| !there.has(one) && !is_made(one));
                questions
                    .extend(never.map(|version| Question::Ran(subject.clone(), version.clone())));
                if there == *here && there.only().is_some() {
                    continue;
                }
                let old = there.versions.iter().filter(|version| {
                    Version::new(version).is_some_and(|version| is_older(&version, wait, facts.now))
                });
                questions.extend(old.map(|old| Question::Since(subject.clone(), Running::of(old))));
            }
        }
    }
    questions
}

/// How old a version of the environment before must be for an environment to be late, in seconds.
pub(super) fn wait(repo: &Repo, environment: EnvironmentId) -> u32 {
    repo.config.lint.lag_seconds().saturating_add(soak(repo, environment))
}

/// Whether a version is older than so many seconds.
pub(super) fn is_older(version: &Version, seconds: u32, now: DateTime<Utc>) -> bool {
    now - version.time() > TimeDelta::seconds(seconds.into())
}

/// How long it takes a version to come up to an environment, in seconds.
fn soak(repo: &Repo, environment: EnvironmentId) -> u32 {
    let earlier = repo.environments.before(environment).iter().filter(|one| one.versioned);
    let soaks = earlier.map(|one| u32::try_from(one.soak().num_seconds()).unwrap_or(u32::MAX));
    soaks.fold(0, u32::saturating_add)
}
