//! Who made a commit, what its message notes, and what Git says of its signature; and the texts that a file has had.

use std::collections::BTreeMap;

use git2::{Oid, Repository};

use crate::git::error::GitError;
use crate::git::line::Commit;
use crate::git::repository::Git;
use crate::process::Program;
use crate::text::path::TreePath;

/// How many merged commits are read at most for the notes of one.
const MOST: usize = 1024;

/// A line of a commit's message that begins with `Rotate-`: the word after it, and what follows the colon.
pub type Note = (String, String);

/// Who made a commit, beside its author, and what its message notes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// Who made the commit.
    pub committer: String,
    /// The notes of the commit, and of those that it merges; a list for each message that has any.
    pub notes: Vec<Vec<Note>>,
}

/// What Git says of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// There is none.
    Absent,
    /// It is good; of whom, where Git says so.
    Good(String),
    /// It is not good, or not known to be, and how Git says so.
    Doubtful(String),
    /// Nobody looked: why, as a phrase.
    NotChecked(String),
}

impl Signature {
    /// In a word: `none`, `good`, `doubtful` or `not-checked`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Absent => "none",
            Self::Good(_) => "good",
            Self::Doubtful(_) => "doubtful",
            Self::NotChecked(_) => "not-checked",
        }
    }

    /// Whose it is, or what is wrong with it.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Absent => None,
            Self::Good(text) | Self::Doubtful(text) | Self::NotChecked(text) => {
                Some(text.as_str()).filter(|text| !text.is_empty())
            }
        }
    }
}

/// A text that a file had, from a commit on; `None`: the file was not there.
pub type Had = (Commit, Option<String>);

impl Git {
    /// Who made a commit, and what it and those that it merges note.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn provenance(&self, id: &str) -> Result<Provenance, GitError> {
        let repository = self.objects()?;
        let read = || -> Result<Provenance, git2::Error> {
            let commit = repository.find_commit(Oid::from_str(id)?)?;
            let mut notes = vec![notes(&commit)];
            for merged in merged(&repository, &commit)? {
                notes.push(self::notes(&repository.find_commit(merged)?));
            }
            notes.retain(|notes| !notes.is_empty());
            let committer = commit.committer().name().unwrap_or_default().to_owned();
            Ok(Provenance { committer, notes })
        };
        read().map_err(|error| self.failed(&error))
    }

    /// What Git says of the signatures of commits, by `git log --format=%G?`.
    #[must_use]
    pub fn signatures(&self, ids: &[&str]) -> BTreeMap<String, Signature> {
        if ids.is_empty() {
            return BTreeMap::new();
        }
        let input = ids.iter().map(|id| format!("{id}\n")).collect::<String>();
        let git = Program::new("git").args(["-C"]).args([self.work_tree()]);
        let format = ["log", "--no-walk=unsorted", "--no-show-signature", "--stdin"];
        let git = git.args(format).args(["--format=%H%x00%G?%x00%GS"]);
        let said = match git.run(Some(input.as_bytes())) {
            Ok(finished) if finished.status.success() => Ok(finished.text()),
            Ok(finished) => Err(finished.said()),
            Err(error) => Err(format!("cannot run `git`: {error}")),
        };
        let text = match said {
            Ok(text) => text,
            Err(why) => {
                let not = Signature::NotChecked(why);
                return ids.iter().map(|id| ((*id).to_owned(), not.clone())).collect();
            }
        };
        let read = |line: &str| {
            let mut parts = line.split('\0');
            let (id, letter) = (parts.next()?, parts.next()?);
            Some((id.to_owned(), signature(letter, parts.next().unwrap_or_default())))
        };
        text.lines().filter_map(read).collect()
    }

    /// The texts that a file of the tree has had on a branch, newest first, each with the first commit that has it.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn texts_of(&self, tip: &str, path: &TreePath) -> Result<Vec<Had>, GitError> {
        let repository = self.objects()?;
        let path = self.full(path);
        let read = || -> Result<Vec<Had>, git2::Error> {
            let mut had: Vec<(Commit, Option<Oid>)> = Vec::new();
            let mut next = Some(Oid::from_str(tip)?);
            while let Some(id) = next {
                let commit = repository.find_commit(id)?;
                let entry = commit.tree()?.get_path(std::path::Path::new(path.as_str())).ok();
                let blob = entry.map(|entry| entry.id());
                let now = Commit::new(&commit);
                match had.last_mut() {
                    Some((known, text)) if *text == blob => *known = now,
                    _ => had.push((now, blob)),
                }
                next = commit.parent_ids().next();
            }
            let text = |id: Option<Oid>| {
                let blob = repository.find_blob(id?).ok()?;
                Some(String::from_utf8_lossy(blob.content()).into_owned())
            };
            Ok(had.into_iter().map(|(commit, id)| (commit, text(id))).collect())
        };
        read().map_err(|error| self.failed(&error))
    }
}

/// The notes of a commit's message.
fn notes(commit: &git2::Commit<'_>) -> Vec<Note> {
    let lines = commit.message().unwrap_or_default().lines();
    let note = |line: &str| {
        let (key, text) = line.trim().strip_prefix("Rotate-")?.split_once(':')?;
        let is_word = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphabetic());
        is_word.then(|| (key.to_owned(), text.trim().to_owned()))
    };
    lines.filter_map(note).collect()
}

/// The commits that a merge brings to the branch.
fn merged(repository: &Repository, commit: &git2::Commit<'_>) -> Result<Vec<Oid>, git2::Error> {
    let mut parents = commit.parent_ids();
    let Some(first) = parents.next() else { return Ok(Vec::new()) };
    let others: Vec<Oid> = parents.collect();
    if others.is_empty() {
        return Ok(Vec::new());
    }
    let mut walk = repository.revwalk()?;
    for other in others {
        walk.push(other)?;
    }
    walk.hide(first)?;
    walk.take(MOST).collect()
}

/// What a letter of `%G?` means.
fn signature(letter: &str, signer: &str) -> Signature {
    let of = |words: &str| {
        let signer = if signer.is_empty() { String::new() } else { format!(", of {signer}") };
        Signature::Doubtful(format!("{words}{signer}"))
    };
    match letter {
        "N" | "" => Signature::Absent,
        "G" => Signature::Good(signer.to_owned()),
        "U" => of("good, of unknown validity"),
        "X" => of("good, and expired since"),
        "Y" => of("good, by a key that has expired"),
        "R" => of("good, by a key that was revoked"),
        "E" => of("cannot be checked: the key is missing"),
        _ => of("bad"),
    }
}
