//! One sandbox for all tests of the process: an empty environment, a fixed width and clock, a
//! temporary home, Git histories with a fixed author and dates.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The time that counts as now in tests.
pub(crate) const NOW: &str = "2025-08-20T11:00:00Z";
/// A secret with a version, of the family `auth-api-secrets`.
pub(crate) const OLD: &str = "auth-api-secrets-20250601090000";

/// Every file below a directory, with its bytes, sorted.
pub(crate) fn all_files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    collect(directory, directory, &mut files);
    files.sort();
    files
}

/// A temporary directory with a repository in it.
pub(crate) struct Sandbox {
    directory: tempfile::TempDir,
}

/// What a process said and how it ended, printed as one text.
#[must_use]
#[derive(PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The folder of an example repository.
pub(crate) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/trees").join(name)
}

impl Sandbox {
    /// An empty repository without Git.
    pub(crate) fn empty() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("repo")).unwrap();
        fs::create_dir(directory.path().join("home")).unwrap();
        Self { directory }
    }

    /// A repository without Git that has these files below `staging`.
    pub(crate) fn staging(files: &[(&str, &str)]) -> Self {
        let sandbox = Self::empty();
        for (path, text) in files {
            sandbox.write(&format!("staging/{path}"), text);
        }
        sandbox
    }

    /// A copy of an example repository, without Git.
    pub(crate) fn example(name: &str) -> Self {
        let sandbox = Self::empty();
        copy(&example(name), &sandbox.root());
        sandbox
    }

    /// The repository's directory.
    pub(crate) fn root(&self) -> PathBuf {
        self.directory.path().join("repo")
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Makes a Git repository of it and commits everything.
    pub(crate) fn commit_all(&self) -> &Self {
        self.commit_at("2025-06-27T04:53:20Z", "A state\n")
    }

    /// The same, at a time (RFC 3339).
    pub(crate) fn commit_at(&self, time: &str, message: &str) -> &Self {
        let _ = commit(&self.root(), time, message);
        self
    }

    /// Runs Git in the repository, at a time and with no settings but these; gives what it printed.
    #[track_caller]
    pub(crate) fn git_at(&self, time: &str, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.current_dir(self.root()).env_clear().env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("HOME", self.directory.path().join("home"));
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("GIT_AUTHOR_DATE", time).env("GIT_COMMITTER_DATE", time);
        command.args(["-c", "user.name=Test", "-c", "user.email=test@example.com"]);
        command.args(["-c", "protocol.file.allow=always"]).args(arguments);
        self.finish(&mut command).success().stdout
    }

    /// The command, not run yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rotate"));
        command
            .current_dir(self.root())
            .env_clear()
            .env("HOME", self.directory.path().join("home"))
            .env("COLUMNS", "100")
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null())
            .args(arguments);
        command
    }

    /// Runs `rotate` in the repository.
    pub(crate) fn rotate(&self, arguments: &[&str]) -> Output {
        self.finish(&mut self.command(arguments))
    }

    /// Runs a command and tidies what it said.
    pub(crate) fn finish(&self, command: &mut Command) -> Output {
        let output = command.output().unwrap();
        let real = fs::canonicalize(self.root()).unwrap();
        let tidy = |bytes: &[u8]| {
            String::from_utf8_lossy(bytes)
                .replace(real.to_str().unwrap(), "[ROOT]")
                .replace(self.root().to_str().unwrap(), "[ROOT]")
        };
        Output {
            status: output.status.code().unwrap_or(-1),
            stdout: tidy(&output.stdout),
            stderr: tidy(&output.stderr),
        }
    }

    /// Every file of the repository but Git's own, with its bytes, sorted.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        collect(&self.root(), &self.root(), &mut files);
        files.sort();
        files
    }
}

impl Output {
    /// The output of a command that must succeed.
    #[track_caller]
    pub(crate) fn success(self) -> Self {
        assert_eq!(self.status, 0, "{self}");
        self
    }

    /// The output of a command that must end with this status.
    #[track_caller]
    pub(crate) fn status(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// Holds that stderr says all of these.
    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        // miette wraps lines, so white space is not compared.
        let flat = |text: &str| {
            let text: Vec<&str> =
                text.split_whitespace().filter(|word| !matches!(*word, "│" | "×" | "·")).collect();
            text.join(" ")
        };
        for word in words {
            assert!(flat(&self.stderr).contains(&flat(word)), "does not say {word:?}:\n{self}");
        }
        self
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}\n--- stdout\n{}--- stderr\n{}", self.status, self.stdout, self.stderr)
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Commits everything in a work tree at a time; gives the commit's id.
pub(crate) fn commit(root: &Path, time: &str, message: &str) -> String {
    let repository = git2::Repository::open(root).or_else(|_| {
        let mut options = git2::RepositoryInitOptions::new();
        git2::Repository::init_opts(root, options.initial_head("main"))
    });
    let repository = repository.unwrap();
    let mut index = repository.index().unwrap();
    index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
    index.update_all(["*"], None).unwrap();
    index.write().unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let time: chrono::DateTime<chrono::Utc> = time.parse().unwrap();
    let when = git2::Time::new(time.timestamp(), 0);
    let who = git2::Signature::new("Test", "test@example.com", &when).unwrap();
    let parent = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
    let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
    let id = repository.commit(Some("HEAD"), &who, &who, message, &tree, &parents);
    id.unwrap().to_string()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn collect(root: &Path, directory: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name == ".git") {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            collect(root, &path, into);
        } else {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            into.push((name, fs::read(&path).unwrap_or_default()));
        }
    }
}

/// A staging and a production directory with a workload and its stub each.
pub(crate) fn repository() -> Sandbox {
    let sandbox = Sandbox::empty();
    for environment in ["staging", "production"] {
        sandbox.write(&format!("{environment}/web.yaml"), &workload(OLD));
        sandbox.write(&format!("{environment}/{OLD}.yaml"), &stub(OLD));
    }
    sandbox
}

/// A Deployment that reads a secret.
pub(crate) fn workload(secret: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  \
         template:\n    spec:\n      containers:\n        - name: web\n          envFrom:\n            \
         - secretRef:\n                name: {secret}\n"
    )
}

/// An ExternalSecret that makes it.
pub(crate) fn stub(secret: &str) -> String {
    let version = secret.rsplit('-').next().unwrap();
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: {secret}\n  \
         namespace: shop\nspec:\n  secretStoreRef:\n    name: aws\n    kind: ClusterSecretStore\n  \
         dataFrom:\n    - extract:\n        key: shop/auth-api\n        version: \"{version}\"\n"
    )
}
