//! The start of each store's own command: the program, and the flags that select the account, project or mount.

use crate::k8s::backend::Backend;
use crate::k8s::store::Store;
use crate::text::shell::word;

/// `aws SERVICE COMMAND`, in the store's region.
pub(super) fn aws(backend: &Backend, command: &str) -> String {
    format!("aws {command}{}", flag("--region", backend.region.as_deref()))
}

/// `gcloud secrets …`, in the store's project.
pub(super) fn gcloud(backend: &Backend, command: &str) -> String {
    let project = flag("--project", backend.project.as_deref());
    format!("gcloud secrets {command}{project}{}", flag("--location", backend.location.as_deref()))
}

/// `az keyvault secret …`, in the store's vault; `None` where that is not known.
pub(super) fn az(backend: &Backend, command: &str) -> Option<String> {
    let vault = backend.vault.as_deref()?;
    Some(format!("az keyvault secret {command}{}", flag("--vault-name", Some(vault))))
}

/// `vault kv …` or `bao kv …` with the mount and the path of a key; `None` where the mount is not known.
pub(super) fn kv(backend: &Backend, command: &str, flags: &str, key: &str) -> Option<String> {
    let program = if backend.store == Store::OpenBao { "bao" } else { "vault" };
    let namespace = backend.namespace.as_ref();
    let namespace =
        namespace.map_or_else(String::new, |name| format!(" -namespace={}", word(name)));
    let mount = match backend.mount(key) {
        Some(mount) => format!(" -mount={}", word(&mount)),
        // With a version 1 engine, the path includes the mount.
        None if backend.is_first_kv && key.contains('/') => String::new(),
        None => return None,
    };
    let path = word(&backend.key(key));
    Some(format!("{program} kv {command}{namespace}{mount}{flags} {path}"))
}

/// The command that lists the versions of a key without showing values; `None` if there is none.
pub(in crate::plan) fn list_versions(backend: &Backend, key: &str) -> Option<String> {
    let own = word(&backend.key(key));
    match backend.store {
        Store::AwsSecretsManager => {
            Some(aws(backend, &format!("secretsmanager list-secret-version-ids --secret-id {own}")))
        }
        Store::AwsParameterStore => {
            let history = aws(backend, &format!("ssm get-parameter-history --name {own}"));
            Some(format!("{history} --query \"Parameters[].[Version,LastModifiedDate]\""))
        }
        Store::GcpSecretManager => Some(gcloud(backend, &format!("versions list {own}"))),
        Store::AzureKeyVault if !own.contains('/') => {
            az(backend, "list-versions").map(|list| format!("{list} --name {own}"))
        }
        Store::Vault | Store::OpenBao if !backend.is_first_kv => {
            kv(backend, "metadata get", "", key)
        }
        _ => None,
    }
}

fn flag(name: &str, value: Option<&str>) -> String {
    value.map_or_else(String::new, |value| format!(" {name} {}", word(value)))
}
