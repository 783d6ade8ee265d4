//! The dates of a commit and everything before it. Clocks go wrong, so that no commit can be left out.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use git2::{Odb, Oid, Repository};

use crate::git::error::GitError;
use crate::git::repository::Git;

/// The newest usable date among each commit and its ancestors.
#[derive(Debug, Default)]
pub struct Ages(HashMap<Oid, i64>);

impl Ages {
    /// The date for a commit; `None` if it is unknown, or neither it nor any ancestor has a usable one.
    #[must_use]
    pub fn of(&self, id: &str) -> Option<DateTime<Utc>> {
        let seconds = self.0.get(&Oid::from_str(id).ok()?)?;
        DateTime::from_timestamp(*seconds, 0)
    }
}

impl Git {
    /// The newest date that is not after `now`, among each commit and its ancestors, from a commit downward. Commits a
    /// shallow clone lacks do not count.
    ///
    /// # Errors
    /// When a commit cannot be read.
    pub fn ages(&self, tip: &str, now: DateTime<Utc>) -> Result<Ages, GitError> {
        let read = || -> Result<Ages, git2::Error> {
            let repository = Repository::open(self.git_dir())?;
            ages(&Commits::new(&repository)?, Oid::from_str(tip)?, now.timestamp())
        };
        read().map_err(|error| self.failed(&error))
    }
}

fn ages(commits: &Commits<'_>, tip: Oid, now: i64) -> Result<Ages, git2::Error> {
    let mut ages = HashMap::new();
    // Parents first, without recursion, because histories are deep.
    let mut open = vec![(tip, None)];
    while let Some((id, read)) = open.pop() {
        if ages.contains_key(&id) {
            continue;
        }
        let Some(Head { time, parents }) = read else {
            let head = commits.head(id)?;
            let parents = head.parents.clone();
            open.push((id, Some(head)));
            let new = parents.into_iter().filter(|parent| !ages.contains_key(parent));
            open.extend(new.map(|parent| (parent, None)));
            continue;
        };
        let own = Some(time).filter(|own| *own <= now);
        let parents = parents.iter().filter_map(|parent| ages.get(parent).copied());
        ages.insert(id, parents.chain(own).max().unwrap_or(i64::MIN));
    }
    Ok(Ages(ages))
}

/// What is needed of a commit.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    time: i64,
    parents: Vec<Oid>,
}

struct Commits<'r> {
    repository: &'r Repository,
    objects: Odb<'r>,
    /// Whether some commits have other parents than those they name.
    is_cut: bool,
}

impl<'r> Commits<'r> {
    fn new(repository: &'r Repository) -> Result<Self, git2::Error> {
        let is_cut = repository.is_shallow() || repository.commondir().join("info/grafts").exists();
        Ok(Self { repository, objects: repository.odb()?, is_cut })
    }

    fn head(&self, id: Oid) -> Result<Head, git2::Error> {
        if !self.is_cut {
            // Read in Git's own format: the library would look at names, dates and messages, too.
            let object = self.objects.read(id)?;
            let is_commit = object.kind() == git2::ObjectType::Commit;
            if let Some(head) = is_commit.then(|| Head::parse(object.data())).flatten() {
                return Ok(head);
            }
        }
        let commit = self.repository.find_commit(id)?;
        Ok(Head { time: commit.time().seconds(), parents: commit.parent_ids().collect() })
    }
}

impl Head {
    /// Parses a commit; `None` if it is not written as Git writes one.
    fn parse(commit: &[u8]) -> Option<Self> {
        let mut lines = commit.split(|byte| *byte == b'\n');
        lines.next()?.strip_prefix(b"tree ")?;
        let mut line = lines.next()?;
        let mut parents = Vec::new();
        while let Some(parent) = line.strip_prefix(b"parent ") {
            parents.push(Oid::from_str(std::str::from_utf8(parent).ok()?).ok()?);
            line = lines.next()?;
        }
        line.strip_prefix(b"author ")?;
        let committer = lines.next()?.strip_prefix(b"committer ")?;
        let date = &committer[memchr::memrchr(b'>', committer)? + 1..];
        let date = std::str::from_utf8(date.strip_prefix(b" ")?).ok()?;
        let (seconds, zone) = date.split_once(' ')?;
        let is_plain = seconds.bytes().all(|byte| byte.is_ascii_digit()) && zone.len() == 5;
        let time = seconds.parse().ok().filter(|_| is_plain)?;
        Some(Self { time, parents })
    }
}

#[cfg(test)]
mod tests {
    use git2::{ObjectType, Oid, Repository};

    use super::{Commits, Head, ages};

    /// A commit written byte for byte.
    fn commit(repository: &Repository, parents: &[Oid], rest: &str) -> Oid {
        let tree = repository.treebuilder(None).unwrap().write().unwrap();
        let parents: String = parents.iter().map(|one| format!("parent {one}\n")).collect();
        let text = format!("tree {tree}\n{parents}{rest}");
        repository.odb().unwrap().write(ObjectType::Commit, text.as_bytes()).unwrap()
    }

    fn dated(repository: &Repository, parents: &[Oid], time: &str) -> Oid {
        let rest = format!("author A <a@b> 7 +0000\ncommitter B <c> d> {time}\n\ntext\n");
        commit(repository, parents, &rest)
    }

    #[test]
    fn the_library_and_the_own_reader_agree() {
        let sandbox = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(sandbox.path()).unwrap();
        let first = dated(&repository, &[], "100 +0000");
        let second = dated(&repository, &[first], "1750000000 -0730");
        let both = dated(&repository, &[second, first], "0 +0000");
        let commits = Commits::new(&repository).unwrap();
        for id in [first, second, both] {
            let object = commits.objects.read(id).unwrap();
            let own = Head::parse(object.data()).unwrap();
            let known = repository.find_commit(id).unwrap();
            let parents: Vec<Oid> = known.parent_ids().collect();
            assert_eq!(own, Head { time: known.time().seconds(), parents });
            assert_eq!(commits.head(id).unwrap(), own);
        }
        for other in ["author A <a@b> 7 +0000\n", "author A\ncommitter B <c> -7 +0000\n", ""] {
            let id = commit(&repository, &[first], other);
            assert_eq!(Head::parse(commits.objects.read(id).unwrap().data()), None, "{other}");
        }
    }

    #[test]
    fn each_commit_has_the_newest_date_before_it() {
        let sandbox = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(sandbox.path()).unwrap();
        let first = dated(&repository, &[], "300 +0000");
        let side = dated(&repository, &[first], "900 +0000");
        let second = dated(&repository, &[first], "200 +0000");
        let merge = dated(&repository, &[second, side], "250 +0000");
        let last = dated(&repository, &[merge], "400 +0000");
        let read = |now| ages(&Commits::new(&repository).unwrap(), last, now).unwrap().0;
        let of = |now| [first, side, second, merge, last].map(|id| read(now)[&id]);
        assert_eq!(of(1000), [300, 900, 300, 900, 900]);
        assert_eq!(of(500), [300, 300, 300, 300, 400]);
        assert_eq!(of(100), [i64::MIN; 5]);
    }
}
