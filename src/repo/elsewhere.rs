//! What Flux and Argo CD take from other repositories and from registries: nothing of it is built here, and none of it is left out in
//! silence.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use crate::builders::argo::{Application, Source, applications};
use crate::builders::flux::{FluxKustomization, SourceRef};
use crate::builders::helm::HelmRelease;
use crate::k8s::resource::group_of;
use crate::kustomize::model::build::Status;
use crate::kustomize::model::object::Object;
use crate::repo::Repo;
use crate::repo::builder::{Builder, BuilderKey, TreeListing, name_of};
use crate::repo::deployed::deployed;
use crate::repo::environment::{EnvironmentId, of_application};
use crate::repo::ours::Ours;
use crate::repo::root::Root;
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::text::source::Place;
use crate::text::visible::one_line;
use crate::yaml::node::Node;

const BY_HAND: &str = "check by hand which secrets it uses";

/// A directory or a chart that a controller takes from somewhere else.
#[derive(Debug, Clone)]
pub struct Elsewhere {
    /// `Kustomization`, `HelmRelease` or `Application`: the kind of the object that names it.
    pub kind: &'static str,
    /// The namespace of the object.
    pub namespace: Option<String>,
    /// The name of the object.
    pub name: String,
    /// Where that name is written.
    pub origin: Option<Place>,
    /// The directory or the chart, as the object spells it.
    pub path: String,
    /// Whether it is a chart.
    pub is_chart: bool,
    /// The environment that it is for.
    pub environment: Option<EnvironmentId>,
    /// What is not known, and why.
    pub problem: Problem,
}

impl Elsewhere {
    /// How much of it is known: what names it.
    #[must_use]
    pub const fn status(&self) -> Status {
        Status::Partial
    }
}

impl Repo {
    /// Whatever the objects of the tree have built that is not in it, in the order of the objects.
    #[must_use]
    pub fn elsewhere(&self) -> Vec<Elsewhere> {
        let included: HashSet<*const Root> =
            deployed(self).map(|(root, _)| std::ptr::from_ref(root)).collect();
        let is_meant =
            |root: &&Arc<Root>| !root.builders.is_empty() || included.contains(&Arc::as_ptr(root));
        let search = Search::of(self);
        let (mut all, mut known) = (Vec::new(), BTreeSet::new());
        for root in self.roots.iter().filter(is_meant) {
            for object in root.objects() {
                for one in search.of_object(object, root) {
                    let place = one.origin.as_ref().map(|place| place.near_in_file().site());
                    let names = (one.namespace.clone(), one.name.clone(), one.path.clone());
                    if known.insert((one.environment, one.kind, names, place)) {
                        all.push(one);
                    }
                }
            }
        }
        all
    }
}

/// Where Flux has files from: kind and name of a source, with each namespace and address.
type Addresses = BTreeMap<(String, String), BTreeSet<(Option<String>, String)>>;

/// What is known of what is built here.
struct Search<'r> {
    repo: &'r Repo,
    listing: TreeListing<'r>,
    ours: Ours,
    addresses: Addresses,
    built: HashSet<(BuilderKey<'r>, &'r TreePath)>,
}

impl<'r> Search<'r> {
    fn of(repo: &'r Repo) -> Self {
        let shadowed = repo.ground.iter().flat_map(|ground| &ground.shadowed);
        let bases = repo.roots.iter().filter(|root| root.view.is_none()).chain(shadowed);
        let builders = bases.clone().flat_map(|root| &*root.configured.all);
        let builders: Vec<&Builder> = builders.map(|one| &**one).collect();
        let objects = bases.flat_map(|root| root.objects());
        let ours = Ours::new(objects, &builders, |path| repo.has_directory(path));
        let mut addresses = Addresses::new();
        let mut built = HashSet::new();
        for root in &repo.roots {
            built.extend(root.builders.iter().map(|one| (one.key(), &one.directory)));
            for object in root.objects() {
                if group_of(&object.node) == "source.toolkit.fluxcd.io"
                    && let Some(url) = text(&object.node, &["spec", "url"])
                {
                    let key = (object.kind().to_owned(), object.name().to_owned());
                    let one = (object.namespace().map(str::to_owned), shown(url));
                    addresses.entry(key).or_default().insert(one);
                }
            }
        }
        let listing = TreeListing::new(&repo.layout, &repo.library);
        Self { repo, listing, ours, addresses, built }
    }

    fn of_object(&self, object: &Object, root: &Root) -> Vec<Elsewhere> {
        if let Some(flux) = FluxKustomization::read(object) {
            return self.of_flux(object, flux, root).into_iter().collect();
        }
        if let Some(release) = HelmRelease::read(object) {
            return self.of_release(object, &release, root).into_iter().collect();
        }
        let Some((made, _)) = applications(object, &self.listing) else { return Vec::new() };
        made.iter().flat_map(|one| self.of_application(object, one, root)).collect()
    }

    fn of_flux(&self, object: &Object, flux: FluxKustomization, root: &Root) -> Option<Elsewhere> {
        let spec = object.node.get("spec")?;
        let path = text(spec, &["path"]).unwrap_or("./").to_owned();
        let source = flux.source.clone();
        let from = self.named(&source, object);
        let builder = Builder::flux(object, flux);
        let written = one_line(&path);
        let message = if !self.ours.has(&builder) {
            format!("`{written}` is in the {from}, which is another repository")
        } else if source.kind != "GitRepository" && !self.repo.has_directory(&builder.directory) {
            format!("`{written}` is in the {from}, which is not read")
        } else {
            self.unbuilt(&builder, &written)?
        };
        let named = spec.at(&["sourceRef", "name"]).unwrap_or(spec);
        let problem = Problem::at(message, named);
        Some(Elsewhere { path, ..entry("Kustomization", object, root, problem) })
    }

    fn of_release(&self, object: &Object, release: &HelmRelease, root: &Root) -> Option<Elsewhere> {
        if release.chart.as_ref().is_some_and(|chart| self.repo.layout.charts.contains(chart)) {
            return None;
        }
        let spec = object.node.get("spec")?;
        let (source, path, named) = match spec.at(&["chart", "spec"]) {
            Some(chart) => {
                let named = chart.at(&["sourceRef", "name"]).unwrap_or(chart);
                (SourceRef::read(chart, "sourceRef"), text(chart, &["chart"]), named)
            }
            None => {
                let named = spec.at(&["chartRef", "name"])?;
                (SourceRef::read(spec, "chartRef"), named.str(), named)
            }
        };
        let path = path.unwrap_or(".").to_owned();
        let from = self.named(&source, object);
        let message = format!(
            "the chart `{}` of the {from} is not in this repository; of the release, only its values are read",
            one_line(&path)
        );
        let problem = Problem::at(message, named);
        Some(Elsewhere { path, is_chart: true, ..entry("HelmRelease", object, root, problem) })
    }

    fn of_application(&self, object: &Object, one: &Application, root: &Root) -> Vec<Elsewhere> {
        let environments = &self.repo.environments;
        let named = of_application(environments, &one.name, one.cluster.as_deref());
        let of_source = |source: &Source| {
            let chart = text(&source.node, &["chart"]);
            let path = chart.or_else(|| text(&source.node, &["path"]))?.to_owned();
            let written = one_line(&path);
            let from = source.repository.as_deref().map_or_else(
                || "a repository that it does not name".to_owned(),
                |url| one_line(&shown(url)).into_owned(),
            );
            let message = match chart {
                Some(_) => format!(
                    "the chart `{written}` of {from} is not in this repository; of the release, only its values are read"
                ),
                None => self.unbuilt_source(object, one, source, &written, &from)?,
            };
            let problem = Problem::at(message, source.node.get("repoURL").unwrap_or(&source.node));
            let environment = named.or(root.environment);
            let name = one.name.clone();
            let entry = entry("Application", object, root, problem);
            Some(Elsewhere { path, name, environment, is_chart: chart.is_some(), ..entry })
        };
        one.sources.iter().filter_map(of_source).collect()
    }

    /// Why a source of an `Application` is not built here; `None` if it is.
    fn unbuilt_source(
        &self,
        object: &Object,
        one: &Application,
        source: &Source,
        written: &str,
        from: &str,
    ) -> Option<String> {
        let alone = Application { sources: vec![source.clone()], ..one.clone() };
        let Some(builder) = Builder::argo(object, alone).next() else {
            return Some(format!("`{written}` is outside of the repository"));
        };
        if !self.ours.has(&builder) {
            return Some(format!("`{written}` is in another repository, {from}"));
        }
        // Its values make a build root, or it has none.
        if self.repo.layout.charts.contains(&builder.directory) {
            return None;
        }
        self.unbuilt(&builder, written)
    }

    /// Why a directory of this repository is not built; `None` if it is.
    fn unbuilt(&self, builder: &Builder, written: &str) -> Option<String> {
        if self.built.contains(&(builder.key(), &builder.directory)) {
            return None;
        }
        if !self.repo.has_directory(&builder.directory) {
            return Some(format!("there is no directory `{written}` in this repository"));
        }
        // Where there is too much to build, that is said once.
        let is_cut = self.repo.ground.as_ref().is_some_and(|ground| ground.needs.is_cut);
        let is_chart = || self.repo.layout.charts.contains(&builder.directory);
        (!is_cut && !is_chart()).then(|| format!("nothing in `{written}` is a manifest"))
    }

    /// A source with its address, if that is known.
    fn named(&self, source: &SourceRef, object: &Object) -> String {
        let key = (source.kind.clone(), source.name.clone());
        let namespace = source.namespace.as_deref().or_else(|| object.namespace());
        let is_near = |(at, _): &&(Option<String>, String)| {
            at.is_none() || namespace.is_none() || at.as_deref() == namespace
        };
        let all = self.addresses.get(&key).into_iter().flatten().filter(is_near);
        let all: BTreeSet<&str> = all.map(|(_, address)| &**address).collect();
        let address = all.first().filter(|_| all.len() == 1);
        let address = address.map(|address| format!(" ({})", one_line(address)));
        let kind = if source.kind.is_empty() { "source" } else { &source.kind };
        let name = one_line(&source.name);
        format!("{} `{name}`{}", one_line(kind), address.unwrap_or_default())
    }
}

/// What an object brings that is not here, without what differs between the kinds.
fn entry(kind: &'static str, object: &Object, root: &Root, problem: Problem) -> Elsewhere {
    Elsewhere {
        kind,
        namespace: object.namespace().map(str::to_owned),
        name: object.name().to_owned(),
        origin: name_of(&object.node),
        path: String::new(),
        is_chart: false,
        environment: root.environment,
        problem: problem.as_partial().hiding_nothing().with_help(BY_HAND),
    }
}

/// An address without a user, a password or a query, which may be secret.
fn shown(url: &str) -> String {
    let url = url.split_once('?').map_or(url, |(url, _)| url);
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    let host = rest[..end].rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[host..])
}

fn text<'n>(node: &'n Node, keys: &[&str]) -> Option<&'n str> {
    node.at(keys).and_then(Node::str).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn an_address_shows_no_credentials() {
        for (url, seen) in [
            ("https://me:token@git.example.com/a/b.git", "https://git.example.com/a/b.git"),
            ("https://git.example.com/a@b?token=x", "https://git.example.com/a@b"),
            ("git@git.example.com:a/b", "git@git.example.com:a/b"),
            ("oci://ghcr.io/a", "oci://ghcr.io/a"),
        ] {
            assert_eq!(shown(url), seen);
        }
    }
}
