//! Where a directory was before the commit that moved it.

use std::collections::BTreeMap;

use git2::{Delta, DiffFindOptions, DiffOptions, Oid, Repository};

use crate::text::path::TreePath;

/// How many files a commit may move for what moved where to be worked out from their contents, too.
const MOST: usize = 4000;

/// The path that a directory has in the first parent of a commit: another one where that has no such directory and most files of
/// it come from there.
pub(super) fn before(
    repository: &Repository,
    commit: Oid,
    directory: &TreePath,
) -> Result<TreePath, git2::Error> {
    if directory.as_str().is_empty() {
        return Ok(directory.clone());
    }
    let commit = repository.find_commit(commit)?;
    let Some(parent) = commit.parent_ids().next() else { return Ok(directory.clone()) };
    let (new, old) = (commit.tree()?, repository.find_commit(parent)?.tree()?);
    let path = std::path::Path::new(directory.as_str());
    let is_in = |tree: &git2::Tree<'_>| tree.get_path(path).is_ok();
    if !is_in(&new) || is_in(&old) {
        return Ok(directory.clone());
    }
    let mut options = DiffOptions::new();
    let mut diff = repository.diff_tree_to_tree(Some(&old), Some(&new), Some(&mut options))?;
    let mut find = DiffFindOptions::new();
    find.renames(true).rename_limit(MOST).exact_match_only(diff.deltas().len() > MOST);
    diff.find_similar(Some(&mut find))?;
    let mut counts: BTreeMap<TreePath, usize> = BTreeMap::new();
    for delta in diff.deltas().filter(|delta| delta.status() == Delta::Renamed) {
        let path = |file: git2::DiffFile<'_>| file.path()?.to_str().map(str::to_owned);
        let Some((was, is)) = path(delta.old_file()).zip(path(delta.new_file())) else { continue };
        let below = is.strip_prefix(directory.as_str()).and_then(|path| path.strip_prefix('/'));
        let above = below.and_then(|below| was.strip_suffix(below));
        let above = above.filter(|above| above.is_empty() || above.ends_with('/'));
        let above = above.and_then(|above| match above.trim_end_matches('/') {
            "" => Some(TreePath::root()),
            above => TreePath::root().join(above),
        });
        if let Some(above) = above {
            *counts.entry(above).or_default() += 1;
        }
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    Ok(most.map_or_else(|| directory.clone(), |(path, _)| path))
}
