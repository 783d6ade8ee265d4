//! Prefixes and suffixes of names.

use std::sync::Arc;

use crate::kustomize::fields::field_spec::{FieldSpec, visit};
use crate::kustomize::model::object::{Identity, Object};
use crate::text::problem::Problem;
use crate::yaml::node::Provenance;

/// Which end of a name is extended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The front.
    Prefix,
    /// The back.
    Suffix,
}

/// Adds a prefix or suffix to the names of all objects.
///
/// # Errors
/// When a field that should hold a name does not.
pub fn affix(
    objects: &mut [Object],
    end: End,
    affix: &str,
    fields: &[FieldSpec],
) -> Result<(), Problem> {
    for object in objects {
        let original = object.original();
        if keeps_its_name(&original) {
            continue;
        }
        for field in fields.iter().filter(|field| field.selects(&original)) {
            if field.path == "metadata/name" {
                object.remember();
                let list =
                    if end == End::Prefix { &mut object.prefixes } else { &mut object.suffixes };
                list.push(Arc::from(affix));
            }
            visit(&mut object.node, &field.path, field.create, &mut |node| {
                let name = node.str().unwrap_or_default();
                let name = match end {
                    End::Prefix => format!("{affix}{name}"),
                    End::Suffix => format!("{name}{affix}"),
                };
                *node = node.with_text(&name, Provenance::Derived);
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// Whether the kind's names have a meaning outside the build.
fn keeps_its_name(identity: &Identity) -> bool {
    match &*identity.kind {
        "CustomResourceDefinition" | "Namespace" => true,
        "APIService" => identity.group() == "apiregistration.k8s.io",
        _ => false,
    }
}
