//! What is left to a person: the commit, the wait, and the commands that remove a version from its store.

use std::collections::{BTreeMap, BTreeSet};

use crate::k8s::store::Store;
use crate::k8s::stub::{StoreRef, Stub};
use crate::plan::next::{step, word};
use crate::plan::prune::Prune;
use crate::plan::prune::ground::Going;
use crate::plan::stub::pin::Pinned;
use crate::plan::{FileChange, NextStep};
use crate::repo::Repo;
use crate::repo::deployed::deployed;

/// What the steps are told from.
pub(super) struct Told<'t, 'd, 'r> {
    pub(super) after: &'t Repo,
    pub(super) going: &'t [Going<'d, 'r>],
    pub(super) changes: &'t [FileChange],
}

/// One version of one key.
type Entry = (Option<Store>, Pinned);

impl Told<'_, '_, '_> {
    /// The steps in order, and what stays in the store because somebody else reads it.
    pub(super) fn steps(&self, prune: &Prune) -> (Vec<NextStep>, Vec<String>) {
        let paths: Vec<String> =
            self.changes.iter().map(|change| word(change.path.as_str())).collect();
        let paths = paths.join(" ");
        let (family, environment) = (&prune.family, &prune.environment);
        let commit = format!(
            "git add --all {paths}\ngit commit --message 'Prune {family} in {environment}' -- {paths}"
        );
        let title = "Commit the change and let it be reconciled.";
        let mut steps = vec![NextStep { is_commit: true, ..step(title, Some(commit)) }];
        let look: BTreeSet<String> = self
            .going
            .iter()
            .map(|(one, _)| {
                let namespace = namespace(one.namespace());
                format!("kubectl get secret {}{namespace} --ignore-not-found", word(one.secret))
            })
            .collect();
        let look: Vec<String> = look.into_iter().collect();
        steps.extend(self.left_behind());
        steps.push(step(
            "Wait until the operator has removed the Secret: this prints nothing then.",
            Some(look.join("\n")),
        ));
        let (entries, mut notes) = self.entries();
        for (store, pinned) in entries {
            match store {
                Some(store) => steps.extend(remove(store, &pinned)),
                None => {
                    notes.insert(format!(
                        "the store of `{}` is not in the repository, so its kind is not known",
                        pinned.key
                    ));
                    steps.extend(remove(Store::Other, &pinned));
                }
            }
        }
        (steps, notes.into_iter().collect())
    }

    /// The Secrets that the operator leaves behind when their stubs go.
    fn left_behind(&self) -> BTreeSet<NextStep> {
        let mut steps = BTreeSet::new();
        for (document, _) in self.going {
            for maker in document.makers.iter().filter(|maker| maker.is_deployed) {
                let policy = maker.object().node.at(&["spec", "target", "creationPolicy"]);
                let Some(policy @ ("Orphan" | "CreateOrMerge")) = policy.and_then(|one| one.str())
                else {
                    continue;
                };
                let (secret, namespace) = (word(document.secret), namespace(maker.namespace()));
                let title =
                    format!("Delete the Secret {secret}, which its stub leaves behind ({policy}).");
                steps.insert(step(
                    &title,
                    Some(format!("kubectl delete secret {secret}{namespace}")),
                ));
            }
        }
        steps
    }

    /// What the stubs read that nothing else reads.
    fn entries(&self) -> (BTreeSet<Entry>, BTreeSet<String>) {
        let read = self.still_read();
        let stores = self.after.stores();
        let (mut entries, mut notes) = (BTreeSet::new(), BTreeSet::new());
        for (document, _) in self.going {
            for maker in document.makers.iter().filter(|maker| maker.is_deployed) {
                let Some(stub) = Stub::read(&maker.object().node) else { continue };
                for pinned in Pinned::all(&stub, document.version) {
                    if let Some(by) = read.get(&identity(&pinned)) {
                        notes.insert(format!(
                            "{by} still reads {} from a store of that name, so it stays there",
                            named(&pinned)
                        ));
                        continue;
                    }
                    let find = |store: &StoreRef| {
                        stores.find(maker.root.environment, store, maker.namespace())
                    };
                    let store = pinned.store.as_ref().and_then(find).map(|(store, _)| store);
                    entries.insert((store, pinned));
                }
            }
        }
        (entries, notes)
    }

    /// What the stubs that stay read, in whatever environment, and one that does.
    fn still_read(&self) -> BTreeMap<Identity, String> {
        let mut read = BTreeMap::new();
        for (root, environment) in deployed(self.after) {
            for object in root.objects() {
                let Some(stub) = Stub::read(&object.node) else { continue };
                let place = environment.map_or_else(|| root.path.to_string(), str::to_owned);
                // Which version a key is for makes no difference to what reads it.
                for pinned in Pinned::all(&stub, "") {
                    let by = format!("`{}` in {place}", object.name());
                    read.entry(identity(&pinned)).or_insert(by);
                }
            }
        }
        read
    }
}

/// The flag for a namespace, where Git sets one.
fn namespace(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!(" --namespace {}", word(name)))
}

/// What tells one version of one key from another.
type Identity = (Option<StoreRef>, String, Option<String>);

fn identity(pinned: &Pinned) -> Identity {
    (pinned.store.clone(), pinned.key.clone(), pinned.version.clone())
}

fn named(pinned: &Pinned) -> String {
    match &pinned.version {
        Some(version) => format!("`{}` at {version}", pinned.key),
        None => format!("`{}`", pinned.key),
    }
}

fn remove(store: Store, pinned: &Pinned) -> Vec<NextStep> {
    let key = word(&pinned.key);
    if pinned.own_key {
        return vec![remove_key(store, &key)];
    }
    let Some(pin) = &pinned.version else {
        let title = format!("{key} is read without a version: nothing is to be removed there.");
        return vec![step(&title, None)];
    };
    remove_version(store, &key, pin)
}

/// The command that removes a key that was there for one version alone.
fn remove_key(store: Store, key: &str) -> NextStep {
    let command = match store {
        Store::AwsSecretsManager => {
            format!(
                "aws secretsmanager delete-secret --secret-id {key} --recovery-window-in-days 30"
            )
        }
        Store::AwsParameterStore => format!("aws ssm delete-parameter --name {key}"),
        Store::GcpSecretManager => format!("gcloud secrets delete {key}"),
        Store::AzureKeyVault => {
            format!("az keyvault secret delete --vault-name VAULT --name {key}")
        }
        Store::Vault => format!("vault kv metadata delete -mount=secret {key}"),
        Store::OpenBao => format!("bao kv metadata delete -mount=secret {key}"),
        _ => return step(&format!("Remove the key {key} from the store."), None),
    };
    step(&format!("Remove the key {key} from the store."), Some(command))
}

/// The commands that remove one version of a key.
fn remove_version(store: Store, key: &str, pin: &str) -> Vec<NextStep> {
    let title = format!("Remove the version {pin} of {key} from the store.");
    let is_number = !pin.is_empty() && pin.bytes().all(|byte| byte.is_ascii_digit());
    if word(pin) != pin {
        // Inside of a query no quotes would keep a shell off it.
        return vec![step(&title, None)];
    }
    let one = |command: String| vec![step(&title, Some(command))];
    match store {
        Store::AwsSecretsManager => remove_stage(key, pin),
        Store::AwsParameterStore if is_number => vec![step(
            &format!(
                "Nothing removes the version {pin} of {key} alone: it goes when a hundred newer ones are there."
            ),
            None,
        )],
        Store::AwsParameterStore => remove_label(key, pin),
        Store::GcpSecretManager if is_number => {
            one(format!("gcloud secrets versions destroy {pin} --secret={key}"))
        }
        Store::GcpSecretManager => looked_up(
            key,
            pin,
            format!("gcloud secrets describe {key} --format='value(versionAliases)'"),
            format!(
                "gcloud secrets update {key} --remove-version-aliases={pin}\ngcloud secrets versions destroy VERSION --secret={key}"
            ),
        ),
        Store::AzureKeyVault => vec![step(
            &format!("Disable the version {pin} of {key}: Key Vault removes only all of them."),
            Some(format!(
                "az keyvault secret set-attributes --vault-name VAULT --name {key} --version {pin} --enabled false"
            )),
        )],
        Store::Vault if is_number => {
            one(format!("vault kv destroy -mount=secret -versions={pin} {key}"))
        }
        Store::OpenBao if is_number => {
            one(format!("bao kv destroy -mount=secret -versions={pin} {key}"))
        }
        _ => vec![step(&title, None)],
    }
}

/// AWS Secrets Manager removes what has no label, and only by itself.
fn remove_stage(key: &str, pin: &str) -> Vec<NextStep> {
    if pin.starts_with("uuid/") {
        let title = format!(
            "Take every label off the version {pin} of {key}, if it has one: it then goes by itself."
        );
        return vec![step(&title, None)];
    }
    looked_up(
        key,
        pin,
        format!(
            "aws secretsmanager list-secret-version-ids --secret-id {key} --output text --query \"Versions[?contains(VersionStages, '{pin}')].VersionId\""
        ),
        format!(
            "aws secretsmanager update-secret-version-stage --secret-id {key} --version-stage {pin} --remove-from-version-id VERSION"
        ),
    )
}

/// Parameter Store drops the oldest versions that have no label.
fn remove_label(key: &str, pin: &str) -> Vec<NextStep> {
    looked_up(
        key,
        pin,
        format!(
            "aws ssm get-parameter-history --name {key} --output text --query \"Parameters[?contains(Labels || \\`[]\\`, '{pin}')].Version\""
        ),
        format!(
            "aws ssm unlabel-parameter-version --name {key} --parameter-version VERSION --labels {pin}"
        ),
    )
}

/// What a label stands for is looked up first.
fn looked_up(key: &str, pin: &str, look: String, remove: String) -> Vec<NextStep> {
    let find = format!("Find which version of {key} is called {pin}.");
    let take = format!("Take {pin} away from {key}; VERSION is what the step before printed.");
    vec![step(&find, Some(look)), step(&take, Some(remove))]
}

#[cfg(test)]
mod tests {
    use super::remove;
    use crate::k8s::store::Store;
    use crate::plan::stub::pin::Pinned;

    fn commands(store: Store, pin: Option<&str>, own_key: bool) -> Vec<String> {
        let version = pin.map(str::to_owned);
        let pinned = Pinned { store: None, key: "shop/auth".into(), version, own_key };
        remove(store, &pinned).into_iter().filter_map(|step| step.command).collect()
    }

    #[test]
    fn labels_are_taken_off() {
        assert_eq!(
            commands(Store::AwsSecretsManager, Some("20250102090000"), false)[1],
            "aws secretsmanager update-secret-version-stage --secret-id shop/auth --version-stage 20250102090000 --remove-from-version-id VERSION"
        );
        assert_eq!(
            commands(Store::AwsParameterStore, Some("v20250102090000"), false)[1],
            "aws ssm unlabel-parameter-version --name shop/auth --parameter-version VERSION --labels v20250102090000"
        );
        for pin in ["uuid/1-2", "$(reboot)", "it's"] {
            assert!(commands(Store::AwsSecretsManager, Some(pin), false).is_empty(), "{pin}");
        }
    }

    #[test]
    fn versions_are_destroyed_and_keys_removed() {
        assert_eq!(
            commands(Store::Vault, Some("7"), false),
            ["vault kv destroy -mount=secret -versions=7 shop/auth"]
        );
        assert_eq!(
            commands(Store::GcpSecretManager, Some("7"), false),
            ["gcloud secrets versions destroy 7 --secret=shop/auth"]
        );
        assert_eq!(
            commands(Store::AwsParameterStore, None, true),
            ["aws ssm delete-parameter --name shop/auth"]
        );
        assert!(commands(Store::Vault, None, false).is_empty());
    }
}
