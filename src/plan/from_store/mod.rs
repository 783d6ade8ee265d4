//! The next version of a family, or its pins, as the listings of its stores tell them.

mod choose;
mod pinned;
mod seen;
mod shown;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::k8s::backend::Backend;
use crate::k8s::secret_name::Version;
use crate::k8s::store::listing::{Listed, Listing, Unread};
use crate::k8s::store::listing::{MOST as LIMIT, line};
use crate::k8s::store::{Store, assigned_prefix};
use crate::plan::draft::Draft;
use crate::plan::prove::Expected;
use crate::plan::refusal::{PlanError, Refusal, environment};
use crate::plan::stub::planner::{Planner, Stubs};
use crate::plan::survey::Survey;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::subject::Subject;

pub use choose::{Choice, Newest};
pub use seen::Seen;
pub use shown::Shows;

/// How many bytes a listing may have.
pub const MOST: usize = LIMIT;

/// How the entries of new stubs tell the versions of a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::plan) enum By {
    /// By a label: this text, followed by the digits of the version.
    Label(String),
    /// By what the store itself calls a version; with the one that must follow, which the environment before reads of the same
    /// key.
    Pin(Option<String>),
}

/// A key of a store that the new stubs of a family read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoreKey {
    pub(in crate::plan) backend: Backend,
    pub(in crate::plan) key: String,
    pub(in crate::plan) by: By,
}

/// A value that is in its store already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    key: StoreKey,
    /// What the store itself calls its version.
    id: String,
    /// What the new stub calls it: the 14 digits, or the same.
    named: String,
    /// The command that gives it the label of the new version, where it has none.
    label: Option<(String, Option<String>)>,
}

/// The command lines of stores whose listings are read.
#[must_use]
pub fn programs() -> BTreeSet<&'static str> {
    let readers = Store::all().filter_map(|store| Backend::of(store).reader());
    readers.map(|reader| reader.program).collect()
}

/// The keys of stores that the next stubs of a family read and whose versions a listing tells, each once, but for those that are
/// given `pins`.
///
/// # Errors
/// When the environment is not known, or no listing tells the versions of any key.
pub fn keys(
    repo: &Repo,
    subject: &Subject,
    (pins, now): (&[String], DateTime<Utc>),
) -> Result<Vec<StoreKey>, PlanError> {
    let index = environment(repo, &subject.environment)?;
    let survey = Survey::new(repo, index, &subject.family);
    let version = runs_before(repo, (index, subject))
        .map_or_else(|| Version::from_time(now), |(_, version)| version);
    let name = format!("{}-{version}", subject.family);
    let settings = repo.config.secret(&subject.family);
    let planner = Planner {
        repo,
        environment: index,
        family: &subject.family,
        version: &version,
        name: &name,
        settings: &settings,
        back: None,
        pins,
        held: &[],
        program: "",
        draft: &mut Draft::default(),
        expected: &mut Expected::new(&name, index, BTreeSet::new()),
        outcome: Stubs::default(),
        shared: BTreeMap::new(),
        elsewhere: std::cell::OnceCell::new(),
    };
    let reads = planner.reads(&survey);
    if reads.keys.is_empty() {
        let none = Refusal {
            what: "no stub of it reads a key of a store".to_owned(),
            place: None,
            hint: "bump without `--from-store`".to_owned(),
        };
        let reasons = if reads.others.is_empty() { vec![none] } else { reads.others };
        return Err(PlanError::Refused { subject: subject.clone(), reasons });
    }
    let mut keys: Vec<StoreKey> = Vec::new();
    for key in reads.keys {
        // A replica in another region has the same versions, so one listing tells them.
        match keys.iter().find(|known| known.is_same(&key)) {
            Some(known) if known.by != key.by => return Err(ambiguous(subject, &key)),
            Some(_) => {}
            None => keys.push(key),
        }
    }
    Ok(keys)
}

/// The environment before with the version that it runs, which is the only one that may follow.
fn runs_before(
    repo: &Repo,
    (environment, subject): (EnvironmentId, &Subject),
) -> Option<(String, Version)> {
    let before = repo.before(environment, &subject.family)?;
    let version = Version::new(before.running.only()?)?;
    Some((before.environment.name.clone(), version))
}

fn ambiguous(subject: &Subject, key: &StoreKey) -> PlanError {
    let reason = Refusal {
        what: format!("stubs pin `{}` in more than one way", key.key),
        place: None,
        hint: "bump without `--from-store`".to_owned(),
    };
    PlanError::Refused { subject: subject.clone(), reasons: vec![reason] }
}

impl StoreKey {
    /// The key, as stubs name it.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The display name of its store.
    #[must_use]
    pub fn store(&self) -> &'static str {
        self.backend.store.name()
    }

    /// The program that lists its versions.
    #[must_use]
    pub fn program(&self) -> &'static str {
        self.backend.reader().map_or("", |reader| reader.program)
    }

    /// The program and the arguments that list its versions as JSON, without values; `None` where something that they need is
    /// not known.
    #[must_use]
    pub fn command(&self) -> Option<Vec<String>> {
        self.backend.listing(&self.key)
    }

    /// The same as a line of a shell.
    #[must_use]
    pub fn line(&self) -> Option<String> {
        Some(line(&self.command()?))
    }

    /// Whether both are one key of one store.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.is_at(&other.backend, &other.key)
    }

    /// What the store itself calls a version; as a pin spells it, where that is how it is pinned.
    fn id<'l>(&self, listed: &'l Listed) -> &'l str {
        match self.by {
            By::Label(_) => &listed.id[assigned_prefix(&listed.id).len()..],
            By::Pin(_) => &listed.id,
        }
    }

    fn is_at(&self, backend: &Backend, key: &str) -> bool {
        self.key == key && self.backend.clone().place() == backend.clone().place()
    }

    /// Reads a listing of its versions.
    ///
    /// # Errors
    /// With why it is none.
    pub fn read(&self, bytes: &[u8], now: DateTime<Utc>) -> Result<KeyListing, Unread> {
        let listing = self.backend.read_listing(&self.key, bytes, now)?;
        Ok(KeyListing { key: self.clone(), listing })
    }
}

/// A key with the listing of its versions.
#[derive(Debug, Clone)]
pub struct KeyListing {
    key: StoreKey,
    listing: Listing,
}

impl KeyListing {
    /// The key.
    #[must_use]
    pub const fn key(&self) -> &StoreKey {
        &self.key
    }

    /// Whether there were values in it, which were dropped unread.
    #[must_use]
    pub const fn has_values(&self) -> bool {
        self.listing.has_values
    }
}

impl Held {
    /// Whether it is the value that an entry of a new stub reads.
    pub(in crate::plan) fn is_at(&self, backend: &Backend, key: &str) -> bool {
        self.key.is_at(backend, key)
    }

    /// What to check where it is read from another region than the one whose listing shows it.
    pub(in crate::plan) fn replica(&self, backend: &Backend) -> Option<String> {
        let (listed, read) = (self.key.backend.region(), backend.region());
        let name = |region: Option<&str>| region.unwrap_or("the default region").to_owned();
        (listed != read).then(|| {
            let (listed, read) = (name(listed), name(read));
            format!(
                "the listing of `{}` is of {listed}: check that the secret in {read} is a replica of it, or put the value there, too",
                self.key.key
            )
        })
    }

    /// The title and the command of the step that labels it, where it has no label yet.
    pub(in crate::plan) fn labelling(&self) -> Option<(String, Option<String>)> {
        let (label, command) = self.label.clone()?;
        let title = format!(
            "Give version {} of {} the label {label}. Until then the new stub finds no value, so do this before the change is applied.",
            self.id,
            self.key.backend.word(&self.key.key)
        );
        Some((title, command))
    }

    /// What is known of it.
    pub(in crate::plan) fn note(&self) -> String {
        let Self { key, named, .. } = self;
        format!("{} has the value of `{}` already, as {named}", key.store(), key.key)
    }

    fn new(key: &StoreKey, listed: &Listed, named: &str, label: Option<&str>) -> Self {
        let label =
            label.map(|label| (label.to_owned(), key.backend.label(&key.key, label, listed)));
        Self { id: key.id(listed).to_owned(), key: key.clone(), named: named.to_owned(), label }
    }
}
