//! Which names of a family an environment ran, and in which order: what is older, and what to roll back to.

use crate::k8s::secret_name::Version;
use crate::repo::subject::Subject;
use crate::repo::usage::Running;
use crate::timeline::{Began, Era, Timeline};

/// The target of a rollback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WayBack<'t> {
    /// This name, which ran alone earlier.
    To(&'t str),
    /// Nothing older ran there.
    Nothing,
    /// The clone is shallow and lacks what ran before.
    Hidden,
}

impl Timeline {
    /// Every name of a family that an environment ran, most recent first run first: 14 digits, or `plain`.
    #[must_use]
    pub fn names(&self, subject: &Subject) -> Vec<&str> {
        names(self.eras(subject))
    }

    /// Whether the first run of a name started before that of everything running now. A running name that is not on
    /// the mainline yet is the newest.
    #[must_use]
    pub fn is_older(&self, subject: &Subject, name: &str, now: &Running) -> bool {
        is_older(self.eras(subject), name, now)
    }

    /// What a rollback from `now` goes back to: of the older names, the one that ran alone most recently.
    #[must_use]
    pub fn way_back(&self, subject: &Subject, now: &Running) -> WayBack<'_> {
        let older =
            |era: &Era| era.running.alone().is_some_and(|name| self.is_older(subject, name, now));
        let eras = self.eras(subject);
        let found = eras.iter().find(|era| older(era)).and_then(|era| era.running.alone());
        match found {
            _ if self.is_shallow() && !self.is_whole(subject) => WayBack::Hidden,
            Some(name) => WayBack::To(name),
            None => WayBack::Nothing,
        }
    }

    /// The era in which an environment left a version for an older one, fully or, after the version ran alone, partly.
    #[must_use]
    pub fn left(&self, subject: &Subject, version: &str, now: &Running) -> Option<&Era> {
        left(self.eras(subject), version, now)
    }

    /// Whether history missing from a shallow clone may contain an environment running and leaving a version.
    #[must_use]
    pub fn hides_a_return(&self, subject: &Subject, version: &str, now: &Running) -> bool {
        let Some(oldest) = self.eras(subject).last() else { return false };
        let made = Version::new(version).map(|version| version.time());
        let may_have_run = made.is_none_or(|made| oldest.began.time() >= made);
        matches!(oldest.began, Began::Before(_))
            && !now.is_empty()
            && !now.has(version)
            && (may_have_run || self.had(subject, version))
    }
}

fn names(eras: &[Era]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for era in eras {
        for name in era.running.names() {
            // Its first run is further back, so it moves to the end.
            names.retain(|known| *known != name);
            names.push(name);
        }
    }
    names
}

/// [`Timeline::is_older`] for the eras of a subject.
pub(super) fn is_older(eras: &[Era], name: &str, now: &Running) -> bool {
    let names = names(eras);
    let place = |name: &str| names.iter().position(|known| *known == name);
    let newest = now.names().map(place).min().unwrap_or_default();
    place(name).is_some_and(|own| newest.is_none_or(|newest| own > newest))
}

/// The newest era that counts as a run of a version: where some of the references still name it, it must have run alone.
pub(super) fn newest_run(eras: &[Era], version: &str, now: &Running) -> Option<usize> {
    let is_in_part = now.has(version);
    let ran = |era: &Era| {
        if is_in_part { era.running.only() == Some(version) } else { era.running.has(version) }
    };
    eras.iter().position(ran)
}

/// [`Timeline::left`] for the eras of a subject.
pub(super) fn left<'e>(eras: &'e [Era], version: &str, now: &Running) -> Option<&'e Era> {
    let reference = Running::of(version);
    let is_older = |name: &str| name == version || is_older(eras, name, &reference);
    if now.is_empty() || now.only() == Some(version) || !now.names().all(is_older) {
        return None;
    }
    let last = newest_run(eras, version, now)?;
    let back = |era: &&Era| !era.running.is_empty() && era.running.names().all(is_older);
    eras[..last].iter().rev().find(back)
}
