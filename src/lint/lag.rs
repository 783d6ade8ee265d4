//! How long an environment may stay behind the one before it: that one's soak, and the lag that `rotate.yaml` allows.

use chrono::{DateTime, TimeDelta, Utc};

use crate::k8s::secret_name::Version;
use crate::lint::rule::Facts;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::subject::Subject;

/// Whether an environment should have taken a version over by now that the one before it runs. The digits say when
/// the version was made; Git says since when it runs there.
pub(super) fn is_due(
    facts: &Facts<'_>,
    environment: EnvironmentId,
    before: &Subject,
    version: &Version,
) -> bool {
    let lag = facts.repo.config.lint.lag_seconds();
    let wait = lag.saturating_add(soak(facts.repo, environment));
    if !is_older(version, wait, facts.now) {
        return false;
    }
    let since = facts.history.since().and_then(|past| past.runs(before, version.as_str()));
    since.is_none_or(|era| facts.now - era.began.time() > TimeDelta::seconds(wait.into()))
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
