//! Since when an environment has run versions of a family: those who are only beginning have its soak before rules ask for
//! more. Asked where something was found, so most runs read no history for it.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::k8s::secret_name::Version;
use crate::lint::lag::{is_older, wait};
use crate::lint::rule::{Asker, Facts};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::subject::Subject;
use crate::repo::usage::Running;
use crate::timeline::question::{Question, Questions};
use crate::timeline::{Began, Timeline};

/// Whether an environment had a version of a family before its soak began to count, by Git where that is known; else by the
/// digits of the versions, which may be older than their use, so `lag` is added.
pub(super) fn is_settled(facts: &Facts<'_>, environment: EnvironmentId, family: &str) -> bool {
    let running = facts.repo.running_of(environment, family);
    if running.versions.is_empty() {
        return is_old(facts, environment, family);
    }
    let Some(past) = past(facts) else { return is_old(facts, environment, family) };
    let subject = subject(facts.repo, environment, family);
    let then = soak_ago(facts, environment);
    past.at(&subject, then).is_some_and(|running| !running.versions.is_empty())
}

/// Whether an environment has gone back to the plain name of a family, or begun to use it, within the time that it may
/// stay behind the one before. Without Git, a version that is made here and that nothing uses may have been left just now.
pub(super) fn is_newly_plain(facts: &Facts<'_>, environment: EnvironmentId, family: &str) -> bool {
    let Some(past) = past(facts) else {
        let state = facts.repo.family(environment, family);
        return state.is_some_and(|state| !state.stubs.is_empty());
    };
    let subject = subject(facts.repo, environment, family);
    past.now(&subject).is_none_or(|era| {
        // What is not on the mainline yet begins now.
        era.running != facts.repo.running_of(environment, family)
            // Where the walk ended within it, it is as old as was asked.
            || (!matches!(era.began, Began::Earlier(_))
                && era.began.time() > wait_ago(facts, environment))
    })
}

/// Of environments that run an older version of a family than one that is there, those that have gone back to it from that
/// version within the time that they may stay behind. Without Git, nobody can tell that from a version that was never taken.
pub(super) fn newly_back<'f>(
    facts: &Facts<'_>,
    behind: &BTreeSet<(EnvironmentId, &'f str, Version)>,
) -> BTreeSet<(EnvironmentId, &'f str)> {
    let repo = facts.repo;
    let left = |(environment, family, newer): &(EnvironmentId, &str, Version)| {
        let now = repo.running_of(*environment, family);
        Question::Left(subject(repo, *environment, family), newer.to_string(), now)
    };
    let questions: Questions = behind.iter().map(left).collect();
    let past = (!questions.is_empty()).then(|| facts.history.asked_by(Asker::Stale, &questions));
    let Some(past) = past.flatten() else { return BTreeSet::new() };
    let is_back = |(environment, family, newer): &&(EnvironmentId, &str, Version)| {
        let (now, subject) =
            (repo.running_of(*environment, family), subject(repo, *environment, family));
        past.left(&subject, newer.as_str(), &now).map_or_else(
            || is_leaving(past, &subject, newer, &now),
            |era| era.began.time() > wait_ago(facts, *environment),
        )
    };
    behind.iter().filter(is_back).map(|(environment, family, _)| (*environment, *family)).collect()
}

/// Whether the tree goes back from a version that the mainline still runs.
fn is_leaving(past: &Timeline, subject: &Subject, newer: &Version, now: &Running) -> bool {
    let left = Running::of(newer.as_str());
    past.now(subject).is_some_and(|era| era.running.has(newer.as_str()))
        && !now.has(newer.as_str())
        && now.names().all(|name| past.is_older(subject, name, &left))
}

/// Whether the digits of the oldest version say that it has been there for long.
fn is_old(facts: &Facts<'_>, environment: EnvironmentId, family: &str) -> bool {
    let Some(state) = facts.repo.family(environment, family) else { return false };
    let known = state.versions.keys().chain(state.stubs.keys());
    let lag = facts.repo.config.lint.lag_seconds();
    let wait = TimeDelta::seconds(lag.into()) + facts.repo.environments[environment].soak();
    let wait = u32::try_from(wait.num_seconds()).unwrap_or(u32::MAX);
    known
        .filter_map(|digits| Version::new(digits))
        .min()
        .is_some_and(|oldest| is_older(&oldest, wait, facts.now))
}

fn past<'r>(facts: &Facts<'r>) -> Option<&'r Timeline> {
    facts.history.recent(|| likely(facts))
}

/// All that can be asked here: of what has a version in some environment.
fn likely(facts: &Facts<'_>) -> Questions {
    let repo = facts.repo;
    let mut questions = Questions::new();
    let all = || repo.environments.ids().flat_map(|one| repo.running(one));
    let versioned = all().filter(|(_, running)| !running.versions.is_empty());
    let versioned: BTreeSet<&str> = versioned.map(|(family, _)| family.as_ref()).collect();
    for environment in repo.environments.ids() {
        let (soak, wait) = (soak_ago(facts, environment), wait_ago(facts, environment));
        let running = repo.running(environment).iter();
        for (family, running) in running.filter(|(family, _)| versioned.contains(family.as_ref())) {
            let at = |time| Question::At(subject(repo, environment, family), time);
            questions.extend(running.plain.then(|| at(wait)));
            questions.extend((!running.versions.is_empty()).then(|| at(soak)));
        }
    }
    questions
}

fn subject(repo: &Repo, environment: EnvironmentId, family: &str) -> Subject {
    Subject::new(&repo.environments[environment].name, family)
}

fn soak_ago(facts: &Facts<'_>, environment: EnvironmentId) -> DateTime<Utc> {
    ago(facts, facts.repo.environments[environment].soak())
}

fn wait_ago(facts: &Facts<'_>, environment: EnvironmentId) -> DateTime<Utc> {
    ago(facts, TimeDelta::seconds(wait(facts.repo, environment).into()))
}

fn ago(facts: &Facts<'_>, time: TimeDelta) -> DateTime<Utc> {
    facts.now.checked_sub_signed(time).unwrap_or(DateTime::<Utc>::MIN_UTC)
}
