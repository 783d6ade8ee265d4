//! The manual steps after the commit: the wait, and the commands that remove a version from its store.

use std::collections::{BTreeMap, BTreeSet};

use crate::k8s::backend::Backend;
use crate::k8s::store::Store;
use crate::k8s::stub::{StoreRef, Stub};
use crate::plan::NextStep;
use crate::plan::from_store::StoreKey;
use crate::plan::next::{remove, then};
use crate::plan::prune::leftover::Leftover;
use crate::plan::prune::planner::UnusedStub;
use crate::plan::prune::{Pods, PruneRequest};
use crate::plan::stub::pin::Pinned;
use crate::repo::Repo;
use crate::repo::deployed::deployed;
use crate::repo::root::Root;
use crate::repo::stores::Stores;
use crate::text::shell::{command, option, word};

/// What the steps are derived from.
pub(super) struct NextSteps<'t, 'd, 'r> {
    pub(super) after: &'t Repo,
    pub(super) unused: &'t [UnusedStub<'d, 'r>],
    pub(super) request: &'t PruneRequest<'t>,
}

/// One version of one key.
type Entry = (Option<Backend>, Pinned);

impl NextSteps<'_, '_, '_> {
    /// The steps in order, what they remove from stores, and what stays there because somebody else reads it.
    pub(super) fn steps(&self) -> (Vec<NextStep>, Vec<Leftover>, Vec<String>) {
        let mut steps = Vec::new();
        let look: BTreeSet<String> = self
            .unused
            .iter()
            .map(|(one, _)| {
                let namespace = namespace(one.namespace());
                let options = format!("{namespace} --ignore-not-found");
                command("kubectl get secret", &[one.secret], &options)
            })
            .collect();
        let look: Vec<String> = look.into_iter().collect();
        steps.extend(self.verify());
        steps.extend(self.left_behind());
        steps.push(then(
            "Wait until the operator has removed the Secret: this command then prints nothing.",
            Some(look.join("\n")),
        ));
        let (entries, mut notes) = self.entries();
        let mut leftovers = Vec::new();
        for ((backend, pinned), version) in entries {
            if backend.is_none() {
                notes.insert(format!(
                    "the store of `{}` is not in the repository, so its kind is not known",
                    pinned.key
                ));
            }
            let backend = backend.unwrap_or_else(|| Backend::of(Store::OTHER));
            let pin = pinned.version.as_deref();
            let removal = remove::step(&backend, &pinned.key, pin, pinned.own_key);
            let pin = pinned.version.filter(|_| !pinned.own_key);
            let key = StoreKey::told(backend, &pinned.key, pin.as_deref());
            let step = steps.len();
            leftovers.extend(key.map(|key| Leftover { key, pin, version, step }));
            steps.push(removal);
        }
        (steps, leftovers, notes.into_iter().collect())
    }

    /// The proof that nothing in the cluster uses what is removed, unless there is one.
    fn verify(&self) -> Option<NextStep> {
        let Pods::Unknown(verify) = self.request.pods else { return None };
        let environment = &self.request.subject.environment;
        let title = format!("Check that every pod in {environment} runs what Git names.");
        Some(then(title, Some(verify()?)))
    }

    /// The Secrets that the operator leaves behind when their stubs are removed.
    fn left_behind(&self) -> BTreeSet<NextStep> {
        let mut steps = BTreeSet::new();
        for (document, _) in self.unused {
            for maker in document.makers.iter().filter(|maker| maker.is_deployed) {
                let policy = maker.object().node.at(&["spec", "target", "creationPolicy"]);
                let Some(policy @ ("Orphan" | "CreateOrMerge")) = policy.and_then(|one| one.str())
                else {
                    continue;
                };
                let (secret, namespace) = (word(document.secret), namespace(maker.namespace()));
                let title =
                    format!("Delete the Secret {secret}, which its stub leaves behind ({policy}).");
                steps.insert(then(
                    &title,
                    Some(command("kubectl delete secret", &[document.secret], &namespace)),
                ));
            }
        }
        steps
    }

    /// What the stubs read that nothing else reads, with the version of the stub.
    fn entries(&self) -> (BTreeMap<Entry, String>, BTreeSet<String>) {
        let stores = self.after.stores();
        let read = self.still_read(&stores);
        let (mut entries, mut notes) = (BTreeMap::new(), BTreeSet::new());
        for (document, _) in self.unused {
            for maker in document.makers.iter().filter(|maker| maker.is_deployed) {
                let Some(stub) = Stub::read(&maker.object().node) else { continue };
                for pinned in Pinned::all(&stub, document.version) {
                    let backend = backend(&stores, maker.root, &pinned, maker.namespace());
                    if let Some(by) = read.get(&identity(&pinned, backend.clone())) {
                        notes.insert(format!(
                            "{by} still reads {} from a store of that name, so it stays there",
                            named(&pinned)
                        ));
                        continue;
                    }
                    entries.insert((backend, pinned), document.version.to_owned());
                }
            }
        }
        (entries, notes)
    }

    /// What the stubs that stay read, in whatever environment, and one that does.
    fn still_read(&self, stores: &Stores<'_>) -> BTreeMap<Identity, String> {
        let mut read = BTreeMap::new();
        for (root, environment) in deployed(self.after) {
            for object in root.objects() {
                let Some(stub) = Stub::read(&object.node) else { continue };
                let place = environment.map_or_else(|| root.path.to_string(), str::to_owned);
                // Which version a key is for makes no difference to what reads it.
                for pinned in Pinned::all(&stub, "") {
                    let by = format!("`{}` in {place}", object.name());
                    let backend = backend(stores, root, &pinned, object.namespace());
                    read.entry(identity(&pinned, backend)).or_insert(by);
                }
            }
        }
        read
    }
}

/// The flag for a namespace, where Git sets one.
fn namespace(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| option("--namespace", name))
}

/// Identifies one version of a key: the store's name, its location as far as Git shows it, the key, the version.
type Identity = (Option<StoreRef>, Option<Backend>, String, Option<String>);

fn identity(pinned: &Pinned, backend: Option<Backend>) -> Identity {
    let place = backend.map(Backend::place);
    (pinned.store.clone(), place, pinned.key.clone(), pinned.version.clone())
}

/// The store that an entry of a stub is read from, where Git has it.
fn backend(
    stores: &Stores<'_>,
    root: &Root,
    pinned: &Pinned,
    namespace: Option<&str>,
) -> Option<Backend> {
    let (_, object) = stores.find(root.environment, pinned.store.as_ref()?, namespace)?;
    Backend::read(&object.node)
}

fn named(pinned: &Pinned) -> String {
    match &pinned.version {
        Some(version) => format!("`{}` at {version}", pinned.key),
        None => format!("`{}`", pinned.key),
    }
}
