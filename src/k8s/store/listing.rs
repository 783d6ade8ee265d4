//! What the command line of a store lists of a key: its versions, and never a value.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;

use crate::k8s::store::commands::Key;
use crate::k8s::store::moves;
use crate::text::shell::word;

/// How many bytes a listing may have.
pub const MOST: usize = 4 << 20;

/// The versions of a key, as a store lists them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// What the listing calls the key; empty where it does not say.
    pub names: BTreeSet<String>,
    /// The versions, in the order of the listing.
    pub versions: Vec<Listed>,
    /// Whether there were values in it, which were dropped unread.
    pub has_values: bool,
    /// Whether it is one page of several.
    pub is_cut: bool,
}

/// A version of a key, as a store lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What the store itself calls it, in the form of a pin.
    pub id: String,
    /// Where it stands among the versions of the key, by its number or its time; `None` where the listing does not say.
    pub rank: Option<i64>,
    /// Its labels.
    pub labels: Vec<String>,
    /// When it was made.
    pub created: Option<DateTime<Utc>>,
    /// When it was last read, to the day, where the store tells.
    pub read: Option<DateTime<Utc>>,
    /// Whether it can be read and is meant to be.
    pub is_usable: bool,
    /// Whether it is what a stub without a pin reads.
    pub is_current: bool,
}

/// How listings of a store are made and read.
#[derive(Debug)]
pub struct Reader {
    /// The program that prints them.
    pub program: &'static str,
    /// The arguments that make it print JSON, and how many arguments follow them.
    pub as_json: (&'static [&'static str], usize),
    /// Whether they show the labels of each version.
    pub shows_labels: bool,
    /// Reads one; the time is now.
    pub read: fn(&str, DateTime<Utc>) -> Result<Listing, serde_json::Error>,
    /// Whether what a listing calls its key may be this key.
    pub is_of: fn(&Key<'_>, &str) -> bool,
    /// The command that gives a label to a version of a key.
    pub label: fn(&Key<'_>, &str, &Listed) -> Option<String>,
}

/// Why a text is not the listing that is wanted. No message quotes the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It has too many bytes.
    #[error("it has more than {MOST} bytes")]
    TooLong,
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// It ends too early.
    #[error("it ends in the middle of line {0}")]
    Cut(usize),
    /// It is a table, YAML or something else.
    #[error("it is not JSON (line {0}, column {1})")]
    NotJson(usize, usize),
    /// It is JSON that no store prints as a listing.
    #[error("it is JSON, but not a list of the versions of a key")]
    NoListing,
    /// It is a listing of another store.
    #[error("it is a listing of {0}")]
    OfStore(&'static str),
    /// It is a listing of another key.
    #[error("it is a listing of `{0}`")]
    OfKey(String),
    /// It is one page of several.
    #[error("it is one page of several (`NextToken`)")]
    Page,
}

impl Reader {
    /// Reads a text as a listing of this store, whatever its key.
    ///
    /// # Errors
    /// With why it is none.
    pub fn parse(&self, bytes: &[u8], now: DateTime<Utc>) -> Result<Listing, Unread> {
        if bytes.len() > MOST {
            return Err(Unread::TooLong);
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|_| Unread::NotJson(1, 1))?.trim();
        if text.is_empty() {
            return Err(Unread::Empty);
        }
        let listing = (self.read)(text, now).map_err(|error| match error.classify() {
            Category::Eof => Unread::Cut(error.line()),
            Category::Data => Unread::NoListing,
            Category::Syntax | Category::Io => Unread::NotJson(error.line(), error.column()),
        })?;
        if listing.is_cut { Err(Unread::Page) } else { Ok(listing) }
    }

    /// The arguments of a command that lists versions, with those that make it print JSON.
    #[must_use]
    pub fn command(&self, mut list: Vec<String>) -> Vec<String> {
        let (flags, behind) = self.as_json;
        let at = list.len().saturating_sub(behind);
        drop(list.splice(at..at, flags.iter().map(|flag| (*flag).to_owned())));
        list
    }
}

impl Listing {
    /// The labels of all versions, without those that move from one version to the next by themselves.
    #[must_use]
    pub fn labels(&self) -> BTreeSet<&str> {
        let labels = self.versions.iter().flat_map(|one| &one.labels).map(String::as_str);
        labels.filter(|label| !moves(label)).collect()
    }
}

impl Listed {
    /// A version by its number.
    #[must_use]
    pub fn numbered(number: u64, created: Option<&Date>) -> Self {
        Self {
            rank: i64::try_from(number).ok(),
            ..Self::dated(number.to_string(), created.and_then(Date::time))
        }
    }

    /// A version by the time at which it was made.
    #[must_use]
    pub fn dated(id: String, created: Option<DateTime<Utc>>) -> Self {
        Self {
            id,
            rank: created.map(|time| time.timestamp_micros()),
            labels: Vec::new(),
            created,
            read: None,
            is_usable: true,
            is_current: false,
        }
    }
}

/// A point in time, as the command lines of stores spell it: in seconds since 1970, or as text.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Date {
    /// Seconds, with a fraction or without.
    Seconds(serde_json::Number),
    /// ISO 8601.
    Text(String),
}

impl Date {
    /// The time.
    #[must_use]
    pub fn time(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Seconds(number) => {
                let text = number.to_string();
                let (seconds, rest) = text.split_once('.').unwrap_or((&text, ""));
                let micros = format!("{rest:0<6.6}").parse::<u32>().ok()?;
                DateTime::from_timestamp(seconds.parse().ok()?, micros * 1000)
            }
            Self::Text(text) => DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc()),
        }
    }
}

/// A field that is there or not; whatever it holds is dropped unread.
pub type Dropped = Option<IgnoredAny>;

/// Reads JSON.
///
/// # Errors
/// When it is not of that shape.
pub fn json<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(text)
}

/// An option and its value as arguments of a program.
#[must_use]
pub fn arguments(name: &str, value: &str) -> Vec<String> {
    // A value that begins with a dash would be taken for another option.
    if value.starts_with('-') {
        return vec![format!("{name}={value}")];
    }
    vec![name.to_owned(), value.to_owned()]
}

/// A program and its arguments as a line of a shell.
#[must_use]
pub fn line(words: &[String]) -> String {
    words.iter().map(|one| word(one)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{Date, arguments, line};

    #[test]
    fn both_spellings_of_a_date_are_read() {
        for (text, time) in [
            ("1753268400", "2025-07-23T11:00:00+00:00"),
            ("1753268400.5", "2025-07-23T11:00:00.500+00:00"),
            ("1753268400.123456", "2025-07-23T11:00:00.123456+00:00"),
            ("\"2025-07-23T13:00:00.123000+02:00\"", "2025-07-23T11:00:00.123+00:00"),
            ("\"2025-07-23T11:00:00.123456789Z\"", "2025-07-23T11:00:00.123456789+00:00"),
        ] {
            let date: Date = serde_json::from_str(text).unwrap();
            assert_eq!(date.time().map(|time| time.to_rfc3339()).as_deref(), Some(time), "{text}");
        }
        for text in ["\"yesterday\"", "1e300", "-1.5e-300", "\"\""] {
            let date: Date = serde_json::from_str(text).unwrap();
            assert_eq!(date.time(), None, "{text}");
        }
    }

    #[test]
    fn arguments_stay_arguments() {
        let words = [vec!["aws".to_owned()], arguments("--name", "a b"), arguments("--x", "-y")];
        assert_eq!(line(&words.concat()), "aws --name 'a b' --x=-y");
    }
}
