//! The metadata of a live object, without its labels and annotations but the few that mean something here.

use std::collections::HashMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use crate::cluster::fields::{is_on, moment, text};
use crate::cluster::object::Owner;
use crate::cluster::tree::{Part, Tree};
use crate::yaml::node::Node;

/// The labels that tell what made a pod.
const LABELS: &[&str] = &["pod-template-hash", "rollouts-pod-template-hash"];

/// The metadata of a live object.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) uid: Option<String>,
    pub(super) generation: Option<u64>,
    pub(super) created: Option<DateTime<Utc>>,
    pub(super) deleted: Option<DateTime<Utc>>,
    pub(super) owner: Option<Owner>,
    pub(super) labels: Vec<(&'static str, String)>,
    /// The annotations that name a secret.
    pub(super) annotations: Option<Node>,
    /// Of a list: whether it is one page of several.
    pub(super) is_page: bool,
}

struct Fields;

/// The labels that are kept.
#[derive(Default)]
struct Labels(Vec<(&'static str, String)>);

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let all: Option<HashMap<String, Option<String>>> = Deserialize::deserialize(deserializer)?;
        let mut all = all.unwrap_or_default();
        let kept = LABELS.iter().filter_map(|label| Some((*label, all.remove(*label)??)));
        Ok(Self(kept.collect()))
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Fields)
    }
}

impl<'de> Visitor<'de> for Fields {
    type Value = Metadata;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("metadata")
    }

    fn visit_unit<E: Error>(self) -> Result<Metadata, E> {
        Ok(Metadata::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Metadata, A::Error> {
        let mut all = Metadata::default();
        while let Some(key) = entries.next_key::<String>()? {
            match key.as_str() {
                "name" => all.name = entries.next_value()?,
                "namespace" => all.namespace = entries.next_value()?,
                "uid" => all.uid = entries.next_value()?,
                "continue" => {
                    let token: Option<String> = entries.next_value()?;
                    all.is_page = token.is_some_and(|token| !token.is_empty());
                }
                "generation" => all.generation = entries.next_value()?,
                "creationTimestamp" => {
                    all.created =
                        entries.next_value::<Option<String>>()?.as_deref().and_then(moment);
                }
                "deletionTimestamp" => {
                    all.deleted =
                        entries.next_value::<Option<String>>()?.as_deref().and_then(moment);
                }
                "ownerReferences" => {
                    all.owner = owner(&entries.next_value_seed(Tree(Part::Other))?);
                }
                "labels" => all.labels = entries.next_value::<Labels>()?.0,
                "annotations" => {
                    let kept = entries.next_value_seed(Tree(Part::Annotations))?;
                    all.annotations = (!kept.entries().is_empty()).then_some(kept);
                }
                _ => {
                    let _: IgnoredAny = entries.next_value()?;
                }
            }
        }
        all.namespace = all.namespace.filter(|name| !name.is_empty());
        all.name = all.name.filter(|name| !name.is_empty());
        Ok(all)
    }
}

/// The controller among the owners, or else the first.
fn owner(list: &Node) -> Option<Owner> {
    let all = list.items();
    let own = all.iter().find(|one| is_on(one, &["controller"])).or_else(|| all.first())?;
    Some(Owner {
        kind: text(own, &["kind"])?.to_owned(),
        name: text(own, &["name"])?.to_owned(),
        uid: text(own, &["uid"]).map(str::to_owned),
    })
}
