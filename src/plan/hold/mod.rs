//! Holds in `rotate.yaml`: added by a rollback, removed when they are lifted.

#[cfg(test)]
mod tests;
mod text;

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::config::parse::parse as parse_config;
use crate::config::settings::{Config, Hold};
use crate::plan::FileChange;
use crate::plan::refusal::PlanError;
use crate::repo::Repo;
use crate::repo::subject::Subject;
use crate::text::path::TreePath;
use crate::text::source::Source;

/// Where the settings are, in a tree.
const CONFIG: &str = "rotate.yaml";

/// A hold to write.
#[derive(Debug, Clone)]
pub struct NewHold {
    /// The family and the environment.
    pub subject: Subject,
    /// The version that the environment stays on, or `plain`.
    pub version: String,
    /// The reason; appended to that of an existing hold.
    pub reason: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// The change of the settings that writes a hold. One on the same family there is edited in place and keeps its reason,
/// its comments and its layout; where there are several, the first one takes over what the others say.
///
/// # Errors
/// When the settings are not the tree's own, or the file cannot be edited.
pub fn put(repo: &Repo, hold: &NewHold) -> Result<FileChange, PlanError> {
    let config = &repo.config;
    let reason = whole_reason(config, hold);
    let since = DateTime::from_timestamp(hold.since.timestamp(), 0).unwrap_or(hold.since);
    let mut fields = vec![("version", hold.version.clone())];
    fields.extend(reason.clone().map(|reason| ("reason", reason)));
    fields.push(("since", since.to_rfc3339_opts(SecondsFormat::Secs, true)));
    let Subject { environment, family } = &hold.subject;
    let mut wanted = others(config, &hold.subject);
    let known = config.holds.iter().position(|one| is_on(one, &hold.subject));
    let old = known.and_then(|index| config.holds[index].reason.clone());
    let new = Hold {
        secret: family.to_string(),
        version: hold.version.clone(),
        environment: environment.clone(),
        reason: reason.or(old),
        since: Some(since),
    };
    wanted.insert(known.unwrap_or(wanted.len()), new);
    let on = (environment.as_str(), family.as_str());
    let edit = |source: Arc<Source>| match known {
        Some(_) => text::replaced(&source, on, &fields),
        None => text::added(&source, on, &fields),
    };
    let help = "`--no-hold` goes back without one; then write the hold by hand";
    change(repo, edit, &wanted)
        .map_err(|reason| fault(config, "a hold cannot be written into", reason, help))
}

/// Whether a hold needs no change: the only existing one already has the version and the reason.
#[must_use]
pub fn is_there(repo: &Repo, hold: &NewHold) -> bool {
    let Subject { environment, family } = &hold.subject;
    let known: Vec<&Hold> = repo.config.holds_on(environment, family).collect();
    let [known] = known.as_slice() else { return false };
    let tells = |reason: &String| known.reason.as_ref() == Some(reason);
    known.version == hold.version && whole_reason(&repo.config, hold).as_ref().is_none_or(tells)
}

/// The change of the settings that removes every hold on a family; `None` if there is none.
///
/// # Errors
/// When the settings are not the tree's own, or the file cannot be edited.
pub fn lift(repo: &Repo, subject: &Subject) -> Result<Option<FileChange>, PlanError> {
    let config = &repo.config;
    let Subject { environment, family } = subject;
    if config.hold(environment, family).is_none() {
        return Ok(None);
    }
    let edit = |source: Arc<Source>| text::without(&source, (environment, family));
    let help = "remove the hold by hand, and run the command again without `--lift-hold`";
    let wanted = others(config, subject);
    change(repo, edit, &wanted)
        .map(Some)
        .map_err(|reason| fault(config, "a hold cannot be removed from", reason, help))
}

/// Whether a file is the tree's settings.
pub(super) fn is_settings(repo: &Repo, path: &TreePath) -> bool {
    file(&repo.config).is_some_and(|own| own == *path)
}

/// The file of the tree that holds are written into; `None` where the settings come from outside of it.
fn file(config: &Config) -> Option<TreePath> {
    if config.is_outside {
        return None;
    }
    let own = config.source.as_ref().map(|source| source.path().clone());
    own.or_else(|| TreePath::root().join(CONFIG))
}

fn is_on(hold: &Hold, subject: &Subject) -> bool {
    hold.environment == subject.environment && subject.family == *hold.secret
}

/// The holds on anything else.
fn others(config: &Config, subject: &Subject) -> Vec<Hold> {
    let others = config.holds.iter().filter(|one| !is_on(one, subject));
    others.cloned().collect()
}

/// Every reason that the holds there have, and the new one.
fn whole_reason(config: &Config, hold: &NewHold) -> Option<String> {
    let Subject { environment, family } = &hold.subject;
    let known = config.holds_on(environment, family);
    let reasons = known.map(|one| one.reason.as_deref()).chain([hold.reason.as_deref()]);
    reasons.fold(None, |first, next| reason(first.as_deref(), next))
}

/// The reason of a hold, with another one appended to the first.
fn reason(first: Option<&str>, next: Option<&str>) -> Option<String> {
    let said = |text: &&str| !text.trim().is_empty();
    let Some(first) = first.filter(said) else { return next.filter(said).map(str::to_owned) };
    let body = first.trim_end();
    let tells = |next: &&str| !format!("; {body}; ").contains(&format!("; {}; ", next.trim()));
    let Some(next) = next.filter(said).filter(tells) else { return Some(first.to_owned()) };
    // A block of lines ends with a line break, and stays one.
    Some(format!("{body}; {}{}", next.trim(), &first[body.len()..]))
}

/// Edits the tree's own settings, parses them again, and checks that only the holds on the family differ.
fn change(
    repo: &Repo,
    edit: impl FnOnce(Arc<Source>) -> Result<String, String>,
    wanted: &[Hold],
) -> Result<FileChange, String> {
    let config = &repo.config;
    let path = file(config).ok_or("it is not a file of the tree")?;
    let before = config.source.clone();
    if let Some(source) = &before {
        let here = repo.library.tree().source(&path).ok();
        if here.is_none_or(|here| here.text() != source.text()) {
            return Err("the settings were read from another version of the file".to_owned());
        }
    }
    let source = before.clone().unwrap_or_else(|| Source::file(path.clone(), ""));
    let after = edit(source)?;
    let read = parse_config(&Source::file(path.clone(), after.as_str()));
    let read =
        read.map_err(|error| format!("the file would not be readable: {}", error.message))?;
    if !same(&read, config, wanted) {
        return Err("something else in the file would read differently".to_owned());
    }
    // Empty settings need no file.
    let says_nothing = matches!(after.trim(), "" | "{}");
    Ok(FileChange { path, before, after: (!says_nothing).then_some(after) })
}

/// Whether settings differ only in their holds, and have the wanted ones.
fn same(read: &Config, config: &Config, wanted: &[Hold]) -> bool {
    let Config { environments, secrets, external, references, lint, .. } = config;
    read.holds == wanted
        && read.environments == *environments
        && read.secrets == *secrets
        && read.external == *external
        && read.references == *references
        && read.lint == *lint
}

fn fault(config: &Config, task: &'static str, reason: String, help: &'static str) -> PlanError {
    let file = config.source.as_ref().map_or(CONFIG, |source| source.path().display());
    PlanError::Settings { task, file: file.into(), reason: reason.into(), help }
}
