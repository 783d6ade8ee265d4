//! An object as it is read, and the record that is kept of it.

use std::sync::Arc;

use serde::de::{IgnoredAny, MapAccess};

use crate::cluster::metadata::Metadata;
use crate::cluster::object::{Named, Object, State};
use crate::cluster::read::Known;
use crate::cluster::states;
use crate::cluster::tree::{Part, Tree, VALUES};
use crate::k8s::by_value;
use crate::k8s::found::Role;
use crate::k8s::references;
use crate::k8s::workload::pod_spec;
use crate::yaml::node::{Node, Provenance};

/// The fields of an object, beside its metadata and status, that are looked at.
pub(super) const FIELDS: &[&str] =
    &["imagePullSecrets", "parameters", "rules", "secrets", "spec", "template", "webhooks"];

/// An object as it is read.
#[derive(Default)]
pub(super) struct Raw {
    pub(super) api_version: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) metadata: Metadata,
    pub(super) fields: Vec<(String, Node)>,
    pub(super) status: Option<Node>,
    pub(super) is_immutable: bool,
    pub(super) has_values: bool,
    pub(super) has_items: bool,
}

impl Raw {
    /// Reads the value of a key. Items of a list are left to the caller.
    pub(super) fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: String,
        entries: &mut A,
    ) -> Result<(), A::Error> {
        match key.as_str() {
            "apiVersion" => self.api_version = entries.next_value()?,
            "kind" => self.kind = entries.next_value()?,
            "metadata" => self.metadata = entries.next_value()?,
            "status" => self.status = Some(entries.next_value_seed(Tree(Part::Other))?),
            "immutable" => {
                self.is_immutable = entries.next_value::<Option<bool>>()?.unwrap_or(false);
            }
            field if FIELDS.contains(&field) => {
                let part = if field == "template" { Part::Template } else { Part::Other };
                let value = entries.next_value_seed(Tree(part))?;
                self.fields.push((key, value));
            }
            field => {
                self.has_values |= VALUES.contains(&field);
                let _: IgnoredAny = entries.next_value()?;
            }
        }
        Ok(())
    }

    /// What it is, taken from its list where it does not say so itself.
    pub(super) fn of_list(mut self, (version, kind): (Option<&str>, Option<&str>)) -> Self {
        if self.kind.is_none() {
            self.kind = kind.and_then(|kind| kind.strip_suffix("List")).map(str::to_owned);
            self.kind = self.kind.filter(|kind| !kind.is_empty());
            self.api_version = self.api_version.or_else(|| version.map(str::to_owned));
        }
        self
    }
}

/// The record of an object.
pub(super) fn record(
    raw: Raw,
    (group, kind, namespace, name): (Arc<str>, Arc<str>, Option<Arc<str>>, String),
    input: usize,
    known: Known<'_>,
) -> Object {
    let is_secret = group.is_empty() && &*kind == "Secret";
    let node = node(&raw, is_secret);
    let empty = Node::map(Provenance::Written);
    let spec = node.get("spec").unwrap_or(&empty);
    let status = raw.status.as_ref().unwrap_or(&empty);
    let facts = states::Facts { spec, status, metadata: &raw.metadata, name: &name };
    let (state, sayings) = if is_secret {
        (State::Secret { is_immutable: raw.is_immutable }, Vec::new())
    } else {
        states::read(&group, &kind, &facts)
    };
    let named = if is_secret { Vec::new() } else { named(&node, (&group, &kind), known) };
    let Metadata { uid, created, deleted, owner, .. } = raw.metadata;
    Object {
        input,
        group,
        kind,
        namespace,
        name,
        uid,
        created,
        deleted,
        owner,
        named,
        sayings,
        state,
    }
}

/// What is looked at of an object, as manifests have it.
fn node(raw: &Raw, is_secret: bool) -> Node {
    let mut node = Node::map(Provenance::Written);
    let text = |text: &str| Node::string(text, Provenance::Written);
    node.set("apiVersion", text(raw.api_version.as_deref().unwrap_or_default()));
    node.set("kind", text(raw.kind.as_deref().unwrap_or_default()));
    let mut metadata = Node::map(Provenance::Written);
    metadata.set("name", text(raw.metadata.name.as_deref().unwrap_or_default()));
    if let Some(namespace) = &raw.metadata.namespace {
        metadata.set("namespace", text(namespace));
    }
    if let Some(annotations) = &raw.metadata.annotations {
        metadata.set("annotations", annotations.clone());
    }
    node.set("metadata", metadata);
    for (key, value) in raw.fields.iter().filter(|_| !is_secret) {
        node.set(key, value.clone());
    }
    node
}

/// Each secret that an object names, once for each thing that it does with it.
fn named(node: &Node, (group, kind): (&str, &str), known: Known<'_>) -> Vec<Named> {
    let mut found = references::find(node, known.rules);
    found.extend(by_value::find(node, known.families, &found));
    let place = pod_spec(group, kind).map(|place| format!("{place}."));
    let mut named: Vec<Named> = Vec::new();
    for one in found {
        let in_pods =
            place.as_ref().is_some_and(|place| one.path.to_string().starts_with(place.as_str()));
        let is_grant = one.role == Role::Grant;
        let new = Named { secret: one.secret, in_pods, is_grant };
        if !named.contains(&new) {
            named.push(new);
        }
    }
    named.shrink_to_fit();
    named
}
