//! The real kubectl: finds it, renders a kustomization with it.

use std::env;
use std::path::Path;
use std::process::Command;

use crate::objects::{self, Object};

/// What kubectl says about a directory.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Rendered {
    /// What it prints.
    Text(String),
    /// Why it refuses.
    Refused(String),
}

impl Rendered {
    /// The objects in what it prints; `None` when it refuses.
    pub(crate) fn objects(&self) -> Option<Vec<Object>> {
        match self {
            Self::Text(text) => Some(objects::parse(text).expect("kubectl prints YAML")),
            Self::Refused(_) => None,
        }
    }
}

/// Renders a kustomization directory. Git may not reach the network for it.
pub(crate) fn render(directory: &Path) -> Rendered {
    let program = env::var_os("KUBECTL").unwrap_or_else(|| "kubectl".into());
    let output = Command::new(&program)
        .arg("kustomize")
        .arg(directory)
        .env("GIT_ALLOW_PROTOCOL", "none")
        .output()
        .unwrap_or_else(|error| {
            panic!(
                "the oracle needs kubectl, and {} does not start: {error}\n\
                 install kubectl, or set KUBECTL to its file; `.ci/run` installs the pinned one",
                program.display()
            )
        });
    if output.status.success() {
        Rendered::Text(String::from_utf8(output.stdout).expect("kubectl prints UTF-8"))
    } else {
        Rendered::Refused(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
