//! The steps that put a value under its version.

use std::collections::BTreeSet;

use crate::k8s::backend::Backend;
use crate::k8s::store::Store;
use crate::plan::NextStep;
use crate::plan::next::supply::{SecretType, Supply, Value, list};
use crate::plan::next::value;
use crate::text::shell::{command, option};

/// The steps for one value.
pub(super) fn steps(supply: &Supply) -> Vec<NextStep> {
    match supply {
        Supply::Label { title, command } => vec![value(title, command.clone())],
        Supply::Cluster { name, namespace, shape, keys } => {
            vec![in_cluster(name, namespace.as_deref(), *shape, keys)]
        }
        Supply::Elsewhere { name, namespace, by } => {
            vec![elsewhere(name, namespace.as_deref(), by.as_deref())]
        }
        Supply::Remote { backend, key, pin, value, read_by } => {
            let backend = backend.as_deref().cloned().unwrap_or_else(|| Backend::of(Store::OTHER));
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

/// The step for a secret of which the repository has nothing but the name.
fn elsewhere(name: &str, namespace: Option<&str>, by: Option<&str>) -> NextStep {
    let by = by.map_or_else(String::new, |by| format!(" ({by})"));
    let place = namespace.map_or_else(String::new, |name| format!(" in namespace {name}"));
    let title = format!(
        "Create {name}{place} with whatever manages this secret outside the repository{by}, then check that it exists."
    );
    let namespace = namespace.map_or_else(String::new, |name| option("--namespace", name));
    value(
        title,
        Some(command("kubectl get secret", &[name], &format!("{namespace} --output name"))),
    )
}

fn in_cluster(
    name: &str,
    namespace: Option<&str>,
    shape: SecretType,
    keys: &BTreeSet<String>,
) -> NextStep {
    let namespace = namespace.map_or_else(String::new, |name| option("--namespace", name));
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
    let create = format!("kubectl create secret {kind}");
    value(title, Some(command(&create, &[name], &format!("{namespace} {values}"))))
}

/// The step for a key that is created for this version.
fn new_key(backend: &Backend, key: &str, what: &Value) -> NextStep {
    let own = backend.word(key);
    let command = backend.create(key);
    let how = if command.is_some() { ", from standard input" } else { "" };
    let text =
        format!("Put the value{} into the store under the new key {own}{how}.", what.describe());
    value(text, command)
}

/// The steps for a version of a key that exists.
fn new_version(backend: &Backend, key: &str, pin: &str, what: &Value) -> Vec<NextStep> {
    let own = backend.word(key);
    let title = |how: &str| {
        format!("Put the value{} into the store under {own} as {pin}{how}.", what.describe())
    };
    let Some(addition) = backend.add(key, pin) else { return vec![value(title(""), None)] };
    let put = value(title(", from standard input"), Some(addition.put));
    let after = addition.after.map(|step| value(step.title, step.command));
    [put].into_iter().chain(after).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::steps;
    use crate::k8s::backend::Backend;
    use crate::k8s::store::Store;
    use crate::plan::next::supply::{SecretType, Supply, Value};

    fn backend(setting: &str) -> Option<Box<Backend>> {
        Some(Box::new(Backend::of(Store::of_setting(setting).unwrap())))
    }

    fn remote(setting: &str, pin: Option<&str>) -> Supply {
        Supply::Remote {
            backend: backend(setting),
            key: "shop/auth".to_owned(),
            pin: pin.map(str::to_owned),
            value: Value::Text,
            read_by: None,
        }
    }

    #[test]
    fn a_value_that_no_command_puts_is_asked_for_all_the_same() {
        let step = |supply: &Supply| {
            let [step] = &steps(supply)[..] else { panic!("one step") };
            (step.title.clone(), step.command.is_some())
        };
        assert_eq!(
            step(&remote("other", Some("20250723110000"))),
            ("Put the value into the store under shop/auth as 20250723110000.".to_owned(), false)
        );
        assert_eq!(
            step(&remote("other", None)),
            ("Put the value into the store under the new key shop/auth.".to_owned(), false)
        );
        let (title, has_command) = step(&remote("aws-secrets-manager", Some("20250723110000")));
        assert!(title.ends_with(" as 20250723110000, from standard input.") && has_command);
    }

    #[test]
    fn what_follows_the_value_is_a_step_of_its_own() {
        let steps = steps(&remote("aws-parameter-store", Some("v20250723110000")));
        assert_eq!(steps.len(), 2);
        assert_eq!(steps[1].title, "Label the version that the last command created.");
    }

    #[test]
    fn steps_say_which_keys_a_value_has() {
        let keys = BTreeSet::from(["user".to_owned(), "password".to_owned()]);
        let title = |value: Value| {
            let backend = backend("aws-secrets-manager");
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
}
