//! Holds in `rotate.yaml`: written by a rollback, taken out when they are lifted.

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
use crate::yaml::edit::EditError;
use crate::yaml::edit::append::append_item;
use crate::yaml::edit::insert::insert_entry;
use crate::yaml::edit::remove::{remove_entry, remove_item};
use crate::yaml::edit::rewrite::rewrite;
use crate::yaml::node::{Node, Style};
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
    /// The version that the environment stays on, or `plain`.
    pub version: String,
    /// Why; added to the reason of a hold that is there.
    pub reason: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// The change of `rotate.yaml` that writes a hold. One on the same family there is edited in place and keeps its reason,
/// its comments and its layout.
///
/// # Errors
/// When the settings are not the tree's own, or the file cannot be edited.
pub fn put(repo: &Repo, hold: &NewHold) -> Result<FileChange, PlanError> {
    let known = repo.config.hold(&hold.environment, &hold.family);
    let reason = reason(known.and_then(|known| known.reason.as_deref()), hold.reason.as_deref());
    let since = hold.since.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut fields = vec![("version", hold.version.clone())];
    fields.extend(reason.map(|reason| ("reason", reason)));
    fields.push(("since", since));
    let edit = |source: Arc<Source>| match known {
        Some(_) => replaced(&source, hold, &fields).map(Some),
        None => added(&source, hold, &fields).map(Some),
    };
    change(repo, edit)?.ok_or_else(|| fault("there is nothing to write".to_owned()))
}

/// What a hold says of its reason, when another follows the first.
fn reason(first: Option<&str>, next: Option<&str>) -> Option<String> {
    match (first, next) {
        (Some(first), Some(next)) if !first.contains(next) => Some(format!("{first}; {next}")),
        (Some(one), _) | (None, Some(one)) => Some(one.to_owned()),
        (None, None) => None,
    }
}

/// A key of a hold as YAML writes it: people's words always in quotes.
fn spelled(key: &str, value: &str) -> String {
    let text = serde_json::Value::from(value).to_string();
    if key == "since" { value.to_owned() } else { text }
}

/// The text with one hold more.
fn added(
    source: &Arc<Source>,
    hold: &NewHold,
    fields: &[(&str, String)],
) -> Result<String, String> {
    let (version, rest) = fields.split_first().ok_or("it has no version")?;
    let named = [("secret", hold.family.clone()), version.clone()];
    let named = named.into_iter().chain([("environment", hold.environment.clone())]);
    let lines = named.chain(rest.iter().cloned());
    let lines: Vec<String> =
        lines.map(|(key, value)| format!("{key}: {}", spelled(key, &value))).collect();
    let item = lines.join("\n");
    if source.text().trim().is_empty() {
        return Ok(format!("{KEY}:\n  - {}\n", item.replace('\n', "\n    ")));
    }
    edited(source, |root| {
        append_item(root, &Path(vec![Step::Key(KEY.into())]), &item)
            .map_err(|error| error.to_string())
    })
}

/// The text with other values in a hold that is there.
fn replaced(
    source: &Arc<Source>,
    hold: &NewHold,
    fields: &[(&str, String)],
) -> Result<String, String> {
    let mut source = Arc::clone(source);
    for (key, value) in fields {
        let text = edited(&source, |root| {
            let index = position(root, &hold.environment, &hold.family).ok_or("it is gone")?;
            let path = Path(vec![Step::Key(KEY.into()), Step::Index(index)]);
            let item = path.follow(root).ok_or("it is gone")?;
            let edit = match item.get(key) {
                Some(node) => other(node, value),
                None => insert_entry(root, &path, key, &spelled(key, value), None),
            };
            edit.map_err(|error| error.to_string())
        })?;
        source = Source::file(source.path().clone(), text);
    }
    Ok(source.text().to_owned())
}

/// Another value for a scalar, without quotes where it has none: every reader of `rotate.yaml` takes it for a text.
fn other(node: &Node, value: &str) -> Result<Edit, EditError> {
    let plain = node.scalar().is_some_and(|scalar| scalar.style == Style::Plain);
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':');
    match &node.origin {
        Some(origin) if plain && value.chars().all(is_word) => {
            Ok(Edit { span: origin.span, text: value.to_owned() })
        }
        _ => rewrite(node, value),
    }
}

/// Which of the holds is on a family in an environment.
fn position(root: &Node, environment: &str, family: &str) -> Option<usize> {
    let says = |item: &Node, key: &str, text: &str| item.get(key).and_then(Node::str) == Some(text);
    let meant =
        |item: &Node| says(item, "secret", family) && says(item, "environment", environment);
    root.get(KEY).map(Node::items).unwrap_or_default().iter().position(meant)
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

/// Whether a file is the tree's settings.
pub(super) fn is_settings(path: &TreePath) -> bool {
    path.as_str() == CONFIG
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
    let Some(index) = position(&document.root, environment, family) else { return Ok(None) };
    let edit = if document.root.get(KEY).map(Node::items).unwrap_or_default().len() == 1 {
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
    fn a_hold_is_replaced_where_it_is() {
        let other = "  # another one\n  - { secret: other, version: \"20250101000000\", environment: production }\n";
        let text = format!("{WRITTEN}{other}");
        let change = put(&repo(Some(&text)), &hold("20250601000000", None)).unwrap();
        let wanted = text.replace("20250602090000", "20250601000000");
        assert_eq!(told(&change), wanted);
        // Comments and layout stay; what is missing is added.
        let text = "holds: # ours\n- { environment: production, secret: auth, version: '20250602090000' } # ask first\n";
        let change = put(&repo(Some(text)), &hold("plain", Some("it \"fails\""))).unwrap();
        assert_eq!(
            told(&change),
            "holds: # ours\n- { environment: production, secret: auth, version: 'plain', reason: \"it \\\"fails\\\"\", since: \"2025-08-20T11:00:00Z\" } # ask first\n"
        );
    }

    #[test]
    fn the_first_reason_is_kept() {
        for (first, next, kept) in [
            (Some("slow"), Some("it leaks"), Some("slow; it leaks")),
            (Some("slow"), Some("slow"), Some("slow")),
            (Some("slow"), None, Some("slow")),
            (None, Some("it leaks"), Some("it leaks")),
            (None, None, None),
        ] {
            assert_eq!(super::reason(first, next).as_deref(), kept);
        }
    }
}
