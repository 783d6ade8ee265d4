//! The beginnings of the stores' own commands: the program, and what says which account, project or mount is meant.

use crate::k8s::backend::Backend;
use crate::k8s::store::Store;
use crate::plan::next::word;

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
        // The path has it, if the engine is of version 1.
        None if backend.is_first_kv && key.contains('/') => String::new(),
        None => return None,
    };
    let path = word(&backend.key(key));
    Some(format!("{program} kv {command}{namespace}{mount}{flags} {path}"))
}

fn flag(name: &str, value: Option<&str>) -> String {
    value.map_or_else(String::new, |value| format!(" {name} {}", word(value)))
}
