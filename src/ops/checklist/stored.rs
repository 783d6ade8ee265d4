//! What the stores have of the version.

use crate::ops::checklist::facts::Facts;
use crate::ops::checklist::run::Request;
use crate::ops::events::Events;
use crate::ops::failure::Failure;
use crate::ops::from_store::Where;
use crate::ops::message::Message;
use crate::ops::session::Session;
use crate::plan::from_store::{Held, KeyListing, StoreKey};
use crate::plan::stored::{Stored, stored};
use crate::repo::environment::EnvironmentId;

/// What is said where a listing is given and none is of use.
pub(super) fn no_listing(why: &str) -> Failure {
    Failure::usage(Message::new(why).help("leave out `--from-store`"))
}

impl Facts<'_> {
    /// The values that the version has in an environment, or has once it is moved there.
    pub(super) fn values(&self, id: EnvironmentId) -> Vec<Stored> {
        match self.moves.get(&id) {
            Some(Ok(planned)) => planned.stored.iter().cloned().collect(),
            _ => stored(self.repo, id, self.family, self.version).into_iter().collect(),
        }
    }

    /// The listings of the keys of the version, as far as they are given.
    pub(super) fn listings(
        &self,
        request: &Request<'_>,
        session: &Session,
        events: &dyn Events,
    ) -> Result<Vec<KeyListing>, Failure> {
        let keys = StoreKey::all(&self.all_values());
        if keys.is_empty() {
            let (version, family) = (self.version, self.family);
            let text = format!("no listing shows whether a store has {version} of `{family}`");
            return Err(no_listing(&text));
        }
        let on = Where {
            session,
            repo: self.repo,
            pins: &[],
            mainline: request.mainline.as_deref(),
            events,
            now: self.now,
        };
        request.from_store.listings(&keys, &on)
    }

    /// The values that the listings show.
    pub(super) fn held(&self) -> Vec<Held> {
        let listings = &self.given.listings;
        let held = |one: &Stored| KeyListing::of(one, listings)?.held(one.pin());
        self.all_values().iter().filter_map(held).collect()
    }

    fn all_values(&self) -> Vec<Stored> {
        self.environments.iter().flat_map(|id| self.values(*id)).collect()
    }
}
