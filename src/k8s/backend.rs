//! Where a SecretStore reads from, with the details that the store's own CLI needs.

use crate::k8s::placeholder::is_filled_in;
use crate::k8s::store::{self, PinError, Store, without_versions};
use crate::yaml::compare::differences;
use crate::yaml::node::Node;

/// The service behind a SecretStore, and where in it the values are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Backend {
    /// The service.
    pub store: Store,
    /// Whether the SecretStore is in the repository; otherwise only the service is known.
    pub is_in_git: bool,
    /// AWS: the region.
    pub region: Option<String>,
    /// AWS: the prefix that the operator adds to each key.
    pub prefix: Option<String>,
    /// Google: the project.
    pub project: Option<String>,
    /// Google: the location of regional secrets.
    pub location: Option<String>,
    /// Azure: the vault's name.
    pub vault: Option<String>,
    /// Vault and OpenBao: where the KV engine is mounted.
    pub mount: Option<String>,
    /// Vault and OpenBao: the namespace.
    pub namespace: Option<String>,
    /// Vault and OpenBao: whether the KV engine is version 1.
    pub is_first_kv: bool,
}

/// Fields that configure how the operator authenticates, not where it reads.
const ACCESS: &[&str] = &[
    "auth",
    "authSecretRef",
    "authType",
    "caBundle",
    "caProvider",
    "identityId",
    "serviceAccountRef",
];

/// Whether two SecretStores certainly read the same values, so that a version means the same in both.
///
/// What depends on the cluster is unknown: the AWS account when no role is set, a server with an in-cluster host name.
#[must_use]
pub fn reads_same_values(one: &Node, other: &Node) -> bool {
    let provider = |object: &'_ Node| -> Option<Node> {
        let provider = object.at(&["spec", "provider"])?;
        let [entry] = provider.entries() else { return None };
        let text = |key: &str| {
            let text = entry.value.get(key).and_then(Node::str).unwrap_or_default();
            (!text.is_empty() && !is_filled_in(text)).then(|| text.to_owned())
        };
        let is_known = match entry.key.str()? {
            "aws" => text("role").is_some(),
            "azurekv" => text("vaultUrl").is_some(),
            "gcpsm" => text("projectID").is_some(),
            "openbao" | "vault" => text("server").is_some_and(|server| !is_in_cluster(&server)),
            _ => true,
        };
        let mut provider = provider.clone();
        let body = provider.get_mut(entry.key.str()?)?;
        for key in ACCESS {
            body.remove(key);
        }
        is_known.then_some(provider)
    };
    match (provider(one), provider(other)) {
        (Some(one), Some(other)) => differences(&one, &other).is_empty(),
        _ => false,
    }
}

/// Whether a URL names an in-cluster host, which differs between clusters.
fn is_in_cluster(url: &str) -> bool {
    let host = url.rsplit("://").next().unwrap_or(url);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    host.matches('.').count() < 2 || host.ends_with(".svc") || host.ends_with(".local")
}

impl Backend {
    /// A service about which nothing else is known.
    #[must_use]
    pub const fn of(store: Store) -> Self {
        Self {
            store,
            is_in_git: false,
            region: None,
            prefix: None,
            project: None,
            location: None,
            vault: None,
            mount: None,
            namespace: None,
            is_first_kv: false,
        }
    }

    /// What a SecretStore or ClusterSecretStore reads from; `None` for any other object.
    #[must_use]
    pub fn read(object: &Node) -> Option<Self> {
        let store = store::read(object)?;
        let provider = &object.at(&["spec", "provider"])?.entries().first()?.value;
        let text = |key: &str| {
            let text = provider.get(key).and_then(Node::str);
            text.filter(|text| !text.is_empty() && !is_filled_in(text)).map(str::to_owned)
        };
        let mount = text("path").map(|path| path.trim_matches('/').to_owned());
        Some(Self {
            is_in_git: true,
            region: text("region"),
            prefix: text("prefix"),
            project: text("projectID"),
            location: text("location"),
            vault: text("vaultUrl").and_then(|url| vault_name(&url)),
            mount: if store == Store::OpenBao {
                mount.or_else(|| Some("kv".to_owned()))
            } else {
                mount
            },
            namespace: text("namespace"),
            is_first_kv: text("version").as_deref() == Some("v1"),
            ..Self::of(store)
        })
    }

    /// Why a version of a value cannot be requested; `None` if it can.
    #[must_use]
    pub fn without_versions(&self) -> Option<PinError> {
        if self.is_first_kv {
            return Some(PinError {
                store: "version 1 of the KV engine",
                reason: "keeps no versions",
            });
        }
        without_versions(self.store)
    }

    /// The backend without its region: another region may hold a replica of the same secret.
    #[must_use]
    pub fn place(self) -> Self {
        Self { region: None, ..self }
    }

    /// The key as the service itself names it; for Vault and OpenBao, the path below the mount.
    #[must_use]
    pub fn key(&self, key: &str) -> String {
        match self.store {
            Store::AwsSecretsManager | Store::AwsParameterStore => {
                format!("{}{key}", self.prefix.as_deref().unwrap_or_default())
            }
            Store::AzureKeyVault => key.strip_prefix("secret/").unwrap_or(key).to_owned(),
            Store::Vault => self.vault_path(key).1,
            _ => key.to_owned(),
        }
    }

    /// The mount of the KV engine that holds a key; `None` if it is part of the key or unknown.
    #[must_use]
    pub fn mount(&self, key: &str) -> Option<String> {
        match self.store {
            Store::Vault => self.vault_path(key).0,
            _ => self.mount.clone(),
        }
    }

    /// The mount and the path below it, derived from a key as the operator does.
    fn vault_path(&self, key: &str) -> (Option<String>, String) {
        if let Some(mount) = &self.mount {
            let below = key.strip_prefix(mount.as_str()).and_then(|rest| rest.strip_prefix('/'));
            // A key that starts with the mount may also include the API's `data/` segment.
            let below = below.map(|path| match path.strip_prefix("data/") {
                Some(path) if !self.is_first_kv => path,
                _ => path,
            });
            return (Some(mount.clone()), below.unwrap_or(key).to_owned());
        }
        if self.is_first_kv || !self.is_in_git {
            return (None, key.to_owned());
        }
        match key.split_once("/data/").or_else(|| key.split_once('/')) {
            Some((mount, path)) => (Some(mount.to_owned()), path.to_owned()),
            None => (None, key.to_owned()),
        }
    }
}

/// The name in `https://NAME.vault.azure.net`.
fn vault_name(url: &str) -> Option<String> {
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    let name = host.split(['.', '/', ':']).next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::Backend;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::parse::parse;

    fn backend(provider: &str) -> Backend {
        let text = format!(
            "apiVersion: external-secrets.io/v1\nkind: SecretStore\nspec: {{ provider: {provider} }}\n"
        );
        let stream = parse(&Source::file(TreePath::root(), text)).unwrap();
        Backend::read(&stream.documents[0].root).unwrap()
    }

    #[test]
    fn mounts_and_keys_are_what_the_operator_makes_of_them() {
        for (provider, key, mount, path) in [
            ("{ vault: { path: apps } }", "shop/db", Some("apps"), "shop/db"),
            ("{ vault: { path: /team/apps/ } }", "team/apps/data/db", Some("team/apps"), "db"),
            ("{ vault: { path: apps } }", "data/db", Some("apps"), "data/db"),
            ("{ vault: { path: apps, version: v1 } }", "apps/data/db", Some("apps"), "data/db"),
            ("{ vault: {} }", "kv/shop/db", Some("kv"), "shop/db"),
            ("{ vault: {} }", "team/apps/data/db", Some("team/apps"), "db"),
            ("{ vault: { version: v1 } }", "secret/db", None, "secret/db"),
            ("{ vault: { path: \"${MOUNT}\" } }", "db", None, "db"),
            ("{ openbao: {} }", "kv/db", Some("kv"), "kv/db"),
            ("{ aws: { prefix: prod- } }", "db", None, "prod-db"),
            ("{ azurekv: { vaultUrl: \"https://v.vault.azure.net/\" } }", "secret/db", None, "db"),
        ] {
            let backend = backend(provider);
            assert_eq!(backend.mount(key).as_deref(), mount, "{provider} {key}");
            assert_eq!(backend.key(key), path, "{provider} {key}");
        }
    }

    #[test]
    fn accounts_are_read_where_they_are_written() {
        let aws = backend("{ aws: { service: SecretsManager, region: eu-central-1 } }");
        assert_eq!(aws.region.as_deref(), Some("eu-central-1"));
        let google = backend("{ gcpsm: { projectID: shop, location: europe-west1 } }");
        assert_eq!(
            (google.project.as_deref(), google.location.as_deref()),
            (Some("shop"), Some("europe-west1"))
        );
        assert_eq!(backend("{ gcpsm: { projectID: \"${PROJECT}\" } }").project, None);
        let azure = backend("{ azurekv: { vaultUrl: \"https://shop.vault.azure.net\" } }");
        assert_eq!(azure.vault.as_deref(), Some("shop"));
    }
}
