//! The choice: the newest version that Git's history of an environment never named.

use std::collections::BTreeSet;

use crate::k8s::secret_name::Version;
use crate::k8s::store::listing::Listed;
use crate::plan::from_store::seen::Seen;
use crate::plan::from_store::{By, Held, KeyListing, runs_before};
use crate::plan::refusal::{PlanError, Refusal};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::subject::{Family, Subject};
use crate::timeline::named::Named;

/// What the stores of a family have.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// The version to move to, where labels name it.
    pub version: Option<String>,
    /// The pins, as they are typed.
    pub pins: Vec<String>,
    /// The values that are in their stores already.
    pub held: Vec<Held>,
    /// What each key has.
    pub newest: Vec<Newest>,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

/// The newest version of a key in its store.
#[derive(Debug, Clone)]
pub struct Newest {
    /// The family.
    pub family: Family,
    /// The key, as stubs name it.
    pub key: String,
    /// The display name of the store.
    pub store: &'static str,
    /// What the store itself calls the version; `None` where the key has none that can be used.
    pub id: Option<String>,
    /// The 14 digits of its label, if it has one.
    pub version: Option<String>,
    /// Whether the family moves to it.
    pub is_new: bool,
    /// Since when Git has named it, where it is not new.
    pub seen: Option<Seen>,
    /// The same as a sentence.
    pub text: String,
}

/// What is new in a listing.
enum New<'l> {
    /// A version that has a label already.
    Labelled(Version, &'l Listed),
    /// What is current, without a label; the version is that of its time.
    Unlabelled(Version, &'l Listed),
    /// A version that the store named itself.
    Pinned(&'l Listed),
}

impl Choice {
    /// Whether there is anything to move to.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        !self.held.is_empty()
    }

    /// Chooses the version of a family, and its pins, from the listings of all its keys.
    ///
    /// # Errors
    /// When the keys do not have the same version, or not all of them have a new one.
    pub fn of(
        repo: &Repo,
        (environment, subject): (EnvironmentId, &Subject),
        listings: &[KeyListing],
        named: &Named,
    ) -> Result<Self, PlanError> {
        let before = runs_before(repo, (environment, subject));
        let question = Question { subject, named, before };
        let mut found = Vec::new();
        for one in listings {
            found.push((one, question.new_in(one)?));
        }
        let newest: Vec<Newest> =
            found.iter().map(|(one, new)| question.newest(one, new.as_ref())).collect();
        if found.iter().all(|(_, new)| new.is_none()) {
            return Ok(Self { newest, ..Self::default() });
        }
        question.chosen(&found, newest)
    }
}

/// What bears on the choice.
pub(super) struct Question<'q> {
    pub(super) subject: &'q Subject,
    pub(super) named: &'q Named,
    /// The version that the environment before runs, which is the only one that may follow.
    pub(super) before: Option<(String, Version)>,
}

impl Question<'_> {
    /// What is new in a listing.
    fn new_in<'l>(&self, one: &'l KeyListing) -> Result<Option<New<'l>>, PlanError> {
        match &one.key.by {
            By::Label(prefix) => Ok(self.labelled(prefix, &one.listing.versions)),
            By::Pin(before) => self.pinned(one, before.as_deref()).map(|new| new.map(New::Pinned)),
        }
    }

    /// The newest version by its label, or the current one if it is newer and has none.
    fn labelled<'l>(&self, prefix: &str, versions: &'l [Listed]) -> Option<New<'l>> {
        let newest = self.named.newest();
        let known = newest.map_or("", |(version, _)| version);
        let since = newest.and_then(|(_, first)| first.commit.as_ref()).map(|commit| commit.time);
        let is_next = |version: &Version| {
            version.as_str() > known && self.before.as_ref().is_none_or(|(_, one)| one == version)
        };
        let usable = || versions.iter().filter(|one| one.is_usable);
        // Another label of a version that Git has named would be another name of the same value.
        let is_other = |one: &&Listed| {
            labels(prefix, one).all(|label| self.named.version(label.as_str()).is_none())
        };
        let labelled = usable()
            .filter(is_other)
            .flat_map(|one| labels(prefix, one).map(move |label| (label, one)));
        let labelled = labelled
            .filter(|(version, _)| is_next(version))
            .max_by_key(|(version, _)| version.clone());
        let mut current = usable().filter(|one| one.is_current);
        let bare = current.find(|one| labels(prefix, one).next().is_none());
        // A value is made some time after its version got its name, so one that was made before Git named the newest version
        // may be its value, without its label by now.
        let bare = bare.filter(|one| one.created > since);
        let bare = bare
            .and_then(|one| Some((Version::new(Version::from_time(one.created?).as_str())?, one)));
        let bare = bare.filter(|(version, _)| version.as_str() > known);
        match (labelled, bare) {
            // What the environment before runs has its value, whatever else is newer.
            (Some((version, one)), Some((made, _))) if self.before.is_some() || version >= made => {
                Some(New::Labelled(version, one))
            }
            (_, Some((made, one))) => Some(New::Unlabelled(
                self.before.as_ref().map_or(made, |(_, version)| version.clone()),
                one,
            )),
            (Some((version, one)), None) => Some(New::Labelled(version, one)),
            (None, None) => None,
        }
    }

    /// The choice, where at least one key has something new.
    fn chosen(
        &self,
        found: &[(&KeyListing, Option<New<'_>>)],
        newest: Vec<Newest>,
    ) -> Result<Choice, PlanError> {
        let text = || newest.iter().map(|one| one.text.clone()).collect();
        if found.iter().any(|(_, new)| new.is_none()) {
            let hint = "put the new value into each of them, under the same label where stubs are pinned by label; then run this again";
            return Err(self.refused(text(), hint));
        }
        let labelled: BTreeSet<&Version> = found
            .iter()
            .filter_map(|(_, new)| match new {
                Some(New::Labelled(version, _)) => Some(version),
                _ => None,
            })
            .collect();
        if labelled.len() > 1 {
            let hint = "the keys of a family have one version: give the newest value of each the same label, then run this again";
            return Err(self.refused(text(), hint));
        }
        let made = found.iter().filter_map(|(_, new)| match new {
            Some(New::Unlabelled(version, _)) => Some(version),
            _ => None,
        });
        let version = labelled.first().copied().or_else(|| made.max()).map(Version::to_string);
        let is_taken = |(one, new): &(&KeyListing, Option<New<'_>>)| {
            matches!(new, Some(New::Unlabelled(..)))
                && version.as_deref().is_some_and(|version| one.has_label(version))
        };
        if found.iter().any(is_taken) {
            let hint = "another version has the label of the new version already, which no command moves: give the new value of each key the same label yourself, then run this again";
            return Err(self.refused(text(), hint));
        }
        let mut choice = Choice { version, newest, ..Choice::default() };
        for (one, new) in found {
            self.take(one, new.as_ref(), &mut choice);
        }
        Ok(choice)
    }

    /// Adds what is new of a key.
    fn take(&self, one: &KeyListing, new: Option<&New<'_>>, choice: &mut Choice) {
        let key = &one.key;
        match (new, &key.by) {
            (Some(New::Unlabelled(_, listed)), By::Label(prefix)) => {
                let version = choice.version.as_deref().unwrap_or_default();
                let label = format!("{prefix}{version}");
                choice.held.push(Held::new(key, listed, version, Some(&label)));
                choice.notes.extend(one.is_full());
            }
            (Some(New::Labelled(version, listed)), _) => {
                choice.held.push(Held::new(key, listed, version.as_str(), None));
            }
            (Some(New::Pinned(listed)), by) => {
                // What the environment before reads is taken over without a pin.
                if *by == By::Pin(None) {
                    choice.pins.push(format!("{}/{}={}", self.subject.family, key.key, listed.id));
                }
                choice.held.push(Held::new(key, listed, &listed.id, None));
            }
            _ => {}
        }
    }

    fn newest(&self, one: &KeyListing, new: Option<&New<'_>>) -> Newest {
        let KeyListing { key, listing } = one;
        let store = key.store();
        let (id, version, seen, text) = match new {
            Some(New::Labelled(version, listed)) => {
                let text = format!("`{}` in {store} has {version}", key.key);
                (Some(key.id(listed)), Some(version.to_string()), None, text)
            }
            Some(New::Unlabelled(version, listed)) => {
                let text = format!(
                    "`{}` in {store} has version {} without a label, made at the time {version}",
                    key.key,
                    key.id(listed)
                );
                (Some(key.id(listed)), None, None, text)
            }
            Some(New::Pinned(listed)) => {
                let text = format!("`{}` in {store} has version {}", key.key, listed.id);
                (Some(key.id(listed)), None, None, text)
            }
            None => {
                let (id, version, seen, text) = self.known(key, &listing.versions);
                (id, version, seen, text)
            }
        };
        Newest {
            family: self.subject.family.clone(),
            key: key.key.clone(),
            store,
            id: id.map(str::to_owned),
            version,
            is_new: new.is_some(),
            seen,
            text,
        }
    }

    pub(super) fn refused(&self, reasons: Vec<String>, hint: &str) -> PlanError {
        let refusal = |what| Refusal { what, place: None, hint: hint.to_owned() };
        let reasons = reasons.into_iter().map(refusal).collect();
        PlanError::Refused { subject: self.subject.clone(), reasons }
    }
}

/// The versions that labels of a prefix name.
pub(super) fn labels<'l>(prefix: &'l str, one: &'l Listed) -> impl Iterator<Item = Version> + 'l {
    one.labels.iter().filter_map(move |label| Version::new(label.strip_prefix(prefix)?))
}

impl KeyListing {
    /// What there is to say if another label would be one too many.
    fn is_full(&self) -> Option<String> {
        let room = self.key.backend.store.label_room()?;
        let count = self.labels().len();
        (count >= room).then(|| {
            format!(
                "`{}` has {count} labels, and {} has room for {room}: remove one that nothing needs first (`rotate prune` prints how)",
                self.key.key,
                self.key.store()
            )
        })
    }

    /// The labels of all versions but those that the store itself moves.
    fn labels(&self) -> BTreeSet<&str> {
        self.listing.labels()
    }
}
