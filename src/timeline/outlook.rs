//! The state of each family in each environment, and what comes next.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::config::settings::Hold;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::sharing::Sharing;
use crate::repo::subject::{Family, Subject};
use crate::repo::usage::Running;
use crate::timeline::age::{self, Age};
use crate::timeline::gate::{Candidate, Gate};
use crate::timeline::question::{Question, Questions};
use crate::timeline::{Era, Timeline};

/// A family in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The family and the environment.
    pub subject: Subject,
    /// What it runs in the current tree.
    pub running: Running,
    /// Since when the mainline has run the same; `None` if it does not yet, or outside Git.
    pub since: Option<Era>,
    /// How old it is, where an age is set.
    pub age: Option<Age>,
    /// How pairs of workloads that use it share the traffic; filled in where that is shown.
    pub sharings: Vec<Sharing>,
    /// The hold on it.
    pub hold: Option<Hold>,
    /// What comes next.
    pub next: Next,
}

/// What comes next for a family in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing, until the previous environment has a newer version.
    Nothing,
    /// The version of the previous environment, once these gates are open.
    Take {
        /// The 14 digits.
        version: String,
        /// The environment that runs it.
        from: String,
        /// What must hold.
        gates: Vec<Gate>,
    },
    /// The previous environment does not run a single version.
    Unclear {
        /// That environment.
        from: String,
        /// The version that what has the plain name there can join.
        join: Option<String>,
    },
    /// It runs a newer version than the previous environment.
    Ahead {
        /// That environment.
        from: String,
    },
}

impl Next {
    /// Whether the version could be promoted now.
    #[must_use]
    pub fn is_due(&self) -> bool {
        matches!(self, Self::Take { gates, .. } if gates.iter().all(|gate| gate.is_open))
    }
}

impl Standing {
    /// What must be known of the history for this.
    #[must_use]
    pub fn questions(&self, repo: &Repo, now: DateTime<Utc>) -> Questions {
        let mut questions = Questions::new();
        questions.insert(Question::Since(self.subject.clone(), self.running.clone()));
        let environment = repo.environment(&self.subject.environment);
        if let Ok(environment) = environment {
            questions.append(&mut age::questions(repo, environment, &self.subject.family));
        }
        if let (Next::Take { version, .. }, Ok(environment)) = (&self.next, environment) {
            let (family, version) = (&self.subject.family, Some(version.as_str()));
            let candidate = Candidate { repo, timeline: None, environment, family, version, now };
            questions.append(&mut candidate.questions(false));
        }
        questions
    }
}

/// Every family in every environment that references it, by family, then in promotion order.
#[must_use]
pub fn outlook(repo: &Repo, timeline: Option<&Timeline>, now: DateTime<Utc>) -> Vec<Standing> {
    let families: BTreeSet<&str> = repo
        .environments
        .iter()
        .flat_map(|environment| repo.families_of(environment.id).into_keys())
        .collect();
    let mut standings = Vec::new();
    for environment in &repo.environments {
        let running = repo.running(environment.id);
        for (family, running) in running {
            if !families.contains(family.as_str()) {
                continue;
            }
            let subject = Subject::new(&environment.name, family);
            let since = timeline.and_then(|timeline| timeline.now(&subject));
            standings.push(Standing {
                subject,
                since: since.filter(|era| era.running == *running).cloned(),
                sharings: Vec::new(),
                age: age::age(repo, timeline, environment.id, family),
                hold: repo.config.hold(&environment.name, family).cloned(),
                next: next(repo, timeline, environment.id, family, running, now),
                running: running.clone(),
            });
        }
    }
    // A stable sort keeps the environments in promotion order.
    standings.sort_by(|a, b| a.subject.family.cmp(&b.subject.family));
    standings
}

fn next(
    repo: &Repo,
    timeline: Option<&Timeline>,
    environment: EnvironmentId,
    family: &Family,
    here: &Running,
    now: DateTime<Utc>,
) -> Next {
    if !repo.environments[environment].versioned {
        return Next::Nothing;
    }
    let Some(before) = repo.before(environment, family) else { return Next::Nothing };
    let from = before.environment;
    let Some(version) = before.running.only() else {
        // Plain names in both environments: the family is not versioned yet.
        return if before.running.is_plain() && here.versions.is_empty() {
            Next::Nothing
        } else {
            let join = repo.version_to_join(from.id, family);
            Next::Unclear { from: from.name.clone(), join }
        };
    };
    if here.only() == Some(version) {
        return Next::Nothing;
    }
    if here.versions.iter().any(|known| known.as_str() > version) {
        return Next::Ahead { from: from.name.clone() };
    }
    let candidate = Candidate { repo, timeline, environment, family, version: Some(version), now };
    Next::Take {
        version: version.to_owned(),
        from: from.name.clone(),
        gates: candidate.promotion_gates(),
    }
}
