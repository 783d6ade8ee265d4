//! The commands that put a value under its version, each read from standard input.

use std::collections::BTreeSet;

use crate::k8s::backend::Backend;
use crate::k8s::store::Store;
use crate::plan::NextStep;
use crate::plan::next::supply::{SecretType, Supply, Value, list};
use crate::plan::next::tool::{aws, az, gcloud, kv};
use crate::plan::next::value;
use crate::text::shell::word;

/// The steps for one value.
pub(super) fn steps(supply: &Supply) -> Vec<NextStep> {
    match supply {
        Supply::Cluster { name, namespace, shape, keys } => {
            vec![in_cluster(name, namespace.as_deref(), *shape, keys)]
        }
        Supply::Remote { backend, key, pin, value, read_by } => {
            let backend = backend.as_deref().cloned().unwrap_or_else(|| Backend::of(Store::Other));
            let mut steps = match pin {
                None => vec![new_key(&backend, key, value)],
                Some(pin) => new_version(&backend, key, pin, value),
            };
            if let Some(environment) = read_by {
                steps.iter_mut().for_each(|step| unless_there(step, environment));
            }
            steps
        }
    }
}

/// Makes a step conditional: two environments can share a store, or have stores of one name in two accounts. A
/// second value under the same label would take it away from the first environment.
fn unless_there(step: &mut NextStep, environment: &str) {
    let mut chars = step.title.chars();
    let title: String =
        chars.next().into_iter().flat_map(char::to_lowercase).chain(chars).collect();
    step.title = format!(
        "Only if {environment} reads another store, not this one, where the value is already: {title}"
    );
}

fn in_cluster(
    name: &str,
    namespace: Option<&str>,
    shape: SecretType,
    keys: &BTreeSet<String>,
) -> NextStep {
    let namespace =
        namespace.map_or_else(String::new, |name| format!(" --namespace {}", word(name)));
    let (kind, values, what) = match shape {
        SecretType::Opaque if keys.is_empty() => (
            "generic",
            "--from-env-file=/dev/stdin",
            "lines of KEY=VALUE from standard input".to_owned(),
        ),
        SecretType::Opaque => (
            "generic",
            "--from-env-file=/dev/stdin",
            format!("lines of KEY=VALUE from standard input, at least {}", list(keys)),
        ),
        SecretType::Registry => (
            "generic",
            "--type=kubernetes.io/dockerconfigjson --from-file=.dockerconfigjson=/dev/stdin",
            "the registry's login, a Docker config.json, from standard input".to_owned(),
        ),
        SecretType::Tls => (
            "tls",
            "--cert=tls.crt --key=tls.key",
            "the certificate and the key in the files tls.crt and tls.key".to_owned(),
        ),
    };
    let title = format!("Create the secret {name} in the cluster: {what}.");
    value(title, Some(format!("kubectl create secret {kind} {}{namespace} {values}", word(name))))
}

/// The command for a key that is created for this version.
fn new_key(backend: &Backend, key: &str, what: &Value) -> NextStep {
    let own = word(&backend.key(key));
    let command = match backend.store {
        Store::AwsSecretsManager => {
            let create = format!("secretsmanager create-secret --name {own}");
            Some(format!("{} --secret-string file:///dev/stdin", aws(backend, &create)))
        }
        Store::AwsParameterStore => {
            let put = format!("ssm put-parameter --name {own} --type SecureString");
            Some(format!("{} --value file:///dev/stdin", aws(backend, &put)))
        }
        Store::GcpSecretManager => {
            let create = gcloud(backend, &format!("create {own}"));
            Some(format!("{create} --replication-policy=automatic --data-file=-"))
        }
        Store::AzureKeyVault if !own.contains('/') => az(backend, "set").map(|set| {
            // Without the query it would print the value.
            format!("{set} --name {own} --file /dev/stdin --encoding utf-8 --query id --output tsv")
        }),
        Store::Vault | Store::OpenBao => kv(backend, "put", "", key).map(|put| format!("{put} -")),
        _ => None,
    };
    let how = if command.is_some() { ", from standard input" } else { "" };
    let text =
        format!("Put the value{} into the store under the new key {own}{how}.", what.describe());
    value(text, command)
}

/// The commands for a version of a key that exists.
fn new_version(backend: &Backend, key: &str, pin: &str, what: &Value) -> Vec<NextStep> {
    let own = word(&backend.key(key));
    let label = word(pin);
    let title = |how: &str| {
        format!("Put the value{} into the store under {own} as {pin}{how}.", what.describe())
    };
    let put = |command: String| value(title(", from standard input"), Some(command));
    match backend.store {
        Store::AwsSecretsManager => {
            let call = format!("secretsmanager put-secret-value --secret-id {own}");
            let call = aws(backend, &call);
            vec![put(format!("{call} --secret-string file:///dev/stdin --version-stages {label}"))]
        }
        Store::AwsParameterStore => {
            let call = format!("ssm put-parameter --name {own} --type SecureString --overwrite");
            let call = aws(backend, &call);
            let name =
                aws(backend, &format!("ssm label-parameter-version --name {own} --labels {label}"));
            vec![
                put(format!("{call} --value file:///dev/stdin")),
                value("Label the version that the last command created.", Some(name)),
            ]
        }
        Store::GcpSecretManager => {
            let call = gcloud(backend, &format!("versions add {own}"));
            vec![
                put(format!("{call} --data-file=-")),
                value(
                    "Add the alias to the version that the last command created.",
                    Some(alias(backend, &own, &label)),
                ),
            ]
        }
        _ => vec![value(title(""), None)],
    }
}

/// Adds an alias to the newest version of a Google secret. The flag replaces all aliases, so existing ones are kept.
fn alias(backend: &Backend, key: &str, alias: &str) -> String {
    let known = gcloud(backend, &format!("describe {key}"));
    let newest = gcloud(backend, &format!("versions list {key}"));
    let update = gcloud(backend, &format!("update {key}"));
    format!(
        "aliases=\"$({known} --format='value(versionAliases.list())')\"\n\
         version=\"$({newest} --sort-by=~createTime --limit=1 --format='value(name.basename())')\"\n\
         {update} --update-version-aliases=\"{alias}=$version${{aliases:+,$aliases}}\""
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::steps;
    use crate::k8s::backend::Backend;
    use crate::k8s::store::Store;
    use crate::plan::next::supply::{SecretType, Supply, Value};

    fn remote(backend: Backend, pin: Option<&str>) -> Supply {
        let (key, pin) = ("shop/auth".to_owned(), pin.map(str::to_owned));
        Supply::Remote {
            backend: Some(Box::new(backend)),
            key,
            pin,
            value: Value::Text,
            read_by: None,
        }
    }

    fn commands(supply: &Supply) -> Vec<String> {
        steps(supply).into_iter().filter_map(|step| step.command).collect()
    }

    #[test]
    fn a_value_goes_where_the_store_reads_it() {
        let backend = Backend::of(Store::AwsSecretsManager);
        let aws =
            Backend { region: Some("eu-west-1".into()), prefix: Some("prod-".into()), ..backend };
        assert_eq!(
            commands(&remote(aws, Some("20250723110000"))),
            [
                "aws secretsmanager put-secret-value --secret-id prod-shop/auth --region eu-west-1 --secret-string file:///dev/stdin --version-stages 20250723110000"
            ]
        );
        let ssm = commands(&remote(Backend::of(Store::AwsParameterStore), Some("v20250723110000")));
        assert_eq!(
            ssm[1],
            "aws ssm label-parameter-version --name shop/auth --labels v20250723110000"
        );
        let vault = Backend { mount: Some("apps".into()), ..Backend::of(Store::Vault) };
        let vault = Backend { namespace: Some("team".into()), ..vault };
        assert_eq!(
            commands(&remote(vault, None)),
            ["vault kv put -namespace=team -mount=apps shop/auth -"]
        );
    }

    #[test]
    fn an_alias_of_google_keeps_the_others() {
        let google =
            Backend { project: Some("shop".into()), ..Backend::of(Store::GcpSecretManager) };
        assert_eq!(
            commands(&remote(google, Some("v20250723110000")))[1],
            "aliases=\"$(gcloud secrets describe shop/auth --project shop --format='value(versionAliases.list())')\"\n\
             version=\"$(gcloud secrets versions list shop/auth --project shop --sort-by=~createTime --limit=1 --format='value(name.basename())')\"\n\
             gcloud secrets update shop/auth --project shop --update-version-aliases=\"v20250723110000=$version${aliases:+,$aliases}\""
        );
    }

    #[test]
    fn nothing_is_guessed_and_no_value_is_printed() {
        for store in [Store::AzureKeyVault, Store::Vault, Store::OnePassword, Store::Other] {
            assert!(commands(&remote(Backend::of(store), None)).is_empty(), "{store:?}");
        }
        let azure = Backend { vault: Some("v".into()), ..Backend::of(Store::AzureKeyVault) };
        let Supply::Remote { backend, .. } = remote(azure, None) else { unreachable!() };
        let supply = Supply::Remote {
            backend,
            key: "secret/auth".into(),
            pin: None,
            value: Value::Text,
            read_by: None,
        };
        assert_eq!(
            commands(&supply),
            [
                "az keyvault secret set --vault-name v --name auth --file /dev/stdin --encoding utf-8 --query id --output tsv"
            ]
        );
    }

    #[test]
    fn steps_say_which_keys_a_value_has() {
        let keys = BTreeSet::from(["user".to_owned(), "password".to_owned()]);
        let title = |value: Value| {
            let backend = Some(Box::new(Backend::of(Store::AwsSecretsManager)));
            let supply =
                Supply::Remote { backend, key: "auth".into(), pin: None, value, read_by: None };
            steps(&supply)[0].title.clone()
        };
        assert_eq!(
            title(Value::Object(keys.clone())),
            "Put the value, a JSON object with the keys password and user, into the store under the new key auth, from standard input."
        );
        let cluster = Supply::Cluster {
            name: "auth-1".into(),
            namespace: Some("shop".into()),
            shape: SecretType::Opaque,
            keys,
        };
        let step = &steps(&cluster)[0];
        assert!(step.title.ends_with("at least password and user."), "{}", step.title);
        assert_eq!(
            step.command.as_deref(),
            Some(
                "kubectl create secret generic auth-1 --namespace shop --from-env-file=/dev/stdin"
            )
        );
    }

    #[test]
    fn words_stay_words() {
        for store in [Store::AwsSecretsManager, Store::AwsParameterStore, Store::GcpSecretManager] {
            let supply = Supply::Remote {
                backend: Some(Box::new(Backend::of(store))),
                key: "it's; rm".into(),
                pin: None,
                value: Value::Text,
                read_by: None,
            };
            let command = &commands(&supply)[0];
            assert!(command.contains("'it'\\''s; rm'"), "{command}");
            assert!(command.ends_with("/dev/stdin") || command.ends_with("=-"), "{command}");
        }
    }
}
