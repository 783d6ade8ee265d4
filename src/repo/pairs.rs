//! Pairs of workloads that run side by side on purpose: blue and green.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::config::pairs::{Pair as Declared, Workload as Named};
use crate::k8s::traffic::pod_labels;
use crate::k8s::workload::runs_pods;
use crate::kustomize::model::object::Object;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::inventory::Reference;
use crate::text::work;
use crate::yaml::node::Node;

/// Which of a pair a workload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Colour {
    /// The one that `blue` names.
    Blue,
    /// The one that `green` names.
    Green,
}

impl Colour {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Blue, Self::Green];

    /// The colour as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Green => "green",
        }
    }

    /// The other one of a pair.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Blue => Self::Green,
            Self::Green => Self::Blue,
        }
    }

    /// The colour that a word spells.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// The colour in an object's name, and the name with the colour left open.
    #[must_use]
    pub fn of_name(name: &str) -> Option<(Self, String)> {
        let words: Vec<&str> = name.split('-').collect();
        let at = words.iter().rposition(|word| Self::of_word(word).is_some())?;
        let open = [&words[..at], &["*"], &words[at + 1..]].concat().join("-");
        Some((Self::of_word(words[at])?, open))
    }

    /// Whether an object's name has this colour among its words.
    #[must_use]
    pub fn is_in_name(self, name: &str) -> bool {
        Self::of_name(name).is_some_and(|(colour, _)| colour == self)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A workload of a repository: an object of a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Workload {
    /// An index into the repository's roots.
    pub root: usize,
    /// An index into the root's objects.
    pub object: usize,
}

/// Two workloads of an environment that run side by side on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// What both are called, without the colour.
    pub name: String,
    /// The namespace, where one is set.
    pub namespace: Option<String>,
    /// The blue one.
    pub blue: Workload,
    /// The green one.
    pub green: Workload,
}

impl Pair {
    /// The workload of a colour.
    #[must_use]
    pub const fn of(&self, colour: Colour) -> Workload {
        match colour {
            Colour::Blue => self.blue,
            Colour::Green => self.green,
        }
    }

    /// The colour of an object, if it is one of the two.
    #[must_use]
    pub fn colour_of(&self, root: usize, object: usize) -> Option<Colour> {
        Colour::ALL.into_iter().find(|colour| self.of(*colour) == Workload { root, object })
    }
}

impl Repo {
    /// The object of a workload.
    #[must_use]
    pub fn workload(&self, workload: Workload) -> &Object {
        &self.roots[workload.root].objects()[workload.object]
    }

    /// Every secret that a workload names.
    pub fn references_of(&self, workload: Workload) -> impl Iterator<Item = &Reference> {
        let all = self.roots[workload.root].references.iter();
        all.filter(move |one| one.object == workload.object)
    }

    /// The namespace of a workload, where one is set.
    fn namespace_of_workload(&self, workload: Workload) -> Option<&str> {
        let own = self.workload(workload).namespace();
        own.or(self.roots[workload.root].namespace.as_deref())
    }

    /// The pairs of an environment, by namespace and name: those that `rotate.yaml` declares, those whose names differ in nothing
    /// but the colour, and those whose pods' labels do. A workload belongs to one pair at most.
    #[must_use]
    pub fn pairs_of(&self, environment: EnvironmentId) -> Vec<Pair> {
        let mut finder =
            Finder { repo: self, workloads: Vec::new(), taken: BTreeSet::new(), pairs: Vec::new() };
        for (root, found) in self.roots_of(environment) {
            let objects = found.objects().iter().enumerate();
            let workloads = objects.filter(|(at, object)| found.is_real(*at) && runs_on(object));
            finder.workloads.extend(workloads.map(|(object, _)| Workload { root, object }));
        }
        finder.declared();
        finder.alike(|finder, one| {
            let (colour, open) = Colour::of_name(finder.repo.workload(one).name())?;
            Some((colour, vec![open]))
        });
        finder.by_labels();
        let mut pairs = finder.pairs;
        pairs.sort_by(|a, b| (&a.namespace, &a.name, a.blue).cmp(&(&b.namespace, &b.name, b.blue)));
        pairs
    }
}

/// Whether an object keeps pods running.
fn runs_on(object: &Object) -> bool {
    runs_pods(&object.node) && !matches!(object.kind(), "Job" | "Pod" | "ReplicaSet")
}

struct Finder<'r> {
    repo: &'r Repo,
    workloads: Vec<Workload>,
    taken: BTreeSet<Workload>,
    pairs: Vec<Pair>,
}

impl Finder<'_> {
    fn add(&mut self, blue: Workload, green: Workload) {
        self.taken.extend([blue, green]);
        let name = common(self.repo.workload(blue).name(), self.repo.workload(green).name());
        let namespace = self.repo.namespace_of_workload(blue).map(str::to_owned);
        self.pairs.push(Pair { name, namespace, blue, green });
    }

    fn declared(&mut self) {
        for Declared { blue, green } in &self.repo.config.pairs {
            let of = |wanted: &Named| -> Vec<Workload> {
                let all = self.workloads.iter().copied();
                all.filter(|one| !self.taken.contains(one) && self.is_named(*one, wanted)).collect()
            };
            let (blue, green) = (of(blue), of(green));
            let mut greens: BTreeSet<Workload> = green.into_iter().collect();
            for one in blue {
                let fits = |other: &&Workload| {
                    other.root == one.root
                        && self.repo.namespace_of_workload(**other)
                            == self.repo.namespace_of_workload(one)
                };
                let other = greens.iter().find(fits).or_else(|| greens.first());
                if let Some(other) = other.copied().filter(|other| *other != one) {
                    greens.remove(&other);
                    self.add(one, other);
                }
            }
        }
    }

    fn is_named(&self, one: Workload, wanted: &Named) -> bool {
        let object = self.repo.workload(one);
        let namespace = wanted.namespace.as_deref();
        object.kind() == wanted.kind
            && object.name() == wanted.name
            && namespace.is_none_or(|wanted| {
                self.repo.namespace_of_workload(one).is_none_or(|own| own == wanted)
            })
    }

    /// Pairs those that are alike but for the colour, first in one root, then across the roots.
    fn alike(&mut self, key: impl Fn(&Self, Workload) -> Option<(Colour, Vec<String>)>) {
        for across in [false, true] {
            let mut found: BTreeMap<_, [Vec<Workload>; 2]> = BTreeMap::new();
            for one in self.workloads.iter().copied().filter(|one| !self.taken.contains(one)) {
                work::step();
                let Some((colour, words)) = key(self, one) else { continue };
                let kind = self.repo.workload(one).kind().to_owned();
                let namespace = self.repo.namespace_of_workload(one).map(str::to_owned);
                let root = if across { None } else { Some(one.root) };
                let colours = found.entry((root, kind, namespace, words)).or_default();
                colours[usize::from(colour == Colour::Green)].push(one);
            }
            for colours in found.into_values() {
                if let [[blue], [green]] = [&colours[0][..], &colours[1][..]] {
                    self.add(*blue, *green);
                }
            }
        }
    }

    /// Pairs those whose pods have the same labels but for one, which is `blue` or `green`.
    fn by_labels(&mut self) {
        let mut keys = BTreeSet::new();
        for one in &self.workloads {
            keys.extend(coloured(&self.repo.workload(*one).node).map(str::to_owned));
        }
        for label in keys {
            self.alike(|finder, one| {
                let labels = pod_labels(&finder.repo.workload(one).node)?;
                let colour = labels.get(&label).and_then(Node::str).and_then(Colour::of_word)?;
                let others = labels.entries().iter().filter(|entry| !entry.key.reads(&label));
                let mut others: Vec<String> = others
                    .filter_map(|entry| {
                        Some(format!("{}={}", entry.key.str()?, entry.value.str()?))
                    })
                    .collect();
                others.sort_unstable();
                // Pods that have no other label have nothing in common.
                (!others.is_empty()).then_some((colour, others))
            });
        }
    }
}

/// The labels of a workload's pods that are a colour.
fn coloured(object: &Node) -> impl Iterator<Item = &str> {
    let labels = pod_labels(object).map(Node::entries).unwrap_or_default().iter();
    let is_colour = |node: &Node| node.str().is_some_and(|text| Colour::of_word(text).is_some());
    labels.filter(move |entry| is_colour(&entry.value)).filter_map(|entry| entry.key.str())
}

/// What two names have in common: without the colour, or their common beginning; the blue one's name where there is neither.
fn common(blue: &str, green: &str) -> String {
    if let (Some((Colour::Blue, one)), Some((Colour::Green, two))) =
        (Colour::of_name(blue), Colour::of_name(green))
        && one == two
    {
        let words: Vec<&str> = one.split('-').filter(|word| *word != "*").collect();
        if !words.is_empty() {
            return words.join("-");
        }
    }
    let (one, two) = (blue.split('-'), green.split('-'));
    let same: Vec<&str> =
        one.zip(two).take_while(|(one, two)| one == two).map(|(one, _)| one).collect();
    if same.is_empty() { blue.to_owned() } else { same.join("-") }
}

#[cfg(test)]
mod tests {
    use super::{Colour, Pair};
    use crate::repo::Repo;
    use crate::repo::testing::{repo, resources};

    fn workload(kind: &str, name: &str, labels: &str) -> String {
        format!(
            "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n  template:\n    metadata: {{labels: {labels}}}\n    spec: {{containers: [{{name: a, image: b}}]}}\n---\n"
        )
    }

    fn found(repo: &Repo) -> Vec<String> {
        let environment = repo.environment("production").unwrap();
        let name = |pair: &Pair, colour| repo.workload(pair.of(colour)).name().to_owned();
        let pairs = repo.pairs_of(environment);
        let of = |pair: &Pair| {
            format!("{}: {} {}", pair.name, name(pair, Colour::Blue), name(pair, Colour::Green))
        };
        pairs.iter().map(of).collect()
    }

    #[test]
    fn pairs_by_names_by_labels_and_by_declaration() {
        let workloads = [
            workload("Deployment", "green-web", "{a: b}"),
            workload("Deployment", "blue-web", "{a: b}"),
            workload("StatefulSet", "web-blue", "{a: b}"),
            workload("Deployment", "api-one", "{app: api, slot: green}"),
            workload("Deployment", "api-two", "{app: api, slot: blue}"),
            workload("Deployment", "other", "{app: other, slot: blue}"),
            workload("Deployment", "shop", "{app: shop}"),
            workload("Deployment", "shop-next", "{app: shop}"),
        ]
        .concat();
        let settings = "environments: [{name: production, paths: [production]}]\npairs:\n- {blue: {kind: Deployment, name: shop}, green: {kind: Deployment, name: shop-next}}\n";
        let repo = repo(&[
            ("rotate.yaml", settings),
            ("production/kustomization.yaml", &resources(&["all.yaml"])),
            ("production/all.yaml", &workloads),
        ]);
        assert_eq!(
            found(&repo),
            ["api: api-two api-one", "shop: shop shop-next", "web: blue-web green-web"]
        );
    }

    #[test]
    fn pairs_each_cluster_by_itself_and_across_roots_where_each_has_one_colour() {
        let [blue, green] =
            ["web-blue", "web-green"].map(|name| workload("Deployment", name, "{app: web}"));
        let one = resources(&["all.yaml"]);
        let both = format!("{blue}{green}");
        let two_clusters = repo(&[
            ("production/eu/kustomization.yaml", &one),
            ("production/eu/all.yaml", &both),
            ("production/us/kustomization.yaml", &one),
            ("production/us/all.yaml", &both),
        ]);
        assert_eq!(found(&two_clusters).len(), 2);
        let split = repo(&[
            ("production/blue/kustomization.yaml", &one),
            ("production/blue/all.yaml", &blue),
            ("production/green/kustomization.yaml", &one),
            ("production/green/all.yaml", &green),
        ]);
        assert_eq!(found(&split), ["web: web-blue web-green"]);
    }
}
