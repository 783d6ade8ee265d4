//! Running another program: the one place where that happens.

pub mod bounded;
pub mod helm;
pub mod kubectl;
pub mod store;
pub mod streamed;

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::LazyLock;

use regex::Regex;

/// The variables by which Git finds a repository other than the one in the directory, as `git rev-parse --local-env-vars`
/// lists them, without those that only hold configuration. Git sets them for its hooks.
const REPOSITORY: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// A program to run, with its output captured. It reads no terminal.
pub struct Program {
    name: &'static str,
    command: Command,
}

/// How a program ended.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The exit status.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: Vec<u8>,
    name: &'static str,
    stderr: Vec<u8>,
}

impl Program {
    /// A program that is found on the path. It sees the repository of the directory that it runs in, and no other.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self::at(name, Path::new(name))
    }

    /// A program whose file is known, with the name that messages have for it.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn at(name: &'static str, file: &Path) -> Self {
        let mut command = Command::new(file);
        for variable in REPOSITORY {
            command.env_remove(variable);
        }
        Self { name, command }
    }

    /// The same in a directory.
    #[must_use]
    pub fn within(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// The same with more arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    /// The same with an environment variable set.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// The same without an environment variable.
    #[must_use]
    pub fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// The same with an environment in which no variable is set.
    #[must_use]
    pub fn without_environment(mut self) -> Self {
        self.command.env_clear();
        self
    }

    /// Runs it to its end, with this text on standard input.
    ///
    /// # Errors
    /// When it cannot be started, or does not read its input although it succeeds.
    pub fn run(mut self, input: Option<&[u8]>) -> io::Result<Finished> {
        let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
        self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn()?;
        let sent = match (child.stdin.take(), input) {
            (Some(mut stdin), Some(input)) => stdin.write_all(input),
            _ => Ok(()),
        };
        let output = child.wait_with_output()?;
        if output.status.success() {
            // A program that fails early says why itself, which is more useful than the broken pipe.
            sent?;
        }
        let (name, status) = (self.name, output.status);
        Ok(Finished { name, status, stdout: output.stdout, stderr: output.stderr })
    }
}

impl Finished {
    /// What it printed, as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// What it said on standard error, without credentials; how it ended if it said nothing.
    #[must_use]
    pub fn said(&self) -> String {
        let said = String::from_utf8_lossy(&self.stderr);
        match said.trim() {
            "" => format!("`{}` ended with {}", self.name, self.status),
            said => without_credentials(said),
        }
    }
}

/// A text in which no URL has a user name or a password.
fn without_credentials(text: &str) -> String {
    static USER: LazyLock<Regex> = LazyLock::new(|| {
        // The user part ends at the last `@` before the path.
        #[expect(clippy::unwrap_used, reason = "the pattern is fixed, and a test compiles it")]
        Regex::new(r"([A-Za-z][A-Za-z0-9+.-]*://)[^\x00-\x20/?#]*@").unwrap()
    });
    USER.replace_all(text, "${1}***@").into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Program, without_credentials};

    #[test]
    fn urls_lose_their_credentials() {
        for (text, shown) in [
            ("fatal: https://x-access-token:ghs_1@h.example/o/r.git", "https://***@h.example"),
            ("unable to access 'ssh+git://u:p@ss@h/x@y'", "'ssh+git://***@h/x@y'"),
            ("http://token@h:80/", "http://***@h:80/"),
            ("see https://h.example/a@b and git@h:o/r", "https://h.example/a@b and git@h:o/r"),
        ] {
            assert!(without_credentials(text).contains(shown), "{text}: {shown}");
        }
    }

    #[test]
    fn a_program_that_fails_says_why() {
        let failed = Program::new("git").args(["no-such-command"]).run(Some(b"unread")).unwrap();
        assert!(!failed.status.success());
        assert!(failed.said().contains("no-such-command"), "{}", failed.said());
        assert!(Program::new("rotate-has-no-such-program").run(None).is_err());
    }
}
