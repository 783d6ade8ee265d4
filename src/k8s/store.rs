//! The stores behind a SecretStore and how a version is pinned in each.

use crate::k8s::resource::{group_of, kind_of};
use crate::k8s::secret_name::Version;
use crate::yaml::node::Node;

/// What a SecretStore reads from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Store {
    /// AWS Secrets Manager.
    AwsSecretsManager,
    /// AWS Systems Manager Parameter Store.
    AwsParameterStore,
    /// Google Secret Manager.
    GcpSecretManager,
    /// Azure Key Vault.
    AzureKeyVault,
    /// HashiCorp Vault.
    Vault,
    /// OpenBao.
    OpenBao,
    /// Oracle Vault.
    Oracle,
    /// Scaleway Secret Manager.
    Scaleway,
    /// OVHcloud Secret Manager.
    Ovh,
    /// Akeyless.
    Akeyless,
    /// 1Password, by Connect server or SDK.
    OnePassword,
    /// Delinea DevOps Secrets Vault or Secret Server.
    Delinea,
    /// Doppler.
    Doppler,
    /// Infisical.
    Infisical,
    /// Secrets of a Kubernetes cluster.
    Kubernetes,
    /// A webhook.
    Webhook,
    /// The operator's store for tests.
    Fake,
    /// Any other.
    Other,
}

/// How a store names the versions of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pins {
    /// User-defined labels: this prefix, followed by the version's digits.
    Labels(&'static str),
    /// Names or numbers that the store assigns.
    Given,
    /// Versions cannot be requested.
    Refused,
}

/// What is known about a store.
struct Row {
    store: Store,
    /// The key under `spec.provider`.
    providers: &'static [&'static str],
    /// The display name.
    name: &'static str,
    pins: Pins,
    /// Whether a text can pin a version.
    takes: fn(&str) -> bool,
    /// What it wants, a phrase that goes on after the name.
    wants: &'static str,
}

#[rustfmt::skip] // one line a store
const ROWS: &[Row] = &[
    row(Store::AwsSecretsManager, &["aws"], "AWS Secrets Manager", Pins::Labels(""), is_aws_stage,
        "wants a staging label of 1 to 256 characters other than AWSCURRENT, AWSPREVIOUS, AWSPENDING and `latest`, or `uuid/<VersionId>`"),
    row(Store::AwsParameterStore, &["aws"], "AWS Parameter Store", Pins::Labels("v"), is_parameter_label,
        "wants a version number, or a label of at most 100 letters, digits, `.`, `-` and `_` that begins neither with a digit nor with `aws` or `ssm`"),
    row(Store::GcpSecretManager, &["gcpsm"], "Google Secret Manager", Pins::Labels("v"), is_gcp_alias,
        "wants a version number, or an alias of at most 63 letters, digits, `-` and `_` that begins with a letter and is neither `latest` nor `NEW`"),
    row(Store::AzureKeyVault, &["azurekv"], "Azure Key Vault", Pins::Given, is_azure_id, "wants the version's id of 32 hexadecimal digits"),
    row(Store::Vault, &["vault"], "Vault", Pins::Given, is_version_number, "wants the number of the version, from 1"),
    row(Store::OpenBao, &["openbao"], "OpenBao", Pins::Given, is_version_number, "wants the number of the version, from 1"),
    row(Store::Oracle, &["oracle"], "Oracle Vault", Pins::Refused, nothing, "knows stages such as CURRENT and PREVIOUS, which move with each rotation"),
    row(Store::Scaleway, &["scaleway"], "Scaleway Secret Manager", Pins::Given, is_version_number, "wants the number of the revision, from 1"),
    row(Store::Ovh, &["ovh"], "OVHcloud Secret Manager", Pins::Given, is_short_count, "wants the number of the version, from 1 to 4294967295"),
    row(Store::Akeyless, &["akeyless"], "Akeyless", Pins::Given, is_version_number, "wants the number of the version, from 1, and reads the latest for anything else"),
    row(Store::OnePassword, &["onepassword", "onepasswordSDK"], "1Password", Pins::Refused, nothing, "takes no version"),
    row(Store::Delinea, &["delinea", "secretserver"], "Delinea", Pins::Refused, nothing, "takes no version"),
    row(Store::Doppler, &["doppler"], "Doppler", Pins::Refused, nothing, "takes no version"),
    row(Store::Infisical, &["infisical"], "Infisical", Pins::Refused, nothing, "takes no version"),
    row(Store::Kubernetes, &["kubernetes"], "the Kubernetes provider", Pins::Refused, nothing, "takes no version"),
    row(Store::Webhook, &["webhook"], "the webhook", Pins::Labels(""), something, "wants a text that is not empty"),
    row(Store::Fake, &["fake"], "the fake store", Pins::Labels(""), something, "wants a text that is not empty"),
    row(Store::Other, &[], "the store", Pins::Given, something, "wants a text that is not empty"),
];

const fn row(
    store: Store,
    providers: &'static [&'static str],
    name: &'static str,
    pins: Pins,
    takes: fn(&str) -> bool,
    wants: &'static str,
) -> Row {
    Row { store, providers, name, pins, takes, wants }
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

/// The store that a SecretStore or ClusterSecretStore describes; `None` for any other object.
#[must_use]
pub fn read(object: &Node) -> Option<Store> {
    let is_store = matches!(kind_of(object), "SecretStore" | "ClusterSecretStore");
    if !is_store || group_of(object) != "external-secrets.io" {
        return None;
    }
    let provider = object.at(&["spec", "provider"])?.entries().first()?;
    let key = provider.key.str()?;
    let store = ROWS.iter().find(|row| row.providers.contains(&key)).map(|row| row.store);
    let service = provider.value.get("service").and_then(Node::str);
    Some(match (store, service) {
        (Some(Store::AwsSecretsManager), Some("ParameterStore")) => Store::AwsParameterStore,
        (store, _) => store.unwrap_or(Store::Other),
    })
}

/// Checks that a text is valid as `remoteRef.version` for a store.
///
/// # Errors
/// If the store would reject it, ignore it or never find it, or if it could move to another version.
pub fn check_pin(store: Store, pin: &str) -> Result<(), PinError> {
    match ROWS.iter().find(|row| row.store == store) {
        Some(row) if !(row.takes)(pin) => Err(PinError { store: row.name, reason: row.wants }),
        _ => Ok(()),
    }
}

/// The label of a version in a store; `None` for stores without user-defined labels.
#[must_use]
pub fn label(store: Store, version: &Version) -> Option<String> {
    let row = ROWS.iter().find(|row| row.store == store)?;
    if let Pins::Labels(prefix) = row.pins { Some(format!("{prefix}{version}")) } else { None }
}

/// Why a store cannot serve a version, so that each version needs a key of its own; `None` if it can.
#[must_use]
pub fn without_versions(store: Store) -> Option<PinError> {
    let row = ROWS.iter().find(|row| row.store == store && matches!(row.pins, Pins::Refused))?;
    Some(PinError { store: row.name, reason: row.wants })
}

/// Whether a store assigns the versions of its values itself, so that the version of a new value must be given.
#[must_use]
pub fn assigns_versions(store: Store) -> bool {
    ROWS.iter().any(|row| row.store == store && matches!(row.pins, Pins::Given))
}

/// The separate key of a version in a store; Doppler and Infisical accept letters, digits and `_`.
#[must_use]
pub fn own_key(store: Option<Store>, key: &str, version: &str) -> String {
    let is_word = matches!(store, Some(Store::Doppler | Store::Infisical));
    let separator = if is_word { '_' } else { '-' };
    format!("{key}{separator}{version}")
}

/// Whether a pin is a number or an ID that the store assigned, and so never refers to another value.
#[must_use]
pub fn is_given(pin: &str) -> bool {
    pin.starts_with("uuid/") || is_version_number(pin) || is_azure_id(pin)
}

/// The version in a pin that is a label, with or without a store's prefix.
#[must_use]
pub fn version_in(pin: &str) -> Option<Version> {
    Version::new(pin.strip_prefix('v').unwrap_or(pin))
}

fn nothing(_: &str) -> bool {
    false
}

fn something(pin: &str) -> bool {
    !pin.is_empty()
}

fn is_count(pin: &str) -> bool {
    pin.parse::<u64>().is_ok_and(|number| number > 0) && is_digits(pin) && !pin.starts_with('0')
}

fn is_short_count(pin: &str) -> bool {
    pin.parse::<u32>().is_ok_and(|number| number > 0) && is_count(pin)
}

fn is_digits(pin: &str) -> bool {
    !pin.is_empty() && pin.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_aws_stage(pin: &str) -> bool {
    let moves = matches!(pin, "AWSCURRENT" | "AWSPREVIOUS" | "AWSPENDING" | "latest");
    match pin.strip_prefix("uuid/") {
        Some(id) => (32..=64).contains(&id.len()),
        None => !moves && (1..=256).contains(&pin.chars().count()),
    }
}

fn is_parameter_label(pin: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let low = pin.to_ascii_lowercase();
    let reserved = low.starts_with("aws") || low.starts_with("ssm");
    let label = !pin.starts_with(|c: char| c.is_ascii_digit()) && !reserved;
    let fits = (1..=100).contains(&pin.len()) && pin.bytes().all(allowed);
    (fits && label) || is_version_number(pin)
}

fn is_gcp_alias(pin: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let taken = matches!(pin, "latest" | "NEW");
    let label = pin.starts_with(|c: char| c.is_ascii_alphabetic()) && !taken;
    (label && pin.len() <= 63 && pin.bytes().all(allowed)) || is_version_number(pin)
}

/// Whether a text may be a sequential version number of a store, as opposed to a timestamp.
fn is_version_number(pin: &str) -> bool {
    is_count(pin) && Version::new(pin).is_none()
}

fn is_azure_id(pin: &str) -> bool {
    pin.len() == 32 && pin.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::{ROWS, Store, check_pin, label, read, version_in};
    use crate::k8s::secret_name::Version;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::parse::parse;

    const TIME: &str = "20250723110000";

    #[test]
    fn every_label_is_one_its_store_takes() {
        let version = Version::new(TIME).unwrap();
        for row in ROWS {
            if let Some(label) = label(row.store, &version) {
                assert_eq!(check_pin(row.store, &label), Ok(()), "{:?}", row.store);
                assert_eq!(version_in(&label).as_ref(), Some(&version));
            }
        }
    }

    #[test]
    fn a_bare_timestamp_is_not_a_label_everywhere() {
        assert!(check_pin(Store::AwsSecretsManager, TIME).is_ok());
        assert!(check_pin(Store::AwsParameterStore, TIME).is_err());
        assert!(check_pin(Store::GcpSecretManager, TIME).is_err());
        assert!(check_pin(Store::AzureKeyVault, TIME).is_err());
        assert!(check_pin(Store::OnePassword, TIME).is_err());
        assert!(check_pin(Store::Doppler, TIME).is_err());
        assert!(check_pin(Store::Kubernetes, TIME).is_err());
        assert!(check_pin(Store::Ovh, TIME).is_err());
        assert!(check_pin(Store::Vault, TIME).is_err());
    }

    #[test]
    fn pins_that_move_or_do_not_exist_are_refused() {
        for pin in ["", "AWSCURRENT", "latest", "uuid/123"] {
            assert!(check_pin(Store::AwsSecretsManager, pin).is_err(), "{pin}");
        }
        assert!(check_pin(Store::AwsSecretsManager, &format!("uuid/{}", "a".repeat(36))).is_ok());
        for pin in ["awsone", "SSM1", "a b", ""] {
            assert!(check_pin(Store::AwsParameterStore, pin).is_err(), "{pin}");
        }
        for pin in ["latest", "NEW", "1a", "a.b"] {
            assert!(check_pin(Store::GcpSecretManager, pin).is_err(), "{pin}");
        }
        for pin in ["0", "-1", "+1", "v1", ""] {
            assert!(check_pin(Store::Vault, pin).is_err(), "{pin}");
        }
        assert!(
            check_pin(Store::Vault, "5").is_ok() && check_pin(Store::GcpSecretManager, "5").is_ok()
        );
        let error = check_pin(Store::OnePassword, "1").unwrap_err();
        assert_eq!(error.to_string(), "1Password takes no version");
    }

    #[test]
    fn tells_stores_apart() {
        let store = |provider: &str| {
            let text = format!(
                "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nspec: {{provider: {provider}}}\n"
            );
            read(&parse(&Source::file(TreePath::root(), text)).unwrap().documents[0].root)
        };
        assert_eq!(store("{aws: {service: SecretsManager}}"), Some(Store::AwsSecretsManager));
        assert_eq!(store("{aws: {region: x}}"), Some(Store::AwsSecretsManager));
        assert_eq!(store("{aws: {service: ParameterStore}}"), Some(Store::AwsParameterStore));
        assert_eq!(store("{onepasswordSDK: {}}"), Some(Store::OnePassword));
        assert_eq!(store("{passbolt: {}}"), Some(Store::Other));
        assert_eq!(store("{}"), None);
    }
}
