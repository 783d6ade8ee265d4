//! What is left to a person: the command that puts the value into the store, the commit, the wait.

use std::collections::BTreeSet;

use crate::k8s::store::Store;
use crate::plan::NextStep;

/// A value that a person must put somewhere under the new version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Supply {
    /// Into a store, from which a stub reads it.
    Remote {
        /// The store, where the repository says which.
        store: Option<Store>,
        /// The key that the new stub reads.
        key: String,
        /// The pin in `remoteRef.version`; `None` when the key itself is new, or nothing pins it.
        pin: Option<String>,
        /// Whether the key exists for this version alone.
        own_key: bool,
        /// Another environment whose stub reads the same from a store of the same name.
        read_by: Option<String>,
    },
    /// Into the cluster, for a family without a stub.
    Cluster {
        /// The secret's name.
        name: String,
        /// The namespace, where Git sets one.
        namespace: Option<String>,
        /// What the references ask the secret to be.
        shape: Shape,
    },
}

/// The type of a secret, as its uses betray it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    /// Keys and values.
    Opaque,
    /// A login to a registry.
    Registry,
    /// A certificate.
    Tls,
}

/// The steps in order: the values, the commit, the wait, the next environment.
pub(super) fn steps(
    supplies: &BTreeSet<Supply>,
    files: &[&str],
    family: &str,
    environment: &str,
    after: Option<&After>,
) -> Vec<NextStep> {
    let mut steps: Vec<NextStep> = supplies.iter().flat_map(supply).collect();
    let paths = files.iter().map(|path| word(path)).collect::<Vec<_>>().join(" ");
    // Naming the files keeps whatever else has changed out of the commit.
    let commit = format!(
        "git add {paths}\ngit commit --message 'Bump {family} in {environment}' -- {paths}"
    );
    let title = "Commit the change and let it be reconciled.";
    steps.push(NextStep { is_commit: true, ..step(title, Some(commit)) });
    if let Some(after) = after {
        steps.push(step(
            &format!("Watch {environment} for {}, then take the version on.", after.soak),
            Some(format!("rotate bump {} {family}", after.environment)),
        ));
    }
    steps
}

/// What follows once the version has run.
pub(super) struct After {
    /// The next environment.
    pub(super) environment: String,
    /// How long to wait, as people say it.
    pub(super) soak: String,
}

pub(super) fn step(title: &str, command: Option<String>) -> NextStep {
    NextStep { title: title.to_owned(), command, is_commit: false }
}

fn supply(supply: &Supply) -> Vec<NextStep> {
    match supply {
        Supply::Cluster { name, namespace, shape } => {
            vec![in_cluster(name, namespace.as_deref(), *shape)]
        }
        Supply::Remote { store, key, pin, own_key, read_by } => {
            let store = store.unwrap_or(Store::Other);
            let mut steps = if *own_key {
                vec![new_key(store, key)]
            } else {
                new_version(store, key, pin.as_deref())
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
    step.title = format!(
        "Only if {environment} reads another store, not this one, where the value is already: {}",
        uncapitalized(&step.title)
    );
}

fn uncapitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

fn in_cluster(name: &str, namespace: Option<&str>, shape: Shape) -> NextStep {
    let namespace =
        namespace.map_or_else(String::new, |name| format!(" --namespace {}", word(name)));
    let name = word(name);
    let (kind, values) = match shape {
        Shape::Opaque => ("generic", "--from-env-file=/dev/stdin"),
        Shape::Registry => (
            "generic",
            "--type=kubernetes.io/dockerconfigjson --from-file=.dockerconfigjson=/dev/stdin",
        ),
        Shape::Tls => ("tls", "--cert=tls.crt --key=tls.key"),
    };
    step(
        &format!(
            "Make the secret {name} in the cluster, its values from standard input or a file."
        ),
        Some(format!("kubectl create secret {kind} {name}{namespace} {values}")),
    )
}

/// The commands for a key that is made for this version.
fn new_key(store: Store, key: &str) -> NextStep {
    let key = word(key);
    let command = match store {
        Store::AwsSecretsManager => format!(
            "aws secretsmanager create-secret --name {key} --secret-string file:///dev/stdin"
        ),
        Store::AwsParameterStore => {
            format!(
                "aws ssm put-parameter --name {key} --type SecureString --value file:///dev/stdin"
            )
        }
        Store::GcpSecretManager => format!("gcloud secrets create {key} --data-file=-"),
        Store::AzureKeyVault => {
            format!("az keyvault secret set --vault-name VAULT --name {key} --file /dev/stdin")
        }
        Store::Vault => format!("vault kv put -mount=secret {key} -"),
        Store::OpenBao => format!("bao kv put -mount=secret {key} -"),
        _ => return step(&format!("Put the value into the store under the new key {key}."), None),
    };
    step(
        &format!("Put the value into the store under the new key {key}, from standard input."),
        Some(command),
    )
}

/// The commands for a version of a key that exists.
fn new_version(store: Store, key: &str, pin: Option<&str>) -> Vec<NextStep> {
    let key = word(key);
    let title = match pin {
        Some(pin) => {
            format!("Put the value into the store under {key} as {pin}, from standard input.")
        }
        None => format!("Put the value into the store under {key}, from standard input."),
    };
    let pin = pin.map(word);
    let put = |command: String| vec![step(&title, Some(command))];
    match (store, pin) {
        (Store::AwsSecretsManager, pin) => {
            let stages = pin.map_or_else(String::new, |pin| format!(" --version-stages {pin}"));
            put(format!(
                "aws secretsmanager put-secret-value --secret-id {key} --secret-string file:///dev/stdin{stages}"
            ))
        }
        (Store::AwsParameterStore, pin) => {
            let mut steps = put(format!(
                "aws ssm put-parameter --name {key} --type SecureString --overwrite --value file:///dev/stdin"
            ));
            steps.extend(pin.map(|pin| {
                let command =
                    format!("aws ssm label-parameter-version --name {key} --labels {pin}");
                step("Label the version that this made.", Some(command))
            }));
            steps
        }
        (Store::GcpSecretManager, None) => {
            put(format!("gcloud secrets versions add {key} --data-file=-"))
        }
        (Store::GcpSecretManager, Some(pin)) => {
            let mut steps = put(format!("gcloud secrets versions add {key} --data-file=-"));
            let command =
                format!("gcloud secrets update {key} --update-version-aliases={pin}=VERSION");
            steps.push(step("Give the version that this printed its alias.", Some(command)));
            steps
        }
        (Store::AzureKeyVault, _) => {
            put(format!("az keyvault secret set --vault-name VAULT --name {key} --file /dev/stdin"))
        }
        (Store::Vault, _) => put(format!("vault kv put -mount=secret {key} -")),
        (Store::OpenBao, _) => put(format!("bao kv put -mount=secret {key} -")),
        _ => vec![step(&title.replace(", from standard input", ""), None)],
    }
}

/// A text as one word of a shell.
pub fn word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@+,%".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{After, Shape, Supply, steps};
    use crate::k8s::store::Store;

    fn commands(supply: Supply) -> Vec<String> {
        let after = After { environment: "production".into(), soak: "24 h".into() };
        let files = ["staging/web.yaml"];
        let steps = steps(&BTreeSet::from([supply]), &files, "auth", "staging", Some(&after));
        steps.into_iter().filter_map(|step| step.command).collect()
    }

    fn remote(store: Store, pin: Option<&str>, own_key: bool) -> Supply {
        let pin = pin.map(str::to_owned);
        Supply::Remote { store: Some(store), key: "shop/auth".into(), pin, own_key, read_by: None }
    }

    #[test]
    fn aws_gets_a_label_and_its_current_version_stays() {
        let all = commands(remote(Store::AwsSecretsManager, Some("20250723110000"), false));
        assert_eq!(
            all,
            [
                "aws secretsmanager put-secret-value --secret-id shop/auth --secret-string file:///dev/stdin --version-stages 20250723110000",
                "git add staging/web.yaml\ngit commit --message 'Bump auth in staging' -- staging/web.yaml",
                "rotate bump production auth",
            ]
        );
    }

    #[test]
    fn labels_and_aliases_are_a_second_command() {
        let all = commands(remote(Store::AwsParameterStore, Some("v20250723110000"), false));
        assert_eq!(
            all[1],
            "aws ssm label-parameter-version --name shop/auth --labels v20250723110000"
        );
        let all = commands(remote(Store::GcpSecretManager, Some("v20250723110000"), false));
        assert_eq!(
            all[1],
            "gcloud secrets update shop/auth --update-version-aliases=v20250723110000=VERSION"
        );
    }

    #[test]
    fn a_family_without_a_stub_is_made_in_the_cluster() {
        let supply = Supply::Cluster {
            name: "auth-1".into(),
            namespace: Some("shop".into()),
            shape: Shape::Registry,
        };
        assert_eq!(
            commands(supply)[0],
            "kubectl create secret generic auth-1 --namespace shop --type=kubernetes.io/dockerconfigjson --from-file=.dockerconfigjson=/dev/stdin"
        );
    }

    #[test]
    fn no_value_is_an_argument_and_words_stay_words() {
        let stores = [
            Store::Vault,
            Store::OpenBao,
            Store::AzureKeyVault,
            Store::AwsSecretsManager,
            Store::GcpSecretManager,
            Store::AwsParameterStore,
        ];
        for store in stores {
            let supply = Supply::Remote {
                store: Some(store),
                key: "it's; rm".into(),
                pin: None,
                own_key: true,
                read_by: None,
            };
            let command = &commands(supply)[0];
            assert!(command.contains("'it'\\''s; rm'"), "{command}");
            assert!(
                command.contains("/dev/stdin")
                    || command.ends_with(" -")
                    || command.ends_with("=-"),
                "{command}"
            );
        }
    }
}
