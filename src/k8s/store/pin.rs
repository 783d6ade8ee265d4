//! How a store names the versions of a value, and which texts can pin one.

use crate::k8s::secret_name::Version;

/// How a store names the versions of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// User-defined labels: this prefix, followed by the version's digits.
    Labels(&'static str),
    /// Names or numbers that the store assigns.
    Assigned,
    /// Versions cannot be requested.
    Refused,
}

/// What is known about the versions of a store.
#[derive(Debug)]
pub struct Versions {
    /// How they are named.
    pub naming: Naming,
    /// Whether a text can pin a version.
    pub takes: fn(&str) -> bool,
    /// What the store wants, a phrase that goes on after its name.
    pub wants: &'static str,
    /// Whether a text is what the store itself calls a version, and so never refers to another value.
    pub is_assigned: fn(&str) -> bool,
    /// The start of every text that is what the store itself calls a version.
    pub assigned_prefix: &'static str,
    /// Names that move to another version with each rotation.
    pub moving: &'static [&'static str],
    /// The number of labels that a value has room for.
    pub label_room: Option<usize>,
    /// What the store takes, if it reads the newest version for anything else; a phrase that goes on after its name.
    pub only_takes: Option<&'static str>,
}

impl Versions {
    /// User-defined labels with a prefix.
    #[must_use]
    pub const fn labels(
        prefix: &'static str,
        takes: fn(&str) -> bool,
        wants: &'static str,
    ) -> Self {
        Self { is_assigned: nothing, ..Self::new(Naming::Labels(prefix), takes, wants) }
    }

    /// Names or numbers that the store assigns.
    #[must_use]
    pub const fn assigned(takes: fn(&str) -> bool, wants: &'static str) -> Self {
        Self { is_assigned: takes, ..Self::new(Naming::Assigned, takes, wants) }
    }

    /// No versions that can be requested, with a phrase that says why and goes on after the store's name.
    #[must_use]
    pub const fn refused(why: &'static str) -> Self {
        Self::new(Naming::Refused, nothing, why)
    }

    const fn new(naming: Naming, takes: fn(&str) -> bool, wants: &'static str) -> Self {
        Self {
            naming,
            takes,
            wants,
            is_assigned: nothing,
            assigned_prefix: "",
            moving: &[],
            label_room: None,
            only_takes: None,
        }
    }
}

/// Why a text cannot pin a version in a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{store} {reason}")]
pub struct PinError {
    /// The store's display name.
    pub store: &'static str,
    /// What it wants, a phrase that goes on after the name.
    pub reason: &'static str,
}

/// No text at all.
#[must_use]
pub const fn nothing(_: &str) -> bool {
    false
}

/// Whether a text is not empty.
#[must_use]
pub const fn something(pin: &str) -> bool {
    !pin.is_empty()
}

/// Whether a text consists of digits.
#[must_use]
pub fn is_digits(pin: &str) -> bool {
    !pin.is_empty() && pin.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text is a number from 1, as a store writes it.
#[must_use]
pub fn is_count(pin: &str) -> bool {
    pin.parse::<u64>().is_ok_and(|number| number > 0) && is_digits(pin) && !pin.starts_with('0')
}

/// Whether a text may be a sequential version number of a store, as opposed to a timestamp.
#[must_use]
pub fn is_version_number(pin: &str) -> bool {
    is_count(pin) && Version::new(pin).is_none()
}
