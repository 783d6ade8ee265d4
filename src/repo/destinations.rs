//! The clusters that build roots are deployed to, as far as what builds them tells.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::repo::Repo;
use crate::repo::builder::{Builder, BuilderKey, HOME};
use crate::repo::environment::EnvironmentId;
use crate::repo::root::{Root, RootKind};
use crate::repo::views::environment_of;
use crate::text::path::TreePath;

/// What configures a builder: what tells it from others, what it builds, and for which environment.
type Configured<'r> = (BuilderKey<'r>, &'r TreePath, Option<EnvironmentId>);

impl Repo {
    /// The clusters that each build root of an environment is deployed to, by name or address; nothing of those of which it is not
    /// known. A builder that deploys to its own cluster and is configured in several directories is in several clusters, which are
    /// named by these directories.
    #[must_use]
    pub fn destinations(&self, environment: EnvironmentId) -> BTreeMap<usize, BTreeSet<String>> {
        let roots = || self.roots_of(environment).filter(|(_, root)| !root.builders.is_empty());
        if roots().next().is_none() {
            return BTreeMap::new();
        }
        let places = self.places();
        let all = roots().map(|(index, root)| (index, clusters(root, &places)));
        all.filter(|(_, clusters)| !clusters.is_empty()).collect()
    }

    /// The directories in which builders are configured.
    fn places(&self) -> HashMap<Configured<'_>, BTreeSet<TreePath>> {
        let below = |root: &'_ Root| -> Vec<TreePath> {
            root.directories().iter().filter(|at| **at != root.path).cloned().collect()
        };
        let included: HashSet<TreePath> = self.roots.iter().flat_map(|root| below(root)).collect();
        let mut places: HashMap<Configured<'_>, BTreeSet<TreePath>> = HashMap::new();
        for root in self.roots.iter().filter(|root| !included.contains(&root.path)) {
            for builder in &*root.configured.all {
                let environment = environment_of(&self.environments, builder, root.environment);
                let key = (builder.key(), builder.directory(), environment);
                places.entry(key).or_default().insert(place(root, builder));
            }
        }
        places
    }
}

/// The directory in which a builder is configured.
fn place(root: &Root, builder: &Builder) -> TreePath {
    let file = builder.file().filter(|_| root.kind == RootKind::Plain);
    file.map_or_else(|| root.path.clone(), |file| file.parent())
}

fn clusters<'r>(
    root: &'r Root,
    places: &HashMap<Configured<'r>, BTreeSet<TreePath>>,
) -> BTreeSet<String> {
    let (away, home): (Vec<&Builder>, Vec<&Builder>) =
        root.builders.iter().map(|one| &**one).partition(|one| one.destination().is_some());
    let mut all: BTreeSet<String> =
        away.iter().filter_map(|one| one.destination()).map(str::to_owned).collect();
    let of = |one: &'r Builder| places.get(&(one.key(), one.directory(), root.environment));
    let own: BTreeSet<&TreePath> = home.iter().copied().filter_map(of).flatten().collect();
    if own.len() > 1 {
        all.extend(own.iter().map(|place| place.display().to_owned()));
    } else if !home.is_empty() && !all.is_empty() {
        all.insert(HOME.to_owned());
    }
    all
}

#[cfg(test)]
mod tests {
    use crate::repo::testing::{deployment, repo};

    fn flux(name: &str, more: &str) -> String {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\nspec: {{path: ./production{more}}}\n"
        )
    }

    fn argo(name: &str, destination: &str) -> String {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\nspec: {{source: {{repoURL: x, path: production}}, destination: {{{destination}}}}}\n"
        )
    }

    /// The clusters of `production`, which objects in two directories deploy.
    fn clusters(east: &str, west: &str) -> Vec<String> {
        let app = deployment("web", "db-20250102090000");
        let repo = repo(&[
            ("production/web.yaml", &app),
            ("clusters/east/kustomization.yaml", "resources: [apps.yaml]\n"),
            ("clusters/east/apps.yaml", east),
            ("clusters/west/kustomization.yaml", "resources: [apps.yaml]\n"),
            ("clusters/west/apps.yaml", west),
        ]);
        let all = repo.destinations(repo.environment("production").unwrap());
        all.into_values().flatten().collect()
    }

    #[test]
    fn a_root_is_deployed_where_its_builders_say_or_are() {
        let (own, same) = (flux("apps", ""), flux("apps", ""));
        assert_eq!(clusters(&own, &same), ["clusters/east", "clusters/west"]);
        let remote =
            |name: &str| flux(name, &format!(", kubeConfig: {{secretRef: {{name: {name}}}}}"));
        assert_eq!(clusters(&remote("eu"), &remote("us")), ["eu", "us"]);
        assert_eq!(clusters(&remote("eu"), &own), ["eu", "in-cluster"]);
        let (eu, us) =
            (argo("web-eu", "name: eu"), argo("web-us", "server: 'https://us.example:6443/'"));
        assert_eq!(clusters(&eu, &us), ["eu", "us.example:6443"]);
        let home = argo("web", "server: 'https://kubernetes.default.svc'");
        assert_eq!(clusters(&home, &eu), ["eu", "in-cluster"]);
        assert_eq!(clusters(&home, &home), ["clusters/east", "clusters/west"]);
        assert!(clusters(&home, "").is_empty());
        assert!(clusters("", "").is_empty());
    }
}
