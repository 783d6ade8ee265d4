//! The rules, one file each: the file's name is the rule's id.

pub mod changed_in_place;
pub mod dangling_optional_reference;
pub mod dangling_reference;
pub mod invalid_version;
pub mod missing_key;
pub mod mixed_versions;
pub mod removed_too_soon;
pub mod skipped_environment;
pub mod stale_annotation;
pub mod stale_reference;
pub mod unused_setting;
pub mod unversioned_reference;

use crate::lint::rule::Rule;

/// Every rule, sorted by id.
pub static RULES: &[&Rule] = &[
    &changed_in_place::RULE,
    &dangling_optional_reference::RULE,
    &dangling_reference::RULE,
    &invalid_version::RULE,
    &missing_key::RULE,
    &mixed_versions::RULE,
    &removed_too_soon::RULE,
    &skipped_environment::RULE,
    &stale_annotation::RULE,
    &stale_reference::RULE,
    &unused_setting::RULE,
    &unversioned_reference::RULE,
];

/// The rule of an id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id).copied()
}
