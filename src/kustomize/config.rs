//! The fields that each step touches: kustomize's own, and those that `configurations` and `crds` add.

use std::sync::{Arc, OnceLock};

use crate::kustomize::defaults;
use crate::kustomize::field_spec::FieldSpec;
use crate::text::problem::Problem;
use crate::yaml::node::Node;
use crate::yaml::scalar::{Kind, Schema, kind};

/// A list of fields, which configurations share as long as none adds to it.
pub type Fields = Arc<Vec<FieldSpec>>;

/// The fields that each step touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// What `namePrefix` is put before.
    pub name_prefix: Fields,
    /// What `nameSuffix` is put behind.
    pub name_suffix: Fields,
    /// What `namespace` sets, beside `metadata.namespace`.
    pub namespace: Fields,
    /// What `commonLabels` sets.
    pub labels: Fields,
    /// What `labels` sets with `includeTemplates`.
    pub template_labels: Fields,
    /// What `commonAnnotations` sets.
    pub annotations: Fields,
    /// What follows a changed name.
    pub name_references: Vec<NameReference>,
    /// Where `$(NAME)` is replaced.
    pub var_references: Fields,
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
        Arc::clone(STANDARD.get_or_init(|| Arc::new(defaults::config())))
    }

    /// Reads one file of `configurations`.
    #[must_use]
    pub fn read(root: &Node) -> Self {
        let specs = |key: &str| root.get(key).map(field_specs).unwrap_or_default();
        let references = root.get("nameReference").map(Node::items).unwrap_or_default();
        Self {
            name_prefix: specs("namePrefix"),
            name_suffix: specs("nameSuffix"),
            namespace: specs("namespace"),
            labels: specs("commonLabels"),
            template_labels: specs("templateLabels"),
            annotations: specs("commonAnnotations"),
            name_references: references.iter().map(name_reference).collect(),
            var_references: specs("varReference"),
        }
    }

    /// Adds what another one has.
    ///
    /// # Errors
    /// When both name one field and differ in whether it is made.
    pub fn merge(&mut self, other: &Self) -> Result<(), Problem> {
        for (list, added) in [
            (&mut self.name_prefix, &other.name_prefix),
            (&mut self.name_suffix, &other.name_suffix),
            (&mut self.namespace, &other.namespace),
            (&mut self.labels, &other.labels),
            (&mut self.template_labels, &other.template_labels),
            (&mut self.annotations, &other.annotations),
            (&mut self.var_references, &other.var_references),
        ] {
            // A list that both share, mostly that of kustomize's own fields, holds each field once already.
            if !Arc::ptr_eq(list, added) {
                merge(list, added)?;
            }
        }
        for reference in &other.name_references {
            self.add_reference(reference)?;
        }
        Ok(())
    }

    /// Adds fields that name objects of a kind.
    ///
    /// # Errors
    /// As [`Config::merge`].
    pub fn add_reference(&mut self, added: &NameReference) -> Result<(), Problem> {
        let same = |known: &&mut NameReference| {
            known.group == added.group && known.version == added.version && known.kind == added.kind
        };
        if let Some(known) = self.name_references.iter_mut().find(same) {
            return merge(&mut known.referrers, &added.referrers);
        }
        self.name_references.push(added.clone());
        Ok(())
    }
}

/// Adds fields to a list, each once.
///
/// # Errors
/// As [`Config::merge`].
pub fn merge(list: &mut Fields, added: &[FieldSpec]) -> Result<(), Problem> {
    for spec in added {
        let same = |known: &&FieldSpec| {
            known.path == spec.path
                && known.kind == spec.kind
                && known.group == spec.group
                && known.version == spec.version
        };
        match list.iter().find(same) {
            Some(known) if known.create != spec.create => {
                let message = format!(
                    "two configurations of the field `{}` differ in whether it is created",
                    spec.path
                );
                return Err(Problem::of(message, &crate::text::path::TreePath::root()));
            }
            Some(_) => {}
            None => Arc::make_mut(list).push(spec.clone()),
        }
    }
    Ok(())
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
