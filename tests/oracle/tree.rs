//! The example repositories, and throw-away copies of them under Git.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The names a kustomization file may have.
const KUSTOMIZATION: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// When every commit in a copy was made: long enough ago for any soak to be over.
const COMMITTED: i64 = 1_756_800_000;

/// The directory of an example repository.
pub(crate) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/trees").join(name)
}

/// Each example has its tests, named like it, in these files.
#[test]
fn no_example_is_forgotten() {
    let (isolation, parity) = (include_str!("isolation.rs"), include_str!("parity.rs"));
    for entry in fs::read_dir(example("")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let test = format!("fn {}() {{", name.replace('-', "_"));
        assert!(isolation.contains(&test), "isolation.rs has no `{test}` for {name}");
        let followed = include_str!("followed/mod.rs");
        assert!(followed.contains(&test), "followed/mod.rs has no `{test}` for {name}");
        // What has no kustomization, kubectl cannot build.
        let built = !kustomizations(&example(&name)).is_empty();
        assert_eq!(built, parity.contains(&test), "`{test}` in parity.rs for {name}");
    }
}

/// Every file below a directory but Git's own, by path, with its bytes.
pub(crate) fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let walk = walkdir::WalkDir::new(root).sort_by_file_name();
    for entry in walk.into_iter().filter_entry(|entry| entry.file_name() != ".git") {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            found.insert(relative(root, entry.path()), fs::read(entry.path()).unwrap());
        }
    }
    found
}

/// The directories that hold a kustomization, by path.
pub(crate) fn kustomizations(root: &Path) -> Vec<String> {
    let mut found: Vec<_> = files(root).keys().filter_map(|file| kustomized(file)).collect();
    found.sort();
    found.dedup();
    found
}

/// The directory of a kustomization file.
pub(crate) fn kustomized(file: &str) -> Option<String> {
    let (directory, name) = file.rsplit_once('/').unwrap_or((".", file));
    KUSTOMIZATION.contains(&name).then(|| directory.to_owned())
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/")
}

/// Runs `rotate` in a clean environment.
pub(crate) fn rotate(root: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rotate"))
        .arg("-C")
        .arg(root)
        .args(arguments)
        .env_clear()
        .env("HOME", root)
        .output()
        .unwrap()
}

/// A copy of an example repository under Git.
pub(crate) struct Copy {
    directory: TempDir,
}

impl Copy {
    pub(crate) fn of(name: &str) -> Self {
        let copy = Self::empty();
        for (path, bytes) in files(&example(name)) {
            let target = copy.path().join(path);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::write(target, bytes).unwrap();
        }
        copy.commit();
        copy
    }

    /// A repository without a file.
    pub(crate) fn empty() -> Self {
        let copy = Self { directory: TempDir::new().unwrap() };
        git2::Repository::init(copy.path()).unwrap();
        copy
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Commits everything.
    pub(crate) fn commit(&self) {
        let repository = git2::Repository::open(self.path()).unwrap();
        repository.config().unwrap().set_bool("core.autocrlf", false).unwrap();
        let mut index = repository.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::FORCE, None).unwrap();
        index.write().unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let time = git2::Time::new(COMMITTED, 0);
        let who = git2::Signature::new("Oracle", "oracle@example.com", &time).unwrap();
        let parent = repository.head().ok().map(|head| head.peel_to_commit().unwrap());
        let parents: Vec<_> = parent.iter().collect();
        repository.commit(Some("HEAD"), &who, &who, "State", &tree, &parents).unwrap();
    }
}
