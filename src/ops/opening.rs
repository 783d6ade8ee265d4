//! How a tree is opened: its settings, its lock, what an interrupted run left.

use std::path::Path;
use std::sync::Arc;

use crate::config::error::ConfigError;
use crate::config::parse;
use crate::config::place::At;
use crate::config::settings::Config;
use crate::disk::locate::{CONFIG, canonical};
use crate::disk::site::Site;
use crate::disk::tree::{DiskTree, read_file};
use crate::disk::write::{Recovered, Writer};
use crate::git::repository::Git;
use crate::ops::events::Events;
use crate::ops::failure::Failure;
use crate::ops::message::Message;
use crate::ops::session::BeforeStep;
use crate::repo::Repo;
use crate::text::nearest::nearest;
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::tree::memory::may_hold_manifests;
use crate::tree::{ReadError, Tree as _};

/// Where the journal and the lock of a tree are.
pub(super) fn site(git: Option<&Git>, root: &Path) -> Result<Site, Failure> {
    Ok(match git {
        Some(git) => Site::in_git(git.work_tree(), git.prefix().clone(), git.git_dir()),
        None => Site::plain(root)?,
    })
}

/// Takes the lock, and reports how an interrupted run was resolved.
pub(super) fn open_writer(
    site: &Site,
    mut before_step: BeforeStep,
    events: &dyn Events,
) -> Result<Writer, Failure> {
    let (writer, recovered) = Writer::open_with(site, &mut before_step)?;
    match recovered {
        Recovered::Nothing => {}
        Recovered::Finished => events.info("Completed an interrupted run first."),
        Recovered::TakenBack => {
            events.info("Undid an interrupted run first.");
        }
    }
    Ok(writer)
}

/// The settings: of the file that was named, or of the tree's own, if it has one.
pub(super) fn read_config(
    named: Option<&Path>,
    start: &Path,
    tree: &DiskTree,
) -> Result<Option<Config>, Failure> {
    let source = match named {
        Some(file) => return named_config(&start.join(file), tree).map(Some),
        None => {
            let path = TreePath::root().join(CONFIG).unwrap_or_else(TreePath::root);
            match tree.entry(&path) {
                Ok((path, _)) => tree.source(&path)?,
                Err(ReadError::Missing(_)) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    };
    Ok(Some(parse::parse(&source)?))
}

/// What a sparse checkout hides of the manifests.
pub(super) fn left_out(git: Option<&Git>) -> Option<Message> {
    let mut hidden = git?.left_out().filter(|path| may_hold_manifests(path));
    let first = hidden.next()?;
    let more = match hidden.count() {
        0 => String::new(),
        1 => " and another file".to_owned(),
        many => format!(" and {many} more files"),
    };
    let text = format!(
        "the sparse checkout leaves out `{first}`{more}, so what they name, and who shares what is here, is not known"
    );
    Some(Message::new(text).help("`git sparse-checkout disable` brings them back"))
}

/// Settings of trees below this one, which are not read for it.
pub(super) fn nested(tree: &DiskTree) -> Option<Message> {
    let mut nested = tree
        .files()
        .iter()
        .filter(|path| path.name() == CONFIG && !path.parent().as_str().is_empty());
    let first = nested.next()?;
    let text = format!(
        "`{first}` is ignored here: its holds and environments apply only with `-C {}`",
        first.parent()
    );
    Some(Message::new(text).help(format!("move what it says into the {CONFIG} at the tree's root")))
}

/// The settings of a file that was named, under its path in the tree if it is one of its files.
fn named_config(file: &Path, tree: &DiskTree) -> Result<Config, Failure> {
    let source = read_file(file)?;
    let real = canonical(file)?;
    let inside = real.strip_prefix(tree.root()).ok().and_then(TreePath::of_system);
    let is_outside = inside.is_none();
    let source =
        inside.map_or_else(|| Arc::clone(&source), |path| Source::file(path, source.text()));
    Ok(Config { is_outside, ..parse::parse(&source)? })
}

/// Refuses holds on unknown environments, since they would silently have no effect.
pub(super) fn known_holds(repo: &Repo) -> Result<(), ConfigError> {
    for (item, hold) in repo.config.holds.iter().enumerate() {
        let name = &hold.environment;
        if repo.environments.iter().any(|one| one.name == *name) {
            continue;
        }
        let known = repo.environments.iter().map(|one| one.name.as_str());
        let help = nearest(name, known).map(|near| format!("did you mean `{near}`?"));
        let path = [At::Value("holds"), At::Item(item), At::Value("environment")];
        let text = format!("there is no environment `{name}`");
        return Err(repo.config.error(&path, text, help));
    }
    Ok(())
}
