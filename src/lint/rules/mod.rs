//! The rules, one file each: the file's name is the rule's id.

pub mod apply_order;
pub mod changed_in_place;
pub mod dangling_optional_reference;
pub mod dangling_reference;
pub mod deletion_policy;
pub mod duplicate_provider;
pub mod invalid_version;
pub mod label_budget;
pub mod missing_key;
pub mod missing_monitor;
pub mod mixed_versions;
pub mod mutable_stub;
pub mod numeric_version;
pub mod overdue_rotation;
pub mod plaintext_secret;
pub mod removed_api_version;
pub mod removed_too_soon;
pub mod rollback_not_instant;
pub mod shared_pin;
pub mod short_retention;
pub mod skipped_environment;
pub mod stale_annotation;
pub mod stale_reference;
pub mod unavailable_rollout;
pub mod unjudged_reference;
pub mod unpinnable_source;
pub mod unpinned_version;
pub mod unplaced_environment;
pub mod unresolved;
pub mod unused_setting;
pub mod unused_stub;
pub mod unversioned_reference;
pub mod version_mismatch;

use crate::lint::rule::Rule;

/// Every rule, sorted by id.
pub static RULES: &[&Rule] = &[
    &apply_order::RULE,
    &changed_in_place::RULE,
    &dangling_optional_reference::RULE,
    &dangling_reference::RULE,
    &deletion_policy::RULE,
    &duplicate_provider::RULE,
    &invalid_version::RULE,
    &label_budget::RULE,
    &missing_key::RULE,
    &missing_monitor::RULE,
    &mixed_versions::RULE,
    &mutable_stub::RULE,
    &numeric_version::RULE,
    &overdue_rotation::RULE,
    &plaintext_secret::RULE,
    &removed_api_version::RULE,
    &removed_too_soon::RULE,
    &rollback_not_instant::RULE,
    &shared_pin::RULE,
    &short_retention::RULE,
    &skipped_environment::RULE,
    &stale_annotation::RULE,
    &stale_reference::RULE,
    &unavailable_rollout::RULE,
    &unjudged_reference::RULE,
    &unpinnable_source::RULE,
    &unpinned_version::RULE,
    &unplaced_environment::RULE,
    &unresolved::RULE,
    &unused_setting::RULE,
    &unused_stub::RULE,
    &unversioned_reference::RULE,
    &version_mismatch::RULE,
];

/// The rule of an id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id).copied()
}
