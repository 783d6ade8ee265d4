//! Which Secrets of a family something names: those that Git has, or Flagger's copies of them.

use std::collections::BTreeSet;

use crate::cluster::object::Object;
use crate::k8s::secret_name::{Family, family, split};

/// What Flagger adds to the name of a Secret that it copies.
pub const COPY: &str = "-primary";

/// The name of the Secret of which another one is a copy, or its own. `auth-primary` may be a Secret of its own; with a version
/// between, it is none.
#[must_use]
pub fn original(secret: &str) -> &str {
    secret.strip_suffix(COPY).filter(|name| split(name).is_some()).unwrap_or(secret)
}

/// Whether a Secret is of a family, or a copy of one that is.
#[must_use]
pub fn is_of(secret: &str, of: &Family) -> bool {
    *of == *family(original(secret))
}

/// The Secrets of a family that the pods of an object use, copies as what they are copies of.
#[must_use]
pub fn used(object: &Object, of: &Family) -> BTreeSet<String> {
    let own = object.used().filter(|secret| is_of(secret, of));
    own.map(|secret| original(secret).to_owned()).collect()
}

/// Whether the pods of an object use a copy.
#[must_use]
pub fn uses_copy(object: &Object, of: &Family) -> bool {
    object.used().any(|secret| is_of(secret, of) && original(secret) != secret)
}

/// The Secrets of a family that an object names outside of its pods: those that it uses, or those to which it grants access.
#[must_use]
pub fn own(object: &Object, of: &Family, is_grant: bool) -> BTreeSet<String> {
    let own = object.named.iter().filter(|one| !one.in_pods && one.is_grant == is_grant);
    own.filter(|one| is_of(&one.secret, of)).map(|one| one.secret.clone()).collect()
}
