//! What still references the old version after a plan.

use crate::k8s::found::Role;
use crate::plan::Plan;
use crate::repo::Repo;
use crate::repo::deployed::deployed;
use crate::repo::inventory::Reference;

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
    let is_old = |reference: &&Reference| {
        let secret = reference.secret();
        secret != plan.to && plan.from.iter().any(|from| from == secret)
    };
    let mut all = after.roots_naming(&plan.subject.family).flat_map(|(_, root)| &root.references);
    let mut found = Vec::new();
    // Mostly nothing has it, and what is deployed need not be known.
    if !all.any(|reference| is_old(&reference)) {
        return found;
    }
    for (root, environment) in deployed(after) {
        for reference in root.references.iter().filter(is_old) {
            let secret = reference.secret();
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
