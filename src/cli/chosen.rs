//! The families that a bump is for.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;

use chrono::{DateTime, Utc};

use crate::cli::writing::unique;
use crate::ops::failure::Failure;
use crate::ops::message::Message;
use crate::repo::Repo;
use crate::report::console::Console;
use crate::timeline::outlook::{Next, outlook};

/// The families that were named, all of them, the only one, or the one that a person chooses.
///
/// # Errors
/// When there is none, or several of which none was chosen.
pub(super) fn families(
    (environment_name, named, all): (&str, &[String], bool),
    repo: &Repo,
    console: &Console,
) -> Result<Vec<String>, Failure> {
    if !named.is_empty() {
        return Ok(unique(named));
    }
    let environment = repo.environment(environment_name)?;
    let known: Vec<String> = known(repo, environment).into_iter().collect();
    match known.as_slice() {
        _ if all && !repo.is_first(environment) => Ok(known),
        [] => Err(nothing_versioned(environment_name, repo, environment)),
        [_] => Ok(known),
        _ if all => Ok(known),
        _ if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() => {
            choose(&known, console)
        }
        [first, ..] => Err(several(environment_name, first, &known)),
    }
}

/// The families of an environment, and those that it could take over for the first time.
fn known(repo: &Repo, environment: usize) -> BTreeSet<String> {
    let own = repo.families_of(environment).into_keys().map(str::to_owned);
    let name = &repo.environments[environment].name;
    let next = outlook(repo, None, DateTime::<Utc>::MIN_UTC).into_iter();
    let next = next.filter(|one| one.environment == *name && matches!(one.next, Next::Take { .. }));
    own.chain(next.map(|one| one.family)).collect()
}

fn nothing_versioned(name: &str, repo: &Repo, environment: usize) -> Failure {
    let plain: Vec<&str> = repo.all_families_of(environment).into_keys().collect();
    let text = format!("`{name}` has no versioned secret yet");
    let help = if plain.is_empty() {
        "nothing there names a secret; `rotate refs` shows what is found".to_owned()
    } else {
        format!("name one to give it its first version: {}", plain.join(", "))
    };
    Failure::usage(Message::new(text).help(help))
}

fn several(environment: &str, first: &str, known: &[String]) -> Failure {
    let text = format!("`{environment}` has {} families: {}", known.len(), known.join(", "));
    let help = format!("name one: `rotate bump {environment} {first}`, or take `--all`");
    Failure::usage(Message::new(text).help(help))
}

fn choose(known: &[String], console: &Console) -> Result<Vec<String>, Failure> {
    for (index, family) in known.iter().enumerate() {
        console.complain(&format!("{:>3}  {family}", index + 1));
    }
    let answer = console.ask(&format!("Which family (1-{}, a name, or `all`)?", known.len()));
    let answer = answer.unwrap_or_default();
    if answer == "all" {
        return Ok(known.to_vec());
    }
    let by_number = answer.parse::<usize>().ok().and_then(|n| known.get(n.checked_sub(1)?));
    let chosen = by_number.or_else(|| known.iter().find(|family| **family == answer));
    chosen.map(|family| vec![family.clone()]).ok_or_else(|| {
        Failure::usage(Message::new(format!("`{answer}` is none of these families")))
    })
}
