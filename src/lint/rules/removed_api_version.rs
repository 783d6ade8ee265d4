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
and nothing is said of them. Where the repository itself pins an operator before 0.16 (the version of its chart or its OLM
package), nothing is reported either.

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
too. Where the old version had another shape (`dataFrom` of `v1alpha1`, templates of engine `v1`), or a patch target
names the old version, it leaves the object to you.
",
    check,
};

const NEW: &str = "external-secrets.io/v1";
const GROUP: &str = "external-secrets.io";
const REMOVED: [&str; 2] = ["v1beta1", "v1alpha1"];
const KINDS: [&str; 4] =
    ["ClusterExternalSecret", "ClusterSecretStore", "ExternalSecret", "SecretStore"];

/// An `apiVersion` that a file spells, and the objects that have it.
struct Offence<'r> {
    place: Place,
    objects: Vec<(&'r Root, &'r Object)>,
    environments: BTreeSet<&'r str>,
}

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut offences: BTreeMap<(TreePath, Span), Offence<'_>> = BTreeMap::new();
    let mut old: BTreeMap<Option<EnvironmentId>, bool> = BTreeMap::new();
    for (root, environment) in deployed(facts.repo) {
        // An operator that does not know the new version serves the one before.
        let index = root.environment;
        if *old.entry(index).or_insert_with(|| facts.repo.has_old_operator(index)) {
            continue;
        }
        for object in root.objects() {
            let Some(place) = removed(&object.node).and_then(|node| node.origin.as_ref()) else {
                continue;
            };
            let place = place.near_in_file();
            let key = place.site();
            let (objects, environments) = (Vec::new(), BTreeSet::new());
            let offence = offences.entry(key).or_insert(Offence { place, objects, environments });
            offence.objects.push((root, object));
            offence.environments.extend(environment);
        }
    }
    let mut speakers: BTreeMap<&TreePath, Speakers> = BTreeMap::new();
    for (root, _) in offences.values().flat_map(|offence| &offence.objects) {
        speakers.entry(&root.path).or_insert_with(|| Speakers::of(facts.repo, root));
    }
    offences.values().map(|offence| finding(&speakers, offence)).collect()
}

/// The `apiVersion` of an object that is no longer served.
fn removed(object: &Node) -> Option<&Node> {
    let node = object.get("apiVersion").filter(|_| KINDS.contains(&kind_of(object)))?;
    let (group, version) = node.str()?.split_once('/')?;
    (group == GROUP && REMOVED.contains(&version)).then_some(node)
}

fn finding(speakers: &BTreeMap<&TreePath, Speakers>, offence: &Offence<'_>) -> Finding {
    let old = offence.objects.first().map_or("", |(_, object)| object.api_version());
    let message = format!("the External Secrets Operator no longer serves {old}");
    let finding = RULE.finding(&offence.place, message);
    let finding = finding.in_each(offence.environments.iter().copied());
    let made = offence.objects.iter().filter_map(|(_, object)| Stub::read(&object.node));
    let finding = made.fold(finding, |finding, stub| match stub.family() {
        Some(family) => finding.about(family),
        None => finding,
    });
    let fix = fix(speakers, offence);
    let more = match fix {
        Some(_) => String::new(),
        None => {
            format!("; more must change with it: `{}`", command("rotate explain", &[RULE.id], ""))
        }
    };
    finding.help(format!("write `apiVersion: {NEW}`{more}")).fix(fix)
}

/// The new version wherever the objects are spoken of, if nothing else must change.
fn fix(speakers: &BTreeMap<&TreePath, Speakers>, offence: &Offence<'_>) -> Option<Fix> {
    let mut edits: Vec<FileEdit> = Vec::new();
    let mut add = |node: &Node| {
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
        add(node)?;
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
                add(removed(speaker)?)?;
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
