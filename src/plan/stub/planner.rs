//! Which stubs a move needs, and what a person must supply.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::config::secrets::SecretSettings;
use crate::k8s::resource::kind_of;
use crate::k8s::secret_name::{Version, split};
use crate::k8s::stub::StoreRef;
use crate::plan::Stub;
use crate::plan::draft::Draft;
use crate::plan::from_store::Held;
use crate::plan::next::supply::Supply;
use crate::plan::prove::Expected;
use crate::plan::refusal::Refusal;
use crate::plan::request::Back;
use crate::plan::stub::describe::{OTHER_MAKER, documents, filled, keys_of, shape};
use crate::plan::stub::pin::{self, Pinned, Pinning};
use crate::plan::stub::source::{Source, newest};
use crate::plan::stub::values::Elsewhere;
use crate::plan::stub::{copy, first, fresh, given, policy};
use crate::plan::survey::{Item, Made, Survey};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::provision::Provision;
use crate::text::path::TreePath;

/// What is wrong with a stub, and what to do about it.
pub(super) type Fault = (String, String);

/// New stubs, and what they read.
type Written = (Vec<Stub>, Vec<Pinned>);

/// What a namespace is called, where Git says so.
type Namespace = Option<String>;

/// Plans the stubs of one move.
pub(in crate::plan) struct Planner<'p> {
    pub(in crate::plan) repo: &'p Repo,
    pub(in crate::plan) environment: EnvironmentId,
    pub(in crate::plan) family: &'p str,
    pub(in crate::plan) version: &'p Version,
    pub(in crate::plan) name: &'p str,
    pub(in crate::plan) settings: &'p SecretSettings,
    pub(in crate::plan) back: Option<&'p Back>,
    /// Pins that were given.
    pub(in crate::plan) pins: &'p [String],
    /// Values that are in their store already.
    pub(in crate::plan) held: &'p [Held],
    /// How `rotate bump` is called.
    pub(in crate::plan) program: &'p str,
    pub(in crate::plan) draft: &'p mut Draft,
    pub(in crate::plan) expected: &'p mut Expected,
    pub(in crate::plan) outcome: Stubs,
    /// The new files, each with the file that its first stub is made from.
    pub(in crate::plan) shared: BTreeMap<TreePath, TreePath>,
    /// What the stubs of the new name read in other environments.
    pub(in crate::plan) elsewhere: OnceCell<Elsewhere<'p>>,
}

/// The result of planning stubs.
#[derive(Default)]
pub(in crate::plan) struct Stubs {
    pub(in crate::plan) stubs: Vec<Stub>,
    pub(in crate::plan) supplies: BTreeSet<Supply>,
    pub(in crate::plan) notes: BTreeSet<String>,
    /// The given pins that entries took, and those entries.
    pub(in crate::plan) pins: BTreeMap<String, Vec<given::Used>>,
    /// The missing pins.
    pub(in crate::plan) missing: Vec<given::Missing>,
    pub(in crate::plan) refusals: Vec<Refusal>,
}

impl<'p> Planner<'p> {
    /// Makes sure that the new name is provided wherever the references of a survey look for it.
    pub(in crate::plan) fn run(&mut self, survey: &Survey<'p>) {
        let wanted: BTreeSet<Namespace> = survey
            .uses
            .iter()
            .filter(|item| item.root.environment.is_some())
            .map(|item| item.root.namespace_of(item.reference).map(str::to_owned))
            .filter(|namespace| !self.is_made_here(namespace))
            .collect();
        let mut made: BTreeSet<(TreePath, usize, BTreeSet<usize>)> = BTreeSet::new();
        for namespace in wanted {
            if let Some(refusal) = self.filled_by_another(survey, &namespace) {
                self.outcome.refusals.push(refusal);
                continue;
            }
            let sources = newest(&self.candidates(survey, &namespace));
            if sources.is_empty() {
                if self.is_made_elsewhere(&namespace) {
                    self.made_elsewhere(&namespace, self.name);
                } else {
                    self.without_source(survey, &namespace);
                }
                continue;
            }
            for source in sources {
                let place = (source.place.source.path().clone(), source.place.span().start);
                let roots = if source.is_split { source.roots.clone() } else { BTreeSet::new() };
                if made.insert((place.0, place.1, roots)) {
                    self.copy_source(&source, &survey.uses_in(namespace.as_deref()));
                }
            }
        }
    }

    /// Why a new name would never be filled: a controller fills the old one, whoever else makes it too.
    fn filled_by_another(&self, survey: &Survey<'p>, namespace: &Namespace) -> Option<Refusal> {
        self.old_providers(survey, namespace).iter().find_map(filled)
    }

    /// Whether an object here makes the new name.
    fn is_made_here(&self, namespace: &Namespace) -> bool {
        let by_object = |one: &Provision| matches!(one, Provision::Provider(_));
        self.providers(namespace, self.name).iter().any(by_object)
    }

    /// Whether `rotate.yaml` says that something else makes the new name.
    fn is_made_elsewhere(&self, namespace: &Namespace) -> bool {
        self.repo.config.is_external(self.name, namespace.as_deref())
    }

    /// Asks for a new name that something outside the repository makes, as it makes another name of the family.
    fn made_elsewhere(&mut self, namespace: &Namespace, known_as: &str) {
        let by = self.repo.config.maker(known_as, namespace.as_deref()).map(str::to_owned);
        let (name, namespace) = (self.name.to_owned(), namespace.clone());
        self.outcome.supplies.insert(Supply::Elsewhere { name, namespace, by });
    }

    fn providers(&self, namespace: &Namespace, secret: &str) -> Vec<Provision> {
        self.repo.providers_of(Some(self.environment), namespace.as_deref(), secret)
    }

    /// The ExternalSecrets of the family that a namespace has: the environment's own, or else those for all.
    pub(super) fn candidates(&self, survey: &Survey<'p>, namespace: &Namespace) -> Vec<Made<'p>> {
        let own = survey.stubs_in(namespace.as_deref());
        if !own.is_empty() {
            return own;
        }
        let mut others = self.old_providers(survey, namespace);
        others.retain(|made| kind_of(&made.object().node) == "ExternalSecret");
        others
    }

    /// Who provides the names that the references of a namespace have now.
    fn old_providers(&self, survey: &Survey<'p>, namespace: &Namespace) -> Vec<Made<'p>> {
        let names: BTreeSet<&str> = survey
            .uses_in(namespace.as_deref())
            .iter()
            .map(|item| item.reference.secret())
            .collect();
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
        match self.write_copies(source) {
            Ok(Some((places, pins))) => {
                self.outcome.stubs.extend(places);
                self.supply(&pins, source.namespace, items);
            }
            Ok(None) => {}
            Err((what, hint)) => self.outcome.refusals.push(Refusal {
                what: format!("no stub of the new version can be made from this one: {what}"),
                place: Some(source.place.clone()),
                hint,
            }),
        }
    }

    /// Writes the copies of a source, and returns them with what they read; `None` if a pin is missing.
    fn write_copies(&mut self, source: &Source<'_>) -> Result<Option<Written>, Fault> {
        let plain = |what: String| (what, OTHER_MAKER.to_owned());
        if let Some(fault) = merges(source) {
            return Err(fault);
        }
        let sites = self.sites(source).map_err(plain)?;
        let (mut stubs, mut pins) = (Vec::new(), Vec::new());
        for site in sites {
            let text = source.text(self.seen_in(&site, source).as_ref()).map_err(plain)?;
            let Some((text, read)) = self.versioned(source, &text)? else { return Ok(None) };
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
        Ok(Some((stubs, pins)))
    }

    /// A stub's text under the new version, and what it reads then. `None` where a pin is missing.
    fn versioned(
        &mut self,
        source: &Source<'_>,
        text: &str,
    ) -> Result<Option<(String, Vec<Pinned>)>, Fault> {
        let plain = |what: String| (what, OTHER_MAKER.to_owned());
        let version = self.version.as_str();
        let text = match split(source.secret) {
            Some((family, digits)) => copy::copy(text, family, digits, version),
            None => first::named(text, self.family, version),
        };
        let text = text.map_err(plain)?;
        if self.back.is_some() {
            let pins = copy::read_back(&text, self.family, version).map_err(plain)?;
            return Ok(Some((text, pins)));
        }
        let Some(pinnings) = self.pinnings(source, &text)? else { return Ok(None) };
        let (mut text, pins) =
            pin::pinned(&text, self.family, version, &pinnings).map_err(plain)?;
        self.check_own(source, &pins)?;
        if split(source.secret).is_none() {
            text = policy::fixed(text).map_err(plain)?;
        }
        Ok(Some((text, pins)))
    }

    pub(super) fn pin_help(&self) -> String {
        format!(
            "set `secrets.{}.remote.version` in rotate.yaml to `key-suffix` (a separate key for each version) or to `none`",
            self.family
        )
    }

    /// Handles a namespace that has no provider to copy a stub from.
    fn without_source(&mut self, survey: &Survey<'p>, namespace: &Namespace) {
        let remote = &self.settings.remote;
        if remote.store.is_some() && remote.key.is_some() {
            return self.make_new(survey, namespace);
        }
        if let Some(refusal) = self.handed_on(survey, namespace) {
            self.outcome.refusals.push(refusal);
            return;
        }
        let made = self.old_providers(survey, namespace);
        if let Some(refusal) = made.iter().find_map(|made| self.by_hand(made)) {
            self.outcome.refusals.push(refusal);
            return;
        }
        self.expected.unprovided.insert(namespace.clone());
        let items = survey.uses_in(namespace.as_deref());
        let external = items
            .iter()
            .map(|item| item.reference.secret())
            .find(|secret| self.providers(namespace, secret).contains(&Provision::External));
        if let Some(external) = external {
            return self.made_elsewhere(namespace, external);
        }
        let note = match made.first() {
            Some(made) => format!(
                "`{}` keeps the old values in Git; `{}` is made in the cluster and its values stay out of Git",
                made.object()
                    .node
                    .origin
                    .as_ref()
                    .map_or_else(TreePath::root, |at| at.source.path().clone()),
                self.name
            ),
            None => {
                format!("no manifest makes this secret: `{}` is made in the cluster", self.name)
            }
        };
        self.outcome.notes.insert(note);
        let (shape, keys) = (shape(&items), keys_of(&items));
        let (name, namespace) = (self.name.to_owned(), namespace.clone());
        self.outcome.supplies.insert(Supply::Cluster { name, namespace, shape, keys });
    }

    /// Makes stubs from what rotate.yaml says.
    fn make_new(&mut self, survey: &Survey<'p>, namespace: &Namespace) {
        let remote = &self.settings.remote;
        let environment = &self.repo.environments[self.environment].name;
        let named = remote.store.as_ref().map(|store| StoreRef {
            kind: store.kind.as_str().to_owned(),
            name: crate::config::secrets::Remote::spell(&store.name, environment, self.family),
        });
        let known = self.backend(named.as_ref(), namespace.as_deref());
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
        let items: Vec<Item<'p>> =
            survey.uses_in(namespace.as_deref()).into_iter().copied().collect();
        let serves = self.repo.serves(self.environment);
        let written = written.and_then(|(text, pins)| Ok((policy::before(text, serves)?, pins)));
        match written {
            Ok((text, pins)) => {
                self.place_beside(&items, namespace.as_deref(), &text);
                self.supply(&pins, namespace.as_deref(), &items.iter().collect::<Vec<_>>());
            }
            Err(what) => self.outcome.refusals.push(Refusal {
                what: format!("no stub can be made from rotate.yaml: {what}"),
                place: items.first().and_then(|item| item.reference.near()),
                hint: self.pin_help(),
            }),
        }
    }
}

/// Why a stub makes no Secret: it only adds to one that something else makes.
fn merges(source: &Source<'_>) -> Option<Fault> {
    let policy = source.object.node.at(&["spec", "target", "creationPolicy"])?.str()?;
    matches!(policy, "Merge" | "None").then(|| {
        (
            format!("with `creationPolicy: {policy}` it makes no Secret, and nothing else makes one of the new name"),
            "let it own the Secret (`creationPolicy: Owner`), or make a Secret of the new name first and bump with `--version` and its digits".to_owned(),
        )
    })
}
