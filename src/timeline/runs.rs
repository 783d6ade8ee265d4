//! Which names of a family an environment ran, and in which order: what is older, what comes next on the way back.

use crate::repo::usage::Running;
use crate::timeline::{Era, Timeline};

/// What a rollback goes back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WayBack<'t> {
    /// This name, which ran alone before.
    To(&'t str),
    /// Nothing older ran there.
    Nothing,
    /// The clone is shallow and does not have what ran before.
    Hidden,
}

impl Timeline {
    /// Every name that an environment ran of a family, the one whose first run began last first: 14 digits, or `plain`.
    #[must_use]
    pub fn names(&self, environment: &str, family: &str) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for era in self.eras(environment, family) {
            for name in era.running.names() {
                // Further back is where its first run began.
                names.retain(|known| *known != name);
                names.push(name);
            }
        }
        names
    }

    /// Whether the first run of a name began before that of everything that runs now. What runs now and is not on the
    /// mainline yet is the newest.
    #[must_use]
    pub fn is_older(&self, environment: &str, family: &str, name: &str, now: &Running) -> bool {
        let names = self.names(environment, family);
        let place = |name: &str| names.iter().position(|known| *known == name);
        let newest = now.names().map(place).min().unwrap_or_default();
        place(name).is_some_and(|own| newest.is_none_or(|newest| own > newest))
    }

    /// What a rollback goes back to from what runs now: of the older names the one that last ran alone.
    #[must_use]
    pub fn way_back(&self, environment: &str, family: &str, now: &Running) -> WayBack<'_> {
        let older = |era: &Era| {
            era.running.alone().is_some_and(|name| self.is_older(environment, family, name, now))
        };
        let eras = self.eras(environment, family);
        let found = eras.iter().find(|era| older(era)).and_then(|era| era.running.alone());
        match found {
            _ if self.is_shallow() && !self.is_whole(environment, family) => WayBack::Hidden,
            Some(name) => WayBack::To(name),
            None => WayBack::Nothing,
        }
    }

    /// The era that followed the last run of a version which the environment then left for an older one.
    #[must_use]
    pub fn left(
        &self,
        environment: &str,
        family: &str,
        version: &str,
        now: &Running,
    ) -> Option<&Era> {
        let ran = |name: &str| self.had(environment, family, name);
        if now.is_empty() || now.has(version) || !now.names().all(ran) {
            return None;
        }
        let is_older = |name: &str| {
            let version = Running::of(version);
            self.is_older(environment, family, name, &version)
        };
        let eras = self.eras(environment, family);
        let last = eras.iter().position(|era| era.running.has(version))?;
        eras.get(last.checked_sub(1)?).filter(|_| now.names().all(is_older))
    }
}
