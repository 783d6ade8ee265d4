//! The number of replicas that a kustomization sets.

use crate::kustomize::fields::config::Config;
use crate::kustomize::fields::selector::identities;
use crate::kustomize::model::object::{Identity, Object};
use crate::text::problem::Problem;
use crate::yaml::node::Node;

/// Rejects entries of `replicas` that match no object; their values name no secret.
///
/// # Errors
/// When there is such an entry.
pub fn check(objects: &[Object], entries: &[Node], config: &Config) -> Result<(), Problem> {
    for entry in entries {
        let name = entry.get("name").and_then(Node::str).unwrap_or_default();
        let is_meant = |identity: Identity| {
            *identity.name == *name && config.replicas.iter().any(|field| field.selects(&identity))
        };
        if !objects.iter().any(|object| identities(object).any(is_meant)) {
            let message = format!("nothing called `{name}` has replicas");
            return Err(
                Problem::at(message, entry).with_help("correct the name, or remove the entry")
            );
        }
    }
    Ok(())
}
