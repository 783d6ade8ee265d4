//! Validation of single words in `rotate.yaml`; each error points at the word itself.

use std::fmt;
use std::marker::PhantomData;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use jiff::tz::TimeZone;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

/// Reads one scalar and passes its text to `read`, so that an error carries the scalar's location.
///
/// # Errors
/// When there is no scalar, or `read` rejects it.
pub(super) fn parsed<'de, D, T>(
    deserializer: D,
    expecting: &'static str,
    read: fn(&str) -> Result<T, String>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    deserializer.deserialize_str(Parsed { expecting, read })
}

struct Parsed<T> {
    expecting: &'static str,
    read: fn(&str) -> Result<T, String>,
}

impl<T> Visitor<'_> for Parsed<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.read)(text).map_err(E::custom)
    }
}

pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    parsed(deserializer, "a text", |text| match text {
        "" => Err("must not be empty".to_owned()),
        text => Ok(text.to_owned()),
    })
}

pub(super) fn environment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    parsed(deserializer, "an environment's name", |text| {
        let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let fits = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if fits && text.chars().all(letters) {
            return Ok(text.to_owned());
        }
        Err(format!(
            "`{text}` is not a valid environment name: letters, digits, `-`, `_` and `.`, beginning with a letter or digit"
        ))
    })
}

pub(super) fn api_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    parsed(deserializer, "an API version", |text| {
        let parts: Vec<&str> = text.split('/').collect();
        if parts.len() <= 2 && parts.iter().all(|part| !part.trim().is_empty()) {
            return Ok(text.to_owned());
        }
        Err(format!("`{text}` is no API version; write it as in a manifest: `example.com/v1`"))
    })
}

pub(super) fn field_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    parsed(deserializer, "a field", |text| {
        let brackets = |part: &str| {
            let name = part.split('[').next().unwrap_or_default();
            let closed = part.matches('[').count() == part.matches(']').count();
            closed && (!name.is_empty() || part.starts_with('['))
        };
        if !text.is_empty() && !text.contains(char::is_whitespace) && parts(text).all(brackets) {
            return Ok(text.to_owned());
        }
        Err(format!(
            "`{text}` is not a field; write keys separated by dots, `[]` for every item of a list: `spec.auth[].secretName`"
        ))
    })
}

/// The keys of a field's path: dots inside brackets belong to the key.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    path.split(move |c: char| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == '.' && depth == 0
    })
}

pub(super) fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    parsed(deserializer, "a version of 14 digits", |text| {
        if text == "plain" {
            return Ok(text.to_owned());
        }
        let digits = text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits && NaiveDateTime::parse_from_str(text, "%Y%m%d%H%M%S").is_ok() {
            return Ok(text.to_owned());
        }
        Err(format!(
            "`{text}` is not a version; write a UTC date and time as 14 digits, such as `\"20250723110000\"`, or `plain`"
        ))
    })
}

pub(super) fn moment<'de, D>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error>
where
    D: Deserializer<'de>,
{
    parsed(deserializer, "a date", |text| {
        let time = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
        let date = || text.parse::<NaiveDate>().map(|date| date.and_time(NaiveTime::MIN).and_utc());
        time.or_else(|_| date()).map(Some).map_err(|_| {
            format!("`{text}` is no date; write `2025-07-23` or `2025-07-23T11:00:00Z`")
        })
    })
}

pub(super) fn timezone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    parsed(deserializer, "a time zone", |text| {
        let known = TimeZone::get(text);
        // Spelled as other tools that read time zones expect, and not the one of an unset clock.
        if text != "Factory" && known.is_ok_and(|zone| zone.iana_name() == Some(text)) {
            return Ok(text.to_owned());
        }
        Err(format!("`{text}` is no time zone; write its name: `Europe/Berlin`, `UTC`"))
    })
}

pub(super) fn prefix<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    parsed(deserializer, "what precedes the digits", |text| {
        let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        if text.chars().all(letters) {
            return Ok(Some(text.to_owned()));
        }
        Err(format!("`{text}` cannot be used in a version: letters, digits, `-`, `_`, `.` and `/`"))
    })
}

pub(super) fn key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    key_text(deserializer).map(Some)
}

pub(super) fn key_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    parsed(deserializer, "a key of the store", |text| {
        if text.is_empty() {
            return Err("must not be empty".to_owned());
        }
        let rest = text.replace("{environment}", "").replace("{family}", "");
        if rest.contains(['{', '}']) {
            return Err(format!("`{text}`: only `{{environment}}` and `{{family}}` are filled in"));
        }
        Ok(text.to_owned())
    })
}

/// A list with at least one item.
pub(super) fn not_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_seq(NotEmpty(PhantomData))
}

struct NotEmpty<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for NotEmpty<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        if list.is_empty() { Err(A::Error::custom("the list must not be empty")) } else { Ok(list) }
    }
}
