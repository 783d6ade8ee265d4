//! A repository in which somebody works, and the place from where they call `rotate`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use tempfile::TempDir;

use crate::followed::bench::Bench;
use crate::tree;

/// Where things are, below a directory of their own.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    /// Git's work tree.
    pub(super) repository: &'static str,
    /// The example in it; empty for all of it.
    pub(super) tree: &'static str,
    /// Where commands are typed.
    pub(super) here: &'static str,
    /// What is typed behind the program's name.
    pub(super) flag: &'static str,
    /// A file of the example, and what it is called instead.
    pub(super) renamed: Option<(&'static str, &'static str)>,
}

/// At the root of the repository.
pub(super) const PLAIN: Layout =
    Layout { repository: "repository", tree: "", here: "repository", flag: "", renamed: None };

impl Layout {
    /// A path of the example, as the repository knows it.
    pub(super) fn path(&self, path: &str) -> String {
        if self.tree.is_empty() { path.to_owned() } else { format!("{}/{path}", self.tree) }
    }
}

/// A Tuesday within the hours of the one example that has some, long ago.
const BEGIN: &str = "2025-08-05T10:00:00Z";

/// A repository, at a time.
pub(super) struct Desk<'b> {
    pub(super) bench: &'b Bench,
    pub(super) layout: Layout,
    pub(super) today: DateTime<Utc>,
    directory: TempDir,
}

impl<'b> Desk<'b> {
    /// An example, committed.
    pub(super) fn of(bench: &'b Bench, example: &Path, layout: Layout) -> Self {
        let today = BEGIN.parse().unwrap();
        let desk = Self { bench, layout, today, directory: TempDir::new().unwrap() };
        for (path, bytes) in tree::files(example) {
            let renamed = layout.renamed.filter(|(old, _)| *old == path);
            let target = desk.tree().join(renamed.map_or(path.as_str(), |(_, new)| new));
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::write(target, bytes).unwrap();
        }
        fs::create_dir_all(desk.here()).unwrap();
        if !layout.tree.is_empty() {
            fs::write(desk.repository().join("README.md"), "Much else.\n").unwrap();
            let settings = desk.tree().join("rotate.yaml");
            assert!(!settings.exists(), "an example with settings of its own");
            fs::write(settings, SETTINGS).unwrap();
        }
        for words in [&["init", "--quiet"][..], &["add", "--all"], &["commit", "--message=State"]] {
            let _ = desk.git(words);
        }
        desk
    }

    fn path(&self) -> PathBuf {
        fs::canonicalize(self.directory.path()).unwrap()
    }

    pub(super) fn repository(&self) -> PathBuf {
        self.path().join(self.layout.repository)
    }

    pub(super) fn tree(&self) -> PathBuf {
        self.repository().join(self.layout.tree)
    }

    pub(super) fn here(&self) -> PathBuf {
        self.path().join(self.layout.here)
    }

    /// Lays a certificate and its key where somebody types.
    pub(super) fn lay_pair(&self) {
        fs::write(self.here().join("tls.crt"), CERTIFICATE).unwrap();
        fs::write(self.here().join("tls.key"), KEY.replace("a key", "PRIVATE KEY")).unwrap();
    }

    /// Takes them away again.
    pub(super) fn take_pair(&self) {
        for file in ["tls.crt", "tls.key"] {
            fs::remove_file(self.here().join(file)).unwrap();
        }
    }

    /// The newest commit.
    pub(super) fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// Undoes all that was done since a commit.
    pub(super) fn go_back(&self, head: &str) {
        let _ = self.git(&["reset", "--quiet", "--hard", head]);
        let _ = self.git(&["clean", "--quiet", "-d", "--force"]);
    }

    /// Lets time pass.
    pub(super) fn wait(&mut self, days: i64) {
        self.today += TimeDelta::days(days);
    }

    /// `rotate` with these words, as it is typed here.
    pub(super) fn rotate(&self, words: &str) -> String {
        format!("rotate{} {words}", self.layout.flag)
    }

    /// The flag that makes it this desk's time.
    pub(super) fn at(&self) -> String {
        format!("--at {}", self.today.to_rfc3339_opts(SecondsFormat::Secs, true))
    }

    /// Types a command here.
    pub(super) fn types(&self, command: &str, input: &str) -> Output {
        self.bench.run(&self.here(), self.today, command, input)
    }

    /// Types a command of `rotate` here that only tells, and takes what it tells.
    pub(super) fn asks(&self, words: &str) -> serde_json::Value {
        let output = self.types(&format!("{} --format json", self.rotate(words)), "");
        let said = String::from_utf8_lossy(&output.stderr);
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{words}: {error}: {said}"))
    }

    /// Runs git at the repository's root, and takes what it says.
    pub(super) fn git(&self, words: &[&str]) -> String {
        let output = self.bench.git(&self.repository(), self.today, words);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// The settings of a tree that is a part of its repository.
const SETTINGS: &str = "environments:
  - { name: staging, paths: [staging, \"*/staging\"], soak: 24h, retention: 14d }
  - { name: production, paths: [production, \"*/production\"], retention: 14d }
";

/// A certificate for `example.com` that nobody trusts.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----
MIIBQjCB9aADAgECAhQOQkxovy4Cqiofv0WIAc6iQ2WuKzAFBgMrZXAwFjEUMBIG
A1UEAwwLZXhhbXBsZS5jb20wIBcNMjYxMTI5MjMyMTU3WhgPMjEyNjExMDUyMzIx
NTdaMBYxFDASBgNVBAMMC2V4YW1wbGUuY29tMCowBQYDK2VwAyEAOY/SeU5OFcvA
Xlq3WzvO/FqhINj1kFJhyQWFq2GJIU2jUzBRMB0GA1UdDgQWBBSgiGsT8W+1nWtg
glfd9hmjrbd+OzAfBgNVHSMEGDAWgBSgiGsT8W+1nWtgglfd9hmjrbd+OzAPBgNV
HRMBAf8EBTADAQH/MAUGAytlcANBAIG1J2i+YUNX/wm2JjNpYusGIxyWMvXAOu8j
wU1mBSWE6tRfd4vXXdRIS7ADG4AGJrsfo6KhrcT7Bp2lMMP1/gc=
-----END CERTIFICATE-----
";

/// Its key, made for this test; it guards nothing.
const KEY: &str = "-----BEGIN a key-----
MC4CAQAwBQYDK2VwBCIEIFDhYb3IwOwM9FLYCeOhmDKA+3gxi3zQOf1IqudsPwRc
-----END a key-----
";
