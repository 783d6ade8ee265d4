//! What the real `aws` lists, handed to `rotate`: the version that is put by a label, that a rotation function makes, that is
//! taken back and removed.

use std::collections::BTreeSet;
use std::fs;

use chrono::{NaiveDateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::Value;
use tempfile::TempDir;

use crate::followed::bench::Bench;
use crate::followed::cloud::{Cloud, Shelf};
use crate::followed::desk::{Desk, PLAIN};
use crate::followed::told::items;

const OLD: &str = "20250701000000";
/// After all that a server of today makes.
const LATER: &str = "2099-01-01T00:00:00Z";

const SECRETS: &str = "secretsmanager eu-central-1";
const PARAMETERS: &str = "ssm eu-central-1";
const LIST: &str =
    "aws secretsmanager list-secret-version-ids --secret-id shop/db --region eu-central-1";
const HISTORY: &str = "aws ssm get-parameter-history --name /shop/api --region eu-central-1";
const QUERY: &str = "--query 'Parameters[].{Version:Version,Labels:Labels,Date:LastModifiedDate}'";

/// A tree with a family in each store of AWS.
fn tree() -> TempDir {
    let directory = TempDir::new().unwrap();
    let write = |name: &str, text: String| {
        let file = directory.path().join("staging").join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    };
    for (family, service, key, pin) in [
        ("db", "SecretsManager", "shop/db", OLD.to_owned()),
        ("api", "ParameterStore", "/shop/api", format!("v{OLD}")),
    ] {
        write(
            &format!("{family}.yaml"),
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: {family} }}\nspec:\n  template:\n    spec:\n      \
                 containers:\n        - name: web\n          envFrom:\n            - secretRef: {{ name: {family}-{OLD} }}\n"
            ),
        );
        write(
            &format!("{family}-{OLD}.yaml"),
            format!(
                "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{ name: {family}-{OLD} }}\nspec:\n  \
                 refreshPolicy: CreatedOnce\n  secretStoreRef: {{ kind: ClusterSecretStore, name: {family} }}\n  target: {{ name: \
                 {family}-{OLD}, immutable: true, deletionPolicy: Retain }}\n  data:\n    - secretKey: a\n      remoteRef: {{ key: \
                 {key}, version: \"{pin}\" }}\n"
            ),
        );
        write(
            &format!("{family}-store.yaml"),
            format!(
                "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {{ name: {family} }}\nspec: {{ provider: \
                 {{ aws: {{ service: {service}, region: eu-central-1 }} }} }}\n"
            ),
        );
    }
    directory
}

/// Types a command that must succeed; gives both of its outputs.
#[track_caller]
fn types(desk: &Desk<'_>, command: &str, input: &str) -> (String, String) {
    let output = desk.types(command, input);
    let (stdout, stderr) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{command}\n{stdout}{stderr}");
    (stdout, stderr)
}

/// The labels of a key, each with the value that it is on.
fn labels(shelf: &Shelf, store: &str, key: &str) -> BTreeSet<(String, String)> {
    let versions = shelf[&(store.to_owned(), key.to_owned())].values();
    let each = |one: &crate::followed::cloud::Version| {
        let value = one.value.clone();
        one.labels.iter().map(|label| (label.clone(), value.clone())).collect::<Vec<_>>()
    };
    versions.flat_map(each).collect()
}

fn set(labels: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    labels.iter().map(|(label, value)| ((*label).to_owned(), (*value).to_owned())).collect()
}

/// The version that a family runs.
fn runs(desk: &Desk<'_>, family: &str) -> String {
    let status = desk.asks("status");
    let one = items(&status["families"]).find(|one| one["family"] == family).unwrap();
    one["versions"][0].as_str().unwrap().to_owned()
}

/// The commands of AWS among the steps that are printed.
fn steps(json: &str) -> Vec<String> {
    let json: Value = serde_json::from_str(json).unwrap();
    let commands = items(&json["next"]).filter_map(|step| step["command"].as_str());
    commands.filter(|command| command.starts_with("aws ")).map(str::to_owned).collect()
}

/// Somebody who types, and the stores.
struct World<'b> {
    cloud: &'b Cloud,
    desk: Desk<'b>,
    /// A time after all that is made here.
    soon: String,
}

impl World<'_> {
    fn shelf(&self) -> Shelf {
        self.cloud.shelf(&BTreeSet::from([SECRETS, PARAMETERS].map(str::to_owned)))
    }

    fn secrets(&self) -> BTreeSet<(String, String)> {
        labels(&self.shelf(), SECRETS, "shop/db")
    }

    fn parameters(&self) -> BTreeSet<(String, String)> {
        labels(&self.shelf(), PARAMETERS, "/shop/api")
    }

    /// Types a command that must succeed; gives both of its outputs.
    #[track_caller]
    fn types(&self, command: &str) -> (String, String) {
        types(&self.desk, command, "")
    }

    fn aws(&self, words: &str, input: &str) -> String {
        types(&self.desk, &format!("aws {words} --region eu-central-1"), input).0
    }

    fn bump(&self, family: &str) -> String {
        format!("rotate bump staging {family} --at {} --from-store", self.soon)
    }

    /// A bump by what is listed changes nothing.
    fn has_nothing_new(&self) {
        let (_, said) = self.types(&format!("{} aws --check", self.bump("db")));
        assert!(said.contains("db has nothing new to take"), "{said}");
    }

    fn commit(&self) {
        let _ = self.desk.git(&["add", "--all"]);
        let _ = self.desk.git(&["commit", "--quiet", "--message=State"]);
    }
}

const STDIN: &str = "--secret-string file:///dev/stdin";
const PUT: &str =
    "secretsmanager put-secret-value --secret-id shop/db --secret-string file:///dev/stdin";
const STAGE: &str = "secretsmanager update-secret-version-stage --secret-id shop/db";

fn digits(hours: i64) -> String {
    (Utc::now() + TimeDelta::hours(hours)).format("%Y%m%d%H%M%S").to_string()
}

#[test]
fn the_store_tells_the_version() {
    let (cloud, tree) = (Cloud::start(), tree());
    let bench = Bench::new(cloud.endpoint());
    let desk = Desk::of(&bench, tree.path(), PLAIN);
    let soon = (Utc::now() + TimeDelta::hours(2)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let world = World { cloud: &cloud, desk, soon };
    let new = digits(0);
    let first = put(&world, &new);
    parameter(&world, &new);
    let made = rotated(&world, &first);
    removed(&world, &new, &made);
}

/// A value that is put with a label leaves alone what is current. The server says of every version that it was made just now,
/// so what is current has a label of its own here. Gives its ID.
fn put(world: &World<'_>, new: &str) -> String {
    let made = world.aws(&format!("secretsmanager create-secret --name shop/db {STDIN}"), "old");
    let made: Value = serde_json::from_str(&made).unwrap();
    let id = made["VersionId"].as_str().unwrap().to_owned();
    let _ = world.aws(&format!("{STAGE} --version-stage {OLD} --move-to-version-id {id}"), "");
    let _ = world.aws(&format!("{PUT} --version-stages {new}"), "put");
    assert_eq!(world.secrets(), set(&[("AWSCURRENT", "old"), (OLD, "old"), (new, "put")]));
    let (_, said) = world.types(&format!("{LIST} | {} - --commit", world.bump("db")));
    assert!(said.contains(&format!("db-{OLD} -> db-{new}")), "{said}");
    assert_eq!(runs(&world.desk, "db"), new);
    world.has_nothing_new();
    let file = format!("{LIST} > list.json; {} list.json --check", world.bump("db"));
    assert!(world.types(&file).1.contains("nothing new"));
    let _ = world.desk.git(&["clean", "--quiet", "-d", "--force"]);
    id
}

/// The other service, with values in the listing and without.
fn parameter(world: &World<'_>, new: &str) {
    let parameter = "ssm put-parameter --name /shop/api --type SecureString --overwrite --value file:///dev/stdin";
    for (value, label) in [("old", OLD), ("put", new)] {
        let _ = world.aws(parameter, value);
        let label = format!("ssm label-parameter-version --name /shop/api --labels v{label}");
        let _ = world.aws(&label, "");
    }
    let bump = world.bump("api");
    let (_, with) = world.types(&format!("{HISTORY} | {bump} - --dry-run"));
    assert!(with.contains("has values in it, which were not read"), "{with}");
    let (_, without) = world.types(&format!("{HISTORY} {QUERY} | {bump} - --dry-run"));
    assert!(!without.contains("has values in it"), "{without}");
    let (_, said) = world.types(&format!("{bump} aws --commit"));
    assert!(said.contains(&format!("api-{OLD} -> api-{new}")), "{said}");
    assert_eq!(runs(&world.desk, "api"), new);
}

/// What a rotation function makes gets its label, and nothing else moves. Gives its version.
fn rotated(world: &World<'_>, first: &str) -> String {
    let _ = world.aws(PUT, "rotated");
    // AWS itself leaves this label where it was.
    let _ = world.aws(&format!("{STAGE} --version-stage {OLD} --move-to-version-id {first}"), "");
    let (json, _) = world.types(&format!("{} aws --format json", world.bump("db")));
    let plan: Value = serde_json::from_str(&json).unwrap();
    let made = plan["plans"][0]["to"].as_str().unwrap().trim_start_matches("db-").to_owned();
    let [label] = &steps(&json)[..] else { panic!("{json}") };
    let before = world.secrets();
    let _ = world.types(label);
    let after = world.secrets();
    let added: BTreeSet<_> = after.difference(&before).cloned().collect();
    assert_eq!(added, set(&[(&made, "rotated")]));
    assert!(before.is_subset(&after));
    world.commit();
    assert_eq!(runs(&world.desk, "db"), made);
    world.has_nothing_new();
    made
}

/// A version that was taken back is not chosen again, neither then nor once it was removed; and the clean-up takes the labels
/// of what `prune` removed, and nothing else.
fn removed(world: &World<'_>, new: &str, made: &str) {
    let _ = world.types(&format!("rotate rollback staging db --to {new} --reason x --commit"));
    assert_eq!(runs(&world.desk, "db"), new);
    world.has_nothing_new();
    let next = digits(1);
    let _ = world.aws(&format!("{PUT} --version-stages {next}"), "next");
    let _ = world.types(&format!("{} aws --lift-hold --commit", world.bump("db")));
    assert_eq!(runs(&world.desk, "db"), next);
    let (json, _) = world.types(&format!("rotate prune staging db --format json --at {LATER}"));
    let stub = world.desk.tree().join(format!("staging/db-{made}.yaml"));
    assert!(!stub.exists(), "{json}");
    world.commit();
    world.has_nothing_new();

    let (before, other) = (world.secrets(), world.parameters());
    let plan: Value = serde_json::from_str(&json).unwrap();
    let gone = items(&plan["plans"][0]["removed"]).chain(items(&plan["removed"]));
    let gone: BTreeSet<&str> = gone.map(|one| one["version"].as_str().unwrap()).collect();
    assert!(gone.contains(made), "{json}");
    for command in steps(&json) {
        let _ = world.types(&command);
    }
    let kept = before.into_iter().filter(|(label, _)| !gone.contains(&**label)).collect();
    assert_eq!(world.secrets(), kept);
    assert_eq!(world.parameters(), other);
    let made = NaiveDateTime::parse_from_str(made, "%Y%m%d%H%M%S").unwrap().and_utc();
    let dated = format!("sed 's/\"CreatedDate\": [0-9.]*/\"CreatedDate\": {}/'", made.timestamp());
    let listed = format!("{LIST} | {dated} | {} - --check", world.bump("db"));
    assert!(world.types(&listed).1.contains("nothing new"));
}
