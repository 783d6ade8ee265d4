//! The page that tells one rotation, typed against a real `aws`: what is put, listed, pruned and cleaned up. There is no cluster here.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use tempfile::TempDir;

use crate::followed::bench::Bench;
use crate::followed::cloud::Cloud;
use crate::followed::desk::{Desk, PLAIN};
use crate::followed::told::items;
use crate::page::{FAMILY, JUNE, MARCH, before, commands, is_of_june, with_both};
use crate::tree;

const STORE: &str = "secretsmanager eu-central-1";
const NEW: &str = "20250723110000";

/// The example with the version of March, as files with their texts of June.
fn tree() -> (TempDir, Vec<(String, String)>) {
    let directory = TempDir::new().unwrap();
    let mut june = Vec::new();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/trees/auth-api");
    for (name, bytes) in tree::files(&example) {
        let text = String::from_utf8(bytes).unwrap();
        let (mut name_then, mut text_then) = (name.clone(), text.clone());
        if is_of_june(&name, &text) {
            (name_then, text_then) = before(&name, &text);
            june.push((name, text));
        }
        let file = directory.path().join(name_then);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text_then).unwrap();
    }
    (directory, june)
}

/// Somebody who types what the page says, and a store.
struct World<'b> {
    cloud: &'b Cloud,
    desk: Desk<'b>,
}

/// A label of a key, and the value that it is on.
type Label = (String, String, String);

impl World<'_> {
    /// Types a command that must succeed; gives both of its outputs.
    #[track_caller]
    fn types(&self, command: &str, input: &str) -> (String, String) {
        let output = self.desk.types(command, input);
        let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert!(output.status.success(), "{command}\n{told:?}");
        let [stdout, stderr] = told;
        (stdout, stderr)
    }

    /// Every label of both keys.
    fn labels(&self) -> BTreeSet<Label> {
        let shelf = self.cloud.shelf(&BTreeSet::from([STORE.to_owned()]));
        let mut labels = BTreeSet::new();
        for ((_, key), versions) in shelf {
            for one in versions.into_values() {
                let label = |label: String| (key.clone(), label, one.value.clone());
                labels.extend(one.labels.into_iter().map(label));
            }
        }
        labels
    }

    /// Both versions in both keys. What is current stays with that of March, since nothing of it counts.
    fn stock(&self) {
        for environment in ["staging", "production"] {
            let aws = |words: &str, input: &str| {
                let command = format!("aws secretsmanager {words} --region eu-central-1");
                self.types(&command, input).0
            };
            let (key, value) =
                (format!("{environment}/auth-api"), "--secret-string file:///dev/stdin");
            let made = aws(&format!("create-secret --name {key} {value}"), "march");
            let made: serde_json::Value = serde_json::from_str(&made).unwrap();
            let id = made["VersionId"].as_str().unwrap();
            let stage = format!("--version-stage {MARCH} --move-to-version-id {id}");
            let _ = aws(&format!("update-secret-version-stage --secret-id {key} {stage}"), "");
            let put = format!("put-secret-value --secret-id {key} {value} --version-stages {JUNE}");
            let _ = aws(&put, "june");
        }
    }

    /// The version that an environment runs.
    fn runs(&self, environment: &str) -> String {
        let status = self.desk.asks("status");
        let mut all = items(&status["families"]);
        let one = all.find(|one| one["family"] == FAMILY && one["environment"] == environment);
        one.unwrap_or_else(|| panic!("{status:#}"))["versions"][0].as_str().unwrap().to_owned()
    }
}

/// The repository as the page finds it: both versions, a year later than there.
fn begun(desk: &mut Desk<'_>, june: &[(String, String)]) {
    desk.wait(1);
    for (name, text) in june {
        fs::write(desk.tree().join(name), with_both(text)).unwrap();
    }
    let _ = desk.git(&["add", "--all"]);
    let _ = desk.git(&["commit", "--quiet", "--message=Move to the version of June"]);
    fs::write(desk.here().join("../auth-api.json"), "{\"database-url\": \"new\"}").unwrap();
}

#[test]
fn the_page_is_true_of_the_real_aws() {
    let (cloud, (directory, june)) = (Cloud::start(), tree());
    let bench = Bench::new(cloud.endpoint());
    let mut desk = Desk::of(&bench, directory.path(), PLAIN);
    begun(&mut desk, &june);
    let mut world = World { cloud: &cloud, desk };
    world.stock();
    let stocked = world.labels();
    assert_eq!(stocked.len(), 6, "{stocked:?}");
    let (mut told, mut typed) = (String::new(), 0);
    for (time, command, _) in commands() {
        let time: DateTime<Utc> = time.parse().unwrap();
        world.desk.today = time + TimeDelta::days(365);
        let now = world.desk.today.to_rfc3339_opts(SecondsFormat::Secs, true);
        if command.starts_with("kubectl ") || command.starts_with("rotate verify ") {
            continue;
        }
        let is_removal = command.contains(" --remove-from-version-id ");
        assert!(!is_removal || told.contains(&command), "{command}\n{told}");
        let mut line = command.replace(" --live ../live.json", "");
        if line.starts_with("rotate ") || line.contains(" | rotate ") {
            line.push_str(&format!(" --at {now}"));
        }
        let earlier = world.labels();
        let (said, also) = world.types(&line, "");
        told = format!("{told}{said}{also}");
        let added: Vec<Label> = world.labels().difference(&earlier).cloned().collect();
        let is_put = command.contains(" put-secret-value ");
        assert_eq!(added.len(), usize::from(is_put), "{command}\n{added:?}");
        assert!(is_removal || earlier.is_subset(&world.labels()), "{command}");
        typed += 1;
    }
    assert_eq!(typed, 8, "{told}");
    assert_eq!((world.runs("staging"), world.runs("production")), (NEW.to_owned(), NEW.to_owned()));
    // The programs that it runs itself say the same.
    for (command, words) in [
        (
            format!("rotate bump staging {FAMILY} --from-store aws --check"),
            "has nothing new to take",
        ),
        (
            format!("rotate checklist production {FAMILY} --from-store aws"),
            "[x] The store has `20250723110000` of `staging/auth-api`.",
        ),
    ] {
        let now = world.desk.at();
        let (said, also) = world.types(&format!("{command} {now}"), "");
        assert!(format!("{said}{also}").contains(words), "{command}\n{said}{also}");
    }
    // The clean-up takes the label of what `prune` removed, and nothing else.
    let gone =
        world.desk.tree().join(format!("overlays/production/externalsecret-{FAMILY}-{MARCH}.yaml"));
    assert!(!gone.exists());
    let mut expected = stocked;
    let value = "{\"database-url\": \"new\"}";
    for key in ["staging/auth-api", "production/auth-api"] {
        let _ = expected.insert((key.to_owned(), NEW.to_owned(), value.to_owned()));
    }
    let march = ("production/auth-api".to_owned(), MARCH.to_owned(), "march".to_owned());
    assert!(expected.remove(&march));
    assert_eq!(world.labels(), expected);
}
