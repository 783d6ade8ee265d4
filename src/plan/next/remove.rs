//! The commands that remove a version from its store.

use crate::k8s::backend::Backend;
use crate::k8s::store::Store;
use crate::plan::NextStep;
use crate::plan::next::then;
use crate::plan::next::tool::{aws, az, gcloud, kv};
use crate::text::shell::word;

/// The steps for what a removed stub read, and nothing else does.
pub(in crate::plan) fn steps(
    backend: &Backend,
    key: &str,
    pin: Option<&str>,
    own_key: bool,
) -> Vec<NextStep> {
    if own_key {
        return vec![remove_key(backend, key)];
    }
    let Some(pin) = pin else {
        let title = format!("{key} is read without a version: there is nothing to remove there.");
        return vec![then(title, None)];
    };
    remove_version(backend, key, pin)
}

/// The command that removes a key that was there for one version alone.
fn remove_key(backend: &Backend, key: &str) -> NextStep {
    let own = word(&backend.key(key));
    let command = match backend.store {
        Store::AwsSecretsManager => {
            let delete = format!("secretsmanager delete-secret --secret-id {own}");
            Some(format!("{} --recovery-window-in-days 30", aws(backend, &delete)))
        }
        Store::AwsParameterStore => {
            Some(aws(backend, &format!("ssm delete-parameter --name {own}")))
        }
        Store::GcpSecretManager => {
            Some(format!("{} --quiet", gcloud(backend, &format!("delete {own}"))))
        }
        Store::AzureKeyVault if !own.contains('/') => {
            az(backend, "delete").map(|delete| format!("{delete} --name {own}"))
        }
        Store::Vault | Store::OpenBao if backend.is_first_kv => kv(backend, "delete", "", key),
        Store::Vault | Store::OpenBao => kv(backend, "metadata delete", "", key),
        _ => None,
    };
    then(format!("Remove the key {own} from the store."), command)
}

/// The commands that remove one version of a key.
fn remove_version(backend: &Backend, key: &str, pin: &str) -> Vec<NextStep> {
    let own = word(&backend.key(key));
    let title = format!("Remove the version {pin} of {own} from the store.");
    let is_number = !pin.is_empty() && pin.bytes().all(|byte| byte.is_ascii_digit());
    if word(pin) != pin {
        // Inside of a query no quotes would keep a shell off it.
        return vec![then(title, None)];
    }
    let one = |command: Option<String>| vec![then(title.clone(), command)];
    match backend.store {
        Store::AwsSecretsManager => vec![remove_stage(backend, &own, pin)],
        Store::AwsParameterStore if is_number => vec![then(
            format!(
                "The version {pin} of {own} cannot be removed by itself: it is dropped once there are a hundred newer ones."
            ),
            None,
        )],
        Store::AwsParameterStore => vec![remove_label(backend, &own, pin)],
        Store::GcpSecretManager => one(Some(remove_google(backend, &own, pin, is_number))),
        Store::AzureKeyVault => {
            let set = az(backend, "set-attributes").filter(|_| !own.contains('/'));
            let title = format!(
                "Disable the version {pin} of {own}: Key Vault cannot delete a single version."
            );
            let disable =
                set.map(|set| format!("{set} --name {own} --version {pin} --enabled false"));
            vec![then(title, disable)]
        }
        Store::Vault | Store::OpenBao if is_number && !backend.is_first_kv => {
            one(kv(backend, "destroy", &format!(" -versions={pin}"), key))
        }
        _ => one(None),
    }
}

/// Destroys a version of a Google secret; one with an alias is looked up by it first.
fn remove_google(backend: &Backend, key: &str, pin: &str, is_number: bool) -> String {
    let destroy = |version: &str| {
        let destroy = gcloud(backend, &format!("versions destroy {version}"));
        format!("{destroy} --secret={key} --quiet")
    };
    if is_number {
        return destroy(pin);
    }
    let describe = gcloud(backend, &format!("describe {key}"));
    let update = gcloud(backend, &format!("update {key}"));
    format!(
        "version=\"$({describe} --format='value(versionAliases.{pin})')\"\n\
         {update} --remove-version-aliases={pin}\n{}",
        destroy("\"$version\"")
    )
}

/// AWS Secrets Manager removes what has no label, and only by itself.
fn remove_stage(backend: &Backend, key: &str, pin: &str) -> NextStep {
    if pin.starts_with("uuid/") {
        let title = format!(
            "Take every label off the version {pin} of {key}, if it has one: it is then deleted automatically."
        );
        return then(title, None);
    }
    let find = aws(backend, &format!("secretsmanager list-secret-version-ids --secret-id {key}"));
    let take = format!("secretsmanager update-secret-version-stage --secret-id {key}");
    let take = aws(backend, &take);
    let command = format!(
        "{take} --version-stage {pin} --remove-from-version-id \"$({find} --output text --query \"Versions[?contains(VersionStages, '{pin}')].VersionId\")\""
    );
    then(
        format!("Take the label {pin} off {key}: the version is then deleted automatically."),
        Some(command),
    )
}

/// Parameter Store drops the oldest versions that have no label.
fn remove_label(backend: &Backend, key: &str, pin: &str) -> NextStep {
    let find = aws(backend, &format!("ssm get-parameter --name {key}:{pin}"));
    let take = aws(backend, &format!("ssm unlabel-parameter-version --name {key} --labels {pin}"));
    let command =
        format!("{take} --parameter-version \"$({find} --output text --query Parameter.Version)\"");
    then(
        format!(
            "Take the label {pin} off {key}: old versions without one are deleted automatically."
        ),
        Some(command),
    )
}

#[cfg(test)]
mod tests {
    use super::steps;
    use crate::k8s::backend::Backend;
    use crate::k8s::store::Store;

    fn commands(store: Store, pin: Option<&str>, own_key: bool) -> Vec<String> {
        let backend = Backend { mount: Some("apps".to_owned()), ..Backend::of(store) };
        let steps = steps(&backend, "shop/auth", pin, own_key);
        steps.into_iter().filter_map(|step| step.command).collect()
    }

    #[test]
    fn labels_are_taken_off() {
        assert_eq!(
            commands(Store::AwsSecretsManager, Some("20250102090000"), false),
            [
                "aws secretsmanager update-secret-version-stage --secret-id shop/auth --version-stage 20250102090000 --remove-from-version-id \"$(aws secretsmanager list-secret-version-ids --secret-id shop/auth --output text --query \"Versions[?contains(VersionStages, '20250102090000')].VersionId\")\""
            ]
        );
        assert_eq!(
            commands(Store::AwsParameterStore, Some("v20250102090000"), false),
            [
                "aws ssm unlabel-parameter-version --name shop/auth --labels v20250102090000 --parameter-version \"$(aws ssm get-parameter --name shop/auth:v20250102090000 --output text --query Parameter.Version)\""
            ]
        );
        for pin in ["uuid/1-2", "$(reboot)", "it's"] {
            assert!(commands(Store::AwsSecretsManager, Some(pin), false).is_empty(), "{pin}");
        }
    }

    #[test]
    fn versions_are_destroyed_and_keys_removed() {
        assert_eq!(
            commands(Store::Vault, Some("7"), false),
            ["vault kv destroy -mount=apps -versions=7 shop/auth"]
        );
        assert_eq!(
            commands(Store::GcpSecretManager, Some("7"), false),
            ["gcloud secrets versions destroy 7 --secret=shop/auth --quiet"]
        );
        assert_eq!(
            commands(Store::AwsParameterStore, None, true),
            ["aws ssm delete-parameter --name shop/auth"]
        );
        assert!(commands(Store::Vault, None, false).is_empty());
        // An unknown vault or mount is never guessed.
        assert!(commands(Store::AzureKeyVault, None, true).is_empty());
    }
}
