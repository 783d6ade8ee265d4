//! Removed stubs, as they were when they last existed.

use std::collections::BTreeMap;

use crate::config::settings::Config;
use crate::git::repository::Git;
use crate::repo::Repo;
use crate::repo::subject::Subject;
use crate::text::path::TreePath;
use crate::timeline::repo_at_commit::RepoAtCommit;
use crate::timeline::walk::WalkError;

/// The directory and text of each stub of a version, at the last commit of the mainline that has any.
///
/// # Errors
/// When Git cannot be read, or the newest state does not match its settings.
pub fn last(
    git: &Git,
    mainline: Option<&str>,
    settings: &Config,
    subject: &Subject,
    version: &str,
) -> Result<BTreeMap<TreePath, String>, WalkError> {
    let mut line = git.line(mainline)?;
    let Some(snapshot) = line.snapshot()? else { return Ok(BTreeMap::new()) };
    let mut past = RepoAtCommit::new(git, snapshot, settings, None)?;
    loop {
        let found = stubs(&past.repo, subject, version);
        if !found.is_empty() {
            return Ok(found);
        }
        // Only a commit that changes something can have them.
        loop {
            let Some(step) = line.step()?.filter(|step| step.has_parent) else {
                return Ok(BTreeMap::new());
            };
            if past.go_back(step.before) {
                break;
            }
        }
    }
}

fn stubs(repo: &Repo, subject: &Subject, version: &str) -> BTreeMap<TreePath, String> {
    let mut texts = BTreeMap::new();
    let Ok(environment) = repo.environment(&subject.environment) else { return texts };
    let Some(state) = repo.family(environment, &subject.family) else { return texts };
    for id in state.stubs.get(version).into_iter().flatten() {
        let (root, provider) = repo.provider(*id);
        let Some(place) = root.object_that_provides(provider).node.origin.as_ref() else {
            continue;
        };
        let (source, span) = place.source.nearest(place.span());
        let documents =
            repo.library.stream(source.path()).map_or(0, |stream| stream.documents.len());
        let text = if documents == 1 { source.text() } else { source.slice(span) };
        let mut text = text.to_owned();
        if !text.ends_with('\n') {
            text.push('\n');
        }
        texts.insert(source.path().parent(), text);
    }
    texts
}
