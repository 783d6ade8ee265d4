//! How the program and Git are called for a tree, in commands that are printed.

use crate::ops::session::Session;
use crate::text::shell::{option, word};

impl Session {
    /// How `rotate bump` is called for this tree, before its arguments.
    #[must_use]
    pub fn program(&self) -> String {
        self.bump(&self.call())
    }

    /// How the program is called for this tree, before a command.
    #[must_use]
    pub fn call(&self) -> String {
        let tree = self.named().map(|tree| option("-C", &tree)).unwrap_or_default();
        let config = self.named_config.as_ref();
        let config = config.map(|file| option("--config", &file.to_string_lossy()));
        format!("rotate{tree}{}", config.unwrap_or_default())
    }

    /// How a program bumps as this run does.
    pub(super) fn bump(&self, program: &str) -> String {
        self.with_helm(program, "bump")
    }

    /// How a program runs a command that reads charts as this run does.
    pub(super) fn with_helm(&self, program: &str, command: &str) -> String {
        format!("{program} {command}{}", if self.renders.is_some() { " --helm" } else { "" })
    }

    /// How Git is called for this tree; `None` where it is in no Git repository.
    #[must_use]
    pub fn git_program(&self) -> Option<String> {
        let tree = self.named().map_or_else(String::new, |tree| format!(" -C {}", word(&tree)));
        self.git().map(|_| format!("git{tree}"))
    }
}
