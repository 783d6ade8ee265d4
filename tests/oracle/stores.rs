//! Families in stores of every kind, with stubs in every place, through both environments: after each step every stub that
//! kubectl renders reads the key and the pin of its version, whatever else was written.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_yaml::Value;
use tempfile::TempDir;

use crate::kubectl::render;
use crate::objects::{self, Object, at, items};

const OLD: &str = "20250602090000";
/// When a life begins, and how far from one step to the next.
const BEGIN: i64 = 1_756_713_600;
const DAY: i64 = 86_400;
const ENVIRONMENTS: [&str; 2] = ["staging", "production"];
const HEX: [&str; 3] = [
    "0123456789abcdef0123456789abcdef",
    "1123456789abcdef0123456789abcdef",
    "2123456789abcdef0123456789abcdef",
];

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
    key: &'static str,
    pins: Pins,
}

const AWS: &str = "aws: { service: SecretsManager, region: eu-central-1 }";
const UUIDS: [&str; 3] = [
    "uuid/0a1b2c3d-0000-4000-8000-000000000000",
    "uuid/1a1b2c3d-0000-4000-8000-000000000000",
    "uuid/2a1b2c3d-0000-4000-8000-000000000000",
];

/// Where the stubs and the workloads of a family stand.
const PLACES: [(&str, Place); 7] = [
    ("in each overlay", in_overlays),
    ("in plain directories", in_plain_directories),
    ("in a base of both environments", in_a_base),
    ("in a kustomization below", below),
    ("in a component", in_a_component),
    ("in one file with another", in_groups),
    ("in two namespaces", in_two_namespaces),
];

type Files = Vec<(String, String)>;
type Place = fn(&Store) -> Files;

impl Store {
    /// The key and the pin of a version, the first of which is known before.
    fn entry(&self, version: &str, given: &BTreeMap<String, String>) -> (String, Option<String>) {
        match self.pins {
            Pins::Label(prefix) => (self.key.to_owned(), Some(format!("{prefix}{version}"))),
            Pins::Given(_) => (self.key.to_owned(), given.get(version).cloned()),
            Pins::Key(mark) => (format!("{}{mark}{version}", self.key), None),
        }
    }

    fn manifest(&self) -> String {
        format!(
            "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {{ name: store }}\nspec:\n  provider:\n    {}\n",
            self.provider
        )
    }

    fn stub(&self, family: &str) -> String {
        let first = match self.pins {
            Pins::Given(pins) => BTreeMap::from([(OLD.to_owned(), pins[0].to_owned())]),
            _ => BTreeMap::new(),
        };
        let (key, pin) = self.entry(OLD, &first);
        let pin = pin.map_or_else(String::new, |pin| format!("\n        version: \"{pin}\""));
        format!(
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: {family}-{OLD}\nspec:\n  \
             refreshPolicy: CreatedOnce\n  secretStoreRef: {{ kind: ClusterSecretStore, name: store }}\n  target:\n    \
             name: {family}-{OLD}\n    deletionPolicy: Retain\n    immutable: true\n  data:\n    - secretKey: password\n      \
             remoteRef:\n        key: {key}{pin}\n"
        )
    }
}

fn web(family: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  selector: {{ matchLabels: {{ app: web }} }}\n  \
         template:\n    metadata: {{ labels: {{ app: web }} }}\n    spec:\n      containers:\n        - name: web\n          \
         image: registry.example.com/web:1.4.0\n          envFrom:\n            - secretRef:\n                name: {family}-{OLD}\n"
    )
}

fn file(path: impl Into<String>, text: impl Into<String>) -> (String, String) {
    (path.into(), text.into())
}

/// For each environment its store, and these files.
fn each(store: &Store, files: impl Fn(&str) -> Files) -> Files {
    let own = ENVIRONMENTS.iter().flat_map(|environment| {
        let mut own = files(environment);
        own.push(file(format!("{environment}/store.yaml"), store.manifest()));
        own
    });
    own.collect()
}

fn in_overlays(store: &Store) -> Files {
    each(store, |at| {
        vec![
            file(
                format!("{at}/kustomization.yaml"),
                "namespace: shop\nresources: [web.yaml, db.yaml, store.yaml]\n",
            ),
            file(format!("{at}/web.yaml"), web("db")),
            file(format!("{at}/db.yaml"), store.stub("db")),
        ]
    })
}

fn in_plain_directories(store: &Store) -> Files {
    let shop =
        |text: String| text.replace("metadata:\n  name", "metadata:\n  namespace: shop\n  name");
    each(store, |at| {
        vec![
            file(format!("{at}/web.yaml"), shop(web("db"))),
            file(format!("{at}/db-{OLD}.yaml"), shop(store.stub("db"))),
        ]
    })
}

fn in_a_base(store: &Store) -> Files {
    let mut files = each(store, |at| {
        vec![file(
            format!("{at}/kustomization.yaml"),
            "namespace: shop\nresources: [../base, store.yaml]\n",
        )]
    });
    files.push(file(
        "base/kustomization.yaml",
        "resources: [web.yaml, db.yaml]\nlabels: [{ pairs: { team: shop } }]\n",
    ));
    files.push(file("base/web.yaml", web("db")));
    files.push(file("base/db.yaml", store.stub("db")));
    files
}

fn below(store: &Store) -> Files {
    each(store, |at| {
        vec![
            file(
                format!("{at}/kustomization.yaml"),
                "namespace: shop\nresources:\n  - web.yaml\n  - secrets\n  - store.yaml\n",
            ),
            file(format!("{at}/web.yaml"), web("db")),
            file(format!("{at}/secrets/kustomization.yaml"), "resources:\n  - db.yaml\n"),
            file(format!("{at}/secrets/db.yaml"), store.stub("db")),
        ]
    })
}

fn in_a_component(store: &Store) -> Files {
    let mut files = each(store, |at| {
        vec![
            file(
                format!("{at}/kustomization.yaml"),
                "namespace: shop\nresources: [web.yaml, store.yaml]\ncomponents: [../components/db]\n",
            ),
            file(format!("{at}/web.yaml"), web("db")),
        ]
    });
    files.push(file(
        "components/db/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [db.yaml]\n",
    ));
    files.push(file("components/db/db.yaml", store.stub("db")));
    files
}

fn in_groups(store: &Store) -> Files {
    each(store, |at| {
        let all = format!(
            "# Secrets of the shop.\n---\n{}---\n{}",
            store.stub("cache"),
            store.stub("db")
        );
        vec![
            file(
                format!("{at}/kustomization.yaml"),
                "namespace: shop\nresources: [web.yaml, secrets.yaml, store.yaml]\n",
            ),
            file(format!("{at}/web.yaml"), web("db")),
            file(format!("{at}/secrets.yaml"), all),
        ]
    })
}

fn in_two_namespaces(store: &Store) -> Files {
    let mut files = each(store, |at| {
        let overlay = |name: &str| {
            file(
                format!("{at}/{name}/kustomization.yaml"),
                format!("namespace: {name}\nresources: [../app]\n"),
            )
        };
        vec![
            file(format!("{at}/app/kustomization.yaml"), "resources: [../../base, db.yaml]\n"),
            file(format!("{at}/app/db.yaml"), store.stub("db")),
            file(format!("{at}/kustomization.yaml"), "resources: [eu, us, store.yaml]\n"),
            overlay("eu"),
            overlay("us"),
        ]
    });
    files.push(file("base/kustomization.yaml", "resources: [web.yaml]\n"));
    files.push(file("base/web.yaml", web("db")));
    files
}

/// One family in one place of one store.
struct Life<'s> {
    store: &'s Store,
    what: String,
    directory: TempDir,
    now: i64,
    /// The pins that were given, by version.
    given: BTreeMap<String, String>,
    /// The version that each environment runs.
    runs: [String; 2],
}

impl<'s> Life<'s> {
    fn begin(store: &'s Store, place: &str, files: Files) -> Self {
        let mut given = BTreeMap::new();
        if let Pins::Given(pins) = store.pins {
            given.insert(OLD.to_owned(), pins[0].to_owned());
        }
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
                    self.reads(&what, &object, version);
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
    fn reads(&self, what: &str, stub: &Object, version: &str) {
        let wanted = self.store.entry(version, &self.given);
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
        if let Pins::Given(pins) = self.store.pins {
            let ask = format!(
                "rotate bump staging db --version {version} --pin {}=VALUE",
                self.store.key
            );
            assert!(!done && flat(&said).contains(&ask), "{}: {said}", self.what);
            self.given.insert(version.clone(), pins[count].to_owned());
            let line = ask.replace("VALUE", pins[count]);
            (done, said) = self.rotate(line.trim_start_matches("rotate "));
        }
        assert!(done, "{}: {said}", self.what);
        self.runs[0].clone_from(&version);
        self.check("bump");
        self.commit();
        version
    }

    /// The version comes to production; another key or store asks for its own pin.
    fn promote(&mut self, version: &str) {
        self.now += DAY;
        let (done, said) = self.rotate("promote production");
        assert!(done, "{}: {said}", self.what);
        self.runs[1] = version.to_owned();
        self.check("promote");
        self.commit();
    }

    fn live(mut self) {
        let first = self.bump(1);
        self.promote(&first);
        let second = self.bump(2);
        self.promote(&second);
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

/// A text without line breaks: messages are wrapped.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A time as the command line takes it.
fn time(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0).unwrap().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn live(provider: &'static str, key: &'static str, pins: Pins) {
    let store = Store { provider, key, pins };
    for (place, files) in PLACES {
        Life::begin(&store, place, files(&store)).live();
    }
}

#[test]
fn aws_by_label() {
    live(AWS, "shop/db", Pins::Label(""));
}

#[test]
fn aws_by_id() {
    live(AWS, "shop/db", Pins::Given(UUIDS));
}

#[test]
fn aws_parameter_store() {
    live("aws: { service: ParameterStore, region: eu-central-1 }", "/shop/db", Pins::Label("v"));
}

#[test]
fn vault_with_versions() {
    live(
        "vault: { server: https://vault.example.com, path: shop, version: v2 }",
        "db",
        Pins::Given(["7", "8", "9"]),
    );
}

#[test]
fn vault_without_versions() {
    live(
        "vault: { server: https://vault.example.com, path: shop, version: v1 }",
        "db",
        Pins::Key("-"),
    );
}

#[test]
fn google_by_alias() {
    live("gcpsm: { projectID: shop }", "db", Pins::Label("v"));
}

#[test]
fn google_by_number() {
    live("gcpsm: { projectID: shop }", "db", Pins::Given(["3", "4", "5"]));
}

#[test]
fn azure() {
    live("azurekv: { vaultUrl: \"https://shop.vault.azure.net\" }", "db", Pins::Given(HEX));
}

#[test]
fn doppler() {
    live(
        "doppler: { auth: { secretRef: { dopplerToken: { name: doppler, key: token } } } }",
        "DB",
        Pins::Key("_"),
    );
}

#[test]
fn kubernetes() {
    live("kubernetes: { remoteNamespace: shop }", "db", Pins::Key("-"));
}

#[test]
fn one_password() {
    live(
        "onepassword: { connectHost: \"https://op.example.com\", vaults: { shop: 1 } }",
        "db",
        Pins::Key("-"),
    );
}
