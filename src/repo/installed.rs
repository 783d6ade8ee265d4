//! The build roots of charts of the tree that Flux `HelmRelease`s install: their values, or with `--helm`, what Helm renders.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use crate::builders::values::Release;
use crate::kustomize::model::build::{Build, Status};
use crate::kustomize::model::object::Object;
use crate::kustomize::transform::patches::post_render;
use crate::repo::builder::Builder;
use crate::repo::charts::rendered::Rendered;
use crate::repo::charts::{Layer, Planned, chart_name};
use crate::repo::environment::EnvironmentId;
use crate::repo::laid::in_order;
use crate::repo::loader::Loader;
use crate::repo::releases::{Installed, add_problems, installed, is_composed, keep};
use crate::repo::root::RootKind;
use crate::repo::site::{BuildSite, Site};
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::yaml::compare::same;
use crate::yaml::embed;
use crate::yaml::node::Node;

const ELSEWHERE: &str = "check by hand which secrets the chart uses";

impl Loader<'_> {
    /// The build roots with those of the charts of the tree that their objects install.
    pub(super) fn with_releases(&self, mut sites: Vec<Site>) -> Vec<Site> {
        if self.layout.charts.is_empty() {
            return sites;
        }
        let included: HashSet<&TreePath> = sites
            .iter()
            .flat_map(|site| site.build().directories.iter().filter(|at| *at != site.key().0))
            .collect();
        let is_deployed =
            |site: &&Site| site.environment().is_some() || !included.contains(site.key().0);
        let deployed: Vec<&Site> = sites.iter().filter(is_deployed).collect();
        let maps = OnceLock::new();
        let elsewhere = |site: &Site, release: &Object, name: &str| {
            maps.get_or_init(|| ConfigMaps::of(&deployed)).get(site, release, name)
        };
        let of_site = |site: &Site| {
            let all = installed(site.build(), |release, name| elsewhere(site, release, name));
            let all = all.into_iter().filter(|one| self.layout.charts.contains(&one.chart));
            all.map(|one| self.release(&one, site)).collect::<Vec<_>>()
        };
        let made: Vec<Site> = deployed.par_iter().flat_map_iter(|site| of_site(site)).collect();
        sites.retain(|site| !made.iter().any(|release| is_installed_by(site, release)));
        sites.extend(made);
        in_order(&mut sites);
        sites
    }

    /// The build root of a release.
    fn release(&self, one: &Installed<'_>, site: &Site) -> Site {
        let namespace = one.release.release.namespace.clone();
        let namespace = namespace.or_else(|| site.namespace().map(str::to_owned));
        let release = Release { namespace, ..one.release.release.clone() };
        let own = self.own_values(&one.chart).into_iter();
        let named = one.release.files.iter().filter_map(|file| self.file(file));
        let files: Vec<TreePath> = own.chain(named).collect();
        let of_files = files.iter().filter_map(|file| self.values_in(file).ok().flatten());
        let given = one.layers.iter();
        let layers: Vec<Node> = of_files.chain(given.map(|(_, node)| node.clone())).collect();
        let Rendered { mut objects, files: texts, problems } =
            self.rendered(&one.chart, &release, &layers);
        let is_any = !objects.is_empty();
        let renderers = one.release.renderers.iter().filter(|_| is_any);
        let mut post = renderers.map(|renderer| post_render(&mut objects, renderer, self.library));
        // What is left of a patch that does not apply is not known.
        let failed = post.find_map(Result::err);
        let layers = files.iter().cloned().map(Layer::File);
        let layers = layers.chain(one.layers.iter().cloned().map(|(file, node)| match file {
            Some(file) => Layer::Written(file, node),
            None => Layer::Inline(node),
        }));
        let layers = layers.collect();
        let others = one.layers.iter().filter_map(|(file, _)| file.clone());
        let mut build = Build {
            path: one.chart.clone(),
            status: Status::Resolved,
            problems: Vec::new(),
            objects: objects.into(),
            files: texts.into_iter().chain(files).chain(others).collect::<BTreeSet<TreePath>>(),
            directories: BTreeSet::new(),
            outside: None,
        };
        add_problems(&mut build, problems);
        add_problems(&mut build, unknown(one, failed));
        if self.renders.is_none() && !build.files.is_empty() {
            let release = Release { chart: chart_name(self, &one.chart), ..release.clone() };
            let planned = Planned::of(release, one.object.name(), layers);
            let mut values = self.values(&planned, &mut build);
            // What its own values put together is read with them.
            let is_of_chart = |node: &Node| {
                let places = embed::pieces(node).into_iter().map(|(_, place)| place);
                let mut files = places.map(|place| place.near_in_file().source.path().clone());
                !is_composed(node) || files.any(|file| build.files.contains(&file))
            };
            keep(&mut values.node, &is_of_chart);
            build.objects = [values].into();
        }
        let builder = Arc::new(Builder::helm(one.object, &release, &one.chart));
        let environment: Option<EnvironmentId> = site.environment();
        let site = BuildSite::new(&one.chart, RootKind::Chart, environment, Arc::new(build));
        Site::new(BuildSite { namespace: release.namespace, builders: vec![builder], ..site })
    }
}

/// What gets a ConfigMap: the environment and the namespace. With its name.
type MapKey<'s> = (Option<EnvironmentId>, Option<&'s str>, &'s str);

/// The ConfigMaps of all that is deployed.
struct ConfigMaps<'s>(HashMap<MapKey<'s>, Vec<&'s Object>>);

impl<'s> ConfigMaps<'s> {
    fn of(deployed: &[&'s Site]) -> Self {
        let mut all: HashMap<MapKey<'s>, Vec<&Object>> = HashMap::new();
        for site in deployed {
            for object in site.build().objects.iter().filter(|one| one.kind() == "ConfigMap") {
                let namespace = object.namespace().or_else(|| site.namespace());
                let key = (site.environment(), namespace, object.name());
                all.entry(key).or_default().push(object);
            }
        }
        Self(all)
    }

    /// The one of a name that is where a release is; `None` where several say different things.
    fn get(&self, site: &Site, release: &Object, name: &str) -> Option<&'s Object> {
        let namespace = release.namespace().or_else(|| site.namespace());
        let all = self.0.get(&(site.environment(), namespace, name))?;
        let (first, others) = all.split_first()?;
        let data = |object: &Object| object.node.get("data").cloned();
        let is_same = |other: &&Object| match (data(first), data(other)) {
            (Some(first), Some(other)) => same(&first, &other),
            (first, other) => first.is_none() && other.is_none(),
        };
        others.iter().all(is_same).then_some(*first)
    }
}

/// Whether a chart that nothing was known to install is the one of a release.
fn is_installed_by(site: &Site, release: &Site) -> bool {
    let is_free = site.kind() == RootKind::Chart && site.builders().is_empty();
    let same = || site.environment().is_none_or(|one| release.environment() == Some(one));
    is_free && site.key().0 == release.key().0 && same() && !release.build().objects.is_empty()
}

/// What is not known of a release.
fn unknown(one: &Installed<'_>, failed: Option<Problem>) -> Vec<Problem> {
    let problem = |message: String| {
        let problem = Problem::at(message, &one.object.node).as_partial().hiding_nothing();
        problem.with_help(ELSEWHERE)
    };
    let sources = one.unknown.iter().map(|name| {
        problem(format!("values of the release come from `{name}`, which no file here has"))
    });
    let failed = failed.map(|failed| {
        let what = "the post-renderers of the release are not applied to what Helm renders";
        problem(format!("{what}: {}", failed.message))
    });
    sources.chain(failed).collect()
}
