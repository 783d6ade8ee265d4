//! A runner of GitHub for the scripts: a temporary directory, and a `bin` that comes first on the path.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The directory, which is temporary.
pub(super) struct Runner {
    pub(super) directory: tempfile::TempDir,
}

/// How a script ended, and what it said.
pub(super) struct Ended {
    pub(super) status: i32,
    pub(super) said: String,
}

impl Runner {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("bin")).unwrap();
        Self { directory }
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    /// Another process writes it: a file that some child of this one still has open for writing does not start.
    pub(super) fn program(&self, name: &str, script: &str) {
        let made = Command::new("sh")
            .args(["-c", "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$0\" && chmod +x \"$0\""])
            .arg(self.path("bin").join(name))
            .arg(script)
            .status();
        assert!(made.unwrap().success());
    }

    pub(super) fn script(
        &self,
        script: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Ended {
        let path = format!("{}:/usr/bin:/bin", self.path("bin").display());
        let output = Command::new(script)
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", path)
            .env("RUNNER_TEMP", self.directory.path())
            .env("GITHUB_OUTPUT", self.path("outputs"))
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = text(&output.stdout) + &text(&output.stderr);
        let said = said.replace(self.directory.path().to_str().unwrap(), "[TEMP]");
        Ended { status: output.status.code().unwrap(), said }
    }
}
