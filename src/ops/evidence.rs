//! What changed in a period, by whom, after which soak, with which gates overridden: for those who answer for secrets.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::config::parse::parse;
use crate::config::settings::Hold;
use crate::git::line::Commit;
use crate::git::provenance::{Note, Provenance, Signature};
use crate::git::repository::Git;
use crate::ops::events::Events;
use crate::ops::failure::Failure;
use crate::ops::leave::refuse_unlisted;
use crate::ops::session::Session;
use crate::ops::shown;
use crate::repo::Repo;
use crate::repo::subject::Subject;
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::timeline::Timeline;
use crate::timeline::changes::{Change, ChangeKind, changes};
use crate::timeline::walk::Depth;

/// The request.
pub struct Request {
    /// The part to show.
    pub shown: shown::Request,
    /// The first moment that counts; `None`: from the first commit on.
    pub since: Option<DateTime<Utc>>,
    /// The last moment that counts; `None`: until now.
    pub until: Option<DateTime<Utc>>,
    /// The branch whose history is read; `None` for the default branch.
    pub mainline: Option<String>,
    /// The current time.
    pub now: DateTime<Utc>,
}

/// A gate that a person overrode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The gate.
    pub gate: String,
    /// Its state then, and the reason.
    pub text: String,
}

/// A change with who made it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The change.
    pub change: Change,
    /// Who made it.
    pub by: Provenance,
    /// What Git says of the signature.
    pub signature: Signature,
    /// The gates that were overridden.
    pub overrides: Vec<Override>,
    /// The reason of a rollback or an emergency.
    pub reason: Option<String>,
}

/// A hold that was written or removed.
#[derive(Debug, Clone)]
pub struct HoldEvent {
    /// The family and the environment.
    pub subject: Subject,
    /// The hold.
    pub hold: Hold,
    /// Whether it was written; otherwise it was removed.
    pub is_set: bool,
    /// The commit.
    pub commit: Commit,
    /// Who made it.
    pub by: Provenance,
    /// What Git says of the signature.
    pub signature: Signature,
}

/// What happened in a period.
pub struct Evidence {
    /// The changes, the oldest first.
    pub entries: Vec<Entry>,
    /// The holds, the oldest first.
    pub holds: Vec<HoldEvent>,
    /// The first moment that counts.
    pub since: Option<DateTime<Utc>>,
    /// The last moment that counts.
    pub until: DateTime<Utc>,
    /// The mainline's history.
    pub timeline: Timeline,
    /// Whether the clone lacks older commits.
    pub is_shallow: bool,
    /// The tree that was read.
    pub repo: Repo,
}

/// Reads the whole history of the mainline.
///
/// # Errors
/// When the tree, its configuration or its history cannot be read, or there is no such environment or family.
pub fn run(request: &Request, session: &Session, events: &dyn Events) -> Result<Evidence, Failure> {
    let depth = (|_: &Repo| Depth::Everything, request.now);
    let (repo, timeline) = session.repo_and_timeline(request.mainline.as_deref(), depth, events)?;
    refuse_unlisted(session, &repo)?;
    let git = session.required_git()?;
    let shown = request.shown.of(&repo)?;
    let until = request.until.unwrap_or(request.now);
    let is_in =
        |time: DateTime<Utc>| request.since.is_none_or(|since| since <= time) && time <= until;
    let mut all = changes(&repo, &timeline);
    all.retain(|one| shown.has(&one.subject) && is_in(one.began.time()));
    let mut held = holds(git, &repo, &timeline)?;
    held.retain(|(subject, _, _, commit)| shown.has(subject) && is_in(commit.time));
    let ids = all.iter().map(|one| one.began.commit().id.as_str());
    let ids: BTreeSet<&str> =
        ids.chain(held.iter().map(|(.., commit)| commit.id.as_str())).collect();
    let signatures = git.signatures(&ids.into_iter().collect::<Vec<_>>());
    let signature = |id: &str| {
        let not = || Signature::NotChecked("Git did not name the commit".to_owned());
        signatures.get(id).cloned().unwrap_or_else(not)
    };
    let mut entries = Vec::new();
    for change in all {
        let id = &change.began.commit().id;
        let (by, signature) = (git.provenance(id)?, signature(id));
        let notes: Vec<&Note> = notes_of(&by, &change.subject).collect();
        let overrides = notes.iter().filter(|(key, _)| key == "Override").map(|(_, text)| {
            let (gate, text) = text.split_once(' ').unwrap_or((text, ""));
            Override { gate: gate.to_owned(), text: text.to_owned() }
        });
        let overrides = overrides.collect();
        let reason = notes.iter().find(|(key, _)| key == "Reason").map(|(_, text)| text.clone());
        entries.push(Entry { change, by, signature, overrides, reason });
    }
    let mut holds = Vec::new();
    for (subject, hold, is_set, commit) in held {
        let (by, signature) = (git.provenance(&commit.id)?, signature(&commit.id));
        holds.push(HoldEvent { subject, hold, is_set, commit, by, signature });
    }
    let (since, is_shallow) = (request.since, timeline.is_shallow());
    Ok(Evidence { entries, holds, since, until, timeline, is_shallow, repo })
}

/// The notes about a subject: a message may be about several, each begins with its family.
fn notes_of<'p>(by: &'p Provenance, subject: &Subject) -> impl Iterator<Item = &'p Note> {
    let parts = by.notes.iter().flat_map(|notes| notes.chunk_by(|_, next| next.0 != "Family"));
    let is_own = |part: &&[Note]| {
        let has = |key: &str, text: &str| part.iter().any(|note| note.0 == key && note.1 == text);
        has("Family", &subject.family) && has("Environment", &subject.environment)
    };
    parts.filter(is_own).flatten().collect::<Vec<_>>().into_iter()
}

/// What a hold is about, the hold, whether it was written, and the commit.
type Held = (Subject, Hold, bool, Commit);

/// The holds that were written or removed, the oldest first, by the texts that `rotate.yaml` has had.
fn holds(git: &Git, repo: &Repo, timeline: &Timeline) -> Result<Vec<Held>, Failure> {
    let own = repo.config.source.as_ref().filter(|_| !repo.config.is_outside);
    let path = own.map(|source| source.path().clone()).or_else(|| TreePath::new("rotate.yaml"));
    let Some(path) = path else { return Ok(Vec::new()) };
    let texts = git.texts_of(&timeline.tip.id, &path)?;
    let mut before: Vec<Hold> = Vec::new();
    let mut all = Vec::new();
    for (commit, text) in texts.into_iter().rev() {
        // A text that does not parse says nothing; the next one does.
        let config = parse(&Source::file(path.clone(), text.unwrap_or_default()));
        let Ok(config) = config else { continue };
        let now = config.holds;
        let event = |hold: &Hold, is_set| {
            let subject = Subject::new(&hold.environment, &*hold.secret);
            (subject, hold.clone(), is_set, commit.clone())
        };
        let is_in = |holds: &[Hold], one: &Hold| {
            holds.iter().any(|other| {
                (&other.secret, &other.environment, &other.version)
                    == (&one.secret, &one.environment, &one.version)
            })
        };
        all.extend(before.iter().filter(|one| !is_in(&now, one)).map(|one| event(one, false)));
        all.extend(now.iter().filter(|one| !is_in(&before, one)).map(|one| event(one, true)));
        before = now;
    }
    Ok(all)
}

/// The numbers over a period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbers {
    /// How many times an environment took a newer version, or its first one.
    pub rotations: usize,
    /// How many times one went back.
    pub returns: usize,
    /// How many gates were overridden.
    pub overrides: usize,
    /// How many holds were written.
    pub holds: usize,
    /// How old versions had become when they were replaced by newer ones, in seconds, sorted.
    pub ages: Vec<i64>,
}

impl Evidence {
    /// The numbers.
    #[must_use]
    pub fn numbers(&self) -> Numbers {
        let is = |entry: &&Entry, kinds: &[ChangeKind]| kinds.contains(&entry.change.kind);
        let count = |kinds: &[ChangeKind]| self.entries.iter().filter(|one| is(one, kinds)).count();
        let replaced = self.entries.iter().filter(|one| is(one, &[ChangeKind::Rotation]));
        let mut ages: Vec<i64> =
            replaced.filter_map(|one| Some(one.change.age?.num_seconds())).collect();
        ages.sort_unstable();
        Numbers {
            rotations: count(&[ChangeKind::First, ChangeKind::Rotation]),
            returns: count(&[ChangeKind::Return]),
            overrides: self.entries.iter().map(|one| one.overrides.len()).sum(),
            holds: self.holds.iter().filter(|one| one.is_set).count(),
            ages,
        }
    }
}

impl Numbers {
    /// The median of the ages: of an even number, the greater of the two in the middle.
    #[must_use]
    pub fn median_age(&self) -> Option<i64> {
        self.ages.get(self.ages.len() / 2).copied()
    }

    /// The greatest age.
    #[must_use]
    pub fn greatest_age(&self) -> Option<i64> {
        self.ages.last().copied()
    }
}
