//! The rules, one file each: the file's name is the rule's id.

pub mod changed_in_place;
pub mod dangling_optional_reference;
pub mod dangling_reference;
pub mod numeric_version;
pub mod removed_api_version;
pub mod removed_too_soon;
pub mod unused_setting;

use crate::lint::rule::Rule;

/// Every rule, sorted by id.
pub static RULES: &[&Rule] = &[
    &changed_in_place::RULE,
    &dangling_optional_reference::RULE,
    &dangling_reference::RULE,
    &numeric_version::RULE,
    &removed_api_version::RULE,
    &removed_too_soon::RULE,
    &unused_setting::RULE,
];

/// The rule of an id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id).copied()
}
