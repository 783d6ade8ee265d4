//! The step that removes a version from its store.

use crate::k8s::backend::Backend;
use crate::plan::NextStep;
use crate::plan::next::then;

/// The step for what a removed stub read, and nothing else does.
pub(in crate::plan) fn step(
    backend: &Backend,
    key: &str,
    pin: Option<&str>,
    own_key: bool,
) -> NextStep {
    if own_key {
        let title = format!("Remove the key {} from the store.", backend.word(key));
        return then(title, backend.remove_key(key));
    }
    let Some(pin) = pin else {
        let title = format!("{key} is read without a version: there is nothing to remove there.");
        return then(title, None);
    };
    let step = backend.remove_version(key, pin);
    then(step.title, step.command)
}
