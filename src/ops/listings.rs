//! Where the listing of each key comes from, by what `--from-store` was given.

use std::fmt;

use crate::ops::failure::Failure;
use crate::ops::message::Message;
use crate::plan::from_store::{StoreKey, programs};
use crate::text::nearest::nearest;
use crate::text::shell::option;

/// Where a listing comes from.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Origin<'a> {
    /// Standard input.
    Stdin,
    /// A file.
    File(&'a str),
    /// What this program prints.
    Program(&'static str),
}

/// What was given to the flag once.
pub(super) struct Given<'a> {
    /// The key, if it was named.
    pub(super) key: Option<&'a str>,
    /// Where its listing comes from.
    pub(super) origin: Origin<'a>,
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stdin => "standard input",
            Self::File(name) | Self::Program(name) => name,
        })
    }
}

/// What one use of the flag says.
pub(super) fn given<'a>(text: &'a str, keys: &[&str]) -> Result<Given<'a>, Failure> {
    let origin = |text: &'a str| if text == "-" { Origin::Stdin } else { Origin::File(text) };
    if let Some(program) = programs().into_iter().find(|name| *name == text) {
        return Ok(Given { key: None, origin: Origin::Program(program) });
    }
    let known = keys.iter().filter_map(|key| {
        let file = text.strip_prefix(key)?.strip_prefix('=')?;
        Some((&text[..key.len()], file))
    });
    if let Some((key, file)) = known.max_by_key(|(key, _)| key.len()) {
        return Ok(Given { key: Some(key), origin: origin(file) });
    }
    let is_path = text.starts_with("./") || text.starts_with("../");
    match text.split_once('=').filter(|_| !is_path) {
        Some((key, _)) => {
            let meant = nearest(key, keys.iter().copied());
            let meant = meant.map_or_else(String::new, |key| format!("; did you mean `{key}`?"));
            let message = Message::new(format!("no stub reads the key `{key}`{meant}"));
            let help = format!(
                "keys: {}; a file whose name has a `=` in it is given as `./FILE`",
                keys.join(", ")
            );
            Err(Failure::usage(message.help(help)))
        }
        None => Ok(Given { key: None, origin: origin(text) }),
    }
}

/// Where the listing of a key comes from; `None` where none is given.
pub(super) fn origin<'g, 'a>(
    key: &StoreKey,
    all: &[&StoreKey],
    given: &'g [Given<'a>],
) -> Result<Option<&'g Origin<'a>>, Failure> {
    let name = key.key();
    let with_program = |text: String| {
        let help = format!("`--from-store {}` lists the versions of each key", key.program());
        Err(Failure::usage(Message::new(text).help(help)))
    };
    let is_shared = all.iter().filter(|other| other.key() == name).count() > 1;
    let shared = || {
        with_program(format!(
            "`{name}` is a key of more than one store, so it is unclear whose listing is given"
        ))
    };
    let mut own = given.iter().filter(|one| one.key == Some(name));
    if let Some(one) = own.next() {
        return match own.next() {
            _ if is_shared => shared(),
            Some(_) => with_program(format!("`{name}` is given two listings")),
            None => Ok(Some(&one.origin)),
        };
    }
    let program = Origin::Program(key.program());
    if let Some(one) = given.iter().find(|one| one.origin == program) {
        return Ok(Some(&one.origin));
    }
    let mut bare =
        given.iter().filter(|one| one.key.is_none() && !matches!(one.origin, Origin::Program(_)));
    match (bare.next(), bare.next()) {
        (Some(one), None) if all.len() == 1 => Ok(Some(&one.origin)),
        (Some(_), _) if is_shared => shared(),
        (Some(_), _) if all.len() > 1 => {
            let keys: Vec<&str> = all.iter().map(|one| one.key()).collect();
            let text =
                format!("which key is listed is unclear: the stubs read {}", keys.join(", "));
            let options: String = keys.iter().map(|key| file_option(key)).collect();
            Err(Failure::usage(Message::new(text).help(format!("say it: `{}`", options.trim()))))
        }
        (Some(_), _) => {
            Err(Failure::usage(Message::new(format!("`{name}` is given two listings"))))
        }
        (None, _) => Ok(None),
    }
}

/// Refuses what no key took.
pub(super) fn refuse_unused(keys: &[&StoreKey], given: &[Given<'_>]) -> Result<(), Failure> {
    let is_used = |one: &Given<'_>| match one.origin {
        Origin::Program(name) => keys.iter().any(|key| key.program() == name),
        _ => true,
    };
    let Some(unused) = given.iter().find(|one| !is_used(one)) else {
        let stdin = given.iter().filter(|one| one.origin == Origin::Stdin).count();
        if stdin > 1 {
            let text = "standard input is given to two keys";
            return Err(Failure::usage(Message::new(text).help("give a file for all but one")));
        }
        return Ok(());
    };
    let text = format!("`{}` lists the versions of no key that the stubs read", unused.origin);
    let stores: Vec<String> =
        keys.iter().map(|key| format!("`{}` is in {}", key.key(), key.store())).collect();
    Err(Failure::usage(Message::new(text).help(stores.join("; "))))
}

pub(super) fn missing(key: &StoreKey) -> Failure {
    let text = format!("there is no listing of `{}`, which is in {}", key.key(), key.store());
    Failure::usage(Message::new(text).help(how_to(key)))
}

pub(super) fn unread(key: &StoreKey, origin: &str, why: &str) -> Failure {
    let text = format!("{origin} is no listing of `{}` in {}: {why}", key.key(), key.store());
    Failure::usage(Message::new(text).help(how_to(key)))
}

/// How a listing is made and given.
pub(super) fn how_to(key: &StoreKey) -> String {
    let option = with_file(key);
    match key.line() {
        Some(line) => format!("`{line} > FILE` makes one, for `{option}`"),
        None => format!("list its versions as JSON, for `{option}`"),
    }
}

pub(super) fn with_file(key: &StoreKey) -> String {
    file_option(key.key()).trim_start().to_owned()
}

fn file_option(key: &str) -> String {
    option("--from-store", &format!("{key}=FILE"))
}
