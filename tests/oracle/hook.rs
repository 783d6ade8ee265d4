//! The hook in the real pre-commit: it refuses a commit with a dangling reference and lets a clean one pass.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const STUB: &str = "apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: auth-20250602090000, namespace: shop }
spec:
  secretStoreRef: { kind: ClusterSecretStore, name: aws }
  target: { name: auth-20250602090000, immutable: true }
  dataFrom:
    - extract: { key: shop/auth, version: \"20250602090000\" }
";

fn deployment(secret: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{ name: web, namespace: shop }}
spec:
  template:
    spec:
      containers:
        - name: web
          image: registry.example/web:1.4.2
          envFrom:
            - secretRef: {{ name: {secret} }}
"
    )
}

/// A repository whose only commit is clean, and where the program and pre-commit's cache are.
struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { directory: tempfile::tempdir().unwrap() };
        place.write("staging/web.yaml", &deployment("auth-20250602090000"));
        place.write("staging/stub.yaml", STUB);
        place.succeeds(&mut place.git(&["init", "--quiet"]));
        place.succeeds(&mut place.git(&["add", "--all"]));
        place.succeeds(&mut place.git(&["commit", "--quiet", "--message", "A clean state"]));
        place
    }

    fn root(&self) -> PathBuf {
        self.directory.path().join("repo")
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.root().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn prepared(&self, program: impl Into<OsString>) -> Command {
        let built = Path::new(env!("CARGO_BIN_EXE_rotate")).parent().unwrap().to_owned();
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths([built].into_iter().chain(env::split_paths(&path))).unwrap();
        let mut command = Command::new(program.into());
        command
            .current_dir(self.root())
            .env("PATH", path)
            .env("PRE_COMMIT_HOME", self.directory.path().join("cache"))
            .env("GIT_CONFIG_GLOBAL", self.directory.path().join("no-settings"))
            .env("GIT_ALLOW_PROTOCOL", "file")
            // Whether it is built from source is the question, not how fast it is then.
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_PROFILE_RELEASE_LTO", "off");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Test");
            command.env(format!("GIT_{role}_EMAIL"), "test@example.com");
        }
        command
    }

    fn git(&self, arguments: &[&str]) -> Command {
        let mut git = self.prepared("git");
        git.args(arguments);
        git
    }

    fn pre_commit(&self, arguments: &[&str]) -> Command {
        let program = env::var_os("PRE_COMMIT").unwrap_or_else(|| "pre-commit".into());
        let mut command = self.prepared(program);
        command.args(arguments);
        command
    }

    fn run(command: &mut Command) -> (Output, String) {
        let output = command.output().unwrap_or_else(|error| {
            panic!(
                "{} does not start: {error}\ninstall it, or set PRE_COMMIT to its file; `.ci/run` installs the pinned one",
                command.get_program().display()
            )
        });
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        (output, said)
    }

    fn succeeds(&self, command: &mut Command) -> String {
        let (output, said) = Self::run(command);
        assert!(output.status.success(), "{command:?}\n{said}");
        said
    }

    fn fails(&self, command: &mut Command) -> String {
        let (output, said) = Self::run(command);
        assert!(!output.status.success(), "{command:?}\n{said}");
        said
    }
}

/// A repository that offers the hooks as this one does, without the rest of it.
fn offer(place: &Place) -> (String, String) {
    let directory = place.directory.path().join("hooks");
    fs::create_dir_all(&directory).unwrap();
    let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
    fs::copy(hooks, directory.join(".pre-commit-hooks.yaml")).unwrap();
    let git = |arguments: &[&str]| place.succeeds(place.git(arguments).current_dir(&directory));
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "Hooks"]);
    let revision = git(&["rev-parse", "HEAD"]).trim().to_owned();
    (directory.to_str().unwrap().to_owned(), revision)
}

#[test]
fn a_real_commit_is_refused_and_a_clean_one_passes() {
    let place = Place::new();
    let (hooks, revision) = offer(&place);
    place.write(
        ".pre-commit-config.yaml",
        &format!("repos:\n  - repo: {hooks}\n    rev: {revision}\n    hooks:\n      - id: rotate-lint-system\n"),
    );
    place.succeeds(&mut place.pre_commit(&["install"]));
    place.write("staging/web.yaml", &deployment("auth-20250723110000"));
    place.succeeds(&mut place.git(&["add", "--all"]));
    let said = place.fails(&mut place.git(&["commit", "--message", "Forget the stub"]));
    assert!(said.contains("dangling-reference") && said.contains("auth-20250723110000"), "{said}");
    let stub = STUB.replace("20250602090000", "20250723110000");
    place.write("staging/stub-new.yaml", &stub);
    place.succeeds(&mut place.git(&["add", "--all"]));
    place.succeeds(&mut place.git(&["commit", "--message", "With the stub"]));
    // What the commit itself says of the version that is there: the stub reads another value.
    place.write("staging/stub.yaml", &STUB.replace("shop/auth", "shop/other"));
    place.succeeds(&mut place.git(&["add", "--all"]));
    let said = place.fails(&mut place.git(&["commit", "--message", "Another value"]));
    assert!(said.contains("changed-in-place"), "{said}");
    // Nothing of interest to the hook: it does not even run.
    place.succeeds(&mut place.git(&["checkout", "--quiet", "HEAD", "--", "staging/stub.yaml"]));
    place.write("notes.txt", "nothing\n");
    place.succeeds(&mut place.git(&["add", "--all"]));
    let said = place.succeeds(&mut place.git(&["commit", "--message", "A note"]));
    assert!(said.contains("Skipped"), "{said}");
}

#[test]
fn the_hook_installs_from_source() {
    let place = Place::new();
    let project = env!("CARGO_MANIFEST_DIR");
    let hook = ["try-repo", project, "rotate-lint", "--all-files", "--verbose"];
    let said = place.succeeds(&mut place.pre_commit(&hook));
    assert!(said.contains("Passed"), "{said}");
    place.write("staging/web.yaml", &deployment("auth-20250723110000"));
    let said = place.fails(&mut place.pre_commit(&hook));
    assert!(said.contains("Failed") && said.contains("dangling-reference"), "{said}");
}
