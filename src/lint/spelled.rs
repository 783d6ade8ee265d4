//! Names of secrets that something in reach spells, which may make them: an argument, a script, the values of a chart.

use std::collections::{BTreeMap, BTreeSet};

use crate::k8s::by_value::scalars;
use crate::k8s::found::Role;
use crate::k8s::pattern::trail::Trail;
use crate::k8s::resource::group_of;
use crate::k8s::secret_name::split;
use crate::k8s::values::{held, is_values};
use crate::kustomize::model::object::Object;
use crate::lint::judge::{Why, deployed};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::inventory::Reference;
use crate::repo::root::Root;
use crate::repo::unseen::words;
use crate::text::path::TreePath;
use crate::text::work;
use crate::yaml::node::Node;
use crate::yaml::path::PathStep;

/// The largest file that is taken for a script.
const LARGEST: usize = 1 << 20;

/// What scripts, notes and Terraform call a secret that they make.
const MAKES: [&str; 3] = ["create secret", "create -f", "kubernetes_secret"];

/// Names of secrets, each with the first thing that spells it in a place.
#[derive(Default)]
pub(super) struct Spelled<'r> {
    wanted: BTreeSet<&'r str>,
    found: BTreeMap<(&'r str, Option<EnvironmentId>, Option<String>), Why>,
    /// The same, whatever the namespace.
    anywhere: BTreeMap<(&'r str, Option<EnvironmentId>), Why>,
}

impl<'r> Spelled<'r> {
    /// What spells some of these names.
    pub(super) fn of(repo: &'r Repo, names: impl Iterator<Item = &'r str>) -> Self {
        // What has a version is made by a stub.
        let wanted: BTreeSet<&str> = names.filter(|name| split(name).is_none()).collect();
        let mut spelled = Self { wanted, ..Self::default() };
        if spelled.wanted.is_empty() {
            return spelled;
        }
        for (root, _) in deployed(repo) {
            let mut known: BTreeMap<usize, Vec<&Reference>> = BTreeMap::new();
            for reference in &root.references {
                known.entry(reference.object).or_default().push(reference);
            }
            for (index, object) in root.objects().iter().enumerate() {
                spelled.object(root, known.get(&index).map_or(&[], Vec::as_slice), object);
            }
            for reference in root.references.iter().filter(|one| one.found.role == Role::Grant) {
                spelled.grant(root, reference);
            }
        }
        for file in repo.library.tree().files() {
            if is_script(file) {
                spelled.file(repo, file);
            }
        }
        spelled
    }

    /// What spells a name where a reference of an environment and a namespace may meet what it makes.
    pub(super) fn find(
        &self,
        environment: Option<EnvironmentId>,
        namespace: Option<&str>,
        name: &'r str,
    ) -> Option<&Why> {
        let near = [Some(environment), environment.and(Some(None))];
        near.into_iter().flatten().find_map(|environment| match namespace {
            None => self.anywhere.get(&(name, environment)),
            Some(own) => [Some(own.to_owned()), None]
                .into_iter()
                .find_map(|there| self.found.get(&(name, environment, there))),
        })
    }

    fn add(
        &mut self,
        name: &str,
        environment: Option<EnvironmentId>,
        namespace: Option<&str>,
        why: &Why,
    ) {
        let Some(name) = self.wanted.get(name).copied() else { return };
        let key = (name, environment, namespace.map(str::to_owned));
        self.found.entry(key).or_insert_with(|| why.clone());
        self.anywhere.entry((name, environment)).or_insert_with(|| why.clone());
    }

    fn object(&mut self, root: &'r Root, known: &[&Reference], object: &'r Object) {
        let kind = Kind::of(object);
        let own = object.namespace().or(root.namespace.as_deref());
        let mut hits: Vec<(&str, bool, &'static str)> = Vec::new();
        let is_reference = |trail: &Trail<'_>| {
            let path = trail.path();
            known
                .iter()
                .inspect(|_| work::step())
                .any(|one| one.found.path == path && one.found.role != Role::Mention)
        };
        scalars(&object.node, &mut |node, trail| {
            let Some(text) = node.str() else { return };
            for word in words(text).filter(|word| self.wanted.contains(word)) {
                work::step();
                let Some(what) = kind.what(text, word, trail) else { continue };
                if !is_reference(trail) {
                    hits.push((word, goes_elsewhere(text), what));
                }
            }
        });
        for (word, is_wide, what) in hits {
            let why = Why::of(root, object.node.origin.as_ref(), what);
            let namespace = if is_wide { None } else { kind.namespace(object).or(own) };
            // Of a release that may be anywhere, the values say little.
            if namespace.is_some() || is_wide || !matches!(kind, Kind::Values) {
                self.add(word, root.environment, namespace, &why);
            }
        }
    }

    /// A name that a role lets somebody write.
    fn grant(&mut self, root: &'r Root, reference: &'r Reference) {
        let object = root.object_of(reference);
        let steps = &reference.found.path.0;
        let [PathStep::Key(rules), PathStep::Index(at), ..] = &steps[..] else { return };
        let rules = object.node.get(rules).map_or(&[][..], Node::items);
        // No name can be known before it is made, so that the right to make one is given without.
        let makes = |rule: &Node| {
            rule.get("resourceNames").is_none()
                && lists(rule, "resources", &["secrets", "*"])
                && lists(rule, "verbs", &["create", "*"])
        };
        let writes = rules.get(*at).is_some_and(|rule| {
            lists(rule, "verbs", &["create", "*"])
                || lists(rule, "verbs", &["update", "patch"]) && rules.iter().any(makes)
        });
        if writes {
            let why = Why::of(root, reference.near().as_ref(), "role to write it");
            self.add(reference.secret(), root.environment, root.namespace_of(reference), &why);
        }
    }

    /// A file that is no manifest.
    fn file(&mut self, repo: &Repo, file: &TreePath) {
        let tree = repo.library.tree();
        let Ok(source) = tree.source(file) else { return };
        let text = source.text();
        let is_prose = is_prose(file);
        if text.len() > LARGEST {
            return;
        }
        let why =
            Why { path: file.clone(), what: if is_prose { "made by hand" } else { "script" } };
        if is_prose {
            self.notes(repo, text, &why);
        }
        if !MAKES.iter().any(|one| text.contains(one)) {
            return;
        }
        let mut goes_on = false;
        for line in text.lines() {
            let makes = MAKES.iter().any(|one| line.contains(one));
            if makes || goes_on || !is_prose {
                words(line).for_each(|word| self.add(word, None, None, &why));
            }
            goes_on = (makes || goes_on) && line.trim_end().ends_with('\\');
        }
    }

    /// Notes on secrets: names in quotes, below a heading or after a sentence that speaks of secrets. What Git makes somewhere
    /// is described there, and not made by hand.
    fn notes(&mut self, repo: &Repo, text: &str, why: &Why) {
        let mut speaks = false;
        for line in text.lines() {
            let says = line.to_ascii_lowercase().contains("secret");
            let start = line.trim_start();
            let is_listed = start.len() < line.len() || start.starts_with(['-', '*', '+', '|']);
            if start.starts_with('#') {
                speaks = says;
            } else if !is_listed {
                speaks |= says;
            }
            if !(speaks || says) {
                continue;
            }
            for name in line.split('`').skip(1).step_by(2) {
                work::step();
                if self.wanted.contains(name) && repo.makers(name).next().is_none() {
                    self.add(name, None, None, why);
                }
            }
        }
    }
}

/// What an object may spell names for.
enum Kind {
    /// The values of a release.
    Values,
    /// Texts that something may run.
    Texts,
    /// A workload of Kubernetes.
    Workload,
    /// Something that a controller reads.
    Custom,
    /// Nothing.
    None,
}

impl Kind {
    fn of(object: &Object) -> Self {
        let group = group_of(&object.node);
        if is_values(&object.node) || !held(&object.node).is_empty() {
            return Self::Values;
        }
        match (group, object.kind()) {
            ("", "ConfigMap") => Self::Texts,
            ("" | "apps" | "batch", "Secret" | "Service" | "ServiceAccount" | "Namespace") => {
                Self::None
            }
            ("" | "apps" | "batch", _) => Self::Workload,
            (group, _) if group.contains('.') && !group.ends_with(".k8s.io") => Self::Custom,
            _ => Self::None,
        }
    }

    /// Where a release installs.
    fn namespace<'o>(&self, object: &'o Object) -> Option<&'o str> {
        let text = |keys: &[&str]| object.node.at(keys).and_then(Node::str);
        matches!(self, Self::Values)
            .then(|| {
                text(&["spec", "targetNamespace"])
                    .or_else(|| text(&["spec", "destination", "namespace"]))
                    .or_else(|| text(&["spec", "template", "spec", "destination", "namespace"]))
            })
            .flatten()
    }

    /// What a word in a scalar may be: an argument, a value; `None` if it says nothing of a secret that is made.
    fn what(&self, text: &str, word: &str, trail: &Trail<'_>) -> Option<&'static str> {
        let keys = || trail.keys_upward();
        if keys().any(|key| key == "metadata") {
            return None;
        }
        let speaks = |text: &str| {
            let lower = text.to_ascii_lowercase();
            ["secret", "cert", "credential", "token"].iter().any(|word| lower.contains(word))
        };
        match self {
            Self::None => None,
            Self::Values => Some("values of a chart"),
            Self::Texts => (is_command(text) && speaks(text)).then_some("script"),
            Self::Workload | Self::Custom => {
                let whole = text == word;
                if keys().any(|key| matches!(key, "command" | "args" | "script" | "source")) {
                    // A path is where a volume is mounted.
                    let flag = || {
                        text.starts_with('-') && speaks(text) && text.ends_with(&format!("={word}"))
                    };
                    let argument = whole || flag() || is_command(text);
                    return argument.then_some("argument");
                }
                let (from, key) = trail.last_key()?;
                if key == "value" && keys().any(|key| key == "env") {
                    let name = from.get("name").and_then(Node::str).unwrap_or_default();
                    return (whole && speaks(name)).then_some("argument");
                }
                let told = matches!(self, Self::Custom) && whole && speaks(key);
                told.then_some("operator's object")
            }
        }
    }
}

fn lists(rule: &Node, key: &str, words: &[&str]) -> bool {
    let items = rule.get(key).map_or(&[][..], Node::items);
    items.iter().filter_map(Node::str).any(|item| words.contains(&item))
}

/// Whether a text runs something that makes secrets.
fn is_command(text: &str) -> bool {
    text.contains("create secret") || (text.contains("kubectl") && text.contains("kind: Secret"))
}

/// Whether a text runs something in another namespace.
fn goes_elsewhere(text: &str) -> bool {
    is_command(text) && ["-n ", "-n=", "--namespace"].iter().any(|flag| text.contains(flag))
}

/// Whether a file may be a script, or notes for people.
pub(super) fn is_script(file: &TreePath) -> bool {
    const ENDINGS: [&str; 15] = [
        "adoc", "bash", "bats", "fish", "j2", "just", "md", "mk", "ps1", "py", "rst", "sh", "tf",
        "txt", "zsh",
    ];
    const NAMES: [&str; 5] = ["Justfile", "Makefile", "Taskfile.yaml", "Taskfile.yml", "justfile"];
    NAMES.contains(&file.name())
        || has_ending(file, &ENDINGS)
        || !file.name().contains('.')
        || file.as_str().starts_with(".github/workflows/")
}

/// Whether a file is for people to read.
pub(super) fn is_prose(file: &TreePath) -> bool {
    has_ending(file, &["adoc", "md", "rst", "txt"])
}

fn has_ending(file: &TreePath, endings: &[&str]) -> bool {
    file.name().rsplit_once('.').is_some_and(|(_, end)| endings.contains(&end))
}

/// Whether what makes a secret tells a controller to copy it into other namespaces.
pub(super) fn is_copied(object: &Node) -> bool {
    const COPIERS: [&str; 3] =
        ["reflector.v1.k8s.emberstack.com/", "replicator.v1.mittwald.de/", "kubed.appscode.com/"];
    let of_map = object.entries().iter().any(|entry| {
        let key = entry.key.str().unwrap_or_default();
        COPIERS.iter().any(|copier| key.starts_with(copier)) || is_copied(&entry.value)
    });
    of_map || object.items().iter().any(is_copied)
}
