//! Where a SecretStore reads from, and the commands of the store's own CLI.

use chrono::{DateTime, Utc};

use crate::k8s::store::Store;
use crate::k8s::store::commands::{Addition, Commands, Key, Step};
use crate::k8s::store::listing::{Listed, Listing, Reader, Unread, line};
use crate::k8s::store::location::{Location, Provider};
use crate::k8s::store::pin::PinError;
use crate::text::shell::word;
use crate::yaml::compare::differences;
use crate::yaml::node::Node;

/// The service behind a SecretStore, and where in it the values are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Backend {
    /// The service.
    pub store: Store,
    location: Location,
}

/// Fields of every provider that configure how the operator authenticates, not where it reads.
const ACCESS: &[&str] = &["auth", "caBundle", "caProvider", "serviceAccountRef"];

/// Whether two SecretStores certainly read the same values, so that a version means the same in both.
///
/// What depends on the cluster is unknown: the AWS account when no role is set, a server with an in-cluster host name.
#[must_use]
pub fn reads_same_values(one: &Node, other: &Node) -> bool {
    match (certain(one), certain(other)) {
        (Some(one), Some(other)) => differences(&one, &other).is_empty(),
        _ => false,
    }
}

/// What a SecretStore says of where it reads; `None` if that depends on more.
fn certain(object: &Node) -> Option<Node> {
    let provider = object.at(&["spec", "provider"])?;
    let [entry] = provider.entries() else { return None };
    let key = entry.key.str()?;
    let definition = Store::of_provider(key, Provider(&entry.value)).definition();
    let is_certain = (definition.is_certain)(Provider(&entry.value));
    let mut provider = provider.clone();
    let body = provider.get_mut(key)?;
    for field in ACCESS.iter().chain(definition.access) {
        body.remove(field);
    }
    is_certain.then_some(provider)
}

impl Backend {
    /// A service about which nothing else is known.
    #[must_use]
    pub fn of(store: Store) -> Self {
        Self { store, location: Location::default() }
    }

    /// What a SecretStore or ClusterSecretStore reads from; `None` for any other object.
    #[must_use]
    pub fn read(object: &Node) -> Option<Self> {
        let store = Store::read(object)?;
        let provider = &object.at(&["spec", "provider"])?.entries().first()?.value;
        Some(Self { store, location: (store.definition().locate)(Provider(provider)) })
    }

    /// Why a version of a value cannot be requested; `None` if it can.
    #[must_use]
    pub fn without_versions(&self) -> Option<PinError> {
        let here = (self.store.definition().without_versions)(&self.location);
        here.or_else(|| self.store.without_versions())
    }

    /// The backend without its region where another region may hold a replica of the same secret.
    #[must_use]
    pub fn place(self) -> Self {
        if !self.store.definition().replicates {
            return self;
        }
        Self { location: self.location.without("region"), ..self }
    }

    /// The region, where the SecretStore names one.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.location.get("region")
    }

    /// A key as the service itself names it, as one word of a shell.
    #[must_use]
    pub fn word(&self, key: &str) -> String {
        self.key(key).word()
    }

    /// The command that creates a key with a value from standard input; `None` if there is none.
    #[must_use]
    pub fn create(&self, key: &str) -> Option<String> {
        (self.commands().create)(&self.key(key))
    }

    /// The commands that add a value from standard input to a key under a label; `None` if there are none.
    #[must_use]
    pub fn add(&self, key: &str, pin: &str) -> Option<Addition> {
        (self.commands().add)(&self.key(key), pin)
    }

    /// The command that lists the versions of a key without showing values; `None` if there is none.
    #[must_use]
    pub fn list_versions(&self, key: &str) -> Option<String> {
        (self.commands().list)(&self.key(key)).map(|words| line(&words))
    }

    /// The program that lists the versions of a key as JSON and without values, and its arguments; `None` if there is none, or
    /// the program would take what the repository says for something else than a name.
    #[must_use]
    pub fn listing(&self, key: &str) -> Option<Vec<String>> {
        let key = self.key(key);
        let words = self.reader()?.command((self.commands().list)(&key)?);
        // An option, or a file that is read in its place.
        let is_other = |word: &String| {
            word.starts_with('@')
                || word.contains("://")
                || *word == key.path && word.starts_with('-')
        };
        (!words.iter().any(is_other)).then_some(words)
    }

    /// Reads a listing of the versions of a key.
    ///
    /// # Errors
    /// With why it is none, or none of this key.
    pub fn read_listing(
        &self,
        key: &str,
        bytes: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Listing, Unread> {
        let Some(reader) = self.reader() else { return Err(Unread::NoListing) };
        let listing = reader.parse(bytes, now).map_err(|error| match error {
            Unread::NoListing => Store::of_listing(bytes, now)
                .map_or(Unread::NoListing, |other| Unread::OfStore(other.name())),
            error => error,
        })?;
        let key = self.key(key);
        let other = listing.names.iter().rfind(|name| !(reader.is_of)(&key, name));
        other.map_or(Ok(()), |other| Err(Unread::OfKey(other.clone())))?;
        Ok(listing)
    }

    /// The command that gives a label to a version of a key; `None` if there is none.
    #[must_use]
    pub fn label(&self, key: &str, label: &str, version: &Listed) -> Option<String> {
        (self.reader()?.label)(&self.key(key), label, version)
    }

    /// How its listings are read; `None` if it prints none.
    #[must_use]
    pub fn reader(&self) -> Option<&'static Reader> {
        self.store.definition().reader.as_ref()
    }

    /// A key as the service itself names it.
    #[must_use]
    pub fn path(&self, key: &str) -> String {
        self.key(key).path
    }

    /// The command that removes a key that was there for one version alone; `None` if there is none.
    #[must_use]
    pub fn remove_key(&self, key: &str) -> Option<String> {
        (self.commands().remove_key)(&self.key(key))
    }

    /// How one version of a key is removed.
    #[must_use]
    pub fn remove_version(&self, key: &str, pin: &str) -> Step {
        let key = self.key(key);
        if word(pin) != pin {
            // Inside of a query no quotes would keep a shell off it.
            return Step::remove_version(&key, pin, None);
        }
        (self.commands().remove_version)(&key, pin)
    }

    fn commands(&self) -> &'static Commands {
        &self.store.definition().commands
    }

    fn key<'a>(&'a self, name: &'a str) -> Key<'a> {
        Key { at: &self.location, name, path: (self.store.definition().path)(&self.location, name) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Backend, reads_same_values};
    use crate::k8s::store::Store;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;

    fn object(provider: &str) -> Node {
        let text = format!(
            "apiVersion: external-secrets.io/v1\nkind: SecretStore\nspec: {{ provider: {provider} }}\n"
        );
        parse(&Source::file(TreePath::root(), text)).unwrap().documents[0].root.clone()
    }

    fn backend(provider: &str) -> Backend {
        Backend::read(&object(provider)).unwrap()
    }

    #[test]
    fn keys_are_what_the_operator_makes_of_them() {
        for (provider, key, path) in [
            ("{ vault: { path: apps } }", "apps/data/db", "db"),
            ("{ openbao: {} }", "kv/db", "kv/db"),
            ("{ aws: { prefix: prod- } }", "db", "prod-db"),
            ("{ azurekv: { vaultUrl: \"https://v.vault.azure.net/\" } }", "secret/db", "db"),
            ("{ doppler: {} }", "it's", "'it'\\''s'"),
        ] {
            assert_eq!(backend(provider).word(key), path, "{provider} {key}");
        }
    }

    #[test]
    fn a_replica_of_another_region_is_in_the_same_place() {
        let [one, other] =
            ["a", "b"].map(|region| backend(&format!("{{ aws: {{ region: {region} }} }}")));
        assert_ne!(one, other);
        assert_eq!(one.place(), other.place());
        // Parameter Store has no replicas.
        let [one, other] = ["a", "b"].map(|region| {
            backend(&format!("{{ aws: {{ service: ParameterStore, region: {region} }} }}"))
        });
        assert_ne!(one.place(), other.place());
    }

    #[test]
    fn stores_are_the_same_only_for_certain() {
        for (one, other, is_same) in [
            ("{ aws: { role: r, auth: { a: b } } }", "{ aws: { role: r } }", true),
            ("{ aws: { region: a } }", "{ aws: { region: a } }", false),
            ("{ azurekv: { vaultUrl: u, authType: a } }", "{ azurekv: { vaultUrl: u } }", true),
            ("{ vault: { server: https://a.b.c } }", "{ vault: { server: https://a.b.c } }", true),
            ("{ vault: { server: http://a.svc } }", "{ vault: { server: http://a.svc } }", false),
            ("{ gcpsm: { projectID: a } }", "{ gcpsm: { projectID: b } }", false),
            ("{ passbolt: { host: a } }", "{ passbolt: { host: a } }", true),
        ] {
            assert_eq!(reads_same_values(&object(one), &object(other)), is_same, "{one} {other}");
        }
    }

    #[test]
    fn versions_can_be_refused_by_a_part_of_a_store() {
        let refusal = |provider| backend(provider).without_versions().map(|why| why.to_string());
        let first = "version 1 of the KV engine keeps no versions";
        assert_eq!(refusal("{ vault: { version: v1 } }").as_deref(), Some(first));
        assert_eq!(refusal("{ vault: { version: v2 } }"), None);
        assert_eq!(refusal("{ doppler: {} }").as_deref(), Some("Doppler takes no version"));
    }

    #[test]
    fn words_stay_words() {
        let mut seen = 0;
        for store in Store::all() {
            let Some(command) = Backend::of(store).create("it's; rm") else { continue };
            assert!(command.contains("'it'\\''s; rm'"), "{command}");
            assert!(command.ends_with("/dev/stdin") || command.ends_with("=-"), "{command}");
            seen += 1;
        }
        assert!(seen >= 3, "{seen} commands only");
    }

    #[test]
    fn a_version_that_needs_quotes_is_not_removed_by_a_command() {
        for store in Store::all() {
            for pin in ["$(reboot)", "it's"] {
                let step = Backend::of(store).remove_version("shop/auth", pin);
                assert_eq!(step.command, None, "{store:?} {pin}");
            }
        }
    }
}
