//! The fields that each step changes: kustomize's defaults, and those that `configurations` and `crds` add.

use std::sync::{Arc, OnceLock};

use crate::kustomize::fields::defaults;
use crate::kustomize::fields::field_spec::FieldSpec;
use crate::kustomize::model::shape::{CONFIGURATION, fit};
use crate::text::problem::Problem;
use crate::yaml::node::Node;
use crate::yaml::scalar::{Kind, Schema, kind};

/// A list of fields, shared between configurations until one adds to it.
pub type Fields = Arc<Vec<FieldSpec>>;

/// The fields that each step touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// What `namePrefix` is prepended to.
    pub name_prefix: Fields,
    /// What `nameSuffix` is appended to.
    pub name_suffix: Fields,
    /// What `namespace` sets, in addition to `metadata.namespace`.
    pub namespace: Fields,
    /// What `commonLabels` sets, and `labels` with `includeSelectors`.
    pub labels: Fields,
    /// What `labels` sets otherwise.
    pub own_labels: Fields,
    /// What `labels` sets with `includeTemplates`.
    pub template_labels: Fields,
    /// What `commonAnnotations` sets.
    pub annotations: Fields,
    /// What follows a changed name.
    pub name_references: Arc<Vec<NameReference>>,
    /// Where `$(NAME)` is replaced.
    pub var_references: Fields,
    /// What `replicas` sets.
    pub replicas: Fields,
}

/// The fields that name objects of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NameReference {
    /// The group of what is named; empty matches any.
    pub group: String,
    /// The version of what is named; empty matches any.
    pub version: String,
    /// The kind of what is named.
    pub kind: String,
    /// The fields that name it.
    pub referrers: Fields,
}

impl Config {
    /// What kustomize does on its own.
    #[must_use]
    pub fn standard() -> Arc<Self> {
        static STANDARD: OnceLock<Arc<Config>> = OnceLock::new();
        let make = || {
            let (mut settled, own) = (Self::default(), defaults::config());
            // Its fields do not contradict each other; a test checks this.
            let done = settled.merge_beside(&own, None);
            debug_assert!(done.is_ok(), "kustomize's own fields contradict each other");
            Arc::new(settled)
        };
        Arc::clone(STANDARD.get_or_init(make))
    }

    /// Reads one file of `configurations`.
    ///
    /// # Errors
    /// If it contains something unknown to kustomize.
    pub fn read(root: &Node) -> Result<Self, Problem> {
        let root = &*fit(root, CONFIGURATION)?;
        let specs = |key: &str| root.get(key).map(field_specs).unwrap_or_default();
        let references = root.get("nameReference").map(Node::items).unwrap_or_default();
        Ok(Self {
            name_prefix: specs("namePrefix"),
            name_suffix: specs("nameSuffix"),
            namespace: specs("namespace"),
            labels: specs("commonLabels"),
            own_labels: specs("labels"),
            template_labels: specs("templateLabels"),
            annotations: specs("commonAnnotations"),
            name_references: Arc::new(references.iter().map(name_reference).collect()),
            var_references: specs("varReference"),
            replicas: specs("replicas"),
        })
    }

    /// Adds the fields of another configuration, like [`merge`], and sorts them by the objects that have them.
    ///
    /// Merging into an empty configuration may drop fields, and so may merging again.
    ///
    /// # Errors
    /// If both have the same field but differ in whether it is created.
    pub fn merge(&mut self, other: &Self) -> Result<(), Problem> {
        self.merge_beside(other, Some(&Self::standard()))
    }

    /// Merges, except lists that are known to stay the same.
    fn merge_beside(&mut self, other: &Self, standard: Option<&Self>) -> Result<(), Problem> {
        let known = standard.map(Self::lists);
        for (index, (list, added)) in self.lists_mut().into_iter().zip(other.lists()).enumerate() {
            let is_standard = known.is_some_and(|known| Arc::ptr_eq(known[index], added));
            if is_standard && list.is_empty() {
                *list = Arc::clone(added);
            } else if !(is_standard && Arc::ptr_eq(list, added)) {
                let before = list.len();
                merge(list, added)?;
                if list.len() > before {
                    Arc::make_mut(list).sort_by_cached_key(|spec| {
                        place_of(&spec.group, &spec.version, &spec.kind)
                    });
                }
            }
        }
        let (list, added) = (&mut self.name_references, &other.name_references);
        let is_standard = standard.is_some_and(|own| Arc::ptr_eq(&own.name_references, added));
        if is_standard && list.is_empty() {
            *list = Arc::clone(added);
        } else if !(added.is_empty() || is_standard && Arc::ptr_eq(list, added)) {
            let list = Arc::make_mut(list);
            added.iter().try_for_each(|reference| add_reference(list, reference))?;
            list.sort_by_cached_key(|one| place_of(&one.group, &one.version, &one.kind));
        }
        Ok(())
    }

    const fn lists(&self) -> [&Fields; 9] {
        [
            &self.name_prefix,
            &self.name_suffix,
            &self.namespace,
            &self.labels,
            &self.own_labels,
            &self.template_labels,
            &self.annotations,
            &self.var_references,
            &self.replicas,
        ]
    }

    const fn lists_mut(&mut self) -> [&mut Fields; 9] {
        [
            &mut self.name_prefix,
            &mut self.name_suffix,
            &mut self.namespace,
            &mut self.labels,
            &mut self.own_labels,
            &mut self.template_labels,
            &mut self.annotations,
            &mut self.var_references,
            &mut self.replicas,
        ]
    }
}

/// Adds fields that name objects of a kind; those of a new kind are added unchanged.
fn add_reference(list: &mut Vec<NameReference>, added: &NameReference) -> Result<(), Problem> {
    let same = |known: &&mut NameReference| {
        known.group == added.group && known.version == added.version && known.kind == added.kind
    };
    match list.iter_mut().find(same) {
        Some(known) => merge(&mut known.referrers, &added.referrers),
        None => {
            list.push(added.clone());
            Ok(())
        }
    }
}

/// Adds fields to a list, except those that the list already has: the same field of the same objects, or of some of
/// them. A field for all objects is not added if the list has it for one kind.
///
/// # Errors
/// If such a field differs in whether it is created.
pub fn merge(list: &mut Fields, added: &[FieldSpec]) -> Result<(), Problem> {
    let is_in = |asked: &str, known: &str| asked.is_empty() || asked == known;
    for spec in added {
        let same = |known: &&FieldSpec| {
            known.path == spec.path
                && is_in(&spec.kind, &known.kind)
                && is_in(&spec.group, &known.group)
                && is_in(&spec.version, &known.version)
        };
        match list.iter().find(same) {
            Some(known) if known.create != spec.create => {
                let message = format!(
                    "two configurations of the field `{}` differ in whether it is created",
                    spec.path
                );
                return Err(Problem::of(message, &crate::text::path::TreePath::root())
                    .with_help("give it the same `create` in both, or leave it out of one"));
            }
            Some(_) => {}
            None => Arc::make_mut(list).push(spec.clone()),
        }
    }
    Ok(())
}

/// The kinds that kustomize puts first, in this order.
const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

/// The kinds that it puts last.
const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Where kustomize sorts the fields of a kind: by lists of kinds, then by text; unset parts sort after letters.
fn place_of(group: &str, version: &str, kind: &str) -> (usize, String) {
    let first = FIRST.iter().position(|known| *known == kind);
    let last = LAST.iter().position(|known| *known == kind).map(|at| FIRST.len() + 1 + at);
    let or =
        |text: &str, none: &str| if text.is_empty() { none.to_owned() } else { text.to_owned() };
    let text = [or(group, "~G"), or(version, "~V"), or(kind, "~K")].join("_");
    (first.or(last).unwrap_or(FIRST.len()), text)
}

/// Reads a list of fields.
#[must_use]
pub fn field_specs(list: &Node) -> Fields {
    Arc::new(list.items().iter().map(field_spec).collect())
}

fn field_spec(node: &Node) -> FieldSpec {
    let create = node.get("create").and_then(|create| kind(create, Schema::Kubectl));
    FieldSpec {
        group: text(node, "group"),
        version: text(node, "version"),
        kind: text(node, "kind"),
        path: text(node, "path"),
        create: create == Some(Kind::Bool(true)),
    }
}

fn name_reference(node: &Node) -> NameReference {
    NameReference {
        group: text(node, "group"),
        version: text(node, "version"),
        kind: text(node, "kind"),
        referrers: node.get("fieldSpecs").map(field_specs).unwrap_or_default(),
    }
}

fn text(node: &Node, key: &str) -> String {
    node.get(key).and_then(Node::str).unwrap_or_default().to_owned()
}
