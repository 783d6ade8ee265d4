//! Which stubs a move needs, and what a person must supply.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::secrets::{Pin, SecretSettings};
use crate::k8s::resource::kind_of;
use crate::k8s::secret_name::{Version, split};
use crate::k8s::stub::{StoreRef, Stub as Read};
use crate::plan::Stub;
use crate::plan::draft::Draft;
use crate::plan::next::supply::Supply;
use crate::plan::prove::Expected;
use crate::plan::refusal::Refusal;
use crate::plan::request::Back;
use crate::plan::stub::describe::{OTHER_MAKER, documents, filled, keys_of, shape};
use crate::plan::stub::pin::{Pinned, Pinning};
use crate::plan::stub::source::{Source, newest};
use crate::plan::stub::values::same_value;
use crate::plan::stub::{copy, first, fresh, given, policy};
use crate::plan::survey::{Item, Made, Survey};
use crate::repo::Repo;
use crate::repo::provision::Provision;
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
    /// The pins that nobody gave.
    pub(in crate::plan) missing: Vec<given::Missing>,
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
        let copied = match self.given(source) {
            Ok(Some(given)) => self.told(source, &given),
            Ok(None) => return,
            Err(error) => Err(error),
        };
        match copied {
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
    fn told(
        &mut self,
        source: &Source<'_>,
        given: &given::Given,
    ) -> Result<(Vec<Stub>, Vec<Pinned>), (String, String)> {
        let plain = |what: String| (what, OTHER_MAKER.to_owned());
        let sites = self.sites(source).map_err(plain)?;
        let (mut stubs, mut pins) = (Vec::new(), Vec::new());
        for site in sites {
            let text = source.text(self.seen_in(&site, source).as_ref()).map_err(plain)?;
            let (text, read) = self.versioned(source, &text)?;
            let text = given::fill(text, given).map_err(plain)?;
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

    /// A stub's text under the new version, and what it reads then.
    fn versioned(
        &self,
        source: &Source<'_>,
        text: &str,
    ) -> Result<(String, Vec<Pinned>), (String, String)> {
        let plain = |what: String| (what, OTHER_MAKER.to_owned());
        let version = self.version.as_str();
        let Some((family, digits)) = split(source.secret) else {
            let pinning = self.pinning(source)?;
            let (text, pins) = first::first(text, self.family, version, &pinning)
                .map_err(|what| (what, self.pin_help()))?;
            return Ok((policy::fixed(text).map_err(plain)?, pins));
        };
        let (text, pins) = copy::copy(text, family, digits, version).map_err(plain)?;
        if self.back.is_some() || self.is_told_apart(source, &pins) {
            return Ok((text, pins));
        }
        match self.settings.remote.version {
            Some(Pin::KeySuffix) => {
                let pinning = self.pinning(source)?;
                copy::with_keys(&text, family, version, &pinning).map_err(plain)
            }
            Some(Pin::None) => Ok((text, pins)),
            _ if pins.iter().any(|pin| self.unversioned(pin, source.namespace).is_some()) => {
                Ok((text, pins))
            }
            _ => Err(same_value(source, self.family)),
        }
    }

    /// How a first stub is pinned.
    fn pinning(&self, source: &Source<'_>) -> Result<Pinning, (String, String)> {
        let read = Read::read(&source.object.node);
        let store = read.and_then(|stub| stub.store);
        let known = store.as_ref().and_then(|store| self.backend(store, source.namespace));
        Pinning::choose(&self.settings.remote, known.as_ref(), self.version)
            .map_err(|error| (error, self.pin_help()))
    }

    fn pin_help(&self) -> String {
        format!(
            "set `secrets.{}.remote.version` in rotate.yaml to `key-suffix` (a key of its own for each version) or to `none`",
            self.family
        )
    }

    /// A namespace whose references nothing makes that could be copied.
    fn without_source(&mut self, survey: &Survey<'p>, namespace: &Namespace) {
        let remote = &self.settings.remote;
        if remote.store.is_some() && remote.key.is_some() {
            return self.make_new(survey, namespace);
        }
        let made = self.old_providers(survey, namespace);
        if let Some(refusal) = made.iter().find_map(|made| self.by_hand(made)) {
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
                "`{}` keeps the old values in Git; `{}` is made in the cluster and its values stay out of Git",
                made.object()
                    .node
                    .origin
                    .as_ref()
                    .map_or_else(TreePath::root, |at| at.source.path().clone()),
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
        let written = Pinning::choose(remote, known.as_ref(), self.version).and_then(|pinning| {
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
