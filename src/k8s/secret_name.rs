//! The grammar of names: DNS-1123 subdomains, and versioned names `<family>-<YYYYMMDDHHMMSS>`.

use std::borrow::Borrow;
use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Serialize, Serializer};

/// How many digits a version has.
pub const DIGITS: usize = 14;
/// The most characters a name may have.
pub const LONGEST: usize = 253;
/// The most characters a family may have, so that a hyphen and a version still fit.
pub const LONGEST_FAMILY: usize = LONGEST - 1 - DIGITS;
/// The most characters a label value may have.
pub const LONGEST_LABEL: usize = 63;

/// The word for a name without a version.
pub const PLAIN: &str = "plain";

const FORMAT: &str = "%Y%m%d%H%M%S";

/// Splits a name into family and version digits, if it ends in a hyphen and 14 digits.
///
/// The digits need not be a date; see [`Version::new`] for that.
#[must_use]
pub fn split(name: &str) -> Option<(&str, &str)> {
    let (family, digits) = name.rsplit_once('-')?;
    let fits = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    (fits && !family.is_empty()).then_some((family, digits))
}

/// The family of a name, versioned or plain.
#[must_use]
pub fn family(name: &str) -> &str {
    split(name).map_or(name, |(family, _)| family)
}

/// A family of Secrets: their name without a version.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Family(Arc<str>);

impl Family {
    /// The family of a name, versioned or plain. A `From` conversion keeps the whole name instead.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self(family(name).into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Family {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Family {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Family {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Family {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl From<&Self> for Family {
    fn from(family: &Self) -> Self {
        family.clone()
    }
}

impl From<String> for Family {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

impl PartialEq<str> for Family {
    fn eq(&self, name: &str) -> bool {
        *self.0 == *name
    }
}

impl Serialize for Family {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Every run of exactly 14 digits in a text that is not followed by a letter.
pub fn digits_in(text: &str) -> impl Iterator<Item = &str> {
    digits_at(text).map(|(_, digits)| digits)
}

/// The same, each with the place of its first byte.
pub fn digits_at(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + bytes.get(at..)?.iter().position(u8::is_ascii_digit)?;
            at = start + bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let letter = bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
            if at - start == DIGITS && !letter {
                return Some((start, text.get(start..at)?));
            }
        }
    })
}

/// A version: 14 digits that are a valid UTC date and time. Versions sort chronologically.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    digits: Arc<str>,
    time: DateTime<Utc>,
}

impl Version {
    /// The version with these 14 digits; `None` if they are not a valid date and time.
    #[must_use]
    pub fn new(digits: &str) -> Option<Self> {
        let fits = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        // Read by hand: lint asks this of every name in the tree.
        let number = |at: Range<usize>| digits.get(at).filter(|_| fits)?.parse::<u32>().ok();
        let year = i32::try_from(number(0..4)?).ok()?;
        let date = NaiveDate::from_ymd_opt(year, number(4..6)?, number(6..8)?)?;
        let time = date.and_hms_opt(number(8..10)?, number(10..12)?, number(12..14)?)?.and_utc();
        Some(Self { digits: digits.into(), time })
    }

    /// The version of a moment, to the second.
    #[must_use]
    pub fn from_time(time: DateTime<Utc>) -> Self {
        let time = DateTime::from_timestamp(time.timestamp(), 0).unwrap_or(time);
        Self { digits: time.format(FORMAT).to_string().into(), time }
    }

    /// The 14 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.digits
    }

    /// The moment the digits name.
    #[must_use]
    pub const fn time(&self) -> DateTime<Utc> {
        self.time
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.digits)
    }
}

/// A family and a version that together form a valid name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VersionedName {
    family: Family,
    version: Version,
}

impl VersionedName {
    /// The name of a family at a version.
    ///
    /// # Errors
    /// If the family is not a DNS-1123 subdomain or leaves no room for the version.
    pub fn new(family: &str, version: Version) -> Result<Self, NameError> {
        check_family(family)?;
        Ok(Self { family: family.into(), version })
    }

    /// Reads a name such as `auth-api-secrets-20250723110000`; `None` when it is not a versioned name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (family, digits) = split(name)?;
        Self::new(family, Version::new(digits)?).ok()
    }

    /// The family.
    #[must_use]
    pub const fn family(&self) -> &Family {
        &self.family
    }

    /// The version.
    #[must_use]
    pub const fn version(&self) -> &Version {
        &self.version
    }

    /// Whether the name is also valid as a label value.
    #[must_use]
    pub fn fits_label(&self) -> bool {
        self.family.len() + 1 + DIGITS <= LONGEST_LABEL
    }
}

impl fmt::Display for VersionedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.family, self.version)
    }
}

/// Why a text cannot name a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing is there.
    #[error("a name cannot be empty")]
    Empty,
    /// It has more characters than Kubernetes accepts.
    #[error("the name has {length} characters, and Kubernetes takes at most {LONGEST}")]
    TooLong {
        /// How many it has.
        length: usize,
    },
    /// It is a valid name, but would be too long with a version appended.
    #[error(
        "the family has {length} characters, and with a version behind it at most {LONGEST_FAMILY} fit"
    )]
    NoRoom {
        /// How many it has.
        length: usize,
    },
    /// A character that is not allowed in names.
    #[error(
        "`{character}` cannot stand in a name: only lower-case letters, digits, `-` and `.` can"
    )]
    Character {
        /// The first such character.
        character: char,
    },
    /// A part between dots begins or ends with a hyphen, or is empty.
    #[error("each part of a name must begin and end with a lower-case letter or a digit")]
    Edge,
}

/// Checks that a text is a DNS-1123 subdomain, as the names of secrets are.
///
/// # Errors
/// When it is not, with what is wrong.
pub fn check(name: &str) -> Result<(), NameError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if let Some(character) = name.chars().find(|&c| !plain(c) && c != '-' && c != '.') {
        return Err(NameError::Character { character });
    }
    if name.len() > LONGEST {
        return Err(NameError::TooLong { length: name.len() });
    }
    if !name.split('.').all(|part| part.starts_with(plain) && part.ends_with(plain)) {
        return Err(NameError::Edge);
    }
    Ok(())
}

/// Checks that a text is a name and leaves room for a hyphen and a version.
///
/// # Errors
/// When it does not.
pub fn check_family(family: &str) -> Result<(), NameError> {
    check(family)?;
    if family.len() > LONGEST_FAMILY {
        return Err(NameError::NoRoom { length: family.len() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{
        Family, NameError, Version, VersionedName, check, check_family, digits_in, family,
    };

    #[test]
    fn a_version_is_a_real_date() {
        let version = Version::new("20250723110000").unwrap();
        assert_eq!(version.time().to_rfc3339(), "2025-07-23T11:00:00+00:00");
        assert_eq!(Version::from_time(version.time()), version);
        assert!(Version::new("20240229235959").is_some());
        for wrong in ["20250229000000", "20251301000000", "20250723246000", "20250723235960"] {
            assert_eq!(Version::new(wrong), None, "{wrong}");
        }
        for wrong in ["", "2025072311000", "202507231100000", "+2025072311000", "2025072311000x"] {
            assert_eq!(Version::new(wrong), None, "{wrong}");
        }
        assert!(Version::new("20250723110001") > Some(version));
    }

    #[test]
    fn a_versioned_name_reads_back() {
        let name = VersionedName::parse("auth-api-secrets-20250723110000").unwrap();
        assert_eq!(name.family().as_str(), "auth-api-secrets");
        assert_eq!(name.version().as_str(), "20250723110000");
        assert_eq!(name.to_string(), "auth-api-secrets-20250723110000");
        for wrong in ["auth", "-20250723110000", "Auth-20250723110000", "a-20259923110000"] {
            assert_eq!(VersionedName::parse(wrong), None, "{wrong}");
        }
        assert_eq!(family("a-20259923110000"), "a");
        assert_eq!(family("a-2025"), "a-2025");
        assert_eq!(Family::of("a-20250723110000"), Family::from("a"));
        assert_ne!(Family::from("a-20250723110000"), Family::from("a"));
    }

    #[test]
    fn digits_are_found_in_texts() {
        let found = |text| digits_in(text).collect::<Vec<_>>();
        assert_eq!(found("v20250723110000"), ["20250723110000"]);
        assert_eq!(
            found("a-20250723110000/b-20250602090000"),
            ["20250723110000", "20250602090000"]
        );
        for none in ["", "2025", "x20250723110000f", "120250723110000", "ü-2025072311000"] {
            assert!(found(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn names_are_subdomains() {
        assert_eq!(check("a.b-c.9"), Ok(()));
        assert_eq!(check(""), Err(NameError::Empty));
        assert_eq!(check("a_b"), Err(NameError::Character { character: '_' }));
        assert_eq!(check("a.-b"), Err(NameError::Edge));
        assert_eq!(check("a..b"), Err(NameError::Edge));
        assert_eq!(check(&"a".repeat(254)), Err(NameError::TooLong { length: 254 }));
        assert_eq!(check_family(&"a".repeat(238)), Ok(()));
        assert_eq!(check_family(&"a".repeat(239)), Err(NameError::NoRoom { length: 239 }));
    }

    #[test]
    fn labels_are_shorter_than_names() {
        let version = Version::new("20250723110000").unwrap();
        let fits = |length| {
            VersionedName::new(&"a".repeat(length), version.clone()).map(|name| name.fits_label())
        };
        assert_eq!(fits(48), Ok(true));
        assert_eq!(fits(49), Ok(false));
    }
}
