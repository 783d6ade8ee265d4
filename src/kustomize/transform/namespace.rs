//! The namespace that a kustomization gives its objects.

use std::collections::HashMap;

use crate::kustomize::fields::field_spec::{FieldSpec, visit};
use crate::kustomize::model::object::{Identity, Object};
use crate::text::problem::Problem;
use crate::yaml::node::{Node, Provenance};

/// Which subjects of role bindings get the namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subjects {
    /// Those named `default`.
    Default,
    /// Every service account.
    ServiceAccounts,
    /// None.
    None,
}

/// A namespace, and how it is set.
#[derive(Debug)]
pub struct Namespace<'a> {
    /// The value, with the place where it is set.
    pub name: &'a Node,
    /// Fields other than `metadata.namespace`.
    pub fields: &'a [FieldSpec],
    /// Whether an existing namespace is kept.
    pub unset_only: bool,
    /// Which subjects get it.
    pub subjects: Subjects,
}

/// Moves all objects into a namespace.
///
/// # Errors
/// If two objects get the same identity, or a field that should hold a namespace cannot.
pub fn set(objects: &mut [Object], namespace: &Namespace<'_>) -> Result<(), Problem> {
    let identities: Vec<Identity> = objects.iter().map(Object::identity).collect();
    let mut taken: HashMap<_, usize> = HashMap::with_capacity(objects.len());
    for identity in &identities {
        *taken.entry(identity.clone().into_key()).or_default() += 1;
    }
    for (object, before) in objects.iter_mut().zip(identities) {
        object.remember_as(before.clone());
        set_in(object, &before, namespace)?;
        let (old, new) = (before.into_key(), object.identity().into_key());
        let count = if old == new {
            taken.get(&new).copied().unwrap_or_default()
        } else {
            *taken.entry(old).or_default() -= 1;
            let count = taken.entry(new).or_default();
            *count += 1;
            *count
        };
        if count > 1 {
            let message = format!("the namespace makes two objects one: {}", object.identity());
            return Err(Problem::at(message, namespace.name)
                .with_help("give the two objects different names, or take one of them out"));
        }
    }
    Ok(())
}

fn set_in(
    object: &mut Object,
    identity: &Identity,
    namespace: &Namespace<'_>,
) -> Result<(), Problem> {
    let stays = |node: &Node| {
        let kept = namespace.unset_only && node.str().is_some_and(|text| !text.is_empty());
        kept || node.str().is_some() && node.str() == namespace.name.str()
    };
    let mut put = |node: &mut Node| {
        if !stays(node) {
            *node = Node { how: Provenance::Patched, ..namespace.name.clone() };
        }
        Ok(())
    };
    let own = object.node.at(&["metadata", "namespace"]);
    if !identity.is_cluster_scoped() && !own.is_some_and(stays) {
        visit(&mut object.node, "metadata/namespace", true, &mut put)?;
    }
    let is_binding = matches!(&*identity.kind, "RoleBinding" | "ClusterRoleBinding");
    if is_binding {
        set_in_subjects(object, namespace.subjects, &mut put)?;
    }
    for field in namespace.fields.iter().filter(|field| field.selects(identity)) {
        let done = match field.path.as_str() {
            "metadata/namespace" => true,
            // Only for the core kind is the name that of a namespace.
            "metadata/name" => &*identity.api_version != "v1",
            "subjects/namespace" => is_binding && *field.kind == *identity.kind,
            _ => false,
        };
        if !done {
            visit(&mut object.node, &field.path, field.create, &mut put)?;
        }
    }
    Ok(())
}

fn set_in_subjects(
    object: &mut Object,
    subjects: Subjects,
    put: &mut dyn FnMut(&mut Node) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let (key, value) = match subjects {
        Subjects::Default => ("name", "default"),
        Subjects::ServiceAccounts => ("kind", "ServiceAccount"),
        Subjects::None => return Ok(()),
    };
    let chosen = |subject: &Node| subject.get(key).and_then(Node::str) == Some(value);
    let subjects = object.node.get("subjects").map(Node::items).unwrap_or_default();
    if !subjects.iter().any(chosen) {
        return Ok(());
    }
    let items = object.node.get_mut("subjects").and_then(Node::items_mut);
    for subject in items.into_iter().flatten().filter(|subject| chosen(subject)) {
        visit(subject, "namespace", true, put)?;
    }
    Ok(())
}
