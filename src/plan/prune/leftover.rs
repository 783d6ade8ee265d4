//! What stays in the stores when stubs are removed, and when it was last read.

use chrono::{DateTime, Utc};

use crate::plan::from_store::{KeyListing, StoreKey};
use crate::plan::prune::Prune;

/// A version of a key that no stub reads any more.
#[derive(Debug, Clone)]
pub struct Leftover {
    pub(super) key: StoreKey,
    /// How the stubs pinned it; `None` for a key that was there for this version alone.
    pub(super) pin: Option<String>,
    /// The 14 digits of the stubs.
    pub(super) version: String,
    /// The step that removes it: an index.
    pub(super) step: usize,
}

impl Prune {
    /// Adds to the steps that clean up when each version was last read, as the listings of its store show.
    pub fn say_reads(&mut self, listings: &[KeyListing]) {
        for leftover in self.leftovers.clone() {
            let listing = listings.iter().find(|one| one.key().is_same(&leftover.key));
            let read = listing.and_then(|one| one.last_read(leftover.pin.as_deref()));
            let (Some(read), Some(step)) = (read, self.next.get(leftover.step)) else { continue };
            let said = format!("{} {}", step.title, self.said_of(read, &leftover.version));
            self.next[leftover.step].title = said;
        }
    }

    /// A sentence on when a version was last read. Stores keep the day, not the time.
    fn said_of(&self, read: DateTime<Utc>, version: &str) -> String {
        let day = |time: DateTime<Utc>| time.format("%Y-%m-%d").to_string();
        let (said, environment) =
            (format!("It was last read on {}", day(read)), &self.subject.environment);
        let by_pods = self.shown.as_ref().and_then(|shown| shown.moved);
        let by_git = || {
            let mut gone = self.gone.iter().filter(|gone| gone.version == version);
            gone.next().map(|gone| gone.unused.since)
        };
        let (since, what) = match (by_pods, by_git()) {
            (Some(moved), _) => (moved, "after the last pod had moved".to_owned()),
            (None, Some(since)) => (since, format!("after {environment} had stopped naming it")),
            (None, None) => return format!("{said}."),
        };
        if read.date_naive() <= since.date_naive() {
            return format!("{said}.");
        }
        format!(
            "{said}, {what} on {}: find out what still reads it before you remove it. A stub that is refreshed makes the operator read it.",
            day(since)
        )
    }
}
