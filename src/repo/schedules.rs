//! The CronJobs that name a family, and how long they may wait for their next run.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::k8s::resource::group_of;
use crate::k8s::schedule::longest_gap;
use crate::k8s::secret_name::family;
use crate::kustomize::model::object::Object;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::inventory::Reference;
use crate::repo::root::Root;

/// A CronJob that names a family of secrets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scheduled {
    /// The longest time between two runs; `None` when its schedule cannot be read, or it never runs.
    pub gap: Option<TimeDelta>,
    /// Its name.
    pub name: String,
}

/// How long an environment keeps unreferenced versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// The time.
    pub span: TimeDelta,
    /// The CronJob that extends it: twice its longest time between two runs exceeds the environment's retention.
    pub job: Option<String>,
}

impl Repo {
    /// How long an environment keeps the old versions of a family.
    ///
    /// # Errors
    /// With the name of a CronJob whose schedule cannot be determined.
    pub fn retention(&self, environment: EnvironmentId, name: &str) -> Result<Retention, String> {
        let own = Retention { span: self.environments[environment].retention(), job: None };
        let jobs = self.scheduled(environment, name);
        if let Some(job) = jobs.iter().find(|job| job.gap.is_none()) {
            return Err(job.name.clone());
        }
        let longest = jobs.into_iter().next_back();
        let twice = longest.and_then(|job| Some((job.gap?.checked_mul(2)?, job.name)));
        let stretched = twice.filter(|(span, _)| *span > own.span);
        Ok(stretched.map_or(own, |(span, job)| Retention { span, job: Some(job) }))
    }

    /// The CronJobs of an environment that name a family at any version, the one with the longest gap last. One that is
    /// suspended counts, since it may be resumed.
    #[must_use]
    pub fn scheduled(&self, environment: EnvironmentId, name: &str) -> BTreeSet<Scheduled> {
        let mut found = BTreeSet::new();
        for (_, root) in self.roots_of(environment) {
            let jobs = cron_jobs(root, |reference| family(reference.secret()) == name);
            found.extend(jobs.into_iter().map(|index| Scheduled::of(&root.objects()[index])));
        }
        found
    }
}

impl Scheduled {
    fn of(object: &Object) -> Self {
        let schedule = object.node.at(&["spec", "schedule"]).and_then(|node| node.str());
        Self { gap: schedule.and_then(longest_gap), name: object.name().to_owned() }
    }
}

/// The CronJobs of a root with a reference that satisfies `holds`, as indexes into its objects.
#[must_use]
pub fn cron_jobs(root: &Root, holds: impl Fn(&Reference) -> bool) -> BTreeSet<usize> {
    let named = root.references.iter().filter(|reference| {
        let object = root.object_of(reference);
        object.kind() == "CronJob" && group_of(&object.node) == "batch" && holds(reference)
    });
    named.map(|reference| reference.object).collect()
}
