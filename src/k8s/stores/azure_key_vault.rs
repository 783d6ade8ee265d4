//! Azure Key Vault.

use crate::k8s::store::commands::{Commands, Key, Step, flag};
use crate::k8s::store::definition::Definition;
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

fn list(key: &Key<'_>) -> Option<String> {
    az(key, "list-versions")
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
