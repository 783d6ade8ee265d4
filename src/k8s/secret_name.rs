//! The grammar of versioned names: `<family>-<YYYYMMDDHHMMSS>`.

/// Splits a name into family and version digits, when its end is a hyphen and 14 digits.
///
/// The digits need not be a date; see [`Version::new`](Version) for that.
#[must_use]
pub fn split(name: &str) -> Option<(&str, &str)> {
    let (family, digits) = name.rsplit_once('-')?;
    let fits = digits.len() == 14 && digits.bytes().all(|byte| byte.is_ascii_digit());
    (fits && !family.is_empty()).then_some((family, digits))
}

/// The family of a name, versioned or plain.
#[must_use]
pub fn family(name: &str) -> &str {
    split(name).map_or(name, |(family, _)| family)
}

/// A version: 14 digits that are a real UTC date and time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(String);

impl Version {
    /// The 14 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
