//! What still references the old version after a plan.

use crate::k8s::found::Role;
use crate::plan::Plan;
use crate::repo::Repo;
use crate::repo::deployed::deployed;

/// Something that still references an old version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remaining {
    /// Its environment, or where it has none its build root.
    pub environment: String,
    /// The object, as shown to the user.
    pub object: String,
    /// The field.
    pub field: String,
    /// The secret.
    pub secret: String,
    /// Whether it only grants access to the secret.
    pub is_grant: bool,
}

/// Everything that names what the plan's references had before, in the tree that the plan leaves; sorted, each once.
#[must_use]
pub fn remaining(after: &Repo, plan: &Plan) -> Vec<Remaining> {
    let mut found = Vec::new();
    for (root, environment) in deployed(after) {
        for reference in &root.references {
            let secret = reference.secret();
            if secret == plan.to || !plan.from.iter().any(|from| from == secret) {
                continue;
            }
            let object = root.object_of(reference);
            found.push(Remaining {
                environment: environment
                    .map_or_else(|| root.path.display().to_owned(), str::to_owned),
                object: format!("{} {}", object.kind(), object.name()),
                field: reference.field(),
                secret: secret.to_owned(),
                is_grant: reference.found.role == Role::Grant,
            });
        }
    }
    found.sort();
    found.dedup();
    found
}
