//! The families that a bump is for.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::ops::failure::Failure;
use crate::ops::message::Message;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::subject::Family;
use crate::text::shell::command;
use crate::timeline::outlook::{Next, outlook};

/// Lets a person choose among families.
pub type Choose<'a> = &'a dyn Fn(&[Family]) -> Result<Vec<Family>, Failure>;

/// The families that were named, all of them, the only one, or those that a person chooses, where there is one to ask.
///
/// # Errors
/// When there is none, or several of which none was chosen.
pub fn families(
    (environment_name, named, all): (&str, &[Family], bool),
    repo: &Repo,
    choose: Option<Choose<'_>>,
) -> Result<Vec<Family>, Failure> {
    if !named.is_empty() {
        return Ok(unique(named));
    }
    let environment = repo.environment(environment_name)?;
    let known: Vec<Family> = known(repo, environment).into_iter().collect();
    match (known.as_slice(), choose) {
        _ if all && !repo.is_first(environment) => Ok(known),
        ([], _) => Err(nothing_versioned(environment_name, repo, environment)),
        ([_], _) => Ok(known),
        _ if all => Ok(known),
        (_, Some(choose)) => choose(&known),
        ([first, ..], None) => Err(several(environment_name, first, &known)),
    }
}

/// The families of an environment, and those that it could take over for the first time.
fn known(repo: &Repo, environment: EnvironmentId) -> BTreeSet<Family> {
    let own = repo.families_of(environment).into_keys().map(Family::from);
    let name = &repo.environments[environment].name;
    let next = outlook(repo, None, DateTime::<Utc>::MIN_UTC).into_iter();
    let next = next
        .filter(|one| one.subject.environment == *name && matches!(one.next, Next::Take { .. }));
    own.chain(next.map(|one| one.subject.family)).collect()
}

fn nothing_versioned(name: &str, repo: &Repo, environment: EnvironmentId) -> Failure {
    let plain = repo.all_families_of(environment).into_keys();
    let plain: Vec<&str> = plain.filter(|name| !repo.config.is_external(name, None)).collect();
    let text = format!("`{name}` has no versioned secret yet");
    let help = if plain.is_empty() {
        "nothing there names a secret; `rotate refs` shows what is found".to_owned()
    } else {
        format!("name one to give it its first version: {}", plain.join(", "))
    };
    Failure::usage(Message::new(text).help(help))
}

fn several(environment: &str, first: &Family, known: &[Family]) -> Failure {
    let text = format!("`{environment}` has {} families: {}", known.len(), known.join(", "));
    let bump = command("rotate bump", &[environment, first], "");
    let help = format!("name one: `{bump}`, or use `--all`");
    Failure::usage(Message::new(text).help(help))
}

/// Each name once, in the order in which they were given.
#[must_use]
pub fn unique(names: &[Family]) -> Vec<Family> {
    let mut unique: Vec<Family> = Vec::new();
    for name in names {
        if !unique.contains(name) {
            unique.push(name.clone());
        }
    }
    unique
}
