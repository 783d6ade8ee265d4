//! Values that are in Git unencrypted, and the environments that they reach.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Related};
use crate::k8s::resource::kind_of;
use crate::k8s::secret_name::family;
use crate::kustomize::model::object::Object;
use crate::lint::judge::deployed;
use crate::lint::rules::plaintext_secret::{RULE, is_revealed};
use crate::repo::Repo;
use crate::repo::root::Root;
use crate::text::path::TreePath;
use crate::text::source::Place;
use crate::text::work;
use crate::yaml::node::Node;

/// The length of the longest name that Kubernetes takes.
const LONGEST: usize = 253;

/// A Secret with values in the clear.
pub(super) struct Leak {
    /// Where it is written.
    pub(super) place: Place,
    /// Its name.
    pub(super) name: String,
    /// The keys of the values.
    pub(super) keys: Vec<String>,
}

impl Leak {
    fn who(&self) -> String {
        if self.name.is_empty() {
            "a Secret".to_owned()
        } else {
            format!("the Secret `{}`", self.name)
        }
    }

    fn finding(&self) -> Finding {
        let shown: Vec<String> = self.keys.iter().take(3).map(|key| format!("`{key}`")).collect();
        let more = match self.keys.len().saturating_sub(shown.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let who = self.who();
        let message =
            format!("{who} has values in Git that are not encrypted: {}{more}", shown.join(", "));
        let help = "keep the value in a store and an ExternalSecret in Git, or encrypt the file; then rotate the value";
        RULE.finding(&self.place, message).about(family(&self.name)).help(help)
    }
}

/// The findings of what no build deletes or replaces.
pub(super) fn findings(repo: &Repo, leaks: impl Iterator<Item = Leak>) -> Vec<Finding> {
    let roots: Vec<_> = deployed(repo).map(|(root, name)| (root, name, OnceCell::new())).collect();
    let mut findings: Vec<Finding> = Vec::new();
    let mut vendored: BTreeMap<TreePath, usize> = BTreeMap::new();
    for leak in leaks {
        let file = leak.place.source.path().clone();
        let readers: Vec<_> =
            roots.iter().filter(|(root, _, _)| root.files().contains(&file)).collect();
        let reach = readers
            .iter()
            .filter(|(root, _, built)| !is_gone(root, built, &leak))
            .collect::<Vec<_>>();
        let environments: BTreeSet<&str> = reach.iter().filter_map(|(_, name, _)| *name).collect();
        let is_nowhere = reach.is_empty() && !readers.is_empty();
        if is_nowhere || (environments.is_empty() && is_example(&file)) {
            continue;
        }
        if let Some(&known) = vendored.get(&file) {
            let label = format!("so has {}", leak.who());
            let finding = &mut findings[known];
            let more = environments.into_iter().map(str::to_owned);
            finding.environments.extend(more);
            finding.families.insert(family(&leak.name).to_owned());
            finding.related.push(Related { label, place: leak.place });
            continue;
        }
        if is_vendored(&file) {
            vendored.insert(file, findings.len());
        }
        findings.push(leak.finding().in_each(environments));
    }
    for finding in &mut findings {
        let mut seen = BTreeSet::new();
        finding.environments.retain(|name| seen.insert(name.clone()));
    }
    findings
}

/// Whether a file comes from another project as a whole.
fn is_vendored(file: &TreePath) -> bool {
    const PLACES: [&str; 7] =
        ["third-party", "third_party", "thirdparty", "upstream", "vendor", "vendored", "vendors"];
    file.parts().any(|part| PLACES.contains(&part))
}

/// Whether a file shows people what to write.
fn is_example(file: &TreePath) -> bool {
    file.parts().any(|part| {
        let mut words = part.split(|c: char| !c.is_ascii_alphanumeric());
        words.any(|word| matches!(word, "dist" | "example" | "examples" | "sample" | "samples"))
    })
}

/// Whether a build has no such value, though it reads the file: a patch deletes the Secret, or replaces what it holds.
fn is_gone<'r>(root: &'r Root, built: &OnceCell<Built<'r>>, leak: &Leak) -> bool {
    if root.is_partial() || root.has_failed() {
        return false;
    }
    let built = built.get_or_init(|| Built::of(root));
    !built.has(&leak.name) || built.replaces(leak)
}

/// The names of the Secrets of a build.
struct Built<'r> {
    secrets: BTreeMap<&'r str, Vec<&'r Node>>,
    /// What each name ends in, sorted: a text begins one of these if a name contains it. `None` if a name is longer
    /// than Kubernetes takes.
    ends: OnceCell<Option<Vec<&'r str>>>,
}

impl<'r> Built<'r> {
    fn of(root: &'r Root) -> Self {
        let is_secret = |object: &&Object| {
            work::step();
            kind_of(&object.node) == "Secret"
        };
        let mut secrets: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
        for object in root.objects().iter().filter(is_secret) {
            secrets.entry(object.name()).or_default().push(&object.node);
        }
        Self { secrets, ends: OnceCell::new() }
    }

    /// Whether there is a Secret of a name, which may have got longer.
    fn has(&self, name: &str) -> bool {
        if self.secrets.contains_key(name) {
            return true;
        }
        let ends = self.ends.get_or_init(|| {
            if self.secrets.keys().any(|one| one.len() > LONGEST) {
                return None;
            }
            let ends =
                |one: &&'r str| one.char_indices().map(|(at, _)| &one[at..]).collect::<Vec<_>>();
            let mut ends: Vec<&str> = self.secrets.keys().flat_map(ends).collect();
            ends.sort_unstable();
            Some(ends)
        });
        let Some(ends) = ends else { return self.secrets.keys().any(|one| one.contains(name)) };
        let at = ends.partition_point(|end| *end < name);
        ends.get(at).is_some_and(|end| end.starts_with(name))
    }

    /// Whether the Secrets of that name hold something else under each of the keys.
    fn replaces(&self, leak: &Leak) -> bool {
        let Some(secrets) = self.secrets.get(&*leak.name) else { return false };
        let holds = |secret: &Node, key: &String| {
            ["data", "stringData"].iter().any(|field| {
                let value = secret.get(field).and_then(|values| values.get(key));
                value.is_some_and(|value| is_revealed(field, key, value))
            })
        };
        !secrets.iter().any(|secret| leak.keys.iter().any(|key| key == "…" || holds(secret, key)))
    }
}
