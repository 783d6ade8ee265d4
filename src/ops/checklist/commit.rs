//! What is written and not committed yet: without a commit, there is nothing to push.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::error::GitError;
use crate::git::repository::Git;
use crate::ops::checklist::facts::{At, Facts, Here};
use crate::ops::failure::Failure;
use crate::ops::session::Session;
use crate::plan::commit::{Message, Verb};
use crate::text::path::TreePath;
use crate::timeline::Timeline;
use crate::tree::Tree;

/// What brings a move to the mainline.
#[derive(Default)]
pub(super) struct Publishing {
    /// The commands.
    command: Option<String>,
    /// Whether something is to be committed first.
    commits: bool,
}

/// The length of a version.
const DIGITS: usize = 14;

impl Publishing {
    /// What is known, and the command.
    pub(super) fn told(&self, mainline: &str) -> (String, Option<String>) {
        let how = match (self.commits, &self.command) {
            (true, _) => "commit and merge it",
            (false, Some(_)) => "push and merge it",
            (false, None) => "merge it",
        };
        (format!("the tree does, but {mainline} does not: {how}"), self.command.clone())
    }
}

impl Facts<'_> {
    /// Finds out how each move that the mainline lacks gets there.
    ///
    /// # Errors
    /// When Git cannot tell what is committed.
    pub(super) fn publish(&mut self, session: &Session) -> Result<(), Failure> {
        let (Some(git), Some(timeline)) = (session.git(), self.timeline) else { return Ok(()) };
        for id in self.environments.clone() {
            let here = self.here(id);
            if here.at == At::There && timeline.runs(&self.subject(here), self.version).is_none() {
                let publishing = self.publishing(here, (git, timeline))?;
                self.publishing.insert(id, publishing);
            }
        }
        Ok(())
    }

    fn publishing(
        &self,
        here: Here<'_>,
        (git, timeline): (&Git, &Timeline),
    ) -> Result<Publishing, GitError> {
        let Some(program) = &self.calls.git else { return Ok(Publishing::default()) };
        let files = self.uncommitted(here, git)?;
        let pushes = git.has_upstream();
        if files.is_empty() {
            let push = format!("{program} push");
            return Ok(Publishing { command: pushes.then_some(push), commits: false });
        }
        let subject = self.subject(here);
        let before = timeline.now(&subject).map(|era| era.running.names().collect::<Vec<_>>());
        let message =
            Message::of_move(Verb::Bump, &subject, self.version, &before.unwrap_or_default());
        let names: Vec<&str> = files.iter().map(TreePath::as_str).collect();
        let command = message.step(program, &names, pushes).command;
        Ok(Publishing { command, commits: true })
    }

    /// The files whose uncommitted changes belong to the move: those that differ in a line about the family, and the
    /// kustomizations that differ in a line about such a file.
    fn uncommitted(&self, here: Here<'_>, git: &Git) -> Result<BTreeSet<TreePath>, GitError> {
        let mut files: BTreeSet<TreePath> = BTreeSet::new();
        for (_, root) in self.repo.roots_of(here.id) {
            files.extend(root.files().iter().cloned());
        }
        files.extend(self.repo.config.source.iter().map(|source| source.path().clone()));
        let files: Vec<TreePath> = files.into_iter().collect();
        let changed = git.uncommitted(&files)?;
        if changed.is_empty() || git.head_is_unborn() {
            return Ok(changed.into_iter().collect());
        }
        let head = git.base("HEAD")?;
        let tree = self.repo.library.tree();
        let differing = changed.into_iter().map(|path| {
            let texts = [&head as &dyn Tree, &**tree].map(|tree| {
                tree.source(&path).map(|source| source.text().to_owned()).unwrap_or_default()
            });
            (path, differing_lines(&texts))
        });
        let differing: Vec<(TreePath, Vec<String>)> = differing.collect();
        let with = |word: &str| {
            let found = differing.iter().filter(|(_, all)| all.iter().any(|one| names(one, word)));
            found.map(|(path, _)| path.clone()).collect::<BTreeSet<_>>()
        };
        let own = with(self.family);
        let listed = own.iter().flat_map(|path| with(path.name()));
        Ok(listed.chain(own.iter().cloned()).collect())
    }
}

/// Whether a line has a word as a whole, or a version of it: `auth` and `auth-20250723110000` for `auth`, not `auth-api`.
fn names(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let ends = |rest: &str| !rest.starts_with(is_part);
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        let version = after.strip_prefix('-').and_then(|rest| rest.split_at_checked(DIGITS));
        let is_version = version.is_some_and(|(digits, rest)| {
            digits.bytes().all(|byte| byte.is_ascii_digit()) && ends(rest)
        });
        !before.ends_with(|c: char| is_part(c) || c == '.') && (ends(after) || is_version)
    })
}

/// The lines that one of two texts has more often than the other.
fn differing_lines([old, new]: &[String; 2]) -> Vec<String> {
    let mut counts: BTreeMap<&str, isize> = BTreeMap::new();
    for (text, step) in [(old, -1), (new, 1)] {
        text.lines().for_each(|line| *counts.entry(line).or_default() += step);
    }
    let counts = counts.into_iter().filter(|(_, count)| *count != 0);
    counts.map(|(line, _)| line.to_owned()).collect()
}
