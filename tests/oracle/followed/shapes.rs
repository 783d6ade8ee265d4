//! A repository with what no example has: the other stores, and the other ways to name a version in them.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

/// The versions that are there already; the newest runs.
const VERSIONS: [&str; 3] = ["20250102090000", "20250302090000", "20250602090000"];

/// Families of which each version is a key of its own, or a label: family, store, key and version, `@` for the digits.
const MOVED: [(&str, &str, &str, &str); 9] = [
    ("azure", "azure", "azure-@", ""),
    ("azure-typed", "azure", "secret/typed-@", ""),
    ("bao", "bao", "apps/bao/@", ""),
    ("google-key", "google", "google-@", ""),
    ("parameter", "parameters", "/keys/parameter-@", ""),
    ("prefixed", "prefixed", "prefixed", "@"),
    ("secret", "manager", "keys/secret-@", ""),
    ("vault-first", "vault-first", "first/@", ""),
    ("vault-loose", "vault-loose", "kv/loose/@", ""),
];

/// Families whose versions the store numbers itself, so that only their removal can be told.
const NUMBERED: [(&str, &str, &str, [&str; 3]); 6] = [
    (
        "azure-id",
        "azure",
        "by-id",
        [
            "0123456789abcdef0123456789abcd01",
            "0123456789abcdef0123456789abcd02",
            "0123456789abcdef0123456789abcd03",
        ],
    ),
    ("bao-number", "bao", "number", ["1", "2", "3"]),
    ("google-number", "google", "number", ["1", "2", "3"]),
    ("manager-id", "manager", "by-id", ["uuid/a-1", "uuid/a-2", "uuid/a-3"]),
    ("parameter-number", "parameters", "/number", ["1", "2", "3"]),
    ("vault-number", "vault", "number", ["1", "2", "3"]),
];

const SETTINGS: &str = "environments:
  - { name: staging, paths: [staging], soak: 24h, retention: 14d }
  - { name: production, paths: [production], retention: 14d }
";

/// The families that can be moved: the ones above, one whose Secrets stay behind, and a certificate that nothing makes.
pub(super) const FAMILIES: [&str; 11] = [
    "azure",
    "azure-typed",
    "bao",
    "certificate",
    "google-key",
    "left-behind",
    "parameter",
    "prefixed",
    "secret",
    "vault-first",
    "vault-loose",
];

/// Writes the repository.
pub(super) fn tree() -> TempDir {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("rotate.yaml"), SETTINGS).unwrap();
    for environment in ["staging", "production"] {
        let root = directory.path().join(environment);
        fs::create_dir(&root).unwrap();
        fs::write(root.join("stores.yaml"), stores(environment)).unwrap();
        for (family, store, key, pin) in MOVED {
            for version in VERSIONS {
                let (key, pin) = (key.replace('@', version), pin.replace('@', version));
                stub(&root, family, version, store, &key, &pin, "Owner");
            }
            used(&root, family);
        }
        for (family, store, key, pins) in NUMBERED {
            for (version, pin) in VERSIONS.iter().zip(pins) {
                stub(&root, family, version, store, key, pin, "Owner");
            }
            used(&root, family);
        }
        for version in VERSIONS {
            stub(&root, "left-behind", version, "manager", "left-behind", version, "Orphan");
        }
        used(&root, "left-behind");
        let text = format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{ name: certificate, namespace: shapes }}\n\
             spec:\n  tls:\n    - hosts: [shapes.example]\n      secretName: certificate-{}\n",
            VERSIONS[2]
        );
        fs::write(root.join("certificate.yaml"), text).unwrap();
    }
    directory
}

fn stub(root: &Path, family: &str, version: &str, store: &str, key: &str, pin: &str, policy: &str) {
    let name = format!("{family}-{version}");
    let pin = if pin.is_empty() { String::new() } else { format!(", version: \"{pin}\"") };
    let text = format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{ name: {name}, namespace: shapes }}\nspec:\n  \
         refreshPolicy: CreatedOnce\n  secretStoreRef: {{ kind: ClusterSecretStore, name: {store} }}\n  \
         target: {{ name: {name}, creationPolicy: {policy}, deletionPolicy: Retain, immutable: true }}\n  \
         data:\n    - secretKey: token\n      remoteRef: {{ key: {key}{pin} }}\n"
    );
    fs::write(root.join(format!("{name}.yaml")), text).unwrap();
}

/// A workload that reads the newest version.
fn used(root: &Path, family: &str) {
    let text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: {family}, namespace: shapes }}\nspec:\n  template:\n    \
         spec:\n      containers:\n        - name: main\n          env:\n            - name: TOKEN\n              \
         valueFrom: {{ secretKeyRef: {{ name: {family}-{}, key: token }} }}\n",
        VERSIONS[2]
    );
    fs::write(root.join(format!("{family}.yaml")), text).unwrap();
}

fn stores(environment: &str) -> String {
    let providers = [
        (
            "azure",
            format!("azurekv: {{ vaultUrl: \"https://shapes-{environment}.vault.azure.net\" }}"),
        ),
        ("bao", "openbao: { server: \"https://bao.example\", path: apps }".to_owned()),
        ("google", format!("gcpsm: {{ projectID: shapes-{environment} }}")),
        ("manager", "aws: { service: SecretsManager, region: eu-west-1 }".to_owned()),
        ("parameters", "aws: { service: ParameterStore, region: eu-west-1 }".to_owned()),
        (
            "prefixed",
            format!(
                "aws: {{ service: SecretsManager, region: eu-west-2, prefix: {environment}- }}"
            ),
        ),
        (
            "vault",
            format!(
                "vault: {{ server: \"https://vault.example\", path: {environment}, version: v2 }}"
            ),
        ),
        (
            "vault-first",
            format!(
                "vault: {{ server: \"https://vault.example\", path: {environment}, version: v1 }}"
            ),
        ),
        ("vault-loose", "vault: { server: \"https://vault.example\", version: v2 }".to_owned()),
    ];
    let store = |(name, provider): &(&str, String)| {
        format!(
            "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {{ name: {name} }}\n\
             spec: {{ provider: {{ {provider} }} }}\n---\n"
        )
    };
    providers.iter().map(store).collect()
}
