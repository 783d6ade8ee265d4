//! How each entry of a new stub is pinned: by a label, by a key of its own, or by what its store assigned to the new value,
//! which is given and never copied.

use crate::config::secrets::Pin;
use crate::k8s::backend::{Backend, reads_same_values};
use crate::k8s::secret_name::split;
use crate::k8s::store::{Store, assigned_prefix, is_given};
use crate::k8s::stub::{Remote, StoreRef, Stub};
use crate::plan::refusal::Refusal;
use crate::plan::stub::document::stream;
use crate::plan::stub::pin::{Pinning, Pinnings};
use crate::plan::stub::planner::{Fault, Planner};
use crate::plan::stub::source::Source;
use crate::repo::environment::EnvironmentId;
use crate::text::shell::option;
use crate::text::source::Place;
use crate::yaml::node::Node;
use crate::yaml::path::Path;

const BY_HAND: &str =
    "write the stub of the new version by hand, then bump with `--version` and its digits";

/// A pin that must be given and was not.
pub(in crate::plan) struct Missing {
    /// The key whose versions the store assigns.
    key: String,
    /// The pin of the old value, where the old stub has one.
    old: Option<String>,
    /// What comes before the version in a pin, such as `uuid/`.
    prefix: &'static str,
    /// The command that lists the key's versions.
    list: Option<String>,
    place: Option<Place>,
    /// Whether it is of a family's first version, which can still get a key of its own.
    is_first: bool,
    used: Used,
}

/// What there is to say of pins that were not given, with one command that gives them all.
pub(in crate::plan) fn ask(
    missing: &[Missing],
    family: &str,
    bump: &str,
) -> (Vec<Refusal>, String) {
    let mut pins: Vec<String> = missing
        .iter()
        .map(|one| option("--pin", &format!("{}={}VALUE", one.key, one.prefix)))
        .collect();
    pins.sort_unstable();
    pins.dedup();
    let command = format!("{bump}{}", pins.concat());
    let one = |one: &Missing| {
        let list =
            one.list.as_ref().map_or_else(String::new, |list| format!("; `{list}` lists them"));
        let or = if one.is_first {
            format!(
                "; or set `secrets.{family}.remote.version: key-suffix` in rotate.yaml, which gives each version its own key"
            )
        } else {
            String::new()
        };
        let key = &one.key;
        let what = one.old.as_ref().map_or_else(
            || format!("the store of `{key}` assigns versions itself"),
            |old| format!("`{key}` is pinned to {old}, which its store assigned to the old value"),
        );
        Refusal {
            what: format!("{what}; the new value's version must be given with `--pin`"),
            place: one.place.clone(),
            hint: format!(
                "put the new value into the store, then `{command}`, where VALUE is its version{list}{or}"
            ),
        }
    };
    (missing.iter().map(one).collect(), command)
}

/// An entry of a new stub whose pin its store assigns.
pub(super) struct Entry {
    path: Path,
    store: Option<StoreRef>,
    key: String,
    /// The pin of the old value.
    pub(super) old: Option<String>,
    service: Store,
    list: Option<String>,
}

/// How an entry gets its pin.
pub(super) enum PinSource {
    Kept,
    Known(Pinning),
    Asked(Entry),
}

/// What a pin was given to.
pub(in crate::plan) struct Used {
    store: Option<StoreRef>,
    namespace: Option<String>,
    /// The SecretStore, where the repository has it.
    object: Option<Node>,
    key: String,
    old: Option<String>,
}

impl Used {
    /// Whether both certainly mean one value of one store.
    fn is_same(&self, other: &Self) -> bool {
        let is_one = match (&self.object, &other.object) {
            (Some(one), Some(other)) => {
                let place = |node: &Node| {
                    node.origin.as_ref().map(|at| (at.source.path().clone(), at.span()))
                };
                place(one) == place(other) || reads_same_values(one, other)
            }
            (None, None) => {
                let is_cluster_wide =
                    self.store.as_ref().is_some_and(|store| store.kind == "ClusterSecretStore");
                self.store == other.store && (is_cluster_wide || self.namespace == other.namespace)
            }
            _ => false,
        };
        is_one && (&self.key, &self.old) == (&other.key, &other.old)
    }
}

impl Planner<'_> {
    /// How each entry of a new stub is pinned. `None` where a pin is missing; which one is noted.
    ///
    /// # Errors
    /// With what is wrong with a pin that was given, or with the store, and what to type.
    pub(super) fn pinnings(
        &mut self,
        source: &Source<'_>,
        text: &str,
    ) -> Result<Option<Pinnings>, Fault> {
        let stream = stream(text).map_err(|what| (what, BY_HAND.to_owned()))?;
        let stub = stream.documents.first().and_then(|document| Stub::read(&document.root));
        let stub =
            stub.ok_or_else(|| ("it is no ExternalSecret".to_owned(), BY_HAND.to_owned()))?;
        let (mut pinnings, mut is_complete) = (Pinnings::new(), true);
        for remote in &stub.remotes {
            let pinning = match self.way(source, &stub, remote)? {
                PinSource::Kept => continue,
                PinSource::Known(pinning) => pinning,
                PinSource::Asked(entry) => match self.resolve(source, &entry)? {
                    Some(pin) => Pinning::Label(pin),
                    None => {
                        self.miss(source, entry)?;
                        is_complete = false;
                        continue;
                    }
                },
            };
            pinnings.insert(remote.path.clone(), pinning);
        }
        Ok(is_complete.then_some(pinnings))
    }

    /// How an entry of a new stub gets its pin.
    ///
    /// # Errors
    /// With what the store would refuse, and what to do about it.
    pub(super) fn way(
        &self,
        source: &Source<'_>,
        stub: &Stub,
        remote: &Remote,
    ) -> Result<PinSource, Fault> {
        let Some(key) = remote.key_text() else { return Ok(PinSource::Kept) };
        let store = stub.store_of(remote);
        let backend = self.backend(store, source.namespace);
        let is_own = key.contains(self.version.as_str());
        let chosen = Pinning::choose(&self.settings.remote, backend.as_ref(), self.version);
        let is_copy = split(source.secret).is_some();
        let old = remote.version_text().filter(|old| is_given(old));
        let has_versions = backend.as_ref().is_none_or(|one| one.without_versions().is_none());
        let is_given = self.pin_for(key).is_some();
        let is_asked = has_versions
            && match &chosen {
                _ if is_given => true,
                _ if is_copy => old.is_some(),
                Ok(_) => false,
                Err(_) => backend.as_ref().is_some_and(|one| one.store.assigns_versions()),
            };
        match (self.settings.remote.version, chosen) {
            (Some(Pin::None), _) => Ok(PinSource::Kept),
            (Some(Pin::KeySuffix), Ok(pinning)) if !is_own => Ok(PinSource::Known(pinning)),
            (Some(Pin::KeySuffix), _) => Ok(PinSource::Kept),
            _ if is_asked => Ok(PinSource::Asked(Entry {
                path: remote.path.clone(),
                store: store.cloned(),
                key: key.to_owned(),
                old: old.map(str::to_owned),
                list: backend.as_ref().and_then(|backend| backend.list_versions(key)),
                service: backend.map_or(Store::OTHER, |backend: Backend| backend.store),
            })),
            _ if is_copy => Ok(PinSource::Kept),
            (_, Ok(pinning)) => Ok(PinSource::Known(pinning)),
            (_, Err(error)) => Err((error, self.pin_help())),
        }
    }

    /// The pin of the new value: as it was given, or as the environment before has it.
    fn resolve(&mut self, source: &Source<'_>, entry: &Entry) -> Result<Option<String>, Fault> {
        let Some((asked, pin)) = self.pin_for(&entry.key) else {
            return Ok(self.taken_over(entry, source.namespace));
        };
        let used = self.used(source, entry);
        let other = self
            .outcome
            .pins
            .get(&asked)
            .and_then(|all| all.iter().find(|one| !one.is_same(&used)));
        if let Some(other) = other {
            let (what, hint) = if other.key == used.key {
                (
                    format!("`{}` of more than one store or of more than one value", used.key),
                    BY_HAND,
                )
            } else {
                (
                    format!("`{}` or `{}`", other.key, used.key),
                    "give each key a pin: `--pin KEY=VALUE`",
                )
            };
            return Err((format!("`--pin {asked}` could mean {what}"), hint.to_owned()));
        }
        self.outcome.pins.entry(asked).or_default().push(used);
        self.check_given(entry, &pin)
            .map_err(|what| (what, "give the version of the new value".to_owned()))?;
        Ok(Some(pin))
    }

    /// The pin that was given for a key, as it was typed and as it is.
    pub(super) fn pin_for(&self, key: &str) -> Option<(String, String)> {
        let is_family = |name: &str| self.repo.family(self.environment, name).is_some();
        let mut pins = self.pins.iter().filter_map(|pin| {
            let value = value(pin, self.family, key, &is_family)?;
            Some((pin.clone(), value.to_owned()))
        });
        pins.next()
    }

    /// # Errors
    /// With what is wrong with a pin, a phrase.
    fn check_given(&self, entry: &Entry, pin: &str) -> Result<(), String> {
        entry.service.check_pin(pin).map_err(|error| error.to_string())?;
        let is_like = |old: &str| {
            let shape = |text: &str| (assigned_prefix(text), is_given(text));
            shape(old) == shape(pin)
        };
        if let Some(old) = entry.old.as_ref().filter(|old| !is_like(old)) {
            return Err(format!(
                "{pin} does not have the same form as {old}, which the old version reads"
            ));
        }
        let roots = self.repo.roots_of(self.environment).flat_map(|(_, root)| root.objects());
        let stubs = roots.into_iter().filter_map(|object| Stub::read(&object.node));
        for stub in stubs.filter(|stub| stub.family() == Some(self.family)) {
            let same = stub.remotes.iter().find(|one| {
                one.key_text() == Some(&entry.key)
                    && stub.store_of(one) == entry.store.as_ref()
                    && one.version_text() == Some(pin)
            });
            if same.is_some() {
                let secret = stub.secret.node.str().unwrap_or_default();
                return Err(format!("{pin} of `{}` is what `{secret}` reads", entry.key));
            }
        }
        Ok(())
    }

    fn used(&self, source: &Source<'_>, entry: &Entry) -> Used {
        Used {
            store: entry.store.clone(),
            namespace: source.namespace.map(str::to_owned),
            object: self.store_object(self.environment, entry.store.as_ref(), source.namespace),
            key: entry.key.clone(),
            old: entry.old.clone(),
        }
    }

    /// Notes a missing pin.
    ///
    /// # Errors
    /// When no pin could mean this entry alone.
    fn miss(&mut self, source: &Source<'_>, entry: Entry) -> Result<(), Fault> {
        let used = self.used(source, &entry);
        let mut others = self.outcome.missing.iter().filter(|one| one.key == entry.key);
        if others.any(|one| !one.used.is_same(&used)) {
            let what = format!(
                "`{}` is read from more than one store or at more than one version, which `--pin` cannot tell apart",
                entry.key
            );
            return Err((what, BY_HAND.to_owned()));
        }
        // The old stub shows the pin; the copy is written nowhere.
        let old = Stub::read(&source.object.node);
        let old =
            old.as_ref().and_then(|stub| stub.remotes.iter().find(|one| one.path == entry.path));
        let field = old.and_then(|one| one.version.as_ref().or(one.key.as_ref()));
        let place = field.and_then(|field| field.node.origin.as_ref()).map(Place::near_in_file);
        let missing = Missing {
            prefix: entry.old.as_deref().map_or("", assigned_prefix),
            key: entry.key,
            old: entry.old,
            list: entry.list,
            place,
            is_first: split(source.secret).is_none(),
            used,
        };
        if !self.outcome.missing.iter().any(|one| one.key == missing.key) {
            self.outcome.missing.push(missing);
        }
        Ok(())
    }

    fn store_object(
        &self,
        environment: EnvironmentId,
        store: Option<&StoreRef>,
        namespace: Option<&str>,
    ) -> Option<Node> {
        let found = self.repo.stores().find(Some(environment), store?, namespace);
        found.map(|(_, object)| object.node.clone())
    }

    /// The pin that the stub of the environment before has for the same key of the same store.
    pub(super) fn taken_over(&self, entry: &Entry, namespace: Option<&str>) -> Option<String> {
        let before = self.repo.before(self.environment, self.family)?.environment.id;
        let own = self.store_object(self.environment, entry.store.as_ref(), namespace)?;
        let objects = self.repo.roots_of(before).flat_map(|(_, root)| root.objects());
        objects.into_iter().find_map(|object| {
            let stub = Stub::read(&object.node)?;
            if stub.secret.node.str() != Some(self.name) {
                return None;
            }
            let other = self.store_object(before, entry.store.as_ref(), object.namespace())?;
            let same = stub.remotes.iter().find(|one| {
                one.key_text() == Some(&entry.key) && stub.store_of(one) == entry.store.as_ref()
            })?;
            let pin = same.version_text()?.to_owned();
            reads_same_values(&own, &other).then_some(pin)
        })
    }
}

/// The pin that `[FAMILY/][KEY=]VALUE` gives a key of a family.
fn value<'p>(
    pin: &'p str,
    family: &str,
    key: &str,
    is_family: &dyn Fn(&str) -> bool,
) -> Option<&'p str> {
    let own = |text: &'p str| text.strip_prefix(family).and_then(|rest| rest.strip_prefix('/'));
    let Some((named, value)) = pin.rsplit_once('=') else {
        // An id of AWS has a slash, too.
        let others = pin.split_once('/').is_some_and(|(name, _)| name != family && is_family(name));
        return (!others).then(|| own(pin).unwrap_or(pin));
    };
    (named == key || own(named) == Some(key)).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn pins_are_given_for_all_for_a_family_or_for_a_key() {
        for (pin, is) in [
            ("8", Some("8")),
            ("bank/8", Some("8")),
            ("cache/8", None),
            ("uuid/1-2", Some("uuid/1-2")),
            ("bank/uuid/1-2", Some("uuid/1-2")),
            ("apps/bank=8", Some("8")),
            ("bank/apps/bank=8", Some("8")),
            ("apps/other=8", None),
            ("cache/apps/bank=8", None),
        ] {
            assert_eq!(value(pin, "bank", "apps/bank", &|name| name == "cache"), is, "{pin}");
        }
    }
}
