//! The rules run over a tree, and the repairs of what they find.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::disk::file;
use crate::disk::tree::read_file;
use crate::finding::{Finding, Fix};
use crate::git::repository::Git;
use crate::lint::baseline::Baseline;
pub use crate::lint::judge::{Coverage, Unjudged, Why};
use crate::lint::rule::{Facts, History};
use crate::lint::rules::label_budget::Counted;
use crate::lint::selection::Selection;
use crate::lint::{self, Findings};
use crate::ops::failure::Failure;
use crate::ops::from_store;
use crate::ops::message::Message;
use crate::ops::narrowed::{self, Narrowed};
use crate::ops::session::{Session, TreeWriter};
use crate::plan::{FileChange, fix};
use crate::repo::Repo;
use crate::text::shell::{command, option};
use crate::timeline::shared::SharedWalk;

/// How many passes of repairs are made at most: each applies repairs that overlapped in the one before.
const PASSES: usize = 8;

/// The request.
pub struct Request {
    /// What is reported; the whole tree is judged all the same.
    pub narrowed: narrowed::Request,
    /// The revision to compare with.
    pub base: Option<String>,
    /// The file of known findings.
    pub baseline: Option<PathBuf>,
    /// Whether findings are repaired.
    pub fix: bool,
    /// Whether repairs may change files that have uncommitted changes.
    pub allow_dirty: bool,
    /// Whether a reference that could not be judged is a finding.
    pub strict: bool,
    /// Listings of stores, whose labels are counted.
    pub from_store: from_store::Request,
    /// The current time.
    pub now: DateTime<Utc>,
}

/// The result.
pub struct Linted {
    /// The findings to report, sorted by path and place.
    pub findings: Vec<Finding>,
    /// What else was counted.
    pub counts: Counts,
    /// Which references could be judged.
    pub coverage: Coverage,
    /// The repaired files.
    pub changes: Vec<FileChange>,
    /// The trees that were judged. They can be large; a process that is about to end need not take them apart.
    pub trees: Vec<Repo>,
}

/// Counts other than the reported findings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// The build roots.
    pub roots: usize,
    /// The build roots that could not be resolved completely.
    pub incomplete: usize,
    /// The findings that a comment silenced.
    pub allowed: usize,
    /// The findings that the baseline knows.
    pub known: usize,
    /// The entries of the baseline that nothing matched.
    pub gone: usize,
    /// The findings that were repaired.
    pub repaired: usize,
    /// Whether all findings are reported; else roots and references are still counted in the whole tree.
    pub is_whole: bool,
}

/// Runs the rules; with `writer`, the repairs are written, and what is left after them is reported.
///
/// # Errors
/// When the tree, the configuration, the baseline or the base revision cannot be read, or a repair cannot be written.
pub fn run(
    request: &Request,
    session: &Session,
    writer: Option<&TreeWriter>,
) -> Result<Linted, Failure> {
    let baseline = request.baseline.as_deref().map(|file| read(file, session)).transpose()?;
    let (judged, changes, trees) = judge(request, session, baseline.as_ref(), writer.is_some())?;
    if let Some(writer) = writer {
        session.refuse(&changes, request.allow_dirty)?;
        writer.write(&changes)?;
    }
    let Judged { findings, counts, coverage } = judged;
    Ok(Linted { findings, counts, coverage, changes, trees })
}

/// Writes the findings into a baseline, and returns how many there are.
///
/// # Errors
/// When the tree or the configuration cannot be read, or the file cannot be written.
pub fn write_baseline(request: &Request, session: &Session, file: &Path) -> Result<usize, Failure> {
    let (judged, _, trees) = judge(request, session, None, false)?;
    std::mem::forget(trees);
    let new = Baseline::of(&judged.findings);
    file::replace(&session.file(file), &new.text())?;
    Ok(new.len())
}

/// What there is to report, the repairs, and the trees that were judged.
fn judge(
    request: &Request,
    session: &Session,
    baseline: Option<&Baseline>,
    is_written: bool,
) -> Result<(Judged, Vec<FileChange>, Vec<Repo>), Failure> {
    let within = request.narrowed.within(session)?;
    let repo = judgeable(session);
    // What is wrong with the base is reported first.
    let base = match &request.base {
        Some(revision) => {
            let base = session.base(revision, repo.as_ref().ok());
            session.required_git()?.check_read()?;
            base?
        }
        None => None,
    };
    let repo = repo?;
    let selection = Selection::of(&repo.config)?;
    let counted = request.from_store.counted(session, &repo, request.now)?;
    let narrowed = request.narrowed.of(&repo, within)?;
    let now = request.now;
    let walk = session.git().map(|git| SharedWalk::new(git, &repo, now));
    let history = walk.as_ref().map_or_else(History::none, History::of);
    let (selection, base_repo, narrowed) = (&selection, base.as_ref(), &narrowed);
    let strict = request.strict;
    let judge = Judge {
        selection,
        base: base_repo,
        history: &history,
        now,
        narrowed,
        baseline,
        strict,
        counted: &counted,
    };
    let mut judged = judge.run(&repo);
    let mut changes = Vec::new();
    if request.fix {
        let (after, repaired) = repair(&judge, &repo, &judged)?;
        changes = repaired;
        // Where nothing is written, what is there is reported; else what is left.
        judged = if is_written { after } else { judged };
    }
    drop(history);
    drop(walk);
    session.git().map_or(Ok(()), Git::check_read)?;
    Ok((judged, changes, base.into_iter().chain([repo]).collect()))
}

/// The tree, if there is anything in it to judge.
fn judgeable(session: &Session) -> Result<Repo, Failure> {
    let repo = session.repo()?;
    if repo.roots.is_empty() && repo.problems.is_empty() {
        let text = format!(
            "there is no kustomization and no manifest in {}, so nothing was checked",
            session.root().display()
        );
        let help = "check that this is the right directory (`-C DIR` selects another) and that Git does not ignore its manifests";
        return Err(Failure::usage(Message::new(text).help(help)));
    }
    Ok(repo)
}

/// How a tree is judged.
struct Judge<'a> {
    selection: &'a Selection,
    base: Option<&'a Repo>,
    history: &'a History<'a>,
    now: DateTime<Utc>,
    narrowed: &'a Narrowed,
    baseline: Option<&'a Baseline>,
    strict: bool,
    counted: &'a Counted,
}

/// What is reported of a tree.
#[derive(Clone)]
struct Judged {
    findings: Vec<Finding>,
    counts: Counts,
    coverage: Coverage,
}

impl Judge<'_> {
    fn run(&self, repo: &Repo) -> Judged {
        let mut facts = Facts::new(repo, self.base, self.history, self.now);
        (facts.strict, facts.counted) = (self.strict, self.counted);
        let Findings { mut findings, allowed, coverage } = lint::run(&facts, self.selection);
        leave_broken(repo, &mut findings);
        let found = self.narrowed.count(&findings);
        let gone = self.baseline.map_or(0, |known| known.sift(&mut findings));
        findings.retain(|finding| self.narrowed.has(finding));
        let counts = Counts {
            roots: repo.roots.len(),
            incomplete: repo.roots.iter().filter(|root| root.is_partial()).count(),
            allowed: self.narrowed.count(&allowed),
            known: found - findings.len(),
            // They may be of what is not reported.
            gone: if self.narrowed.is_whole() { gone } else { 0 },
            repaired: 0,
            is_whole: self.narrowed.is_whole(),
        };
        Judged { findings, counts, coverage }
    }
}

/// Takes back the repairs of files that a root reads which does not build: nobody can prove what they would change there.
fn leave_broken(repo: &Repo, findings: &mut [Finding]) {
    let mut fixable = findings.iter_mut().filter(|finding| finding.fix.is_some()).peekable();
    if fixable.peek().is_none() {
        return;
    }
    let read = repo.read_by_broken();
    for finding in fixable {
        let edits = finding.fix.iter().flat_map(|fix| &fix.edits);
        let mut broken = edits.filter_map(|one| Some((one, *read.get(one.source.path())?)));
        let Some((edit, root)) = broken.next() else { continue };
        let (file, root) = (edit.source.path(), root.display());
        let why = format!("`--fix` leaves it, because `{root}` reads `{file}` and does not build");
        finding.fix = None;
        let known = finding.help.take();
        finding.help = Some(known.map_or(why.clone(), |help| format!("{help}; {why}")));
    }
}

/// Repairs what can be repaired, in memory: what is left to report, and the files to write.
fn repair(
    judge: &Judge<'_>,
    repo: &Repo,
    found: &Judged,
) -> Result<(Judged, Vec<FileChange>), Failure> {
    let mut judged = found.clone();
    let mut changes: Vec<FileChange> = Vec::new();
    let mut repaired = 0;
    let mut now: Option<Repo> = None;
    for _ in 0..PASSES {
        let fixes: Vec<&Fix> =
            judged.findings.iter().filter_map(|finding| finding.fix.as_ref()).collect();
        let repairs = fix::plan(now.as_ref().unwrap_or(repo), &fixes)?;
        let Some(after) = repairs.after else { break };
        repaired += repairs.taken.len();
        for change in repairs.changes {
            match changes.iter_mut().find(|known| known.path == change.path) {
                Some(known) => known.after = change.after,
                None => changes.push(change),
            }
        }
        judged = judge.run(&after);
        now = Some(after);
    }
    judged.counts.repaired = repaired;
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((judged, changes))
}

fn read(path: &Path, session: &Session) -> Result<Baseline, Failure> {
    let source = read_file(&session.file(path)).map_err(|error| {
        let baseline = option("--baseline", &path.to_string_lossy());
        let lint = command("rotate lint", &[], &format!("{baseline} --write-baseline"));
        let help = format!("`{lint}` makes it");
        Failure::usage(Message::new(error.to_string()).help(help))
    })?;
    Baseline::parse(source.text()).map_err(|error| {
        let text = format!("`{}`: {error}", path.display());
        let help = "`--write-baseline` rewrites it";
        Failure::usage(Message::new(text).help(help))
    })
}
