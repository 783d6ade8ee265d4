//! A GitOps repository with a bare remote beside it: one version has soaked in staging, another has not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use chrono::{DateTime, Duration, SubsecRound as _, Utc};

use super::hub::Hub;

/// What both families begin with, everywhere.
pub(super) const FIRST: &str = "20250602090000";

/// A family whose newest version has soaked in staging, and one whose newest has not.
pub(super) const SOAKED: &str = "auth";
pub(super) const FRESH: &str = "billing";

pub(super) struct Place {
    directory: tempfile::TempDir,
    now: DateTime<Utc>,
}

impl Place {
    /// Both families rotated in staging: one three days ago, one two hours ago.
    pub(super) fn new() -> Self {
        let place = Self::plain();
        place.rotate_in_staging(SOAKED, 72);
        place.rotate_in_staging(FRESH, 2);
        place.push();
        place
    }

    /// Both families at their first version everywhere.
    fn plain() -> Self {
        Self::with_trees(&[("", &[SOAKED, FRESH])])
    }

    /// Trees below a repository's root, each with its families at their first version everywhere.
    pub(super) fn with_trees(trees: &[(&str, &[&str])]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let place = Self { directory, now: Utc::now().trunc_subsecs(0) };
        let bare = place.bare();
        fs::create_dir_all(&bare).unwrap();
        fs::create_dir_all(place.path("home")).unwrap();
        place
            .succeeds(place.git_in(&bare, &["init", "--quiet", "--bare", "--initial-branch=main"]));
        let root = place.root();
        fs::create_dir(&root).unwrap();
        place.succeeds(place.git(&["init", "--quiet", "--initial-branch=main"]));
        place.succeeds(place.git(&["remote", "add", "origin", bare.to_str().unwrap()]));
        for (tree, families) in trees {
            place.plant(tree, families);
        }
        place.commit(24 * 40, "Begin");
        place.push();
        place
    }

    fn plant(&self, tree: &str, families: &[&str]) {
        for environment in ["staging", "production"] {
            let file = |what: &str| Path::new(tree).join(environment).join(format!("{what}.yaml"));
            for family in families {
                self.write(file(family), &deployment(environment, family));
                let stub = format!("externalsecret-{family}-{FIRST}");
                self.write(file(&stub), &stub_of(environment, family));
            }
            self.write(file("kustomization"), &kustomization(environment, families));
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn root(&self) -> PathBuf {
        self.path("repo")
    }

    /// `act` reads the repository's name from the end of this.
    pub(super) fn bare(&self) -> PathBuf {
        self.path("github.localhost/example/shop.git")
    }

    /// So many hours before the test began.
    pub(super) fn ago(&self, hours: i64) -> DateTime<Utc> {
        self.now - Duration::hours(hours)
    }

    /// The version that a bump mints so many hours ago.
    pub(super) fn version(&self, hours: i64) -> String {
        self.ago(hours).format("%Y%m%d%H%M%S").to_string()
    }

    pub(super) fn write(&self, path: impl AsRef<Path>, text: &str) {
        let file = self.root().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub(super) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    /// A new version of a family in staging, committed then.
    pub(super) fn rotate_in_staging(&self, family: &str, hours: i64) {
        self.rotate_in_staging_of(".", family, hours);
    }

    /// The same in a tree below the repository's root.
    pub(super) fn rotate_in_staging_of(&self, tree: &str, family: &str, hours: i64) {
        let at = self.ago(hours).to_rfc3339();
        let mut bump = Command::new(env!("CARGO_BIN_EXE_rotate"));
        bump.current_dir(self.root()).args(["-C", tree, "bump", "staging", family]);
        bump.args(["--at", &at, "--commit"]);
        self.succeeds(self.settled(bump, hours));
    }

    pub(super) fn commit(&self, hours: i64, message: &str) {
        self.succeeds(self.git(&["add", "--all"]));
        let commit = self.git(&["commit", "--quiet", "--message", message]);
        self.succeeds(self.settled(commit, hours));
    }

    pub(super) fn push(&self) {
        self.succeeds(self.git(&["push", "--quiet", "origin", "main"]));
    }

    /// Brings main here up to what the remote has.
    pub(super) fn pull(&self) {
        self.succeeds(self.git(&["pull", "--quiet", "--ff-only", "origin", "main"]));
    }

    pub(super) fn git(&self, arguments: &[&str]) -> Command {
        self.git_in(&self.root(), arguments)
    }

    pub(super) fn git_in(&self, directory: &Path, arguments: &[&str]) -> Command {
        let mut git = Command::new("git");
        git.current_dir(directory).args(arguments);
        self.settled(git, 0)
    }

    /// A command with an author, a time and no other settings.
    fn settled(&self, mut command: Command, hours: i64) -> Command {
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Robin");
            command.env(format!("GIT_{role}_EMAIL"), "robin@example.com");
            command.env(format!("GIT_{role}_DATE"), self.ago(hours).to_rfc3339());
        }
        self.alone(&mut command);
        command
    }

    /// With nothing of whoever runs the tests, and with `gh` on the path.
    pub(super) fn alone(&self, command: &mut Command) {
        let home = self.path("home");
        command
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_CACHE_HOME", home.join("cache"));
        command.env("HOME", home).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_ALLOW_PROTOCOL", "file");
        command.env("PATH", super::path_with_gh(&self.path("bin")));
        for name in ["GH_TOKEN", "GITHUB_TOKEN", "GH_HOST", "GH_REPO", "GH_ENTERPRISE_TOKEN"] {
            command.env_remove(name);
        }
    }

    #[track_caller]
    pub(super) fn succeeds(&self, mut command: Command) -> String {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}\n{}", said(&output));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Makes the next pushes wait for each other before the remote takes the first.
    pub(super) fn pushes_together(&self, pushes: usize) {
        let arrived = self.path("arrived");
        fs::create_dir(&arrived).unwrap();
        let hook = self.bare().join("hooks/pre-receive");
        let arrived = arrived.display();
        let script = format!(
            "#!/bin/sh
touch {arrived}/$$
for turn in $(seq 200); do
  [ $(ls {arrived} | wc -l) -lt {pushes} ] || exit 0
  sleep 0.1
done
echo 'the other push never came'
exit 1
"
        );
        fs::create_dir_all(hook.parent().unwrap()).unwrap();
        fs::write(&hook, script).unwrap();
        fs::set_permissions(hook, fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(super) fn pushes_apart(&self) {
        fs::remove_file(self.bare().join("hooks/pre-receive")).unwrap();
        fs::remove_dir_all(self.path("arrived")).unwrap();
    }

    /// Every branch of the remote with its commit.
    pub(super) fn branches(&self) -> Vec<(String, String)> {
        let format = "--format=%(refname:short) %(objectname)";
        let listed = self.git_in(&self.bare(), &["for-each-ref", "refs/heads", format]);
        let listed = self.succeeds(listed);
        let pairs = listed.lines().filter_map(|line| line.split_once(' '));
        pairs.map(|(name, commit)| (name.to_owned(), commit.to_owned())).collect()
    }

    pub(super) fn branch_names(&self) -> Vec<String> {
        self.branches().into_iter().map(|(name, _)| name).collect()
    }

    /// The files in which a branch of the remote differs from main, each with `A`, `M` or `D`.
    pub(super) fn changed(&self, branch: &str) -> Vec<String> {
        let arguments = ["diff", "--name-status", &format!("main...{branch}")];
        let listed = self.succeeds(self.git_in(&self.bare(), &arguments));
        listed.lines().map(|line| line.replace('\t', " ")).collect()
    }

    pub(super) fn show(&self, branch: &str, path: &str) -> String {
        self.succeeds(self.git_in(&self.bare(), &["show", &format!("{branch}:{path}")]))
    }

    /// Another clone of the remote, as another runner has it.
    pub(super) fn clone(&self, name: &str) -> PathBuf {
        let to = self.path(name);
        let bare = self.bare();
        let arguments = ["clone", "--quiet", bare.to_str().unwrap(), to.to_str().unwrap()];
        self.succeeds(self.git_in(self.directory.path(), &arguments));
        to
    }

    /// The program in a directory, with what a runner gives it.
    pub(super) fn rotate_in(&self, directory: &Path, hub: &Hub, arguments: &[&str]) -> Command {
        let mut rotate = Command::new(env!("CARGO_BIN_EXE_rotate"));
        rotate.current_dir(directory).args(arguments);
        self.alone(&mut rotate);
        rotate.env("GITHUB_ACTIONS", "true").envs(hub.variables());
        rotate
    }
}

/// All that a process said.
pub(super) fn said(output: &Output) -> String {
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&said).into_owned()
}

/// The configuration that keeps a family's first version in production.
pub(super) fn hold() -> String {
    let what = format!("environment: production, secret: {SOAKED}, version: \"{FIRST}\"");
    format!("holds:\n  - {{ {what}, reason: a freeze }}\n")
}

fn kustomization(environment: &str, families: &[&str]) -> String {
    let mut text = format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: shop-{environment}
resources:
"
    );
    for family in families {
        text += &format!("  - {family}.yaml\n  - externalsecret-{family}-{FIRST}.yaml\n");
    }
    text
}

fn deployment(environment: &str, family: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: {family}
spec:
  replicas: 2
  selector:
    matchLabels: {{ app: {family} }}
  template:
    metadata:
      labels: {{ app: {family}, environment: {environment} }}
    spec:
      containers:
        - name: {family}
          image: registry.example/{family}:1.4.2
          envFrom:
            - secretRef:
                name: {family}-{FIRST}
"
    )
}

fn stub_of(environment: &str, family: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: {family}-{FIRST}
spec:
  secretStoreRef:
    kind: ClusterSecretStore
    name: aws
  refreshPolicy: CreatedOnce
  target:
    creationPolicy: Owner
    deletionPolicy: Retain
    immutable: true
  dataFrom:
    - extract:
        key: {environment}/{family}
        version: \"{FIRST}\"
"
    )
}
