//! Objects of the External Secrets Operator in versions that it no longer serves.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{FileEdit, Finding, Fix, Level};
use crate::k8s::resource::kind_of;
use crate::k8s::stub::Stub;
use crate::kustomize::model::object::Object;
use crate::lint::judge::deployed;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::operator::{Operator, Serves};
use crate::repo::root::{Root, RootKind};
use crate::text::path::TreePath;
use crate::text::remap::in_file;
use crate::text::shell::command;
use crate::text::source::Place;
use crate::text::span::Span;
use crate::yaml::edit::rewrite::rewrite;
use crate::yaml::embed::parse_inside;
use crate::yaml::node::{Node, Provenance};

/// The rule.
pub static RULE: Rule = Rule {
    id: "removed-api-version",
    level: Level::Error,
    fixes: Fixes::Sometimes,
    summary: "`external-secrets.io/v1beta1` and `v1alpha1`, which the operator no longer serves",
    docs: "
### What it finds

An ExternalSecret, ClusterExternalSecret, SecretStore or ClusterSecretStore with the `apiVersion`
`external-secrets.io/v1beta1` or `external-secrets.io/v1alpha1`. PushSecrets and the generators still are `v1alpha1`,
and nothing is said of them. What is reported depends on which version of the operator the repository installs in the
environment, or for all environments: by the version of its chart (HelmRelease, OCIRepository, Argo CD Application,
`helmCharts`), the tag of its image, or its package for OLM.

| operator | reported as |
| --- | --- |
| before 0.16 | nothing; it does not serve `v1` |
| 0.16, or unknown beside another object of `v1` | warning; it serves both |
| from 0.17 | error; warning with `crds.unsafeServeV1Beta1: true` in the values of its chart |
| a range, several versions, or nothing | one warning for the whole repository, with every place |

### Why it matters

The External Secrets Operator has served `v1` since 0.16 and stopped serving `v1beta1` in 0.17. The API server then
knows no such kind: the whole build is refused, and the next rotation with it.

### Example

```yaml
apiVersion: external-secrets.io/v1beta1
kind: ExternalSecret
```

### Repair

Write `external-secrets.io/v1`; no other line changes. `rotate lint --fix` does that, in merge patches of the object
too, where every environment that reads the file is known to serve `v1`. Where the old version had another shape
(`dataFrom` of `v1alpha1`, templates of engine `v1`), or a patch target names the old version, it leaves the object to you.
",
    check,
};

const NEW: &str = "external-secrets.io/v1";
const GROUP: &str = "external-secrets.io";
const REMOVED: [&str; 2] = ["v1beta1", "v1alpha1"];
const KINDS: [&str; 4] =
    ["ClusterExternalSecret", "ClusterSecretStore", "ExternalSecret", "SecretStore"];

/// An `apiVersion` that a file spells, the objects that have it, and what serves it in each environment.
struct Offence<'r> {
    place: Place,
    objects: Vec<(&'r Root, &'r Object)>,
    environments: BTreeMap<Option<EnvironmentId>, Operator>,
}

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let repo = facts.repo;
    let mut offences: BTreeMap<(TreePath, Span), Offence<'_>> = BTreeMap::new();
    let mut known: BTreeMap<Option<EnvironmentId>, Operator> = BTreeMap::new();
    for (root, _) in deployed(repo) {
        for object in root.objects() {
            let Some(place) = removed(&object.node).and_then(|node| node.origin.as_ref()) else {
                continue;
            };
            let place = place.near_in_file();
            let key = place.site();
            let index = root.environment;
            let served = *known.entry(index).or_insert_with(|| served(repo, index));
            let (objects, environments) = (Vec::new(), BTreeMap::new());
            let offence = offences.entry(key).or_insert(Offence { place, objects, environments });
            offence.objects.push((root, object));
            offence.environments.insert(index, served);
        }
    }
    let mut speakers: BTreeMap<&TreePath, Speakers> = BTreeMap::new();
    for (root, _) in offences.values().flat_map(|offence| &offence.objects) {
        speakers.entry(&root.path).or_insert_with(|| Speakers::of(repo, root));
    }
    let all = offences.values();
    let known = all.clone().filter_map(|offence| finding(repo, &speakers, offence));
    let open = all.filter(|offence| offence.is_open());
    known.chain(open.map(|offence| unknown(repo, offence))).collect()
}

/// What the operator of an environment, or of what belongs to none, serves. Another object of the new version shows that it
/// is served, whatever pins the operator.
fn served(repo: &Repo, environment: Option<EnvironmentId>) -> Operator {
    match repo.operator(environment) {
        Operator::Unknown if environment.is_some_and(|one| repo.serves(one) == Serves::V1) => {
            Operator::Both
        }
        known => known,
    }
}

impl Offence<'_> {
    /// The environments whose operator is one of these, by name.
    fn under<'e>(&self, repo: &'e Repo, operator: Operator) -> Vec<&'e str> {
        let of = self.environments.iter().filter(|(_, known)| **known == operator);
        of.filter_map(|(index, _)| Some(repo.environments[(*index)?].name.as_str())).collect()
    }

    fn has(&self, operator: Operator) -> bool {
        self.environments.values().any(|known| *known == operator)
    }

    /// Whether nothing tells if it is served: no environment is known to serve another version.
    fn is_open(&self) -> bool {
        !self.has(Operator::After) && !self.has(Operator::Both) && self.has(Operator::Unknown)
    }

    /// Whether every environment that has it surely serves the new version.
    fn is_replaceable(&self) -> bool {
        !self.has(Operator::Before) && !self.has(Operator::Unknown)
    }

    fn old(&self) -> &str {
        self.objects.first().map_or("", |(_, object)| object.api_version())
    }

    /// The families of the secrets that are made by it.
    fn about(&self, finding: Finding) -> Finding {
        let made = self.objects.iter().filter_map(|(_, object)| Stub::read(&object.node));
        made.fold(finding, |finding, stub| match stub.family() {
            Some(family) => finding.about(family),
            None => finding,
        })
    }
}

/// The `apiVersion` of an object that is no longer served.
fn removed(object: &Node) -> Option<&Node> {
    let node = object.get("apiVersion").filter(|_| KINDS.contains(&kind_of(object)))?;
    let (group, version) = node.str()?.split_once('/')?;
    (group == GROUP && REMOVED.contains(&version)).then_some(node)
}

/// What is found where the version of the operator is known; `None` where it serves no other version.
fn finding(
    repo: &Repo,
    speakers: &BTreeMap<&TreePath, Speakers>,
    offence: &Offence<'_>,
) -> Option<Finding> {
    let old = offence.old();
    let (operator, level, message) = if offence.has(Operator::After) {
        let message = format!("the External Secrets Operator no longer serves {old}");
        (Operator::After, Level::Error, message)
    } else if offence.has(Operator::Both) {
        let message = format!("the External Secrets Operator serves {old} only until 0.17");
        (Operator::Both, Level::Warning, message)
    } else {
        return None;
    };
    let finding = RULE.finding(&offence.place, message).at_least(level);
    let finding = offence.about(finding.in_each(offence.under(repo, operator)));
    let fix = offence.is_replaceable().then(|| fix(speakers, offence)).flatten();
    let help = match fix {
        Some(_) => format!("write `apiVersion: {NEW}`"),
        None if !offence.is_replaceable() => {
            format!(
                "write `apiVersion: {NEW}` once every environment that reads the file serves it"
            )
        }
        None => {
            let explain = command("rotate explain", &[RULE.id], "");
            format!("write `apiVersion: {NEW}`; more must change with it: `{explain}`")
        }
    };
    Some(finding.help(help).fix(fix))
}

/// What is found where nothing tells whether it is served: one cause for the whole repository.
fn unknown(repo: &Repo, offence: &Offence<'_>) -> Finding {
    let message = format!(
        "the External Secrets Operator serves {} only until 0.17, and nothing here pins its version",
        offence.old()
    );
    let names = offence.under(repo, Operator::Unknown);
    let finding = RULE.finding(&offence.place, message).at_least(Level::Warning).in_each(names);
    let help =
        format!("if it is 0.16 or newer, write `apiVersion: {NEW}`; or pin its version here");
    offence.about(finding.general()).help(help)
}

/// The new version wherever the objects are spoken of, if nothing else must change.
fn fix(speakers: &BTreeMap<&TreePath, Speakers>, offence: &Offence<'_>) -> Option<Fix> {
    let mut edits: Vec<FileEdit> = Vec::new();
    let mut write = |node: &Node| {
        let edit = rewrite(node, NEW).ok()?;
        let (source, edit) = in_file(&node.origin.as_ref()?.source, &edit)?;
        if !edits.iter().any(|known| known.source.path() == source.path() && known.edit == edit) {
            edits.push(FileEdit { source, edit });
        }
        Some(())
    };
    for (root, object) in &offence.objects {
        let node = removed(&object.node)?;
        if !matches!(node.how, Provenance::Written | Provenance::Patched) || !is_straight(object) {
            return None;
        }
        write(node)?;
        let speakers = speakers.get(&root.path)?;
        if speakers.selected.iter().any(|kind| kind.is_empty() || kind == object.kind()) {
            return None;
        }
        let names: BTreeSet<&str> =
            object.previous.iter().map(|identity| &*identity.name).chain([object.name()]).collect();
        for speaker in &speakers.objects {
            let name = speaker.at(&["metadata", "name"]).and_then(Node::str);
            let same = kind_of(speaker) == object.kind();
            if same && name.is_some_and(|name| names.contains(name)) {
                write(removed(speaker)?)?;
            }
        }
    }
    Some(Fix { title: format!("write {NEW}"), edits })
}

/// Whether another `apiVersion` is all that it takes.
fn is_straight(object: &Object) -> bool {
    let spec = object.node.at(&["spec", "externalSecretSpec"]).or_else(|| object.node.get("spec"));
    let Some(spec) = spec else { return true };
    let template = spec.at(&["target", "template"]);
    let engine = template.and_then(|template| template.get("engineVersion")).and_then(Node::str);
    if engine == Some("v1") {
        return false;
    }
    // `v1alpha1` had keys without `extract` around them, and the older template engine by default.
    let from = spec.get("dataFrom").map_or(&[][..], Node::items);
    !object.api_version().ends_with("v1alpha1")
        || ((template.is_none() || engine.is_some())
            && from.iter().all(|entry| entry.get("key").is_none()))
}

/// What the files of a kustomization say of the old versions.
#[derive(Default)]
struct Speakers {
    /// Objects and patches to merge.
    objects: Vec<Node>,
    /// The kinds that targets and selectors name together with an old version; empty for any.
    selected: Vec<String>,
}

impl Speakers {
    /// What the files of a root say; a tree of plain manifests has nothing but its objects.
    fn of(repo: &Repo, root: &Root) -> Self {
        let mut speakers = Self::default();
        let speaks = |file: &&TreePath| {
            let source = repo.library.tree().source(file);
            source.is_ok_and(|source| KINDS[2..].iter().any(|kind| source.text().contains(kind)))
        };
        let files = root.files().iter().filter(|_| root.kind == RootKind::Kustomize);
        for file in files.filter(speaks) {
            let Ok(stream) = repo.library.stream(file) else { continue };
            stream.documents.iter().for_each(|document| speakers.walk(&document.root));
        }
        speakers
    }

    fn walk(&mut self, node: &Node) {
        let text = |key: &str| node.get(key).and_then(Node::str).unwrap_or_default();
        if removed(node).is_some() {
            if node.get("metadata").is_some() {
                self.objects.push(node.clone());
            } else {
                self.selected.push(text("kind").to_owned());
            }
        }
        let kind = text("kind");
        let ours = text("group") == GROUP || KINDS.contains(&kind);
        if ours && REMOVED.contains(&text("version")) {
            self.selected.push(kind.to_owned());
        }
        let patches = ["patch", "patches", "patchesStrategicMerge"];
        for entry in node.entries() {
            self.walk(&entry.value);
            if entry.key.str().is_some_and(|key| patches.contains(&key)) {
                let texts = entry.value.items().iter().chain([&entry.value]);
                texts.filter(|text| text.str().is_some()).for_each(|text| self.inside(text));
            }
        }
        node.items().iter().for_each(|item| self.walk(item));
    }

    /// A patch that stands in the kustomization itself.
    fn inside(&mut self, text: &Node) {
        if let Ok(stream) = parse_inside(text) {
            stream.documents.iter().for_each(|document| self.walk(&document.root));
        }
    }
}
