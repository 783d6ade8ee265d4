//! Since when an environment has not named a version, and which versions it may go back to: what keeps a stub. `prune`
//! and the rules on stubs use this, so that they agree.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::k8s::secret_name::Version;
use crate::repo::subject::Subject;
use crate::repo::usage::Running;
use crate::timeline::runs::WayBack;
use crate::timeline::{Era, Timeline};

/// How it is known since when a version has not been in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// This commit removed the last reference.
    By(String),
    /// The oldest commit of a shallow clone does not reference it.
    Before(String),
    /// Nothing in the history references it; this version followed it.
    Followed(String),
}

/// The versions that an environment may go back to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WaysBack {
    /// The versions, 14 digits each.
    pub versions: BTreeSet<String>,
    /// Whether the clone is shallow and lacks what ran before.
    pub is_hidden: bool,
}

impl Timeline {
    /// Since when nothing in an environment names a version, and how that is known; `None` if the mainline names it now, or
    /// never did and none of the `others` is newer.
    pub fn unused<'o>(
        &self,
        subject: &Subject,
        version: &str,
        others: impl IntoIterator<Item = &'o str>,
    ) -> Option<(DateTime<Utc>, Known)> {
        let eras = self.eras(subject);
        if let Some(last) = eras.iter().position(|era| era.running.versions.contains(version)) {
            let after = &eras.get(last.checked_sub(1)?)?.began;
            return Some((after.time(), Known::By(after.commit().short().to_owned())));
        }
        if self.is_shallow() {
            let oldest = &eras.last()?.began;
            return Some((oldest.time(), Known::Before(oldest.commit().short().to_owned())));
        }
        followed(version, others)
    }

    /// The versions that an environment that runs `now` may go back to, where these are `made`.
    #[must_use]
    pub fn ways_back(&self, subject: &Subject, now: &Running, made: &BTreeSet<&str>) -> WaysBack {
        // A family that nothing references cannot be rolled back: all of it may be removed.
        let Some(current) = now.versions.last() else { return WaysBack::default() };
        let before = match self.way_back(subject, now) {
            WayBack::To(name) => Version::new(name).map(|_| name),
            WayBack::Nothing | WayBack::Hidden => None,
        };
        let mut versions = BTreeSet::new();
        if before.is_none() {
            // A version can be rolled back to even if it never ran here.
            let older = made.iter().rfind(|version| **version < current.as_str());
            versions.extend(older.map(|version| (*version).to_owned()));
        }
        // Where versions overlapped, the one before need not have run alone.
        versions.extend(overlapped(self.eras(subject), now).map(str::to_owned));
        versions.extend(before.map(str::to_owned));
        WaysBack { versions, is_hidden: before.is_none() && self.is_shallow() }
    }
}

/// Since when a version has not been in use as the digits tell: since the first of the `others` that is newer.
pub fn followed<'o>(
    version: &str,
    others: impl IntoIterator<Item = &'o str>,
) -> Option<(DateTime<Utc>, Known)> {
    let next = others.into_iter().filter(|other| *other > version).min()?;
    Some((Version::new(next)?.time(), Known::Followed(next.to_owned())))
}

/// When a version that has not been in use since then need not be kept any longer.
#[must_use]
pub fn kept_until(since: DateTime<Utc>, retention: TimeDelta) -> DateTime<Utc> {
    since.checked_add_signed(retention).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The version other than those running now that ran last.
pub(super) fn overlapped<'e>(eras: &'e [Era], now: &Running) -> Option<&'e str> {
    let others = |era: &'e Era| {
        era.running.versions.iter().rfind(|version| !now.versions.contains(*version))
    };
    eras.iter().find_map(others).map(String::as_str)
}
