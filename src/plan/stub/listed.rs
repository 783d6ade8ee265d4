//! Which keys of which stores the new stubs of a family read, and how a listing tells the versions of each.

use std::collections::BTreeSet;

use crate::config::secrets::{Pin, Remote as Settings};
use crate::k8s::backend::Backend;
use crate::k8s::secret_name::split;
use crate::k8s::stub::{Remote, StoreRef, Stub};
use crate::plan::from_store::{By, StoreKey};
use crate::plan::refusal::Refusal;
use crate::plan::stub::given::PinSource;
use crate::plan::stub::pin::Pinning;
use crate::plan::stub::planner::Planner;
use crate::plan::stub::source::{Source, newest};
use crate::plan::survey::Survey;
use crate::text::source::Place;

/// What the new stubs of a family read.
#[derive(Default)]
pub(in crate::plan) struct Reads {
    /// The keys whose versions a listing tells.
    pub(in crate::plan) keys: BTreeSet<StoreKey>,
    /// The others, each with why no listing tells them.
    pub(in crate::plan) others: Vec<Refusal>,
}

const OWN_KEY: &str = "each version has a key of its own, so no listing of one key shows the next";

impl<'p> Planner<'p> {
    /// What the new stubs will read.
    pub(in crate::plan) fn reads(&self, survey: &Survey<'p>) -> Reads {
        let mut reads = Reads::default();
        let uses = survey.uses.iter().filter(|item| item.root.environment.is_some());
        let namespaces: BTreeSet<_> =
            uses.map(|item| item.root.namespace_of(item.reference).map(str::to_owned)).collect();
        for namespace in namespaces {
            let sources = newest(&self.candidates(survey, &namespace));
            if sources.is_empty() {
                self.add_configured(namespace.as_deref(), &mut reads);
            }
            for source in sources {
                let Some(stub) = Stub::read(&source.object.node) else { continue };
                for remote in &stub.remotes {
                    self.add_entry(&source, &stub, remote, &mut reads);
                }
            }
        }
        reads
    }

    /// Adds what an entry of a stub reads.
    fn add_entry(&self, source: &Source<'_>, stub: &Stub, remote: &Remote, reads: &mut Reads) {
        let Some(key) = remote.key_text().filter(|key| self.pin_for(key).is_none()) else { return };
        let (store, namespace) = (stub.store_of(remote), source.namespace);
        match self.by(source, stub, remote) {
            Ok(by) => self.add(key, by, (store, namespace), remote, reads),
            Err(why) => reads.refuse(key, why, remote),
        }
    }

    /// How a listing tells the versions of the key of an entry.
    fn by(&self, source: &Source<'_>, stub: &Stub, remote: &Remote) -> Result<By, String> {
        let key = remote.key_text().unwrap_or_default();
        let old = split(source.secret).map(|(_, digits)| digits);
        if old.is_some_and(|old| key.contains(old)) {
            return Err(OWN_KEY.to_owned());
        }
        let nothing = || "nothing in the entry pins a version".to_owned();
        match self.way(source, stub, remote).map_err(|(what, _)| what)? {
            PinSource::Asked(entry) => Ok(By::Pin(self.taken_over(&entry, source.namespace))),
            PinSource::Known(Pinning::Label(label)) => self.labelled(&label, self.version.as_str()),
            PinSource::Known(Pinning::KeySuffix(..)) => Err(OWN_KEY.to_owned()),
            PinSource::Known(Pinning::None) => Err(nothing()),
            PinSource::Kept => match (remote.version_text(), old, self.settings.remote.version) {
                (Some(pin), Some(old), None | Some(Pin::Label)) => self.labelled(pin, old),
                _ => Err(nothing()),
            },
        }
    }

    /// The label of a version, told from what is before its digits.
    fn labelled(&self, label: &str, digits: &str) -> Result<By, String> {
        let before = label.strip_suffix(digits);
        let before = before.ok_or_else(|| format!("`{label}` is not the label of a version"))?;
        Ok(By::Label(before.to_owned()))
    }

    /// Adds what `rotate.yaml` says that a first stub reads.
    fn add_configured(&self, namespace: Option<&str>, reads: &mut Reads) {
        let Settings { store: Some(store), key: Some(key), .. } = &self.settings.remote else {
            return;
        };
        let environment = &self.repo.environments[self.environment].name;
        let spell = |text: &str| Settings::spell(text, environment, self.family);
        let named = StoreRef { kind: store.kind.as_str().to_owned(), name: spell(&store.name) };
        let backend = self.backend(Some(&named), namespace);
        let chosen = Pinning::choose(&self.settings.remote, backend.as_ref(), self.version);
        let by = match chosen {
            Ok(Pinning::Label(label)) => self.labelled(&label, self.version.as_str()),
            Ok(Pinning::KeySuffix(..)) => Err(OWN_KEY.to_owned()),
            Ok(Pinning::None) => Err("nothing pins a version".to_owned()),
            Err(why) => Err(why),
        };
        let key = spell(key);
        match by.and_then(|by| listed(backend, &key, by)) {
            Ok(key) => drop(reads.keys.insert(key)),
            Err(why) => reads.others.push(refusal(&key, why, None)),
        }
    }

    fn add(
        &self,
        key: &str,
        by: By,
        (store, namespace): (Option<&StoreRef>, Option<&str>),
        remote: &Remote,
        reads: &mut Reads,
    ) {
        match listed(self.backend(store, namespace), key, by) {
            Ok(key) => drop(reads.keys.insert(key)),
            Err(why) => reads.refuse(key, why, remote),
        }
    }
}

/// A key whose versions a listing tells.
fn listed(backend: Option<Backend>, key: &str, by: By) -> Result<StoreKey, String> {
    let Some(backend) = backend else {
        return Err("its store is not in the repository, so its kind is not known".to_owned());
    };
    let Some(reader) = backend.reader() else {
        return Err(format!("listings of {} are not read", backend.store.name()));
    };
    if matches!(by, By::Label(_)) && !reader.shows_labels {
        return Err(format!(
            "it is pinned by an alias, which a listing of {} does not show",
            backend.store.name()
        ));
    }
    Ok(StoreKey { backend, key: key.to_owned(), by })
}

impl Reads {
    fn refuse(&mut self, key: &str, why: String, remote: &Remote) {
        let field = remote.version.as_ref().or(remote.key.as_ref());
        let place = field.and_then(|field| field.node.origin.as_ref()).map(Place::near_in_file);
        let refusal = refusal(key, why, place);
        if !self.others.iter().any(|one| one.what == refusal.what) {
            self.others.push(refusal);
        }
    }
}

fn refusal(key: &str, why: String, place: Option<Place>) -> Refusal {
    Refusal {
        what: format!("`{key}`: {why}"),
        place,
        hint: "bump without `--from-store`; for a version that the store assigned, give `--pin KEY=VALUE`"
            .to_owned(),
    }
}
