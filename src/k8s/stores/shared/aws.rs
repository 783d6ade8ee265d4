//! The services of AWS.

use crate::k8s::store::commands::{Key, flag};
use crate::k8s::store::definition::Definition;
use crate::k8s::store::listing::arguments;
use crate::k8s::store::location::{Location, Provider};
use crate::k8s::store::page::Glance;
use crate::k8s::store::pin::Versions;

/// What the services have in common.
pub(in crate::k8s::stores) const fn service(
    name: &'static str,
    versions: Versions,
    glance: &'static [Glance],
) -> Definition {
    Definition {
        locate: |provider| Location::read(provider, &["region", "prefix"]),
        // Without a role, the account is that of the cluster.
        is_certain: |provider| provider.text("role").is_some(),
        account: &["region", "role", "prefix"],
        path: |at, key| format!("{}{key}", at.get("prefix").unwrap_or_default()),
        ..Definition::new(name, &["aws"], versions, glance)
    }
}

/// Whether a SecretStore reads from Parameter Store, and not from Secrets Manager.
pub(in crate::k8s::stores) fn is_parameter_store(provider: Provider<'_>) -> bool {
    provider.text("service") == Some("ParameterStore")
}

/// `aws SERVICE COMMAND`, in the store's region.
pub(in crate::k8s::stores) fn aws(at: &Location, command: &str) -> String {
    format!("aws {command}{}", flag("--region", at.get("region")))
}

/// The arguments that make it print JSON, whatever the user's settings say.
pub(in crate::k8s::stores) const AS_JSON: (&[&str], usize) = (&["--output", "json"], 0);

/// `aws SERVICE COMMAND` with an option that names a key, in the store's region, as a program and its arguments.
pub(in crate::k8s::stores) fn list(key: &Key<'_>, command: [&str; 2], name: &str) -> Vec<String> {
    let words = ["aws", command[0], command[1]].map(str::to_owned).to_vec();
    let region = key.at.get("region").map(|region| arguments("--region", region));
    [words, arguments(name, &key.path), region.unwrap_or_default()].concat()
}

/// Whether a name or an ARN may be that of a key, which is a name or an ARN, too.
pub(in crate::k8s::stores) fn is_of(key: &Key<'_>, name: &str) -> bool {
    let is_arn = |text: &str| text.starts_with("arn:");
    let is_like = |one: &str, other: &str| one == other || without_end(one) == Some(other);
    match (is_arn(name), is_arn(&key.path)) {
        (true, false) => is_like(own_name(name), own_name(&key.path)),
        (false, true) => is_like(own_name(&key.path), own_name(name)),
        _ => is_like(name, &key.path),
    }
}

/// The name at the end of an ARN, where a slash is before the name of a parameter; any other text without that slash.
fn own_name(text: &str) -> &str {
    let name = text.split_once(":secret:").or_else(|| text.split_once(":parameter"));
    name.map_or(text, |(_, name)| name).trim_start_matches('/')
}

/// The ARN of a secret, or the name at its end, without the six characters at the end that a key may leave out.
fn without_end(text: &str) -> Option<&str> {
    let (text, end) = text.split_at_checked(text.len().checked_sub(7)?)?;
    end.starts_with('-').then_some(text)
}
