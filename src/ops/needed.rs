//! Files that are not committed yet and that the result of a change needs: without them, what is committed would name a
//! secret that nothing makes.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::ops::change::Change;
use crate::ops::failure::Failure;
use crate::ops::message::Message;
use crate::ops::session::Session;
use crate::plan::FileChange;
use crate::plan::batch::overlay;
use crate::repo::environment::EnvironmentId;
use crate::repo::provision::Provision;
use crate::repo::subject::Subject;
use crate::repo::{Repo, Scope};
use crate::text::path::TreePath;

/// The untracked files that belong into the commit of a change, so that every new reference has its provider there. `after`
/// is the tree with the change, as it is on disk otherwise.
///
/// # Errors
/// When a tracked file with uncommitted changes is needed and not allowed, or Git cannot tell.
pub(super) fn needed(
    session: &Session,
    after: &Repo,
    change: &Change,
    allows_dirty: bool,
) -> Result<Vec<TreePath>, Failure> {
    let Some(secret) = &change.needs else { return Ok(Vec::new()) };
    let Some(git) = session.git().filter(|git| !git.head_is_unborn()) else {
        return Ok(Vec::new());
    };
    let environment = after.environment(&change.subject.environment)?;
    let mut files = makers(after, environment, secret);
    files.retain(|file| change.files.iter().all(|changed| changed.path != *file));
    let files: Vec<TreePath> = files.into_iter().collect();
    let (tracked, mut untracked): (Vec<TreePath>, Vec<TreePath>) =
        git.uncommitted(&files)?.into_iter().partition(|file| git.is_tracked(file));
    if tracked.is_empty() {
        return Ok(untracked);
    }
    let committed = committed(session, after, &change.files, &untracked)?;
    if committed.is_some_and(|committed| is_provided(&committed, &change.subject, secret)) {
        return Ok(untracked);
    }
    if !allows_dirty {
        let names: Vec<&str> = tracked.iter().map(TreePath::as_str).collect();
        let text = format!(
            "nothing committed provides `{secret}`: its provider is among the uncommitted changes in {}; nothing was written",
            names.join(", ")
        );
        let help = "commit them first, or use `--allow-dirty` to include them in this commit";
        return Err(Failure::usage(Message::new(text).help(help)));
    }
    untracked.extend(tracked);
    Ok(untracked)
}

/// The files that the providers of a secret in an environment are made from: their own, and the kustomizations that list them.
fn makers(repo: &Repo, environment: EnvironmentId, secret: &str) -> BTreeSet<TreePath> {
    let mut files = BTreeSet::new();
    for provision in repo.providers_of(Some(environment), None, secret) {
        let Provision::Provider(id) = provision else { continue };
        let (root, provider) = repo.provider(id);
        let origin = root.object_that_provides(provider).node.origin.as_ref();
        files.extend(origin.map(|origin| origin.near_in_file().source.path().clone()));
        files.extend(root.kustomizations().cloned());
    }
    files
}

/// The last commit with these changes and files; `None` where it cannot be loaded.
fn committed(
    session: &Session,
    after: &Repo,
    changes: &[FileChange],
    more: &[TreePath],
) -> Result<Option<Repo>, Failure> {
    let Some(head) = session.base("HEAD", None)? else { return Ok(None) };
    let mut all = changes.to_vec();
    for path in more {
        let text = after.library.tree().source(path)?.text().to_owned();
        all.push(FileChange { path: path.clone(), before: None, after: Some(text) });
    }
    let tree = Arc::new(overlay(&head, &all));
    let (config, renders) = (Some(after.config.clone()), session.renders.clone());
    Ok(Repo::load_rendering(tree, config, Scope::Everything, renders).ok())
}

/// Whether every reference to the new name has a provider.
fn is_provided(repo: &Repo, subject: &Subject, secret: &str) -> bool {
    let Ok(environment) = repo.environment(&subject.environment) else { return false };
    repo.roots_of(environment).all(|(_, root)| {
        let named = root.references.iter().filter(|reference| reference.secret() == secret);
        named.into_iter().all(|reference| {
            let namespace = root.namespace_of(reference);
            !repo.providers_of(Some(environment), namespace, secret).is_empty()
        })
    })
}
