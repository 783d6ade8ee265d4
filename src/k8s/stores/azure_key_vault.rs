//! Azure Key Vault.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::k8s::store::commands::{Commands, Key, Step, flag};
use crate::k8s::store::definition::Definition;
use crate::k8s::store::listing::{Date, Dropped, Listed, Listing, Reader, arguments, json};
use crate::k8s::store::location::{Location, Provider};
use crate::k8s::store::page::{Cleanup, Glance};
use crate::k8s::store::pin::Versions;

pub(super) static STORE: Definition = Definition {
    setting: Some("azure-key-vault"),
    locate,
    is_certain: |provider| provider.text(URL).is_some(),
    access: &["authSecretRef", "authType", "identityId"],
    path: |_, key| key.strip_prefix("secret/").unwrap_or(key).to_owned(),
    commands: Commands { create, list, remove_key, remove_version, ..Commands::NONE },
    reader: Some(Reader {
        program: "az",
        as_json: (&["--output", "json"], 0),
        shows_labels: false,
        read,
        is_of,
        label: |_, _, _| None,
    }),
    cleanup: Some(Cleanup {
        store: "Azure Key Vault",
        prints: "disable the version, since only whole secrets can be deleted",
    }),
    ..Definition::new("Azure Key Vault", &["azurekv"], VERSIONS, GLANCE)
};

const VERSIONS: Versions =
    Versions::assigned(is_id, "requires a version ID of 32 hexadecimal digits");

const GLANCE: &[Glance] = &[Glance {
    store: "Azure Key Vault",
    pinned_by: "id of 32 hexadecimal digits",
    version_from: "the store: `--pin`",
    commands: "yes, where the vault's URL is in the SecretStore",
}];

const URL: &str = "vaultUrl";
const VAULT: &str = "vault";

fn is_id(pin: &str) -> bool {
    pin.len() == 32 && pin.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn locate(provider: Provider<'_>) -> Location {
    Location::read(provider, &[]).with(VAULT, provider.text(URL).and_then(vault_name))
}

/// The name in `https://NAME.vault.azure.net`.
fn vault_name(url: &str) -> Option<String> {
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    let name = host.split(['.', '/', ':']).next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// `az keyvault secret …`, in the store's vault; `None` where that is not known, or the key is no name of a secret.
fn az(key: &Key<'_>, command: &str) -> Option<String> {
    let vault = key.at.get(VAULT).filter(|_| !key.path.contains('/'))?;
    let vault = flag("--vault-name", Some(vault));
    Some(format!("az keyvault secret {command}{vault}{}", key.option("--name")))
}

fn create(key: &Key<'_>) -> Option<String> {
    // Without the query it would print the value.
    az(key, "set")
        .map(|set| format!("{set} --file /dev/stdin --encoding utf-8 --query id --output tsv"))
}

fn list(key: &Key<'_>) -> Option<Vec<String>> {
    let is_name =
        |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let vault = key.at.get(VAULT).filter(|_| !key.path.contains('/')).filter(is_name)?;
    let words = ["az", "keyvault", "secret", "list-versions"].map(str::to_owned).to_vec();
    Some([words, arguments("--vault-name", vault), arguments("--name", &key.path)].concat())
}

/// What `list-versions` prints of each version.
#[derive(Deserialize)]
struct Version {
    /// `https://VAULT.vault.azure.net/secrets/NAME/ID`.
    id: String,
    attributes: Attributes,
    #[serde(default)]
    value: Dropped,
}

#[derive(Deserialize)]
struct Attributes {
    enabled: bool,
    created: Option<Date>,
}

const SECRET: &str = "/secrets/";

fn read(text: &str, _: DateTime<Utc>) -> Result<Listing, serde_json::Error> {
    let all: Vec<Version> = json(text)?;
    let (mut names, mut versions, mut has_values) = (BTreeSet::new(), Vec::new(), false);
    for Version { id, attributes, value } in all {
        let parts = id.rsplit_once('/').filter(|(name, id)| name.contains(SECRET) && is_id(id));
        let (name, id) = parts.ok_or_else(|| serde::de::Error::custom("no version"))?;
        names.insert(name.to_owned());
        has_values |= value.is_some();
        let created = attributes.created.as_ref().and_then(Date::time);
        let version = Listed::dated(id.to_owned(), created);
        versions.push(Listed { is_usable: attributes.enabled, ..version });
    }
    Ok(Listing { names, versions, has_values, is_cut: false })
}

/// Whether the vault and the secret are those of a key, whose case does not matter.
fn is_of(key: &Key<'_>, name: &str) -> bool {
    let (place, secret) = name.rsplit_once(SECRET).unwrap_or_default();
    let vault = vault_name(place);
    let is_own = |own: &str| vault.as_ref().is_some_and(|one| one.eq_ignore_ascii_case(own));
    secret.eq_ignore_ascii_case(&key.path) && key.at.get(VAULT).is_none_or(is_own)
}

fn remove_key(key: &Key<'_>) -> Option<String> {
    az(key, "delete")
}

fn remove_version(key: &Key<'_>, pin: &str) -> Step {
    let set = az(key, "set-attributes");
    Step {
        title: format!(
            "Disable the version {pin} of {}: Key Vault cannot delete a single version.",
            key.word()
        ),
        command: set.map(|set| format!("{set} --version {pin} --enabled false")),
    }
}

#[cfg(test)]
mod tests {
    use super::{STORE, VAULT};
    use crate::k8s::store::commands::tests::key;
    use crate::k8s::store::location::Location;
    use crate::k8s::store::location::tests::located;

    #[test]
    fn the_vault_is_read_from_its_url() {
        let at = located(&STORE, "{ vaultUrl: \"https://shop.vault.azure.net\" }");
        assert_eq!(at.get(VAULT), Some("shop"));
        assert_eq!((STORE.path)(&at, "secret/db"), "db");
    }

    #[test]
    fn no_vault_is_guessed_and_no_value_is_printed() {
        let (unknown, commands) = (Location::default(), &STORE.commands);
        assert_eq!((commands.create)(&key(&STORE, &unknown, "auth")), None);
        assert_eq!((commands.remove_key)(&key(&STORE, &unknown, "auth")), None);
        let at = located(&STORE, "{ vaultUrl: \"https://v.vault.azure.net\" }");
        assert_eq!((commands.create)(&key(&STORE, &at, "shop/auth")), None);
        assert_eq!(
            (commands.create)(&key(&STORE, &at, "secret/auth")).unwrap(),
            "az keyvault secret set --vault-name v --name auth --file /dev/stdin --encoding utf-8 --query id --output tsv"
        );
    }
}
