//! What is new of a key whose versions the store itself names: by a number, or at random.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::k8s::store::is_given;
use crate::k8s::store::listing::Listed;
use crate::plan::from_store::choose::Question;
use crate::plan::from_store::{KeyListing, StoreKey};
use crate::plan::refusal::PlanError;
use crate::text::shell::option;
use crate::timeline::gate::moment;
use crate::timeline::named::First;

/// How far the clocks of a store and of whoever commits may be apart.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

impl Question<'_> {
    /// The newest version by its number or time, or that of the environment before, where it is newer than all that were ever
    /// pinned since the key was made.
    ///
    /// # Errors
    /// When two versions are the newest, or the numbers of the key have started over and nothing has been pinned since.
    pub(super) fn pinned<'l>(
        &self,
        one: &'l KeyListing,
        before: Option<&str>,
    ) -> Result<Option<&'l Listed>, PlanError> {
        let (key, versions) = (&one.key, &one.listing.versions);
        let pins = self.pins_since(one, before)?;
        let rank_of = |pin: &str| {
            let listed = versions.iter().find(|one| one.id == pin);
            listed.and_then(|one| one.rank).or_else(|| pin.parse().ok())
        };
        let known = pins.iter().filter_map(|pin| rank_of(pin)).max();
        let is_new = |one: &&Listed| {
            let is_later = one.rank.is_some_and(|rank| known.is_none_or(|known| rank > known));
            one.is_usable && is_later && !pins.contains(&*one.id)
        };
        if before.is_some() {
            return Ok(one.listed(before).filter(is_new));
        }
        let newest = versions.iter().filter(is_new).max_by_key(|one| one.rank);
        let same = |newest: &&Listed| {
            let mut all = versions.iter().filter(is_new);
            all.any(|one| one.rank == newest.rank && one.id != newest.id)
        };
        match newest.filter(same) {
            Some(newest) => Err(self.refused(
                vec![format!(
                    "two versions of `{}` were made at the same time, of which one is {}",
                    key.key, newest.id
                )],
                "give the one that is meant with `--pin KEY=VALUE`",
            )),
            None => Ok(newest),
        }
    }

    /// Every pin that Git's history has for a key.
    pub(super) fn pins(&self, key: &StoreKey) -> BTreeMap<&str, &First> {
        let path = key.backend.path(&key.key);
        let mut pins = self.named.pins(|name| key.backend.path(name) == path);
        // What the store never assigned, such as digits in place of a number, is no version of it.
        pins.retain(|pin, _| is_given(pin));
        pins
    }

    /// The pins that are of the key as it is now: those from before it was deleted and made again are other values, whose
    /// numbers say nothing of which is newer.
    ///
    /// # Errors
    /// When none is, and the newest number is one of those from before, or below them.
    fn pins_since(
        &self,
        one: &KeyListing,
        before: Option<&str>,
    ) -> Result<BTreeSet<&str>, PlanError> {
        let numbers = Numbers::of(&one.listing.versions);
        let pins = self.pins(&one.key);
        let is_older = |pin: &&str, first: &&First| {
            numbers.as_ref().is_some_and(|numbers| numbers.is_from_before(pin, first))
        };
        let (older, since): (Vec<_>, Vec<_>) =
            pins.into_iter().partition(|(pin, first)| is_older(pin, first));
        let number = |pin: &str| pin.parse::<u64>().ok();
        let last = older.iter().max_by_key(|(pin, _)| number(pin));
        if let (Some((pin, first)), true, Some(numbers)) = (last, since.is_empty(), numbers)
            && number(&numbers.newest.id) <= number(pin)
        {
            return Err(self.started_over((one, before), (pin, first), numbers.newest));
        }
        Ok(since.into_iter().map(|(pin, _)| pin).collect())
    }

    fn started_over(
        &self,
        (one, before): (&KeyListing, Option<&str>),
        (pin, first): (&str, &First),
        newest: &Listed,
    ) -> PlanError {
        let (key, store) = (&one.key.key, one.key.store());
        let named = first.commit.as_ref().map_or_else(
            || "in the work tree".to_owned(),
            |commit| format!("since {} ({})", moment(commit.time), commit.short()),
        );
        let environment = &self.subject.environment;
        let what = format!(
            "the numbers of `{key}` in {store} have started over: `{environment}` has named version {pin} {named}, and {}. \
             So the key was deleted and made again, and a number does not tell which value is newer",
            match newest.created.filter(|_| pin == newest.id) {
                Some(created) => format!("that was made at {} only", moment(created)),
                None => format!("the newest one there is {}", newest.id),
            }
        );
        let usable = one.listed(before).map_or("VALUE", |listed| listed.id.as_str());
        let pin = option("--pin", &format!("{}/{key}={usable}", self.subject.family));
        let hint = format!(
            "check which version has the value that is meant, then bump with `{}` in place of `--from-store`",
            pin.trim_start()
        );
        self.refused(vec![what], &hint)
    }
}

/// The versions of a key that a store counts.
struct Numbers<'l> {
    by_number: BTreeMap<u64, &'l Listed>,
    newest: &'l Listed,
}

impl<'l> Numbers<'l> {
    /// The numbers; `None` where there is none, or the store names its versions in another way.
    fn of(versions: &'l [Listed]) -> Option<Self> {
        let number = |one: &'l Listed| Some((one.id.parse().ok()?, one));
        let by_number: BTreeMap<u64, &Listed> =
            versions.iter().map(number).collect::<Option<_>>()?;
        let newest = by_number.last_key_value().map(|(_, newest)| *newest)?;
        Some(Self { by_number, newest })
    }

    /// Whether a pin is of a key that was deleted since: no version has its number yet, or all up to it were made after the pin
    /// was first named. A store that drops old versions leaves those above it.
    fn is_from_before(&self, pin: &str, first: &First) -> bool {
        let Ok(number) = pin.parse::<u64>() else { return false };
        if !self.by_number.contains_key(&number) {
            return self.by_number.last_key_value().is_some_and(|(last, _)| number > *last);
        }
        let Some(named) = &first.commit else { return false };
        let mut made = self.by_number.range(..=number).map(|(_, one)| one.created);
        made.all(|made| made.is_some_and(|made| made > named.time + TOLERANCE))
    }
}
