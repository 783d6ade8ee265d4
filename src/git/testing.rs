//! Repositories with commits for tests.

use std::collections::BTreeMap;
use std::path::Path;

use git2::build::TreeUpdateBuilder;
use git2::{FileMode, IndexAddOption, Oid, Repository, Signature};

use crate::git::repository::Git;

/// Commits everything in the work tree, on top of what is checked out.
pub(super) fn commit(repository: &Repository) {
    let mut index = repository.index().unwrap();
    index.add_all(["*"], IndexAddOption::DEFAULT, None).unwrap();
    index.write().unwrap();
    commit_tree(repository, index.write_tree().unwrap());
}

fn commit_tree(repository: &Repository, tree: Oid) {
    let tree = repository.find_tree(tree).unwrap();
    let who = Signature::now("somebody", "somebody@localhost").unwrap();
    let parent = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
    let parents: Vec<_> = parent.iter().collect();
    repository.commit(Some("HEAD"), &who, &who, "change", &tree, &parents).unwrap();
}

/// A repository in a directory, with a commit for each of these lists of files that change.
pub(crate) fn history<T: AsRef<str>>(directory: &Path, commits: &[Vec<(&str, T)>]) -> Git {
    let repository = Repository::init(directory).unwrap();
    for files in commits {
        let head = repository.head().ok().map(|head| head.peel_to_tree().unwrap());
        let empty = || repository.treebuilder(None).unwrap().write().unwrap();
        let before = head.unwrap_or_else(|| repository.find_tree(empty()).unwrap());
        let mut after = TreeUpdateBuilder::new();
        // Of several texts for a file, the last counts.
        let files: BTreeMap<&str, &str> =
            files.iter().map(|(path, text)| (*path, text.as_ref())).collect();
        for (path, text) in files {
            after.upsert(path, repository.blob(text.as_bytes()).unwrap(), FileMode::Blob);
        }
        commit_tree(&repository, after.create_updated(&repository, &before).unwrap());
    }
    Git::required(directory).unwrap().rooted(directory).unwrap()
}
