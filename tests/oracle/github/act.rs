//! A workflow that `act` runs on this machine, with the Action from this source and the program that was built for the
//! tests, taken from a mirror as a runner takes a released one.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::hub::TOKEN;
use super::place::said;
use super::run::World;

/// What a workflow said and whether it succeeded.
pub(super) struct Job {
    pub(super) success: bool,
    pub(super) said: String,
}

/// Other people's actions, which nothing here may fetch, with the same inputs and outputs.
const ACTIONS: &[(&str, &str)] = &[
    (
        "actions/cache/restore",
        "inputs: { path: { required: true }, key: { required: true } }
outputs: { cache-hit: { value: '${{ steps.it.outputs.hit }}' } }
runs:
  using: composite
  steps:
    - id: it
      run: '[ ! -d \"$CACHE/$KEY\" ] || { mkdir -p \"$TO\"; cp \"$CACHE/$KEY\"/* \"$TO\"; echo hit=true >> \"$GITHUB_OUTPUT\"; }'
      env: { KEY: '${{ inputs.key }}', TO: '${{ inputs.path }}' }
      shell: bash
",
    ),
    (
        "actions/cache/save",
        "inputs: { path: { required: true }, key: { required: true } }
runs:
  using: composite
  steps:
    - run: '[ -d \"$CACHE/$KEY\" ] || { mkdir \"$CACHE/$$\"; cp \"$FROM\"/* \"$CACHE/$$\"; mv -T \"$CACHE/$$\" \"$CACHE/$KEY\" 2> /dev/null || rm -r \"$CACHE/$$\"; }'
      env: { KEY: '${{ inputs.key }}', FROM: '${{ inputs.path }}' }
      shell: bash
",
    ),
    (
        "actions/create-github-app-token",
        "inputs: { app-id: {}, client-id: {}, private-key: { required: true }, owner: {}, repositories: {}, permission-contents: {}, permission-pull-requests: {} }
outputs: { token: { value: a-token-for-tests } }
runs: { using: composite, steps: [{ run: 'true', shell: bash }] }
",
    ),
    (
        "github/codeql-action/upload-sarif",
        "inputs: { sarif_file: { required: true }, category: {} }
runs:
  using: composite
  steps:
    - run: cp \"$FILE\" \"$UPLOADED\"
      env: { FILE: '${{ inputs.sarif_file }}' }
      shell: bash
",
    ),
];

/// An action of the caller's that uses this one, between two steps of its own.
const NESTING: &str = "name: nesting
description: Uses another action
inputs: { command: { required: true } }
outputs: { changed: { value: '${{ steps.inner.outputs.changed }}' } }
runs:
  using: composite
  steps:
    - run: '[ -f \"$GITHUB_ACTION_PATH/here\" ]'
      shell: bash
    - id: inner
      uses: example/rotate@v0.1.0
      with: { command: '${{ inputs.command }}' }
    - run: '[ -f \"$GITHUB_ACTION_PATH/here\" ]'
      shell: bash
";

impl World {
    /// Commits the action that uses this one as `.github/actions/nesting`.
    pub(super) fn nest(&self) {
        self.place.write(".github/actions/nesting/action.yml", NESTING);
        self.place.write(".github/actions/nesting/here", "");
        self.place.commit(0, "Add an action");
        self.place.push();
    }

    /// Makes this the only workflow of the repository, and runs it.
    pub(super) fn act(&self, event: &str, workflow: &str) -> Job {
        self.act_with(TOKEN, event, workflow)
    }

    /// The same with another token of the workflow's own.
    pub(super) fn act_with(&self, token: &str, event: &str, workflow: &str) -> Job {
        let file = ".github/workflows/rotate.yml";
        if fs::read_to_string(self.place.root().join(file)).unwrap_or_default() != workflow {
            self.place.write(file, workflow);
            self.place.commit(0, "Set the workflow");
            self.place.push();
        }
        let act = env::var_os("ACT").unwrap_or_else(|| "act".into());
        let mut command = Command::new(&act);
        command.current_dir(self.place.root());
        command.args([event, "-P", "ubuntu-latest=-self-hosted", "--no-cache-server"]);
        command.args(["--github-instance", "github.localhost"]);
        command.args(["--secret", &format!("GITHUB_TOKEN={token}")]);
        for (name, value) in [
            ("CACHE", self.cache().display().to_string()),
            ("GIT_ALLOW_PROTOCOL", "file".to_owned()),
            ("HTTP_PROXY", self.hub.url()),
            ("ROTATE_RELEASES", format!("{}/releases", self.hub.url())),
            ("UPLOADED", self.place.path("uploaded").display().to_string()),
        ] {
            command.args(["--env", &format!("{name}={value}")]);
        }
        for (used, directory) in self.actions(workflow) {
            command.arg("--local-repository").arg(format!("{used}={}", directory.display()));
        }
        self.place.alone(&mut command);
        let output = command.output().unwrap_or_else(|error| {
            panic!(
                "{} does not start: {error}\ninstall it, or set ACT to its file; `.ci/run` installs the pinned one",
                act.display()
            )
        });
        Job { success: output.status.success(), said: said(&output) }
    }

    /// What jobs have saved in the cache, each in a directory that is called like its key.
    pub(super) fn cache(&self) -> PathBuf {
        let cache = self.place.path("cache");
        fs::create_dir_all(&cache).unwrap();
        cache
    }

    /// Puts a release on the mirror.
    pub(super) fn release(&self) {
        for (name, bytes) in released() {
            self.hub
                .serve(&format!("/releases/v{}/{name}", env!("CARGO_PKG_VERSION")), bytes.clone());
        }
    }

    /// Every action that a workflow uses, and those that ours uses, each with a directory that stands for it.
    fn actions(&self, workflow: &str) -> BTreeMap<String, PathBuf> {
        let own = fs::read_to_string(source().join("action.yml")).unwrap();
        let mut directories = BTreeMap::new();
        let lines = workflow.lines().chain(own.lines()).chain(NESTING.lines());
        for line in lines.filter(|line| !line.trim_start().starts_with('#')) {
            let Some((_, used)) = line.split_once("uses: ") else { continue };
            let used = used.split_whitespace().next().unwrap();
            let (name, version) = used.split_once('@').unwrap_or((used, ""));
            if name == "actions/checkout" || name.starts_with("./") {
                // act does that by itself: it copies the work tree.
                continue;
            }
            let owner_and_name: Vec<&str> = name.splitn(3, '/').collect();
            let directory = if name.ends_with("/rotate") {
                self.own_action()
            } else {
                let text = ACTIONS.iter().find(|(one, _)| *one == name);
                let (_, text) = text.unwrap_or_else(|| panic!("nothing stands for {used}"));
                let directory = self.place.path("actions").join(owner_and_name[..2].join("-"));
                let inside = owner_and_name.get(2).copied().unwrap_or_default();
                fs::create_dir_all(directory.join(inside)).unwrap();
                let file = directory.join(inside).join("action.yml");
                fs::write(file, format!("name: {name}\ndescription: {name}\n{text}")).unwrap();
                directory
            };
            directories.insert(format!("{}@{version}", owner_and_name[..2].join("/")), directory);
        }
        directories
    }

    /// The Action as GitHub would unpack it, without what this checkout holds besides.
    fn own_action(&self) -> PathBuf {
        let to = self.place.path("actions/rotate");
        if !to.exists() {
            fs::create_dir_all(to.join(".github")).unwrap();
            for name in ["action.yml", ".github/action", "Cargo.toml", "Cargo.lock", "src"] {
                let mut copy = Command::new("cp");
                copy.arg("-r").arg(source().join(name)).arg(to.join(name));
                self.place.succeeds(copy);
            }
        }
        to
    }
}

impl Job {
    #[track_caller]
    pub(super) fn success(self) -> Self {
        assert!(self.success, "{}", self.said);
        self
    }

    #[track_caller]
    pub(super) fn fails(self) -> Self {
        assert!(!self.success, "{}", self.said);
        self
    }

    /// Holds that it said all of these.
    #[track_caller]
    pub(super) fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.said.contains(word), "does not say {word:?}:\n{}", self.said);
        }
        self
    }

    /// An output that the Action set.
    #[track_caller]
    pub(super) fn output(&self, name: &str) -> String {
        let before = format!("::set-output:: {name}=");
        let line = self.said.lines().rev().find_map(|line| Some(line.split_once(&before)?.1));
        line.unwrap_or_else(|| panic!("no output {name}:\n{}", self.said)).to_owned()
    }
}

fn source() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The archive that the release workflow would make of the program here, and its checksum, by their names.
pub(super) fn released() -> &'static BTreeMap<String, Vec<u8>> {
    static RELEASED: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
    RELEASED.get_or_init(|| {
        let target = match (env::consts::OS, env::consts::ARCH) {
            ("linux", architecture) => format!("{architecture}-unknown-linux-musl"),
            (_, architecture) => format!("{architecture}-apple-darwin"),
        };
        let directory = tempfile::tempdir().unwrap();
        let (program, releases) =
            (directory.path().join("rotate"), directory.path().join("releases"));
        // Without what a debugger wants it is a third, and it goes no further than this machine.
        let mut strip = Command::new("strip");
        strip.arg("-o").args([&program, Path::new(env!("CARGO_BIN_EXE_rotate"))]);
        let mut pack = Command::new(source().join(".ci/pack"));
        pack.arg(&program).arg(&target).arg(&releases).env("GZIP", "-1");
        for command in [&mut strip, &mut pack] {
            let output = command.output().unwrap();
            assert!(output.status.success(), "{}", said(&output));
        }
        let entries = fs::read_dir(&releases).unwrap().map(|entry| entry.unwrap());
        entries
            .map(|entry| {
                (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
            })
            .collect()
    })
}
