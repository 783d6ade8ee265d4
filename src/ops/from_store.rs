//! Listings of stores: where each comes from, and what they choose for each family.

use std::collections::BTreeMap;
use std::io;

use chrono::{DateTime, Utc};

use crate::disk::file::read;
use crate::lint::rules::label_budget::{self, Counted};
use crate::ops::events::Events;
use crate::ops::failure::Failure;
use crate::ops::listings::{
    Given, Origin, given, how_to, missing, origin, refuse_unused, unread, with_file,
};
use crate::ops::message::Message;
use crate::ops::session::Session;
use crate::plan::from_store::{Choice, KeyListing, MOST, StoreKey, keys};
use crate::process::store;
use crate::repo::Repo;
use crate::repo::subject::{Family, Subject};
use crate::timeline::named::Named;

/// Reads standard input, at most one byte more than so many.
pub type Stdin = fn(usize) -> io::Result<Vec<u8>>;

/// What `--from-store` was given.
#[derive(Clone)]
pub struct Request {
    /// As it was typed: `-`, a file, `KEY=FILE` or a program.
    pub from: Vec<String>,
    /// Reads standard input.
    pub stdin: Stdin,
}

/// What a command works with.
pub struct Where<'a> {
    /// The opened tree.
    pub session: &'a Session,
    /// The tree that is worked on.
    pub repo: &'a Repo,
    /// The pins that were given.
    pub pins: &'a [String],
    /// The branch whose history is read.
    pub mainline: Option<&'a str>,
    /// Receives events.
    pub events: &'a dyn Events,
    /// The current time.
    pub now: DateTime<Utc>,
}

impl Request {
    /// Whether the flag was given.
    #[must_use]
    pub const fn is_given(&self) -> bool {
        !self.from.is_empty()
    }

    /// What the stores have for each family of an environment.
    ///
    /// # Errors
    /// When there is no history that tells what is new, or a listing cannot be had, read or chosen from.
    pub fn choices(
        &self,
        environment: &str,
        families: &[Family],
        on: &Where<'_>,
    ) -> Result<BTreeMap<Family, Choice>, Failure> {
        let mut choices = BTreeMap::new();
        if !self.is_given() {
            return Ok(choices);
        }
        let index = on.repo.environment(environment)?;
        let subjects: Vec<Subject> =
            families.iter().map(|family| Subject::new(environment, family)).collect();
        let mut wanted = Vec::new();
        for subject in &subjects {
            wanted.push((subject, keys(on.repo, subject, (on.pins, on.now))?));
        }
        let mut named = Vec::new();
        for subject in &subjects {
            named.push(on.named(subject)?);
        }
        let mut keys: Vec<&StoreKey> = Vec::new();
        for key in wanted.iter().flat_map(|(_, keys)| keys) {
            if !keys.iter().any(|known| known.is_same(key)) {
                keys.push(key);
            }
        }
        let outputs = self.outputs(&keys, on, |key| Err(missing(key)))?;
        for ((subject, keys), named) in wanted.iter().zip(&named) {
            let listings: Vec<KeyListing> =
                keys.iter().map(|key| listing(key, &outputs, on.now)).collect::<Result<_, _>>()?;
            let choice = Choice::of(on.repo, (index, subject), &listings, named)?;
            if !choice.is_new() {
                let texts: Vec<&str> = choice.newest.iter().map(|one| &*one.text).collect();
                let (family, texts) = (&subject.family, texts.join("; "));
                let text = format!("{environment}: {family} has nothing new to take: {texts}");
                on.events.info(text);
            }
            warn_of_values(&listings, on.events);
            choices.insert(subject.family.clone(), choice);
        }
        Ok(choices)
    }

    /// The listings of keys, of those for which one is given.
    ///
    /// # Errors
    /// When a listing cannot be had or read, or is of another key.
    pub fn listings(&self, keys: &[StoreKey], on: &Where<'_>) -> Result<Vec<KeyListing>, Failure> {
        let keys: Vec<&StoreKey> = keys.iter().collect();
        let outputs = self.outputs(&keys, on, |_| Ok(()))?;
        let read = |out: &Out<'_>| listing(out.key, &outputs, on.now);
        let listings: Vec<KeyListing> = outputs.iter().map(read).collect::<Result<_, _>>()?;
        warn_of_values(&listings, on.events);
        Ok(listings)
    }

    /// The labels that listings show, for the rule that counts them.
    ///
    /// # Errors
    /// When a listing cannot be read, or is of no key whose labels count.
    pub fn counted(
        &self,
        session: &Session,
        repo: &Repo,
        now: DateTime<Utc>,
    ) -> Result<Counted, Failure> {
        let mut counted = Counted::new();
        if !self.is_given() {
            return Ok(counted);
        }
        let keys = label_budget::keys(repo);
        let names: Vec<&str> = keys.iter().map(String::as_str).collect();
        for text in &self.from {
            let Given { key, origin } = given(text, &names)?;
            let bytes = match origin {
                Origin::Stdin => self.standard_input()?,
                Origin::File(name) => file(session, name, LISTED)?,
                Origin::Program(name) => {
                    let text = format!("`rotate lint` does not run `{name}`");
                    let help = format!("{LISTED}; a file of that name is given as `./{name}`");
                    return Err(Failure::usage(Message::new(text).help(help)));
                }
            };
            let one = label_budget::count(repo, key, &bytes, now).map_err(|why| {
                let text = format!("{origin} is no listing whose labels are counted: {why}");
                Failure::usage(Message::new(text).help(LISTED))
            })?;
            counted.extend(one);
        }
        Ok(counted)
    }

    fn standard_input(&self) -> Result<Vec<u8>, Failure> {
        (self.stdin)(MOST).map_err(|error| {
            let text = format!("standard input cannot be read: {error}");
            Failure::usage(
                Message::new(text).help("give the listing as a file: `--from-store FILE`"),
            )
        })
    }

    /// What the keys are listed as, each with where that comes from; of those without a listing, it is asked what to do.
    fn outputs<'k>(
        &self,
        keys: &[&'k StoreKey],
        on: &Where<'_>,
        without: impl Fn(&StoreKey) -> Result<(), Failure>,
    ) -> Result<Vec<Out<'k>>, Failure> {
        let names: Vec<&str> = keys.iter().map(|key| key.key()).collect();
        let given: Vec<Given<'_>> =
            self.from.iter().map(|text| given(text, &names)).collect::<Result<_, _>>()?;
        let mut origins = Vec::new();
        for key in keys {
            match origin(key, keys, &given)? {
                Some(origin) => origins.push((*key, origin)),
                None => without(key)?,
            }
        }
        refuse_unused(keys, &given)?;
        let output = |(key, origin): (&'k StoreKey, &Origin<'_>)| {
            Ok(Out { key, origin: origin.to_string(), bytes: self.read(key, origin, on)? })
        };
        origins.into_iter().map(output).collect()
    }

    fn read(
        &self,
        key: &StoreKey,
        origin: &Origin<'_>,
        on: &Where<'_>,
    ) -> Result<Vec<u8>, Failure> {
        match origin {
            Origin::Stdin => self.standard_input(),
            Origin::File(name) => file(on.session, name, &how_to(key)),
            Origin::Program(name) => run(name, key, on),
        }
    }
}

impl Where<'_> {
    /// What an environment ever named of a family.
    fn named(&self, subject: &Subject) -> Result<Named, Failure> {
        let git = self.session.required_git()?;
        if self.session.is_unborn() {
            return Ok(Named::of(self.repo, subject));
        }
        let named = Named::read(git, self.mainline, self.repo, subject)?;
        if named.is_shallow {
            let text = format!(
                "the clone is shallow, so it is unknown which versions `{}` had of `{}`",
                subject.environment, subject.family
            );
            let help = "check out with `fetch-depth: 0`, or run `git fetch --unshallow`";
            return Err(Failure::usage(Message::new(text).help(help)));
        }
        Ok(named)
    }
}

/// What a key is listed as.
struct Out<'k> {
    key: &'k StoreKey,
    /// Where that comes from, as people say it.
    origin: String,
    bytes: Vec<u8>,
}

/// The listing of a key.
fn listing(key: &StoreKey, outputs: &[Out<'_>], now: DateTime<Utc>) -> Result<KeyListing, Failure> {
    let output = outputs.iter().find(|one| one.key.is_same(key)).ok_or_else(|| missing(key))?;
    let listing = key.read(&output.bytes, now);
    listing.map_err(|error| unread(key, &output.origin, &error.to_string()))
}

/// How a listing is made whose labels are counted.
const LISTED: &str = "`aws secretsmanager list-secret-version-ids --secret-id KEY --output json > FILE` makes one, for `--from-store KEY=FILE`";

/// A file that the command line names.
fn file(session: &Session, name: &str, help: &str) -> Result<Vec<u8>, Failure> {
    read(&session.file(name.as_ref()), MOST).map_err(|error| {
        let text = format!("`{name}` cannot be read: {error}");
        Failure::usage(Message::new(text).help(help))
    })
}

/// Runs the program that lists the versions of a key.
fn run(name: &'static str, key: &StoreKey, on: &Where<'_>) -> Result<Vec<u8>, Failure> {
    let command = key.command().filter(|words| words.first().is_some_and(|first| first == name));
    let Some(command) = command else {
        let text = format!(
            "where `{}` is in {} is not known, so `{name}` cannot list its versions",
            key.key(),
            key.store()
        );
        let help = format!("list them yourself, then `{}`", with_file(key));
        return Err(Failure::usage(Message::new(text).help(help)));
    };
    let line = key.line().unwrap_or_default();
    on.events.detail(format!("running `{line}`"));
    store::list(name, &command[1..], MOST).map_err(|said| {
        let text = format!("`{line}` failed: {}", said.trim());
        let help = format!("run it yourself, then `{}`", with_file(key));
        Failure::usage(Message::new(text).help(help))
    })
}

/// Says once that there were values in a listing.
fn warn_of_values(listings: &[KeyListing], events: &dyn Events) {
    let Some(one) = listings.iter().find(|one| one.has_values()) else { return };
    let text =
        format!("the listing of `{}` has values in it, which were not read", one.key().key());
    let message = Message::new(text);
    events.warning(match one.key().line() {
        Some(line) => message.help(format!("`{line}` leaves them out")),
        None => message,
    });
}
