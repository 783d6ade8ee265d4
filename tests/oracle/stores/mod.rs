//! Families in stores of every kind, with stubs in every place, through both environments: after each step every stub that
//! kubectl renders reads the key and the pin of its version, whatever else was written.

mod kinds;
mod places;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_yaml::Value;
use tempfile::TempDir;

use crate::kubectl::render;
use crate::objects::{self, Object, at, items};
use crate::stores::places::{Files, PLACES};

const OLD: &str = "20250602090000";
/// When a life begins, and how far from one step to the next.
const BEGIN: i64 = 1_756_713_600;
const DAY: i64 = 86_400;
const ENVIRONMENTS: [&str; 2] = ["staging", "production"];

/// How a store tells the versions of a value apart.
#[derive(Clone, Copy)]
enum Pins {
    /// By a label: this, and the version's digits.
    Label(&'static str),
    /// By what it makes itself: of the first value, and of each one after that.
    Given([&'static str; 3]),
    /// Not at all, so that each version has a key of its own: its end, before the digits.
    Key(&'static str),
}

struct Store {
    provider: &'static str,
    /// Another one for production.
    production: Option<&'static str>,
    key: &'static str,
    pins: Pins,
}

impl Store {
    /// The key and the pin of a version, where what the store assigned is known.
    fn entry(&self, version: &str, given: Option<&String>) -> (String, Option<String>) {
        match self.pins {
            Pins::Label(prefix) => (self.key.to_owned(), Some(format!("{prefix}{version}"))),
            Pins::Given(_) => (self.key.to_owned(), given.cloned()),
            Pins::Key(mark) => (format!("{}{mark}{version}", self.key), None),
        }
    }

    fn manifest(&self, environment: &str) -> String {
        let other = self.production.filter(|_| environment == "production");
        format!(
            "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {{ name: store }}\nspec:\n  provider:\n    {}\n",
            other.unwrap_or(self.provider)
        )
    }

    /// What the store assigns to a value.
    fn assigned(&self, count: usize) -> Option<String> {
        if let Pins::Given(pins) = self.pins { Some(pins[count].to_owned()) } else { None }
    }

    fn stub(&self, family: &str) -> String {
        let first = self.assigned(0);
        let (key, pin) = self.entry(OLD, first.as_ref());
        let pin = pin.map_or_else(String::new, |pin| format!("\n        version: \"{pin}\""));
        format!(
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: {family}-{OLD}\nspec:\n  \
             refreshPolicy: CreatedOnce\n  secretStoreRef: {{ kind: ClusterSecretStore, name: store }}\n  target:\n    \
             name: {family}-{OLD}\n    deletionPolicy: Retain\n    immutable: true\n  data:\n    - secretKey: password\n      \
             remoteRef:\n        key: {key}{pin}\n"
        )
    }
}

/// One family in one place of one store.
struct Life<'s> {
    store: &'s Store,
    what: String,
    directory: TempDir,
    now: i64,
    /// What the store assigned, by environment and version.
    given: BTreeMap<(String, String), String>,
    /// The version that each environment runs.
    runs: [String; 2],
}

impl<'s> Life<'s> {
    fn begin(store: &'s Store, place: &str, files: Files) -> Self {
        let first = |environment: &&str| Some(((*environment).to_owned(), OLD.to_owned()));
        let first = ENVIRONMENTS.iter().filter_map(first);
        let given = first.filter_map(|at| Some((at, store.assigned(0)?))).collect();
        let (what, runs) =
            (format!("{} {place}", store.provider), [OLD.to_owned(), OLD.to_owned()]);
        let life =
            Self { store, what, directory: TempDir::new().unwrap(), now: BEGIN, given, runs };
        for (path, text) in files {
            let path = life.root().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        git2::Repository::init(life.root()).unwrap();
        life.commit();
        life.check("at first");
        life
    }

    fn root(&self) -> &Path {
        self.directory.path()
    }

    /// Runs a line as it is printed; whether it succeeds, and what it says.
    fn rotate(&self, line: &str) -> (bool, String) {
        let own = env!("CARGO_BIN_EXE_rotate").into();
        let mut command = Command::new(env::var_os("ROTATE_BINARY").unwrap_or(own));
        command
            .current_dir(self.root())
            .args(line.split_whitespace())
            .args(["--at", &time(self.now)]);
        let output = command.env_clear().env("HOME", self.root()).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    }

    fn commit(&self) {
        let repository = git2::Repository::open(self.root()).unwrap();
        let mut index = repository.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::FORCE, None).unwrap();
        index.update_all(["*"], None).unwrap();
        index.write().unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let who =
            git2::Signature::new("Oracle", "oracle@example.com", &git2::Time::new(self.now, 0))
                .unwrap();
        let parent = repository.head().ok().map(|head| head.peel_to_commit().unwrap());
        let parents: Vec<_> = parent.iter().collect();
        repository.commit(Some("HEAD"), &who, &who, "State", &tree, &parents).unwrap();
    }

    /// What Git has for an environment, as the cluster would see it.
    fn rendered(&self, environment: &str) -> Vec<Object> {
        let directory = self.root().join(environment);
        if directory.join("kustomization.yaml").exists() {
            let objects = render(&directory).objects();
            return objects
                .unwrap_or_else(|| panic!("{}: {environment} does not build", self.what));
        }
        let files = fs::read_dir(&directory)
            .unwrap()
            .map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
        files.flat_map(|text| objects::parse(&text).unwrap()).collect()
    }

    /// Every stub reads what its version is, and every workload uses the version that its environment runs.
    fn check(&self, step: &str) {
        for (environment, runs) in ENVIRONMENTS.iter().zip(&self.runs) {
            let what = format!("{}: {step}: {environment}", self.what);
            let mut made = Vec::new();
            for object in self.rendered(environment) {
                let namespace = object.text(&["metadata", "namespace"]).map(str::to_owned);
                if object.kind() == "Deployment" {
                    let text = serde_yaml::to_string(&object.0).unwrap();
                    assert!(text.contains(&format!("name: db-{runs}\n")), "{what}: {text}");
                } else if object.kind() == "ExternalSecret" {
                    let secret = object.text(&["spec", "target", "name"]).unwrap();
                    let (family, version) = secret.rsplit_once('-').unwrap();
                    self.reads(environment, &what, &object, version);
                    made.extend((family == "db").then(|| (namespace, version.to_owned())));
                }
            }
            let namespaces: Vec<_> =
                if self.what.ends_with("two namespaces") { vec!["eu", "us"] } else { vec!["shop"] };
            for namespace in namespaces {
                assert!(
                    made.contains(&(Some(namespace.to_owned()), runs.clone())),
                    "{what}: {made:?}"
                );
            }
        }
    }

    /// One stub reads the key and the pin of its version.
    fn reads(&self, environment: &str, what: &str, stub: &Object, version: &str) {
        let given = self.given.get(&(environment.to_owned(), version.to_owned()));
        let wanted = self.store.entry(version, given);
        for (_, one) in items(at(&stub.0, &["spec", "data"])) {
            let text =
                |key: &str| at(one, &["remoteRef", key]).and_then(Value::as_str).map(str::to_owned);
            assert_eq!((text("key").unwrap(), text("version")), wanted, "{what}: {version}");
        }
        assert_eq!(stub.text(&["spec", "secretStoreRef", "name"]), Some("store"), "{what}");
        assert_eq!(
            stub.text(&["metadata", "name"]),
            stub.text(&["spec", "target", "name"]),
            "{what}"
        );
    }

    /// A new version in staging; where the store makes its pin, the command asks for it first.
    fn bump(&mut self, count: usize) -> String {
        self.now += DAY;
        let version = time(self.now).replace(['-', ':', 'T', 'Z'], "");
        let (mut done, mut said) = self.rotate("bump staging db");
        if let Some(pin) = self.store.assigned(count) {
            assert!(!done, "{}: {said}", self.what);
            (done, said) = self.give("staging", &version, &said, &pin);
        }
        assert!(done, "{}: {said}", self.what);
        self.runs[0].clone_from(&version);
        self.check("bump");
        self.commit();
        version
    }

    /// Runs the command that was printed for a pin.
    fn give(&mut self, environment: &str, version: &str, said: &str, pin: &str) -> (bool, String) {
        let prefix = if pin.starts_with("uuid/") { "uuid/" } else { "" };
        let ask = format!(
            "rotate bump {environment} db --version {version} --pin {}={prefix}VALUE",
            self.store.key
        );
        assert!(flat(said).contains(&ask), "{}: {said}", self.what);
        self.given.insert((environment.to_owned(), version.to_owned()), pin.to_owned());
        self.rotate(ask.replace(&format!("{prefix}VALUE"), pin).trim_start_matches("rotate "))
    }

    /// The version comes to production; another store asks for its own pin.
    fn promote(&mut self, version: &str, count: usize) {
        self.now += DAY;
        let (mut done, mut said) = self.rotate("promote production");
        assert!(done, "{}: {said}", self.what);
        let taken = self.given.get(&("staging".to_owned(), version.to_owned())).cloned();
        if self.store.production.is_some() && taken.is_some() {
            // Another store assigns other versions.
            let pin = elsewhere(&self.store.assigned(count).unwrap());
            assert!(said.contains("waits"), "{}: {said}", self.what);
            (done, said) = self.give("production", version, &said, &pin);
            assert!(done, "{}: {said}", self.what);
        } else if let Some(pin) = taken {
            self.given.insert(("production".to_owned(), version.to_owned()), pin);
        }
        self.runs[1] = version.to_owned();
        self.check("promote");
        self.commit();
    }

    fn live(mut self) {
        let first = self.bump(1);
        self.promote(&first, 1);
        let second = self.bump(2);
        self.promote(&second, 2);
        self.now += DAY;
        let (done, said) = self.rotate("rollback production db --reason slow");
        assert!(done, "{}: {said}", self.what);
        self.runs[1] = first;
        self.check("rollback");
        self.commit();
        self.now += 60 * DAY;
        let (done, said) = self.rotate("prune staging db");
        assert!(done && said.contains(OLD), "{}: {said}", self.what);
        self.check("prune");
    }
}

/// What another store would assign: a number, an id of hexadecimal digits, a `uuid/`.
fn elsewhere(pin: &str) -> String {
    match pin.strip_prefix("uuid/") {
        Some(id) => format!("uuid/{}f", &id[..id.len() - 1]),
        None if pin.len() == 32 => format!("{}f", &pin[..31]),
        None => format!("1{pin}"),
    }
}

/// A text without line breaks: messages are wrapped.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A time as the command line takes it.
fn time(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0).unwrap().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn live(provider: &'static str, key: &'static str, pins: Pins) {
    live_in(Store { provider, production: None, key, pins });
}

/// The same with another store in production.
fn live_apart(provider: &'static str, production: &'static str, key: &'static str, pins: Pins) {
    live_in(Store { provider, production: Some(production), key, pins });
}

fn live_in(store: Store) {
    for (place, files) in PLACES {
        Life::begin(&store, place, files(&store)).live();
    }
}
