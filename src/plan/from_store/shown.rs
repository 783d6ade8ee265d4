//! What the listing of a key shows of one of its versions.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::k8s::backend::Backend;
use crate::k8s::store::is_given;
use crate::k8s::store::listing::Listed;
use crate::plan::from_store::{By, Held, KeyListing, StoreKey};
use crate::plan::stored::{Place, Stored};
use crate::timeline::gate::moment;

/// How a listing shows a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shows {
    /// It is there, with what is known of it.
    Value(String),
    /// It cannot be read, with why.
    None(String),
}

impl StoreKey {
    /// The key of a value whose version the listings of its store tell.
    #[must_use]
    pub fn of(stored: &Stored) -> Option<Self> {
        let Place::Store { key, pin } = &stored.place else { return None };
        Self::told(stored.backend.clone()?, key, pin.as_deref())
    }

    /// A key, if the listings of its store tell a version of it.
    pub(in crate::plan) fn told(backend: Backend, key: &str, pin: Option<&str>) -> Option<Self> {
        let reader = backend.reader()?;
        let by = match pin.filter(|pin| !is_given(pin)) {
            Some(_) if !reader.shows_labels => return None,
            Some(_) => By::Label(String::new()),
            None => By::Pin(None),
        };
        Some(Self { backend, key: key.to_owned(), by })
    }

    /// The keys of values whose versions listings tell, each once.
    pub fn all<'s>(stored: impl IntoIterator<Item = &'s Stored>) -> Vec<Self> {
        let keys: BTreeSet<Self> = stored.into_iter().filter_map(Self::of).collect();
        let mut all: Vec<Self> = Vec::new();
        for key in keys {
            if !all.iter().any(|known| known.is_same(&key)) {
                all.push(key);
            }
        }
        all
    }
}

impl KeyListing {
    /// The listing of the key of a value.
    pub fn of<'l>(stored: &Stored, listings: &'l [Self]) -> Option<&'l Self> {
        let key = StoreKey::of(stored)?;
        listings.iter().find(|one| one.key.is_same(&key))
    }

    /// How it shows a version of its key; of a key that is there for one version alone, without a pin.
    #[must_use]
    pub fn shows(&self, pin: Option<&str>) -> Shows {
        let Some(listed) = self.listed(pin) else {
            let store = self.key.store();
            return Shows::None(format!("{store} does not have it, as the listing shows"));
        };
        let (id, made) = (self.key.id(listed), listed.created.map(moment));
        let made = made.map_or_else(String::new, |time| format!(", made at {time}"));
        if listed.is_usable {
            return Shows::Value(format!("the listing shows it as version {id}{made}"));
        }
        let text = format!(
            "the listing shows it as version {id}{made}, but that is deleted, disabled or pending"
        );
        Shows::None(text)
    }

    /// The value, if it is there.
    #[must_use]
    pub fn held(&self, pin: Option<&str>) -> Option<Held> {
        let listed = self.listed(pin).filter(|one| one.is_usable)?;
        Some(Held::new(&self.key, listed, pin.unwrap_or(&listed.id), None))
    }

    /// When a version of its key was last read, where the store tells.
    pub(in crate::plan) fn last_read(&self, pin: Option<&str>) -> Option<DateTime<Utc>> {
        self.listed(pin)?.read
    }

    /// Whether one of its versions has the label of a version of the family.
    pub(super) fn has_label(&self, version: &str) -> bool {
        let By::Label(prefix) = &self.key.by else { return false };
        self.listing.labels().iter().any(|label| label.strip_prefix(&**prefix) == Some(version))
    }

    pub(super) fn listed(&self, pin: Option<&str>) -> Option<&Listed> {
        let all = &self.listing.versions;
        match pin {
            Some(pin) => {
                all.iter().find(|one| one.id == pin || one.labels.iter().any(|label| label == pin))
            }
            None => all.iter().filter(|one| one.is_usable).max_by_key(|one| one.rank),
        }
    }
}
