//! `rotate checklist`: the list of a rotation through all of its life, with a fixed clock. What it prints after each step is
//! kept in `fixtures/checklist/`; `SNAPSHOTS=overwrite` writes it anew.

mod commit;
mod pinned;
mod stored;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use rotate::report::checklist::ChecklistView;
use serde_json::Value;

use crate::contracts::{holds, kept};
use crate::story::without_commit;
use crate::support::{Output, Sandbox, stub, workload};

const FIRST: &str = "20250601090000";
const SECOND: &str = "20250722110000";
const SETTINGS: &str = "environments:\n  - { name: staging, paths: [staging] }\n  - name: production\n    paths: [production]\n    \
                        retention: 7d\n    window: { days: [mon, tue, wed, thu], from: \"09:00\", to: \"16:00\" }\n";
const STORE: &str = "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: { name: aws }\nspec:\n  provider: { aws: \
                     { service: SecretsManager, region: eu-west-1 } }\n";

/// A repository with a clock.
struct Place {
    sandbox: Sandbox,
    now: String,
}

impl Place {
    /// Two environments that run the first version, since the second of June.
    fn new() -> Self {
        let place = Self::without_git();
        place.commit("Begin");
        place
    }

    fn without_git() -> Self {
        let sandbox = Sandbox::empty();
        sandbox.write("rotate.yaml", SETTINGS);
        for environment in ["staging", "production"] {
            sandbox.write(&format!("{environment}/web.yaml"), &workload(&format!("auth-{FIRST}")));
            let stub = external(environment, FIRST);
            sandbox.write(&format!("{environment}/auth-{FIRST}.yaml"), &stub);
            sandbox.write(&format!("{environment}/store.yaml"), STORE);
        }
        Self { sandbox, now: "2025-06-02T10:00:00Z".to_owned() }
    }

    /// The same, not committed yet, with keys of Vault: the first version is number 4 of each.
    fn of_vault() -> Self {
        let place = Self::without_git();
        let vault = STORE.replace(
            "aws: { service: SecretsManager, region: eu-west-1 }",
            "vault: { server: https://v.example, path: kv, version: v2 }",
        );
        for environment in ["staging", "production"] {
            place.sandbox.write(&format!("{environment}/store.yaml"), &vault);
            let stub = external(environment, FIRST).replace(&format!("\"{FIRST}\""), "\"4\"");
            place.sandbox.write(&format!("{environment}/auth-{FIRST}.yaml"), &stub);
        }
        place
    }

    fn at(&mut self, now: &str) -> &Self {
        now.clone_into(&mut self.now);
        self
    }

    fn commit(&self, message: &str) {
        self.sandbox.commit_at(&self.now, message);
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.sandbox.command(arguments);
        self.sandbox.finish(self.dated(&mut command).args(["--at", &self.now]))
    }

    fn dated<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Robin");
            command.env(format!("GIT_{role}_EMAIL"), "robin@example.com");
            command.env(format!("GIT_{role}_DATE"), &self.now);
        }
        command
    }

    /// The items by their ID, held against the schema.
    fn list(&self, arguments: &[&str]) -> Items {
        let all = [&["checklist"][..], arguments, &["--format", "json"]].concat();
        let output = self.run(&all).success();
        let value = holds(&kept::<ChecklistView>("checklist.json"), &output);
        let mut items = BTreeMap::new();
        for section in value["sections"].as_array().unwrap() {
            for item in section["items"].as_array().unwrap() {
                let id = item["id"].as_str().unwrap().to_owned();
                assert!(items.insert(id, item.clone()).is_none(), "{output}");
            }
        }
        Items { value, items }
    }

    /// The list of production, whose text is kept.
    fn stands(&self, step: &str) -> Items {
        let told = self.run(&["checklist", "production", "auth"]).success().stdout;
        let told: Vec<String> = told.lines().map(without_commit).collect();
        let told = format!("{}\n{}\n", self.now, told.join("\n"));
        let file =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/checklist/{step}.txt"));
        if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
            std::fs::write(&file, &told).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap_or_default(), told, "{step}");
        self.list(&["production", "auth"])
    }
}

/// A stub that reads its version from the store.
fn external(environment: &str, version: &str) -> String {
    stub(&format!("auth-{version}")).replace("shop/auth-api", &format!("{environment}/auth"))
}

struct Items {
    value: Value,
    items: BTreeMap<String, Value>,
}

impl Items {
    #[track_caller]
    fn item(&self, id: &str) -> &Value {
        self.items.get(id).unwrap_or_else(|| panic!("no {id}\n{:#}", self.value))
    }

    #[track_caller]
    fn is(&self, id: &str, state: &str) -> &Self {
        assert_eq!(self.item(id)["state"], state, "{id}\n{:#}", self.item(id));
        self
    }

    /// Holds that an item is not done, and has this command.
    #[track_caller]
    fn asks(&self, id: &str, command: &str) -> &Self {
        let item = self.item(id);
        assert!(item["state"] != "done" && item["command"] == command, "{id}\n{item:#}");
        self
    }

    #[track_caller]
    fn until(&self, id: &str, time: &str) -> &Self {
        self.is(id, "waiting");
        assert_eq!(self.item(id)["until"], time, "{:#}", self.item(id));
        self
    }

    #[track_caller]
    fn notes(&self, id: &str, words: &str) -> &Self {
        let note = self.item(id)["note"].as_str().unwrap_or_default();
        assert!(note.contains(words), "{words}\n{:#}", self.item(id));
        self
    }

    #[track_caller]
    fn lacks(&self, ids: &[&str]) -> &Self {
        for id in ids {
            assert!(!self.items.contains_key(*id), "{:#}", self.items[*id]);
        }
        self
    }

    /// The IDs of what is not done.
    fn open(&self) -> Vec<&str> {
        let open = self.items.iter().filter(|(_, item)| item["state"] != "done");
        open.map(|(id, _)| id.as_str()).collect()
    }
}

#[test]
fn a_rotations_list() {
    let mut place = Place::new();
    through_staging(&mut place);
    into_production_and_back(&mut place);
    the_next_one_and_the_end_of_the_first(&mut place);
}

/// No rotation is under way, then staging has moved.
fn through_staging(place: &mut Place) {
    place.at("2025-07-01T10:00:00Z");
    let list = place.stands("1-settled");
    assert_eq!(list.value["version"], FIRST);
    // What neither the tree nor its history proves, and that there is no older version.
    let open = ["pods-production", "pods-staging", "stored-production-production-auth"];
    assert_eq!(list.open()[..3], open);
    assert_eq!(list.open()[3..], ["stored-staging-staging-auth", "way-back-production"]);

    place.at("2025-07-22T11:00:00Z");
    let _ = place.run(&["bump", "staging", "auth", "--commit"]).success();
    place.at("2025-07-22T15:00:00Z");
    let list = place.stands("2-soaking");
    assert_eq!(list.value["version"], SECOND);
    list.is("dashboards", "open").is("hold-staging", "done").is("lint-staging", "done");
    list.is("stub-staging", "done").is("moved-staging", "done").is("window-production", "done");
    assert_eq!(list.item("moved-staging")["since"]["time"], "2025-07-22T11:00:00Z");
    assert_eq!(list.item("moved-staging")["since"]["author"], "Robin");
    list.until("soak-production", "2025-07-23T11:00:00Z");
    let aws =
        "aws secretsmanager list-secret-version-ids --secret-id production/auth --region eu-west-1";
    list.asks("stored-production-production-auth", aws);
    let kinds = "pods,deployments,externalsecrets.external-secrets.io,replicasets";
    let verify = format!("kubectl get {kinds} -n shop -o json | rotate verify staging auth");
    list.asks("pods-staging", &verify);
    list.asks("moved-production", "rotate bump production auth");
    list.asks("stub-production", "rotate bump production auth");
    let put = list.item("put-production")["command"].as_str().unwrap();
    assert!(
        put.starts_with("aws secretsmanager put-secret-value --secret-id production/auth "),
        "{put}"
    );
    list.is("way-back-production", "done").is("old-production", "open");
    list.notes("kept-staging-20250601090000", "and kept until 2025-08-05 11:00 UTC at least");
    let staging = place.list(&["staging", "auth"]);
    staging.until("watch-staging", "2025-07-23T11:00:00Z").lacks(&["soak-production"]);
    staging.until("next-production", "2025-07-23T11:00:00Z");

    place.at("2025-07-24T18:00:00Z");
    let list = place.list(&["production", "auth"]);
    list.is("soak-production", "done").until("window-production", "2025-07-28T09:00:00Z");
    assert_eq!(list.item("soak-production")["since"]["time"], "2025-07-22T11:00:00Z");
    place.list(&["staging", "auth"]).is("watch-staging", "done").is("next-production", "open");
}

fn into_production_and_back(place: &mut Place) {
    place.at("2025-07-28T10:00:00Z");
    let _ = place.run(&["promote", "--commit"]).success();
    let list = place.stands("3-moved");
    list.is("moved-production", "done")
        .is("window-production", "done")
        .is("soak-production", "done");
    list.until("watch-production", "2025-07-29T10:00:00Z");
    list.lacks(&["dashboards", "put-production", "next-production"]);
    let back = "rotate rollback production auth --reason '…' --commit";
    list.is("way-back-production", "done");
    assert_eq!(list.item("way-back-production")["command"], back);
    list.notes("kept-production-20250601090000", "and kept until 2025-08-04 10:00 UTC at least");

    // What was rolled back is the newest version all the same, until another one follows.
    place.at("2025-07-28T12:00:00Z");
    let _ = place.run(&["rollback", "production", "auth", "--reason", "logins fail", "--commit"]);
    let list = place.stands("4-rolled-back");
    list.asks("hold-production", "rotate bump production auth --lift-hold");
    list.notes("hold-production", "held at 20250601090000").notes("hold-production", "logins fail");
    list.asks("moved-production", "rotate bump production auth --lift-hold")
        .is("stub-production", "done");
    list.notes("moved-production", "production runs 20250601090000");
    let settings = place.sandbox.read("rotate.yaml");
    place.sandbox.write("rotate.yaml", SETTINGS);
    place.commit("Lift the hold by hand");
    place
        .list(&["production", "auth"])
        .is("revert-production", "open")
        .is("hold-production", "done");
    place.sandbox.write("rotate.yaml", &settings);

    place.at("2025-07-29T10:00:00Z");
    place.commit("Hold it again");
    let _ = place.run(&["bump", "production", "auth", "--lift-hold", "--commit"]).success();
    // A day after, nothing is left but what only a cluster and a store prove, and the clean-up.
    place.at("2025-07-30T10:00:00Z");
    let list = place.list(&["production", "auth"]);
    let left: Vec<&str> = list.open().into_iter().filter(|id| !id.starts_with("kept-")).collect();
    let unproved = ["pods-production", "pods-staging", "stored-production-production-auth"];
    assert_eq!(left[..3], unproved);
    assert_eq!(left[3..], ["stored-staging-staging-auth"]);
    place.at("2025-08-20T10:00:00Z");
    let list = place.list(&["production", "auth"]);
    list.is("kept-production-20250601090000", "waiting");
    assert!(list.item("kept-production-20250601090000")["until"].is_null());
}

fn the_next_one_and_the_end_of_the_first(place: &mut Place) {
    place.at("2025-08-20T10:00:00Z");
    let _ = place.run(&["bump", "staging", "auth", "--commit"]).success();
    place.at("2025-08-25T10:00:00Z");
    let _ = place.run(&["promote", "--commit"]).success();
    // The first version was left long ago; the second one is the way back.
    let list = place.stands("5-clean-up");
    list.asks("prune-production", "rotate prune production auth");
    assert!(list.item("prune-production")["text"].as_str().unwrap().contains(FIRST));
    let removed: Vec<&Value> = list
        .items
        .iter()
        .filter(|(id, _)| id.starts_with("removed-production"))
        .map(|(_, item)| item)
        .collect();
    assert!(
        removed
            .iter()
            .any(|item| item["command"].as_str().unwrap().contains("update-secret-version-stage")),
        "{removed:#?}"
    );
    list.notes("kept-production-20250722110000", "and kept until 2025-09-01 10:00 UTC at least");
    for environment in ["staging", "production"] {
        let _ = place.run(&["prune", environment, "auth", "--commit"]).success();
    }
    place.at("2025-10-01T10:00:00Z");
    let list = place.stands("6-pruned");
    list.lacks(&["prune-production", "kept-production-20250601090000"]);
    list.is("kept-production-20250722110000", "waiting");

    // An older rotation is known from the history when its stubs are gone.
    let old = place.list(&["production", "auth", "--version", FIRST]);
    old.is("moved-staging", "done").notes("moved-staging", "to 2025-07-22 11:00 UTC");
    old.is("soak-production", "done").lacks(&["stub-staging", "pods-staging"]);
}

#[test]
fn a_family_without_versions_is_told_how_the_first_begins() {
    let place = Place::without_git();
    for environment in ["staging", "production"] {
        place.sandbox.write(&format!("{environment}/web.yaml"), &workload("auth"));
        std::fs::remove_file(place.sandbox.path(&format!("{environment}/auth-{FIRST}.yaml")))
            .unwrap();
    }
    place.commit("Begin");
    for environment in ["staging", "production"] {
        let list = place.list(&[environment, "auth"]);
        assert!(list.value["version"].is_null());
        assert_eq!(list.items.len(), 1, "{:#}", list.value);
        list.is("first-version", "open").asks("first-version", "rotate bump staging auth");
    }
    let text = place.run(&["checklist", "staging", "auth"]).success().stdout;
    assert!(text.starts_with("auth in staging: no version yet\n"), "{text}");
}

#[test]
fn what_is_not_there_is_refused() {
    let place = Place::new();
    place.sandbox.write("development/web.yaml", &workload("auth"));
    let settings = SETTINGS.replace(
        "environments:\n",
        "environments:\n  - { name: development, paths: [development], versioned: false }\n",
    );
    place.sandbox.write("rotate.yaml", &settings);
    for (arguments, words) in [
        (&["prod", "auth"][..], &["there is no environment `prod`", "production"][..]),
        (
            &["staging", "aut"],
            &["nothing in `staging` names a secret of the family `aut`", "did you mean `auth`?"],
        ),
        (&["development", "auth"], &["`development` is not versioned"]),
        (
            &["production", "auth", "--version", "20250601090001"],
            &[
                "`auth` never had the version `20250601090001` in staging or production",
                "did you mean `20250601090000`?",
            ],
        ),
        (&["production", "auth", "--version", "plain"], &["never had the version `plain`"]),
        (&["production", "auth-20250601090000"], &["write its family, auth"]),
        (&["production", "auth", "--mainline", "gone"], &["gone"]),
        (&["production", "auth", "--format", "mermaid"], &["mermaid"]),
        (&["production"], &["FAMILY"]),
    ] {
        let arguments = [&["checklist"][..], arguments].concat();
        let _ = place.run(&arguments).status(2).says(words);
    }
}

/// Without a history, what needs one is not known, and the rest is shown all the same.
#[test]
fn what_needs_history_is_not_known_without_it() {
    let mut place = Place::without_git();
    place.sandbox.write("staging/web.yaml", &workload(&format!("auth-{SECOND}")));
    place.sandbox.write(&format!("staging/auth-{SECOND}.yaml"), &external("staging", SECOND));
    place.at("2025-07-22T15:00:00Z");
    let list = place.list(&["production", "auth"]);
    assert!(list.value["mainline"].is_null());
    list.is("moved-staging", "done").notes("moved-staging", "no Git history");
    list.is("stub-staging", "done").is("moved-production", "open");
    for id in ["soak-production", "way-back-production", "prune-staging"] {
        list.is(id, "unknown").notes(id, "no Git history");
    }

    // A clone that lacks commits knows since when at the latest, and not what was before.
    place.at("2025-07-22T16:00:00Z");
    place.commit("Move staging");
    let clone = place.sandbox.path("../clone");
    let from = format!("file://{}", place.sandbox.root().display());
    let clone = clone.to_str().unwrap();
    let _ = place.sandbox.git_at(&place.now, &["clone", "--quiet", "--depth", "1", &from, clone]);
    place.at("2025-07-24T16:00:00Z");
    let list = place.list(&["staging", "auth", "-C", clone]);
    list.is("watch-staging", "done").notes("watch-staging", "since before 2025-07-22 16:00 UTC");
    list.is("way-back-staging", "unknown").notes("way-back-staging", "shallow");
    list.asks("way-back-staging", "git -C [ROOT]/../clone fetch --unshallow");
    list.is("kept-staging-20250601090000", "waiting");
    assert!(list.item("kept-staging-20250601090000")["until"].is_null());
    place.at("2025-07-22T17:00:00Z");
    let list = place.list(&["production", "auth", "-C", clone]);
    list.until("soak-production", "2025-07-23T16:00:00Z").notes("soak-production", "shallow");
}

#[test]
fn what_keeps_a_version_from_moving_is_said() {
    let mut place = Place::new();
    place.at("2025-07-22T11:00:00Z");
    let _ = place.run(&["bump", "staging", "auth"]).success();
    // It is in the tree only.
    let list = place.list(&["production", "auth"]);
    list.is("moved-staging", "open").notes("moved-staging", "main does not: commit and merge it");
    list.is("soak-production", "open")
        .notes("soak-production", "does not run 20250722110000 alone");
    list.asks("soak-production", "rotate status --family auth");
    place.commit("Move staging");
    // A text of production that nothing can move, and an error of the rules.
    let odd = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: odd, namespace: shop }\ndata: { a.sh: \"get auth-20250601090000\" }\n";
    place.sandbox.write("production/odd.yaml", odd);
    let gone = workload("gone-20250601090000")
        .replace("name: web\n  namespace", "name: gone\n  namespace");
    place.sandbox.write("production/gone.yaml", &gone);
    place.commit("Break it");
    let list = place.list(&["production", "gone"]);
    list.is("lint-production", "open").notes("lint-production", "lint error");
    list.asks("lint-production", "rotate lint --environment production --family gone");
    let kubectl = "kubectl get secret gone-20250601090000 --namespace shop";
    list.lacks(&["stub-production"]).asks("stored-production-gone-20250601090000", kubectl);
}

/// What the store names itself must be given, and the list has the command.
#[test]
fn a_version_whose_pin_must_be_given_has_the_command() {
    let mut place = Place::of_vault();
    place.commit("Begin");
    place.at("2025-07-22T11:00:00Z");
    let _ = place.run(&["bump", "staging", "auth", "--pin", "5", "--commit"]).success();
    place.at("2025-07-24T11:00:00Z");
    let list = place.list(&["production", "auth"]);
    let text = list.item("stored-staging-staging-auth")["text"].as_str().unwrap();
    assert_eq!(text, "The store has `5` of `staging/auth`.");
    list.is("plan-production", "open");
    let command = list.item("plan-production")["command"].as_str().unwrap();
    assert!(
        command.starts_with("rotate bump production auth --version 20250722110000 --pin "),
        "{command}"
    );
}

/// How long an old version is kept: its retention, and longer for a CronJob.
#[test]
fn an_old_version_is_kept_until_a_date() {
    let cron = |schedule: &str| {
        format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{ name: cleanup, namespace: shop }}\nspec:\n  schedule: \"{schedule}\"\n  \
             jobTemplate:\n    spec:\n      template:\n        spec:\n          containers:\n            - name: cleanup\n              \
             envFrom:\n                - secretRef:\n                    name: auth-{FIRST}\n"
        )
    };
    for (schedule, until, words) in [
        (
            "0 3 * * *",
            Some("2025-08-05T11:00:00Z"),
            "it is kept for 14d, until 2025-08-05 11:00 UTC",
        ),
        (
            "0 3 1 * *",
            Some("2025-09-22T11:00:00Z"),
            "it is kept for 62d, for the CronJob `cleanup`",
        ),
        ("whenever", None, "it is unknown how often the CronJob `cleanup` runs"),
    ] {
        let mut place = Place::without_git();
        place.sandbox.write("staging/cron.yaml", &cron(schedule));
        place.commit("Begin");
        for now in ["2025-07-22T11:00:00Z", "2025-07-24T11:00:00Z"] {
            place.at(now);
            let _ = place.run(&["bump", "staging", "auth", "--commit"]).success();
        }
        let list = place.list(&["staging", "auth"]);
        let id = "kept-staging-20250601090000";
        list.asks(id, "rotate prune staging auth").notes(id, words);
        match until {
            Some(time) => list.until(id, time),
            None => list.is(id, "open"),
        };
        // The way back stays in any case, and no date ends that.
        list.is("kept-staging-20250722110000", "waiting");
        assert!(list.item("kept-staging-20250722110000")["until"].is_null());
        list.notes("kept-staging-20250722110000", "it is the way back until the next rotation");
    }
}

#[test]
fn a_version_without_its_stub_is_open() {
    let mut place = Place::new();
    place.at("2025-07-22T11:00:00Z");
    let _ = place.run(&["bump", "staging", "auth", "--commit"]).success();
    std::fs::remove_file(place.sandbox.path(&format!("staging/auth-{SECOND}.yaml"))).unwrap();
    let list = place.list(&["staging", "auth"]);
    list.is("stub-staging", "open").notes("stub-staging", "nothing in the tree provides it");
    list.asks("stub-staging", "rotate lint --environment staging --family auth");
    list.is("lint-staging", "open").notes("lint-staging", "auth-20250722110000");
    // A store that is not in the repository.
    std::fs::remove_file(place.sandbox.path("production/store.yaml")).unwrap();
    std::fs::remove_file(place.sandbox.path("staging/store.yaml")).unwrap();
    let list = place.list(&["production", "auth", "--version", FIRST]);
    list.notes("stored-production-production-auth", "no command is known");
}

/// What a pull request carries is the list of the command, before and after the merge, and changes with facts only.
#[test]
fn a_pull_request_carries_the_list() {
    let mut place = Place::new();
    place.at("2025-07-22T11:00:00Z");
    let _ = place.run(&["bump", "staging", "auth", "--commit"]).success();
    place.at("2025-07-24T11:00:00Z");
    let described = ["promote", "--dry-run", "--format", "markdown"];
    let text = place.run(&described).success().stdout;
    let list =
        place.run(&["checklist", "production", "auth", "--format", "markdown"]).success().stdout;
    let ids = |text: &str| -> Vec<String> {
        let ids = text.lines().filter_map(|line| line.split_once(" <!-- rotate-item: "));
        let ids =
            ids.map(|(_, id)| id.trim_end_matches(" -->").trim_end_matches(" proved").to_owned());
        ids.collect()
    };
    let (before, after) = text.split_once("### After merging").unwrap();
    let (_, before) = before.split_once("### Before merging").unwrap();
    let own: Vec<String> = ids(before).into_iter().chain(ids(after)).collect();
    // Merging it is the move, and the clean-up of other environments is a matter of theirs.
    let not_there = ["lint-staging", "moved-production", "kept-staging-20250601090000"];
    let all: Vec<String> =
        ids(&list).into_iter().filter(|id| !not_there.contains(&&**id)).collect();
    assert_eq!(own, all);
    let command = "\n  ```sh\n  rotate rollback production auth --reason '…' --commit\n  ```\n";
    for words in [
        "- [x] staging has run 20250722110000 alone for its soak of 1d: since 2025-07-22 11:00 UTC (",
        "- [x] The stub of 20250722110000 is in production: this change adds `production/auth-20250722110000.yaml` <!-- rotate-item: stub-production proved -->",
        "- [ ] production takes 20250722110000 inside its change window (mon, tue, wed, thu 09:00 to 16:00 UTC). <!-- rotate-item: window-production -->",
        "- [ ] Keep the old stub for rollbacks until the next rotation. Then it can be removed, 7d after this merge at the earliest: `rotate prune production auth` <!-- rotate-item: old-production -->",
        "- [x] production can be rolled back to 20250601090000 at any time: ",
        command,
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert!(list.contains(command) && !list.contains("ago"), "{list}");
    place.at("2025-07-24T15:59:00Z");
    assert_eq!(place.run(&described).success().stdout, text);

    // From a name without a version, the way back is that name.
    let plain = Place::without_git();
    for environment in ["staging", "production"] {
        plain.sandbox.write(&format!("{environment}/web.yaml"), &workload("auth"));
        let stub = external(environment, FIRST).replace(&format!("auth-{FIRST}"), "auth");
        plain.sandbox.write(&format!("{environment}/auth-{FIRST}.yaml"), &stub);
    }
    plain.commit("Begin");
    let bump = ["bump", "staging", "auth", "--dry-run", "--format", "markdown"];
    let text = plain.run(&bump).success().stdout;
    for words in [
        "- [x] staging can be rolled back to the name without a version at any time: ExternalSecret `auth` in ",
        "rotate rollback staging auth --to plain --reason '…' --commit\n",
        "- [ ] Watch staging for 24h, then promote the version.\n",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}
