//! Holds in `rotate.yaml`: written by a rollback, taken out when they are lifted.

use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::config::parse::parse as parse_config;
use crate::config::settings::Config;
use crate::plan::FileChange;
use crate::plan::refusal::PlanError;
use crate::repo::Repo;
use crate::text::edit::{Edit, apply};
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::yaml::edit::append::append_item;
use crate::yaml::edit::remove::{remove_entry, remove_item};
use crate::yaml::node::Node;
use crate::yaml::parse::parse;
use crate::yaml::path::{Path, Step};

/// Where the settings are, in a tree.
const CONFIG: &str = "rotate.yaml";
const KEY: &str = "holds";

/// A hold to write.
#[derive(Debug, Clone)]
pub struct NewHold {
    /// The environment.
    pub environment: String,
    /// The family.
    pub family: String,
    /// The version that the environment stays on.
    pub version: String,
    /// Why.
    pub reason: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// The change of `rotate.yaml` that writes a hold, in place of one on the same family there.
///
/// # Errors
/// When the settings are not the tree's own, or the file cannot be edited.
pub fn put(repo: &Repo, hold: &NewHold) -> Result<FileChange, PlanError> {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let mut item = format!(
        "secret: {}\nversion: \"{}\"\nenvironment: {}\n",
        text(&hold.family),
        hold.version,
        text(&hold.environment)
    );
    if let Some(reason) = &hold.reason {
        let _ = writeln!(item, "reason: {}", text(reason));
    }
    let since = hold.since.to_rfc3339_opts(SecondsFormat::Secs, true);
    let _ = write!(item, "since: {since}");
    let edit = |source: Arc<Source>| {
        let source = match without(&source, &hold.environment, &hold.family)? {
            Some(text) => Source::file(source.path().clone(), text),
            None => source,
        };
        if source.text().trim().is_empty() {
            let indented = item.replace('\n', "\n    ");
            return Ok(Some(format!("{KEY}:\n  - {indented}\n")));
        }
        edited(&source, |root| {
            append_item(root, &Path(vec![Step::Key(KEY.into())]), &item)
                .map_err(|error| error.to_string())
        })
        .map(Some)
    };
    change(repo, edit)?.ok_or_else(|| fault("there is nothing to write".to_owned()))
}

/// The change of `rotate.yaml` that takes a hold out; `None` when there is none.
///
/// # Errors
/// When the settings are not the tree's own, or the file cannot be edited.
pub fn lift(repo: &Repo, environment: &str, family: &str) -> Result<Option<FileChange>, PlanError> {
    if repo.config.hold(environment, family).is_none() {
        return Ok(None);
    }
    change(repo, |source| without(&source, environment, family))
}

/// Edits the tree's own settings, and reads them again.
fn change(
    repo: &Repo,
    edit: impl FnOnce(Arc<Source>) -> Result<Option<String>, String>,
) -> Result<Option<FileChange>, PlanError> {
    let path = TreePath::root().join(CONFIG).unwrap_or_else(TreePath::root);
    let before = repo.config.source.clone();
    if before.as_ref().is_some_and(|source| *source.path() != path) {
        let text = format!("the settings come from another file than the tree's own {CONFIG}");
        return Err(fault(text));
    }
    let source = before.clone().unwrap_or_else(|| Source::file(path.clone(), ""));
    let Some(after) = edit(source).map_err(fault)? else { return Ok(None) };
    let read: Result<Config, _> = parse_config(&Source::file(path.clone(), after.as_str()));
    read.map_err(|error| fault(error.message))?;
    // Settings that say nothing need no file.
    let says_nothing = matches!(after.trim(), "" | "{}");
    Ok(Some(FileChange { path, before, after: (!says_nothing).then_some(after) }))
}

/// The text without the hold on a family; `None` when there is none.
fn without(
    source: &Arc<Source>,
    environment: &str,
    family: &str,
) -> Result<Option<String>, String> {
    if source.text().trim().is_empty() {
        return Ok(None);
    }
    let stream = parse(source).map_err(|error| error.to_string())?;
    let Some(document) = stream.documents.first() else { return Ok(None) };
    let holds = document.root.get(KEY).map(Node::items).unwrap_or_default();
    let says = |item: &Node, key: &str, text: &str| item.get(key).and_then(Node::str) == Some(text);
    let meant =
        |item: &Node| says(item, "secret", family) && says(item, "environment", environment);
    let Some(index) = holds.iter().position(meant) else { return Ok(None) };
    let edit = if holds.len() == 1 {
        remove_entry(&document.root, &Path(Vec::new()), KEY)
    } else {
        remove_item(&document.root, &Path(vec![Step::Key(KEY.into())]), index)
    };
    let edit = edit.map_err(|error| error.to_string())?;
    apply(source.text(), &[edit]).map(Some).map_err(|error| error.to_string())
}

fn edited(
    source: &Arc<Source>,
    edit: impl FnOnce(&Node) -> Result<Edit, String>,
) -> Result<String, String> {
    let stream = parse(source).map_err(|error| error.to_string())?;
    let document = stream.documents.first().ok_or("it has no document")?;
    let edit = edit(&document.root)?;
    apply(source.text(), &[edit]).map_err(|error| error.to_string())
}

fn fault(reason: String) -> PlanError {
    PlanError::Settings { reason }
}

#[cfg(test)]
mod tests {
    use super::{NewHold, lift, put};
    use crate::config::parse::parse;
    use crate::plan::FileChange;
    use crate::repo::testing::{deployment, path, tree};
    use crate::repo::{Repo, Scope};
    use crate::text::tree::Tree as _;

    fn repo(settings: Option<&str>) -> Repo {
        let web = deployment("web", "auth-20250602090000");
        let mut files = vec![("production/web.yaml", web.as_str())];
        files.extend(settings.map(|text| ("rotate.yaml", text)));
        let tree = tree(&files);
        let config = settings.map(|_| parse(&tree.source(&path("rotate.yaml")).unwrap()).unwrap());
        Repo::load(tree, config, Scope::Everything).unwrap()
    }

    fn told(change: &FileChange) -> &str {
        change.after.as_deref().unwrap()
    }

    fn hold(version: &str, reason: Option<&str>) -> NewHold {
        NewHold {
            environment: "production".to_owned(),
            family: "auth".to_owned(),
            version: version.to_owned(),
            reason: reason.map(str::to_owned),
            since: "2025-08-20T11:00:00Z".parse().unwrap(),
        }
    }

    const WRITTEN: &str = "holds:
  - secret: \"auth\"
    version: \"20250602090000\"
    environment: \"production\"
    reason: \"logins: 401\"
    since: 2025-08-20T11:00:00Z
";

    #[test]
    fn writes_a_hold_and_takes_it_out_again() {
        let new = put(&repo(None), &hold("20250602090000", Some("logins: 401"))).unwrap();
        assert!(new.before.is_none());
        assert_eq!(told(&new), WRITTEN);
        let settings =
            "# Ours.\nexternal:\n  - { name: pull, namespace: \"*\", reason: by hand } # later\n";
        let change =
            put(&repo(Some(settings)), &hold("20250602090000", Some("logins: 401"))).unwrap();
        assert_eq!(told(&change), format!("{settings}{WRITTEN}"));
        let held = repo(Some(told(&change)));
        let lifted = lift(&held, "production", "auth").unwrap().unwrap();
        assert_eq!(told(&lifted), settings);
        assert!(lift(&held, "staging", "auth").unwrap().is_none());
    }

    #[test]
    fn a_hold_takes_the_place_of_the_one_before() {
        let text = format!(
            "{WRITTEN}  # another one\n  - {{ secret: other, version: \"20250101000000\", environment: production }}\n"
        );
        let change = put(&repo(Some(&text)), &hold("20250601000000", None)).unwrap();
        let config = repo(Some(told(&change))).config;
        assert_eq!(config.holds.len(), 2);
        assert_eq!(config.hold("production", "auth").unwrap().version, "20250601000000");
        assert!(told(&change).contains("# another one"), "{}", told(&change));
    }
}
