//! What a command can be given in a tree, for a shell that completes the command line. Nothing is written, locked or run.

use std::collections::BTreeSet;

use crate::ops::events::Silent;
use crate::ops::failure::Failure;
use crate::ops::session::{Session, Start};
use crate::repo::environment::EnvironmentId;
use crate::repo::family::FamilyState;
use crate::repo::{Repo, Scope};

/// The environments, in promotion order.
///
/// # Errors
/// When the tree or its configuration cannot be read.
pub fn environments(start: &Start) -> Result<Vec<String>, Failure> {
    // They follow from the names of the files alone.
    let nothing = Scope::Directories(Vec::new());
    let repo = Session::open(start, &Silent)?.load(nothing)?;
    Ok(repo.environments.iter().map(|environment| environment.name.clone()).collect())
}

/// The families of the environments named, or of all where none is.
///
/// # Errors
/// When the tree or its configuration cannot be read.
pub fn families(start: &Start, environments: &[String]) -> Result<Vec<String>, Failure> {
    let repo = Session::open(start, &Silent)?.repo()?;
    let names = within(&repo, environments).flat_map(|one| repo.all_families_of(one).into_keys());
    let names: BTreeSet<String> = names.map(str::to_owned).collect();
    // The process is about to exit; dropping a large tree node by node would only delay that.
    std::mem::forget(repo);
    Ok(names.into_iter().collect())
}

/// The pairs of workloads of the environments named, or of all where none is.
///
/// # Errors
/// When the tree or its configuration cannot be read.
pub fn pairs(start: &Start, environments: &[String]) -> Result<Vec<String>, Failure> {
    let repo = Session::open(start, &Silent)?.repo()?;
    let names = within(&repo, environments).flat_map(|one| repo.pairs_of(one));
    let names: BTreeSet<String> = names.map(|pair| pair.name).collect();
    std::mem::forget(repo);
    Ok(names.into_iter().collect())
}

/// The versions that something provides of a family in an environment that does not run them, the newest first.
///
/// # Errors
/// When the tree or its configuration cannot be read.
pub fn versions(start: &Start, environment: &str, family: &str) -> Result<Vec<String>, Failure> {
    let repo = Session::open(start, &Silent)?.repo()?;
    let environment = repo.environment(environment)?;
    let running = repo.running_of(environment, family);
    let provided = repo.family(environment, family).into_iter().flat_map(FamilyState::provided);
    let others = provided.filter(|version| running.alone() != Some(*version));
    let others = others.map(str::to_owned).collect();
    std::mem::forget(repo);
    Ok(others)
}

fn within<'r>(repo: &'r Repo, names: &[String]) -> impl Iterator<Item = EnvironmentId> + use<'r> {
    let named: Vec<EnvironmentId> =
        names.iter().filter_map(|name| repo.environment(name).ok()).collect();
    repo.environments.ids().filter(move |id| named.is_empty() || named.contains(id))
}
