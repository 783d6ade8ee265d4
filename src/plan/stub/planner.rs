//! Which stubs a move needs, and what a person must supply.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::secrets::{Pin, SecretSettings};
use crate::k8s::backend::Backend;
use crate::k8s::resource::kind_of;
use crate::k8s::secret_name::{Version, split};
use crate::k8s::store::is_given;
use crate::k8s::stub::{StoreRef, Stub as Read};
use crate::plan::Stub;
use crate::plan::draft::Draft;
use crate::plan::next::supply::Supply;
use crate::plan::prove::Expected;
use crate::plan::refusal::Refusal;
use crate::plan::request::Back;
use crate::plan::stub::describe::{
    OTHER_MAKER, documents, filled, keeper, keys_of, refusal, shape, value,
};
use crate::plan::stub::pin::{Pinned, Pinning};
use crate::plan::stub::source::{Source, newest};
use crate::plan::stub::{copy, first, fresh, given, policy};
use crate::plan::survey::{Item, Made, Survey};
use crate::repo::Repo;
use crate::repo::provision::Provision;
use crate::repo::stores::of_service;
use crate::text::path::TreePath;

/// What a namespace is called, where Git says so.
type Namespace = Option<String>;

/// Plans the stubs of one move.
pub(in crate::plan) struct Planner<'p> {
    pub(in crate::plan) repo: &'p Repo,
    pub(in crate::plan) environment: usize,
    pub(in crate::plan) family: &'p str,
    pub(in crate::plan) version: &'p Version,
    pub(in crate::plan) name: &'p str,
    pub(in crate::plan) settings: &'p SecretSettings,
    pub(in crate::plan) back: Option<&'p Back>,
    /// Pins that were given.
    pub(in crate::plan) pins: &'p [String],
    /// How the program is called.
    pub(in crate::plan) program: &'p str,
    pub(in crate::plan) draft: &'p mut Draft,
    pub(in crate::plan) expected: &'p mut Expected,
    pub(in crate::plan) outcome: Outcome,
    /// The new files, each with the file that its first stub is made from.
    pub(in crate::plan) shared: BTreeMap<TreePath, TreePath>,
}

/// What came of planning stubs.
#[derive(Default)]
pub(in crate::plan) struct Outcome {
    pub(in crate::plan) stubs: Vec<Stub>,
    pub(in crate::plan) supplies: BTreeSet<Supply>,
    pub(in crate::plan) notes: BTreeSet<String>,
    /// The given pins that an entry took.
    pub(in crate::plan) pins: BTreeSet<String>,
    pub(in crate::plan) refusals: Vec<Refusal>,
}

impl<'p> Planner<'p> {
    /// Sees to it that the new name is provided wherever the references of a survey look for it.
    pub(in crate::plan) fn run(&mut self, survey: &Survey<'p>) {
        let wanted: BTreeSet<Namespace> = survey
            .uses
            .iter()
            .filter(|item| item.root.environment.is_some())
            .map(|item| item.root.namespace_of(item.reference).map(str::to_owned))
            .filter(|namespace| self.providers(namespace, self.name).is_empty())
            .collect();
        let mut made: BTreeSet<(TreePath, usize)> = BTreeSet::new();
        for namespace in wanted {
            if let Some(refusal) = self.filled_by_another(survey, &namespace) {
                self.outcome.refusals.push(refusal);
                continue;
            }
            let sources = newest(&self.candidates(survey, &namespace));
            if sources.is_empty() {
                self.without_source(survey, &namespace);
                continue;
            }
            for source in sources {
                if made.insert((source.place.source.path().clone(), source.place.span.start)) {
                    self.copy_source(
                        &source,
                        &in_namespace(survey, &namespace).collect::<Vec<_>>(),
                    );
                }
            }
        }
    }

    /// Why a new name would never be filled: a controller fills the old one, whoever else makes it too.
    fn filled_by_another(&self, survey: &Survey<'p>, namespace: &Namespace) -> Option<Refusal> {
        self.old_providers(survey, namespace).iter().find_map(filled)
    }

    fn providers(&self, namespace: &Namespace, secret: &str) -> Vec<Provision> {
        self.repo.providers_of(Some(self.environment), namespace.as_deref(), secret)
    }

    /// The ExternalSecrets of the family that a namespace has: the environment's own, or else those for all.
    fn candidates(&self, survey: &Survey<'p>, namespace: &Namespace) -> Vec<Made<'p>> {
        let meets = |made: &&Made<'p>| match (made.namespace(), namespace) {
            (Some(there), Some(here)) => there == here,
            _ => true,
        };
        let is_stub = |made: &&Made<'p>| kind_of(&made.object().node) == "ExternalSecret";
        let own: Vec<Made<'p>> =
            survey.providers.iter().filter(meets).filter(is_stub).copied().collect();
        if !own.is_empty() {
            return own;
        }
        self.old_providers(survey, namespace).into_iter().filter(|made| is_stub(&made)).collect()
    }

    /// Who provides the names that the references of a namespace have now.
    fn old_providers(&self, survey: &Survey<'p>, namespace: &Namespace) -> Vec<Made<'p>> {
        let names: BTreeSet<&str> =
            in_namespace(survey, namespace).map(|item| item.reference.secret()).collect();
        let all = names.into_iter().flat_map(|name| self.providers(namespace, name));
        all.filter_map(|provision| match provision {
            Provision::Provider(id) => {
                let (root, provider) = self.repo.provider(id);
                Some(Made { index: id.root, root, provider })
            }
            Provision::External => None,
        })
        .collect()
    }

    fn copy_source(&mut self, source: &Source<'_>, items: &[&Item<'_>]) {
        match self.told(source) {
            Ok((places, pins)) => {
                self.outcome.stubs.extend(places);
                self.supply(&pins, source.namespace, items);
            }
            Err((what, way_out)) => self.outcome.refusals.push(Refusal {
                what: format!("no stub of the new version can be made from this one: {what}"),
                place: Some(source.place.clone()),
                way_out,
            }),
        }
    }

    /// Writes the copies of a source; with what they read.
    fn told(&mut self, source: &Source<'_>) -> Result<(Vec<Stub>, Vec<Pinned>), (String, String)> {
        let plain = |what: String| (what, OTHER_MAKER.to_owned());
        let sites = self.sites(source).map_err(plain)?;
        let given = match (split(source.secret), self.back) {
            (Some(_), None) => self.given(source)?,
            _ => given::Given::new(),
        };
        let (mut stubs, mut pins) = (Vec::new(), Vec::new());
        for site in sites {
            let text = source.text(site.alone).map_err(plain)?;
            let (text, read) = match split(source.secret) {
                Some((family, digits)) => {
                    copy::copy(&text, family, digits, self.version.as_str()).map_err(plain)?
                }
                None => {
                    let pinning = self.pinning(source)?;
                    first::first(&text, self.family, self.version.as_str(), &pinning)
                        .map_err(|what| (what, self.pin_help()))?
                }
            };
            let text = if split(source.secret).is_none() {
                policy::fixed(text).map_err(plain)?
            } else {
                text
            };
            let text = given::fill(text, &given).map_err(plain)?;
            let serves = self.repo.serves(self.environment);
            let (text, note) = policy::served(text, serves).map_err(plain)?;
            self.outcome.notes.extend(note);
            pins = read;
            let before = self.back.and_then(|back| back.stubs.get(&site.directory));
            if let Some(before) = before {
                self.expected.restored.extend(documents(before));
            }
            let text = before.cloned().unwrap_or(text);
            stubs.push(self.place(&site, source, text).map_err(plain)?);
        }
        self.expected.sources.push(source.object.node.clone());
        Ok((stubs, pins))
    }

    /// How a first stub is pinned.
    fn pinning(&self, source: &Source<'_>) -> Result<Pinning, (String, String)> {
        let read = Read::read(&source.object.node);
        let store = read.and_then(|stub| stub.store);
        let known = store.as_ref().and_then(|store| self.backend(store, source.namespace));
        let known = known.map(|backend| backend.store);
        Pinning::choose(&self.settings.remote, known, self.version)
            .map_err(|error| (error, self.pin_help()))
    }

    fn pin_help(&self) -> String {
        format!(
            "set `secrets.{}.remote.version` in rotate.yaml to `key-suffix` (a key of its own for each version) or to `none`",
            self.family
        )
    }

    /// Where a store reads from: as the repository has the store, or else as `rotate.yaml` says.
    pub(super) fn backend(&self, named: &StoreRef, namespace: Option<&str>) -> Option<Backend> {
        let found = self.repo.stores().find(Some(self.environment), named, namespace);
        let read = found.and_then(|(_, object)| Backend::read(&object.node));
        read.or_else(|| Some(Backend::of(of_service(self.settings.remote.provider?))))
    }

    /// Notes what must be put into the store for these entries: only for those that this version alone reads.
    fn supply(&mut self, pins: &[Pinned], namespace: Option<&str>, items: &[&Item<'_>]) {
        for pin in pins {
            let backend = pin.store.as_ref().and_then(|store| self.backend(store, namespace));
            let label = pin.version.as_ref().filter(|pin| pin.contains(self.version.as_str()));
            if pin.version.as_deref().is_some_and(is_given) {
                continue;
            }
            if label.is_none() && !pin.own_key {
                self.outcome.notes.insert(format!(
                    "`{}` of the store is read as before, by the old version and the new one: its entry does not name the version{}",
                    pin.key,
                    if self.settings.remote.version == Some(Pin::None) {
                        "; for a first stub, `remote.version: key-suffix` in rotate.yaml gives each version a key of its own"
                    } else {
                        ""
                    }
                ));
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

    /// Where a store of an environment is, as far as Git tells it from others for certain.
    pub(super) fn place_of(
        &self,
        environment: Option<usize>,
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
        let own = place(Some(self.environment), namespace);
        let reads = |made: &Made<'_>| {
            made.provider.secret() == self.name
                && place(made.root.environment, made.namespace()) == own
                && Read::read(&made.object().node).is_some_and(|stub| {
                    Pinned::all(&stub, self.version.as_str()).iter().any(|one| one.is_same(pin))
                })
        };
        let roots = self.repo.roots.iter().enumerate();
        roots.filter(|(_, root)| root.environment != Some(self.environment)).find_map(
            |(index, root)| {
                let environment = self.repo.environments.get(root.environment?)?;
                let mut made = root.providers.iter().map(|provider| Made { index, root, provider });
                made.any(|made| reads(&made)).then(|| environment.name.clone())
            },
        )
    }

    /// A namespace whose references nothing makes that could be copied.
    fn without_source(&mut self, survey: &Survey<'p>, namespace: &Namespace) {
        let remote = &self.settings.remote;
        if remote.store.is_some() && remote.key.is_some() {
            return self.make_new(survey, namespace);
        }
        let made = self.old_providers(survey, namespace);
        if let Some(refusal) = made.iter().find_map(|made| refusal(made, self.name)) {
            self.outcome.refusals.push(refusal);
            return;
        }
        self.expected.unprovided.insert(namespace.clone());
        let items: Vec<&Item<'_>> = in_namespace(survey, namespace).collect();
        let external = items.iter().any(|item| {
            self.providers(namespace, item.reference.secret()).contains(&Provision::External)
        });
        let note = match (external, made.first()) {
            (true, _) => format!("something outside the repository must make `{}`", self.name),
            (false, Some(made)) => format!(
                "{} keeps the old values in Git; `{}` is made in the cluster and its values stay out of Git",
                keeper(made),
                self.name
            ),
            (false, None) => {
                format!("no manifest makes this secret: `{}` is made in the cluster", self.name)
            }
        };
        self.outcome.notes.insert(note);
        if !external {
            let shape = shape(&items);
            let (name, namespace, keys) =
                (self.name.to_owned(), namespace.clone(), keys_of(&items));
            self.outcome.supplies.insert(Supply::Cluster { name, namespace, shape, keys });
        }
    }

    /// Makes stubs from what rotate.yaml says.
    fn make_new(&mut self, survey: &Survey<'p>, namespace: &Namespace) {
        let remote = &self.settings.remote;
        let environment = &self.repo.environments[self.environment].name;
        let named = remote.store.as_ref().map(|store| StoreRef {
            kind: store.kind.as_str().to_owned(),
            name: crate::config::secrets::Remote::spell(&store.name, environment, self.family),
        });
        let known = named.as_ref().and_then(|store| self.backend(store, namespace.as_deref()));
        let known = known.map(|backend| backend.store);
        let written = Pinning::choose(remote, known, self.version).and_then(|pinning| {
            fresh::fresh(
                remote,
                environment,
                self.family,
                self.version.as_str(),
                namespace.as_deref(),
                &pinning,
            )
        });
        let items: Vec<Item<'p>> = in_namespace(survey, namespace).copied().collect();
        match written {
            Ok((text, pins)) => {
                self.place_beside(&items, namespace.as_deref(), &text);
                self.supply(&pins, namespace.as_deref(), &items.iter().collect::<Vec<_>>());
            }
            Err(what) => self.outcome.refusals.push(Refusal {
                what: format!("no stub can be made from rotate.yaml: {what}"),
                place: items.first().and_then(|item| item.reference.near()),
                way_out: self.pin_help(),
            }),
        }
    }
}

/// The environment's own uses that look for their secret in a namespace.
fn in_namespace<'s, 'r>(
    survey: &'s Survey<'r>,
    namespace: &'s Namespace,
) -> impl Iterator<Item = &'s Item<'r>> {
    survey.uses.iter().filter(move |item| {
        item.root.environment.is_some()
            && item.root.namespace_of(item.reference) == namespace.as_deref()
    })
}
