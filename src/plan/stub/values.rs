//! Which values of their stores stubs read, and what a person must put there.

use std::collections::BTreeMap;

use crate::config::secrets::Pin;
use crate::k8s::backend::Backend;
use crate::k8s::store::is_given;
use crate::k8s::store::pin::PinError;
use crate::k8s::stub::{GENERATED, StoreRef, Stub as Read};
use crate::plan::next::supply::Supply;
use crate::plan::stub::describe::value;
use crate::plan::stub::pin::Pinned;
use crate::plan::stub::planner::{Fault, Planner};
use crate::plan::stub::source::Source;
use crate::plan::survey::{Item, Made};
use crate::repo::environment::EnvironmentId;

/// Entries of stubs, by the key that they read, each with what makes the secret.
pub(super) type Elsewhere<'p> = BTreeMap<String, Vec<(Made<'p>, Pinned)>>;

impl<'p> Planner<'p> {
    /// Where an entry's store reads from.
    pub(super) fn backend(
        &self,
        named: Option<&StoreRef>,
        namespace: Option<&str>,
    ) -> Option<Backend> {
        let service = self.settings.remote.provider;
        self.repo.stores().backend(Some(self.environment), named, namespace, service)
    }

    /// Notes what must be put into the store for these entries: only for those that this version alone reads.
    pub(super) fn supply(&mut self, pins: &[Pinned], namespace: Option<&str>, items: &[&Item<'_>]) {
        for pin in pins {
            let backend = self.backend(pin.store.as_ref(), namespace);
            let label = pin.version.as_ref().filter(|pin| pin.contains(self.version.as_str()));
            let ignoring = self.unversioned(pin, namespace);
            if !pin.own_key && (label.is_none() || ignoring.is_some()) {
                if ignoring.is_some() || !pin.version.as_deref().is_some_and(is_given) {
                    self.outcome.notes.insert(self.read_as_before(&pin.key, ignoring.as_ref()));
                }
                continue;
            }
            let held = backend.as_ref().and_then(|at| {
                self.held.iter().find(|one| one.is_at(at, &pin.key)).map(|held| (held, at))
            });
            if let Some((held, at)) = held {
                self.outcome.notes.extend(held.replica(at));
                let labelling = held.labelling();
                self.outcome
                    .supplies
                    .extend(labelling.map(|(title, command)| Supply::Label { title, command }));
                continue;
            }
            if backend.is_none() {
                self.outcome.notes.insert(format!(
                    "the store of `{}` is not in the repository, so its kind is not known",
                    pin.key
                ));
            }
            self.outcome.supplies.insert(Supply::Remote {
                backend: backend.map(Box::new),
                key: pin.key.clone(),
                pin: label.filter(|_| !pin.own_key).cloned(),
                value: value(pin, items),
                read_by: self.read_by(pin, namespace),
            });
        }
    }

    /// Why the store of an entry cannot be asked for a version.
    fn unversioned(&self, pin: &Pinned, namespace: Option<&str>) -> Option<PinError> {
        self.backend(pin.store.as_ref(), namespace)?.without_versions()
    }

    /// Whether an entry of a stub reads what its version alone reads.
    fn reads_own_value(&self, pin: &Pinned, namespace: Option<&str>) -> bool {
        let version = pin.version.as_deref().unwrap_or_default();
        let names = version.contains(self.version.as_str()) || is_given(version);
        pin.own_key || names && self.unversioned(pin, namespace).is_none()
    }

    /// Refuses a stub of which nothing is of its version alone, unless its store or the settings are the reason, which is noted.
    pub(super) fn check_own(&mut self, source: &Source<'_>, pins: &[Pinned]) -> Result<(), Fault> {
        let stub = Read::read(&source.object.node);
        let unpinnable = stub.as_ref().map_or(&[][..], |stub| &stub.unpinnable[..]);
        let found = unpinnable.iter().find(|one| one.reason != GENERATED);
        let has_own = unpinnable.iter().any(|one| one.reason == GENERATED)
            || pins.iter().any(|pin| self.reads_own_value(pin, source.namespace));
        let is_allowed = self.settings.remote.version == Some(Pin::None);
        if let Some(one) = found.filter(|_| has_own || is_allowed) {
            self.outcome.notes.insert(format!(
                "the old version and the new one read the same values by {}: {}",
                one.path, one.reason
            ));
        }
        let ignores = pins.iter().any(|pin| self.unversioned(pin, source.namespace).is_some());
        if has_own || is_allowed || ignores && found.is_none() {
            return Ok(());
        }
        let what = format!(
            "nothing in it names the version, so both versions would read the same value as `{}`",
            source.secret
        );
        let family = self.family;
        let none = format!(
            "set `secrets.{family}.remote.version: none` in rotate.yaml if both versions are meant to share one value"
        );
        let hint = match found {
            Some(one) => format!("{}; {none}", one.reason),
            None => format!(
                "pin its entries to the version that it reads (`version: …`), or give each version its own key (`secrets.{family}.remote.version: key-suffix` in rotate.yaml); {none}"
            ),
        };
        Err((what, hint))
    }

    fn read_as_before(&self, key: &str, ignoring: Option<&PinError>) -> String {
        let why = ignoring
            .map_or_else(|| "its entry does not name the version".to_owned(), ToString::to_string);
        let is_set = self.settings.remote.version == Some(Pin::KeySuffix);
        let hint = if !is_set
            && (ignoring.is_some() || self.settings.remote.version == Some(Pin::None))
        {
            format!(
                "; `secrets.{}.remote.version: key-suffix` in rotate.yaml gives each version its own key",
                self.family
            )
        } else {
            String::new()
        };
        format!("the old version and the new one read the same value of `{key}`: {why}{hint}")
    }

    /// Where a store of an environment is, as far as Git tells it from others for certain.
    pub(super) fn place_of(
        &self,
        environment: Option<EnvironmentId>,
        store: Option<&StoreRef>,
        namespace: Option<&str>,
    ) -> Option<Backend> {
        let (_, object) = self.repo.stores().find(environment, store?, namespace)?;
        Backend::read(&object.node).map(Backend::place)
    }

    /// Another environment whose stub of the new name reads the same key of a store of the same name and place.
    fn read_by(&self, pin: &Pinned, namespace: Option<&str>) -> Option<String> {
        let place = |environment, namespace: Option<&str>| {
            self.place_of(environment, pin.store.as_ref(), namespace)
        };
        let same = self.elsewhere().get(&pin.key)?.iter().filter(|(_, one)| one.is_same(pin));
        let own = place(Some(self.environment), namespace);
        let mut reads =
            same.filter(|(made, _)| place(made.root.environment, made.namespace()) == own);
        let (made, _) = reads.next()?;
        Some(self.repo.environments[made.root.environment?].name.clone())
    }

    /// What the stubs of the new name read in other environments, by key.
    fn elsewhere(&self) -> &Elsewhere<'p> {
        self.elsewhere.get_or_init(|| {
            let mut elsewhere = Elsewhere::new();
            for (index, root) in self.repo.roots.iter().enumerate() {
                if root.environment.is_none_or(|one| one == self.environment) {
                    continue;
                }
                let own = root.providers.iter().filter(|one| one.secret() == self.name);
                for made in own.map(|provider| Made { index, root, provider }) {
                    let Some(stub) = Read::read(&made.object().node) else { continue };
                    for pin in Pinned::all(&stub, self.version.as_str()) {
                        elsewhere.entry(pin.key.clone()).or_default().push((made, pin));
                    }
                }
            }
            elsewhere
        })
    }
}
