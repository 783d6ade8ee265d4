//! The stores behind a SecretStore and how a version is pinned in each.
//!
//! What differs from store to store is in the [`definition`] of each, and those are in `stores`.

pub mod commands;
pub mod definition;
pub mod listing;
pub mod location;
pub mod page;
pub mod pin;

use std::fmt;

use chrono::{DateTime, Utc};

use crate::k8s::resource::{group_of, kind_of};
use crate::k8s::secret_name::Version;
use crate::k8s::store::definition::Definition;
use crate::k8s::store::location::Provider;
use crate::k8s::store::page::{Cleanup, Glance};
use crate::k8s::store::pin::{Naming, PinError};
use crate::k8s::stores::STORES;
use crate::text::work;
use crate::yaml::node::Node;

/// What a SecretStore reads from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Store(usize);

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.name())
    }
}

impl Store {
    /// Any store that is not known by name.
    pub const OTHER: Self = Self(STORES.len() - 1);

    /// Every store.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..STORES.len()).map(Self)
    }

    /// The store that a SecretStore or ClusterSecretStore describes; `None` for any other object.
    #[must_use]
    pub fn read(object: &Node) -> Option<Self> {
        work::count("store read");
        let is_store = matches!(kind_of(object), "SecretStore" | "ClusterSecretStore");
        if !is_store || group_of(object) != "external-secrets.io" {
            return None;
        }
        let entry = object.at(&["spec", "provider"])?.entries().first()?;
        Some(Self::of_provider(entry.key.str()?, Provider(&entry.value)))
    }

    /// The store that a key under `spec.provider` and its settings describe.
    #[must_use]
    pub fn of_provider(key: &str, provider: Provider<'_>) -> Self {
        let is_meant = |store: &Self| {
            let definition = store.definition();
            definition.providers.contains(&key) && (definition.is_meant)(provider)
        };
        Self::all().find(is_meant).unwrap_or(Self::OTHER)
    }

    /// A store whose command line prints such a listing.
    #[must_use]
    pub fn of_listing(bytes: &[u8], now: DateTime<Utc>) -> Option<Self> {
        Self::all().find(|store| {
            let reader = store.definition().reader.as_ref();
            reader.is_some_and(|reader| reader.parse(bytes, now).is_ok())
        })
    }

    /// The store that `rotate.yaml` calls so.
    #[must_use]
    pub fn of_setting(name: &str) -> Option<Self> {
        Self::all().find(|store| store.definition().setting == Some(name))
    }

    pub(in crate::k8s) fn definition(self) -> &'static Definition {
        STORES[self.0]
    }

    /// The display name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.definition().name
    }

    /// Checks that a text is valid as `remoteRef.version`.
    ///
    /// # Errors
    /// If the store would reject it, ignore it or never find it, or if it could move to another version.
    pub fn check_pin(self, pin: &str) -> Result<(), PinError> {
        let versions = &self.definition().versions;
        if (versions.takes)(pin) { Ok(()) } else { Err(self.error(versions.wants)) }
    }

    /// The label of a version; `None` for stores without user-defined labels.
    #[must_use]
    pub fn label(self, version: &Version) -> Option<String> {
        let Naming::Labels(prefix) = self.definition().versions.naming else { return None };
        Some(format!("{prefix}{version}"))
    }

    /// Why the store cannot serve a version, so that each version needs a key of its own; `None` if it can.
    #[must_use]
    pub fn without_versions(self) -> Option<PinError> {
        let versions = &self.definition().versions;
        (versions.naming == Naming::Refused).then(|| self.error(versions.wants))
    }

    /// Whether the store assigns the versions of its values itself, so that the version of a new value must be given.
    #[must_use]
    pub fn assigns_versions(self) -> bool {
        self.definition().versions.naming == Naming::Assigned
    }

    /// Why the store ignores a pin and reads its newest version; `None` if it does not.
    #[must_use]
    pub fn ignores(self, pin: &str) -> Option<PinError> {
        let takes = self.definition().versions.only_takes?;
        self.check_pin(pin).is_err().then(|| self.error(takes))
    }

    /// Whether a pin is a label, of which a value has only so many.
    #[must_use]
    pub fn is_label(self, pin: &str) -> bool {
        self.check_pin(pin).is_ok() && !(self.definition().versions.is_assigned)(pin)
    }

    /// The number of labels that a value has room for; `None` if there is no limit worth a warning.
    #[must_use]
    pub fn label_room(self) -> Option<usize> {
        self.definition().versions.label_room
    }

    /// The separate key of a version.
    #[must_use]
    pub fn own_key(self, key: &str, version: &str) -> String {
        format!("{key}{}{version}", self.definition().separator)
    }

    /// What tells the account of a SecretStore from others, each detail as it is written or empty.
    #[must_use]
    pub fn account(self, object: &Node) -> Vec<&str> {
        let Definition { account, providers, .. } = self.definition();
        let mut keys = providers.iter();
        let provider = keys.find_map(|key| object.at(&["spec", "provider", key]));
        let text = |field: &&str| provider?.get(field)?.str();
        account.iter().map(|field| text(field).unwrap_or_default()).collect()
    }

    /// Its rows in the first table of the page on stores.
    #[must_use]
    pub fn glance(self) -> &'static [Glance] {
        self.definition().glance
    }

    /// Its row in the page's table on cleaning up.
    #[must_use]
    pub fn cleanup(self) -> Option<Cleanup> {
        self.definition().cleanup
    }

    fn error(self, reason: &'static str) -> PinError {
        PinError { store: self.name(), reason }
    }
}

/// Whether a pin is a number or an ID that a store assigned, and so never refers to another value.
#[must_use]
pub fn is_given(pin: &str) -> bool {
    STORES.iter().any(|store| (store.versions.is_assigned)(pin))
}

/// What comes before the ID in a pin that a store assigned; empty for numbers and labels.
#[must_use]
pub fn assigned_prefix(pin: &str) -> &'static str {
    let mut prefixes = STORES.iter().map(|store| store.versions.assigned_prefix);
    prefixes.find(|prefix| !prefix.is_empty() && pin.starts_with(prefix)).unwrap_or_default()
}

/// Whether a pin moves to another version with each rotation, in one store or another.
#[must_use]
pub fn moves(pin: &str) -> bool {
    STORES.iter().any(|store| store.versions.moving.contains(&pin))
}

/// The version in a pin that is a label, with or without a store's prefix.
#[must_use]
pub fn version_in(pin: &str) -> Option<Version> {
    Version::new(pin.strip_prefix('v').unwrap_or(pin))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Store, assigned_prefix, is_given, moves, version_in};
    use crate::k8s::secret_name::Version;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;

    const TIME: &str = "20250723110000";

    fn read(provider: &str) -> Option<Store> {
        let text = format!(
            "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nspec: {{provider: {provider}}}\n"
        );
        Store::read(&parse(&Source::file(TreePath::root(), text)).unwrap().documents[0].root)
    }

    fn name(provider: &str) -> Option<&'static str> {
        read(provider).map(Store::name)
    }

    #[test]
    fn every_label_is_one_its_store_takes() {
        let version = Version::new(TIME).unwrap();
        for store in Store::all() {
            if let Some(label) = store.label(&version) {
                assert_eq!(store.check_pin(&label), Ok(()), "{store:?}");
                assert_eq!(version_in(&label).as_ref(), Some(&version));
            }
        }
    }

    #[test]
    fn a_bare_timestamp_is_not_a_label_everywhere() {
        for (provider, takes) in [
            ("{aws: {service: SecretsManager}}", true),
            ("{aws: {service: ParameterStore}}", false),
            ("{gcpsm: {}}", false),
            ("{azurekv: {}}", false),
            ("{vault: {}}", false),
            ("{ovh: {}}", false),
            ("{onepassword: {}}", false),
            ("{webhook: {}}", true),
            ("{passbolt: {}}", true),
        ] {
            let store = read(provider).unwrap();
            assert_eq!(store.check_pin(TIME).is_ok(), takes, "{provider}");
        }
    }

    #[test]
    fn a_store_without_versions_says_so() {
        let error = read("{onepassword: {}}").unwrap().check_pin("1").unwrap_err();
        assert_eq!(error.to_string(), "1Password takes no version");
    }

    #[test]
    fn names_and_settings_are_of_one_store_each() {
        let names: BTreeSet<&str> = Store::all().map(Store::name).collect();
        assert_eq!(names.len(), Store::all().count());
        for store in Store::all() {
            let setting = store.definition().setting;
            assert!(setting.is_none_or(|name| Store::of_setting(name) == Some(store)), "{store:?}");
        }
    }

    #[test]
    fn tells_stores_apart() {
        assert_eq!(name("{aws: {service: SecretsManager}}"), Some("AWS Secrets Manager"));
        assert_eq!(name("{aws: {region: x}}"), Some("AWS Secrets Manager"));
        assert_eq!(name("{aws: {service: ParameterStore}}"), Some("AWS Parameter Store"));
        assert_eq!(name("{onepasswordSDK: {}}"), Some("1Password"));
        assert_eq!(read("{passbolt: {}}"), Some(Store::OTHER));
        assert_eq!(name("{}"), None);
    }

    #[test]
    fn pins_that_some_store_assigned_are_known_without_it() {
        for pin in ["5", "uuid/1", "0123456789abcdef0123456789abcdef"] {
            assert!(is_given(pin), "{pin}");
        }
        assert!(!is_given(TIME) && !is_given("v20250723110000"));
        assert_eq!((assigned_prefix("uuid/1"), assigned_prefix("5")), ("uuid/", ""));
        assert!(moves("AWSCURRENT") && moves("latest_enabled") && !moves(TIME));
    }

    #[test]
    fn an_account_is_what_the_store_says() {
        let text = "spec: { provider: { aws: { region: x, prefix: \"${P}\" } } }";
        let stream = parse(&Source::file(TreePath::root(), text)).unwrap();
        let object: &Node = &stream.documents[0].root;
        let store = Store::of_setting("aws-secrets-manager").unwrap();
        assert_eq!(store.account(object), ["x", "", "${P}"]);
    }
}
