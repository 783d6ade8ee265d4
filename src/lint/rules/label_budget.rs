//! Keys of AWS Secrets Manager with more versions than labels.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::finding::{Finding, Level};
use crate::k8s::backend::Backend;
use crate::k8s::placeholder::is_filled_in;
use crate::k8s::secret_name::{Family, digits_in, family};
use crate::k8s::store::Store;
use crate::k8s::stub::{Remote, Stub};
use crate::kustomize::model::object::Object;
use crate::lint::judge::deployed;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::lint::stubs::{key, pinned};
use crate::repo::Repo;
use crate::repo::root::Root;
use crate::repo::stores::{Stores, of_service};
use crate::text::source::Place;

/// The rule.
pub static RULE: Rule = Rule {
    id: "label-budget",
    level: Level::Warning,
    fixes: Fixes::Never,
    summary: "more live versions of one AWS key than Secrets Manager has labels for",
    docs: "
### What it finds

A key of AWS Secrets Manager of which the stubs of all environments together pin more than 17 versions by label. Pins by
`uuid/…` take no label. Only stores that are known to be Secrets Manager count: the SecretStore is in the repository, or
`rotate.yaml` names the provider. Stores of other regions or roles are other keys.

With `rotate lint --from-store KEY=FILE`, the labels that the secret really has are counted instead: FILE is what
`aws secretsmanager list-secret-version-ids --secret-id KEY --output json` printed.

### Why it matters

A secret of Secrets Manager carries at most 20 staging labels over all its versions. AWSCURRENT, AWSPREVIOUS and
AWSPENDING are three of them. The next rotation cannot attach its label, and the stub that names it finds nothing.

### Example

```yaml
spec:
  dataFrom:
    - extract: { key: shop/auth-api, version: \"20250723110000\" }   # the eighteenth of its kind
```

### Repair

`rotate prune ENV` removes the stubs whose retention is over. Then remove the labels of those versions from the secret:
`aws secretsmanager update-secret-version-stage --secret-id KEY --version-stage LABEL --remove-from-version-id ID`.
",
    check,
};

/// What tells one value of a store from another, as far as manifests tell: the store, its place and the key.
pub type Key = (Store, String, String);

/// The labels of keys, as their stores list them.
pub type Counted = BTreeMap<Key, BTreeSet<String>>;

/// A key with the labels that stubs pin.
struct Pinned {
    backend: Backend,
    labels: BTreeMap<String, Label>,
}

/// Where a label is written, and in which environments.
struct Label {
    place: Place,
    environments: BTreeSet<String>,
    family: Family,
}

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let pinned = pinned_keys(facts.repo);
    let finding = |(key, one): (&Key, &Pinned)| finding(key, &one.labels, facts.counted.get(key));
    pinned.iter().filter_map(finding).collect()
}

/// The keys whose stores have room for so many labels only, as stubs name them.
#[must_use]
pub fn keys(repo: &Repo) -> BTreeSet<String> {
    pinned_keys(repo).into_keys().map(|(_, _, key)| key).collect()
}

/// Reads a listing of one of those keys: of the one that is named, or of all that it may be about.
///
/// # Errors
/// With why it is none.
pub fn count(
    repo: &Repo,
    key: Option<&str>,
    bytes: &[u8],
    now: DateTime<Utc>,
) -> Result<Counted, String> {
    let pinned = pinned_keys(repo);
    let meant = pinned.iter().filter(|((_, _, one), _)| key.is_none_or(|key| key == one));
    let mut why = "no stub is pinned by a label of a secret that has room for so many".to_owned();
    let counted: Counted = meant
        .filter_map(|(own, one)| match one.backend.read_listing(&own.2, bytes, now) {
            Ok(listing) => {
                Some((own.clone(), listing.labels().into_iter().map(str::to_owned).collect()))
            }
            Err(error) => {
                why = error.to_string();
                None
            }
        })
        .collect();
    if counted.is_empty() { Err(why) } else { Ok(counted) }
}

/// Every key of a store that has room for so many labels, with those that stubs pin.
fn pinned_keys(repo: &Repo) -> BTreeMap<Key, Pinned> {
    let stores = repo.stores();
    let mut keys: BTreeMap<Key, Pinned> = BTreeMap::new();
    for (root, environment) in deployed(repo) {
        for object in root.objects() {
            let Some(stub) = Stub::read(&object.node) else { continue };
            for remote in &stub.remotes {
                let Some((own, backend, place)) =
                    label(repo, &stores, (root, object), &stub, remote)
                else {
                    continue;
                };
                let known =
                    keys.entry(own).or_insert_with(|| Pinned { backend, labels: BTreeMap::new() });
                let label = known.labels.entry(pinned(remote).unwrap_or_default().to_owned());
                let label = label.or_insert_with(|| Label {
                    place: place.clone(),
                    environments: BTreeSet::new(),
                    family: stub.family().unwrap_or_default().into(),
                });
                label.environments.extend(environment.map(str::to_owned));
            }
        }
    }
    keys
}

/// The key of a label, where the store has room for only so many, and the label's place in the file.
fn label<'n>(
    repo: &Repo,
    stores: &Stores<'_>,
    (root, object): (&Root, &Object),
    stub: &Stub,
    remote: &'n Remote,
) -> Option<(Key, Backend, &'n Place)> {
    let pin = pinned(remote)?;
    let named = stub.store_of(remote)?;
    if is_filled_in(pin) || is_filled_in(key(remote)) {
        return None;
    }
    let secret = stub.secret.node.str().unwrap_or_default();
    let set = repo.config.secret(family(secret)).remote.provider.map(of_service);
    let namespace = object.namespace().or(root.namespace.as_deref());
    let found = stores.find(root.environment, named, namespace);
    let service = set.or(found.map(|(store, _)| store))?;
    if service.label_room().is_none() || !service.is_label(pin) {
        return None;
    }
    let environment = root.environment.map(|id| id.index().to_string()).unwrap_or_default();
    let account = match found {
        Some((_, store)) => account(service, store, &environment),
        None => format!("{} {}", named.kind, named.name),
    };
    let read = found.and_then(|(_, store)| Backend::read(&store.node));
    let backend = read.filter(|one| one.store == service).unwrap_or_else(|| Backend::of(service));
    let place = remote.version.as_ref()?.node.origin.as_ref()?;
    Some(((service, account, key(remote).to_owned()), backend, place))
}

/// The place in the world that a store reads; where it is filled in later, each environment has its own.
fn account(service: Store, store: &Object, environment: &str) -> String {
    let parts = service.account(&store.node);
    let own = parts.iter().any(|part| is_filled_in(part));
    format!("{} {}", parts.join(" "), if own { environment } else { "" })
}

fn finding(
    (store, _, key): &Key,
    labels: &BTreeMap<String, Label>,
    counted: Option<&BTreeSet<String>>,
) -> Option<Finding> {
    let count = counted.map_or(labels.len(), BTreeSet::len);
    let room = store.label_room().filter(|room| count > *room)?;
    let mut dated: Vec<(&str, &Label)> = labels
        .iter()
        .map(|(text, label)| (digits_in(text).next().unwrap_or_default(), label))
        .collect();
    dated.sort_by_key(|(digits, _)| *digits);
    let (oldest, newest) = (dated.first()?.1, dated.last()?.1);
    let message = match counted {
        Some(counted) => {
            let unpinned = counted.iter().filter(|label| !labels.contains_key(*label)).count();
            format!(
                "`{key}` has {count} labels, {unpinned} of them pinned by no stub, and {} has room for {room}",
                store.name()
            )
        }
        None => format!(
            "{count} versions of `{key}` are pinned by label, and {} has room for {room}",
            store.name()
        ),
    };
    let environments: BTreeSet<&str> =
        labels.values().flat_map(|label| &label.environments).map(String::as_str).collect();
    let finding = RULE.finding(&newest.place, message).in_each(environments);
    let finding = labels.values().fold(finding, |finding, label| finding.about(&*label.family));
    let finding = finding.related("the oldest is here", Some(oldest.place.clone()));
    Some(finding.help(
        "`rotate prune ENV` removes stubs that are due; then remove their labels from the secret",
    ))
}
