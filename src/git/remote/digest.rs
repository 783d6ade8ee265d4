//! A digest of a commit's change, in a trailer, to tell whether somebody amended a commit of ours.

use git2::{Oid, Repository};

/// The trailer that tells an amended commit from one of ours.
pub(super) const DIGEST: &str = "Rotate-Digest: ";

/// Whether a commit is one of ours and unmodified, or a merge without manual changes.
pub(super) fn is_ours(
    repository: &Repository,
    commit: &git2::Commit<'_>,
) -> Result<bool, git2::Error> {
    match commit.parent_count() {
        1 => {
            let message = commit.message().unwrap_or_default();
            let describe = message.lines().find_map(|line| line.strip_prefix(DIGEST));
            let is = digest(repository, &commit.parent(0)?.tree()?, &commit.tree()?)?;
            Ok(describe == Some(&*is.to_string()))
        }
        2 => {
            let (into, from) = (commit.parent(0)?, commit.parent(1)?);
            let mut index = repository.merge_commits(&into, &from, None)?;
            Ok(!index.has_conflicts() && index.write_tree_to(repository)? == commit.tree_id())
        }
        _ => Ok(false),
    }
}

/// Identifies a change by its paths and its lines with their context. Other changes to the same files do not
/// matter: a branch that was brought up to date still has the same digest.
pub(super) fn digest(
    repository: &Repository,
    before: &git2::Tree<'_>,
    after: &git2::Tree<'_>,
) -> Result<Oid, git2::Error> {
    let mut options = git2::DiffOptions::new();
    options.force_text(true).context_lines(3);
    let difference = repository.diff_tree_to_tree(Some(before), Some(after), Some(&mut options))?;
    let mut text = Vec::new();
    difference.print(git2::DiffFormat::Patch, |delta, _, line| {
        let file = delta.new_file();
        match line.origin() {
            'F' => {
                let path = file.path_bytes().or_else(|| delta.old_file().path_bytes());
                text.push(0);
                text.extend(path.unwrap_or_default());
                text.extend(i32::from(file.mode()).to_be_bytes());
            }
            // Skips the hunk headers, which contain line numbers.
            'H' => {}
            origin => {
                text.extend(origin.to_string().bytes());
                text.extend(line.content());
            }
        }
        true
    })?;
    Oid::hash_object(git2::ObjectType::Blob, &text)
}
