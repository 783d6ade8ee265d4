//! What a cluster shows of some families, for commands that need a proof that every pod has moved.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::cluster::live::Live;
use crate::ops::events::Events;
use crate::ops::failure::Failure;
use crate::ops::gathering::{Proves, Sources};
use crate::ops::session::Session;
use crate::ops::verify::{self, Verified};
use crate::ops::witnesses::{can_be_proved, with_witnesses};
use crate::plan::prune::Shown;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::subject::Family;
use crate::verify::asks::Asks;
use crate::verify::part::{Role, users_of};
use crate::verify::{Applied, FamilyProof, Request};

/// Where what the cluster runs comes from.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The dumps.
    pub sources: Sources<'a>,
    /// The namespace of what has none in Git.
    pub namespace: Option<&'a str>,
    /// The cluster that counts, where the environment has several.
    pub cluster: Option<&'a str>,
}

/// A tree, and an environment of it.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) repo: &'a Repo,
    pub(super) environment: EnvironmentId,
    /// The branch whose history is read; `None` for the default branch.
    pub(super) mainline: Option<&'a str>,
    /// Whether the tree is what is checked out.
    pub(super) is_work_tree: bool,
    pub(super) now: DateTime<Utc>,
}

/// What a cluster shows of some families.
pub struct Proved {
    /// What was read, and what it proves; `None` if nothing in the environment names a secret.
    pub verified: Option<Verified>,
    shown: BTreeMap<Family, Shown>,
}

impl Asked<'_> {
    /// Holds families of an environment against a cluster.
    ///
    /// # Errors
    /// When the input cannot be read, or has none of the environment's workloads.
    pub(super) fn prove(
        &self,
        at: Place<'_>,
        families: &[Family],
        (session, events): (&Session, &dyn Events),
    ) -> Result<Proved, Failure> {
        let Place { repo, environment, mainline, is_work_tree, now } = at;
        let name = &repo.environments[environment].name;
        let can_be = |family: &&Family| can_be_proved(repo, environment, family);
        let known: Vec<Family> = families.iter().filter(can_be).cloned().collect();
        if known.is_empty() {
            return Ok(Proved { verified: None, shown: BTreeMap::new() });
        }
        let request = verify::Request {
            environment: name.clone(),
            families: known,
            namespace: self.namespace.map(str::to_owned),
            cluster: self.cluster.map(str::to_owned),
            sources: self.sources,
            again: &|_| false,
            mainline: mainline.map(str::to_owned),
            now,
        };
        let mut verified = verify::prove(&request, repo, session, events)?;
        if is_work_tree {
            let dirty = verify::uncommitted(session, repo, name)?;
            verified.notes.splice(0..0, dirty);
        }
        let families = verified.proof.families.iter();
        let shown = families.map(|proof| (proof.family.clone(), shown(proof, &verified, now)));
        let shown = shown.collect();
        Ok(Proved { verified: Some(verified), shown })
    }
}

impl Proved {
    /// What is shown of a family.
    #[must_use]
    pub fn of(&self, family: &Family, now: DateTime<Utc>) -> Shown {
        self.shown.get(family).cloned().unwrap_or_else(|| Shown {
            reasons: vec![
                "nothing there names a secret, so no input can be known to have all pods"
                    .to_owned(),
            ],
            users: BTreeMap::new(),
            workloads: 0,
            pods: 0,
            moved: None,
            at: now,
            newest: None,
        })
    }
}

fn shown(proof: &FamilyProof, verified: &Verified, now: DateTime<Utc>) -> Shown {
    let decisive = verified.proof.unread.iter().filter(|one| one.is_decisive);
    let unread = decisive.map(|one| format!("{} cannot be read: {}", one.resource, one.why));
    let left_out = verified.left_out.iter();
    let left_out = left_out.map(|cluster| format!("the cluster `{cluster}` was left out"));
    let workloads =
        || proof.parts.iter().filter(|part| part.role == Role::Workload && part.is_found);
    let users = proof.old.iter();
    Shown {
        reasons: proof.reasons().chain(unread).chain(left_out).collect(),
        users: users.map(|(version, users)| (version.clone(), users_of(users))).collect(),
        workloads: workloads().count(),
        pods: workloads().filter_map(|part| part.pods).map(|pods| pods.total).sum(),
        moved: workloads().filter_map(|part| part.pods?.newest).max(),
        at: now,
        newest: verified.newest,
    }
}

/// The command that shows whether every pod of a family has moved; `None` if no input could show it.
#[must_use]
pub(super) fn command(
    (repo, environment): (&Repo, EnvironmentId),
    family: &Family,
    verify: &str,
) -> Option<String> {
    if !can_be_proved(repo, environment, family) {
        return None;
    }
    let request = Request {
        repo,
        environment,
        families: &with_witnesses(repo, environment, std::slice::from_ref(family)),
        live: &Live::default(),
        inputs: &[],
        namespace: None,
        cluster: None,
        is_applied: &|_, _| Applied::Yes,
        unread: &[],
        has_secrets: false,
    };
    let name = &repo.environments[environment].name;
    let families = std::slice::from_ref(family);
    let verify = Proves { program: verify, environment: name, families, options: "" };
    Some(verify.piped(&Asks::of(&request)))
}
