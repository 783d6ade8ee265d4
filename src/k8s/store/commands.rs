//! The commands of a store's own command line, each of which reads a value from standard input.

use crate::k8s::store::location::Location;
use crate::text::shell::{option, word};

/// A key of a store.
#[derive(Debug)]
pub struct Key<'a> {
    /// Where the store is.
    pub at: &'a Location,
    /// The key as a stub names it.
    pub name: &'a str,
    /// The key as the store itself names it.
    pub path: String,
}

impl Key<'_> {
    /// The key as the store itself names it, as one word of a shell.
    #[must_use]
    pub fn word(&self) -> String {
        word(&self.path)
    }

    /// The option that names the key, after a space.
    #[must_use]
    pub fn option(&self, name: &str) -> String {
        option(name, &self.path)
    }
}

/// Something to do by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What to do, a sentence.
    pub title: String,
    /// The command to run, if there is one.
    pub command: Option<String>,
}

/// How a value is added to a key as a new version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// The command that puts the value.
    pub put: String,
    /// What is left to do after it.
    pub after: Option<Step>,
}

/// The commands of a store, each `None` if there is none or something that it needs is not known.
#[derive(Debug)]
pub struct Commands {
    /// Creates a key with a value.
    pub create: fn(&Key<'_>) -> Option<String>,
    /// Adds a value to a key under a label.
    pub add: fn(&Key<'_>, &str) -> Option<Addition>,
    /// Lists the versions of a key without showing values: a program and its arguments.
    pub list: fn(&Key<'_>) -> Option<Vec<String>>,
    /// Removes a key that was there for one version alone.
    pub remove_key: fn(&Key<'_>) -> Option<String>,
    /// Removes one version of a key. The version needs no quotes in a shell.
    pub remove_version: fn(&Key<'_>, &str) -> Step,
}

impl Commands {
    /// No commands.
    pub const NONE: Self = Self {
        create: |_| None,
        add: |_, _| None,
        list: |_| None,
        remove_key: |_| None,
        remove_version: |key, pin| Step::remove_version(key, pin, None),
    };
}

impl Step {
    /// The step that removes one version of a key.
    #[must_use]
    pub fn remove_version(key: &Key<'_>, pin: &str, command: Option<String>) -> Self {
        let title = format!("Remove the version {pin} of {} from the store.", key.word());
        Self { title, command }
    }
}

/// A flag and its value, after a space; nothing where the value is not known.
#[must_use]
pub fn flag(name: &str, value: Option<&str>) -> String {
    value.map_or_else(String::new, |value| option(name, value))
}

#[cfg(test)]
pub(in crate::k8s) mod tests {
    use super::Key;
    use crate::k8s::store::definition::Definition;
    use crate::k8s::store::location::Location;

    /// A key of a store.
    pub(in crate::k8s) fn key<'a>(store: &Definition, at: &'a Location, name: &'a str) -> Key<'a> {
        Key { at, name, path: (store.path)(at, name) }
    }

    /// The commands that add a value to a key.
    pub(in crate::k8s) fn add(
        store: &Definition,
        at: &Location,
        name: &str,
        pin: &str,
    ) -> Vec<String> {
        let addition = (store.commands.add)(&key(store, at, name), pin).unwrap();
        [addition.put].into_iter().chain(addition.after.and_then(|step| step.command)).collect()
    }

    /// The command that removes a version of a key.
    pub(in crate::k8s) fn remove_version(
        store: &Definition,
        at: &Location,
        name: &str,
        pin: &str,
    ) -> Option<String> {
        (store.commands.remove_version)(&key(store, at, name), pin).command
    }
}
