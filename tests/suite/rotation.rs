//! The page that tells one rotation from its value to its clean-up: its commands are run in order, with a fixed clock, and what they
//! say must be what it shows. `aws` is a store with two keys, `kubectl` a cluster that has applied what is committed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::page::{FAMILY, JUNE, MARCH, before, commands, is_of_june, with_both};
use crate::story::{Story, fits, without_commit, words};
use crate::support::{Output, Sandbox};
use crate::verify::dump::{Dump, STARTED, pod};

/// A version: its labels, when it was made, and when it was last read.
type Version = (Vec<String>, String, Option<String>);

/// A repository with two versions, a store that has them, and a cluster.
struct World {
    story: Story,
    /// The versions of each key, the oldest first.
    store: BTreeMap<String, Vec<Version>>,
}

impl World {
    /// Both environments run the version of June, and the one of March is still there.
    fn begin() -> Self {
        let story =
            Story { sandbox: Sandbox::example("auth-api"), now: "2025-03-01T09:10:00Z".to_owned() };
        let mut world = Self { story, store: BTreeMap::new() };
        let june = world.texts();
        for (name, text) in &june {
            let (old, text) = before(name, text);
            if old != *name {
                fs::remove_file(world.story.sandbox.path(name)).unwrap();
            }
            world.story.sandbox.write(&old, &text);
        }
        world.story.init();
        world.story.commit("Begin");
        world.story.at("2025-06-02T09:10:00Z");
        for (name, text) in &june {
            world.story.sandbox.write(name, &with_both(text));
        }
        world.story.commit("Move to the version of June");
        for environment in ["staging", "production"] {
            let version = |stages: &[&str], date: &str, read: &str| {
                let stages = stages.iter().map(|stage| (*stage).to_owned()).collect();
                (stages, format!("{date}T09:00:00+00:00"), Some(format!("{read}T00:00:00+00:00")))
            };
            let versions = vec![
                version(&[MARCH], "2025-03-01", "2025-03-01"),
                version(&["AWSCURRENT", JUNE], "2025-06-02", "2025-06-02"),
            ];
            world.store.insert(format!("{environment}/auth-api"), versions);
        }
        world
    }

    /// The files that name the version of June, by their name or in their text.
    fn texts(&self) -> Vec<(String, String)> {
        let files = self.story.sandbox.files().into_iter();
        let files = files.map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap()));
        files.filter(|(name, text)| is_of_june(name, text)).collect()
    }

    /// Runs a line of the page, which is a command or two of them with a pipe in between.
    fn types(&mut self, line: &str) -> Output {
        let (line, into) = line.split_once(" > ").map_or((line, None), |(a, b)| (a, Some(b)));
        let (first, last) = line.split_once(" | ").map_or((None, line), |(a, b)| (Some(a), b));
        let mut other = |line: &str| match line.split(' ').next().unwrap() {
            "aws" => self.aws(line),
            "kubectl" => self.kubectl(line),
            other => panic!("{other}"),
        };
        let input = first.map(&mut other);
        if let Some(rest) = last.strip_prefix("rotate ") {
            return self.rotate(&words(rest), &input.unwrap_or_default());
        }
        let stdout = other(last);
        if let Some(file) = into {
            self.story.sandbox.write(file, &stdout);
            return Output { status: 0, stdout: String::new(), stderr: String::new() };
        }
        Output { status: 0, stdout, stderr: String::new() }
    }

    fn rotate(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.story.sandbox.command(arguments);
        self.story.dated(&mut command).args(["--at", &self.story.now]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let _is_read = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Output {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What AWS Secrets Manager does and prints.
    fn aws(&mut self, line: &str) -> String {
        let words = words(line);
        let option = |name: &str| words[words.iter().position(|word| *word == name).unwrap() + 1];
        assert_eq!(
            (words[0], words[1], option("--region")),
            ("aws", "secretsmanager", "eu-central-1")
        );
        let (key, now) = (option("--secret-id"), &self.story.now);
        let versions = self.store.get_mut(key).unwrap_or_else(|| panic!("no {key}"));
        match words[2] {
            "put-secret-value" => {
                let stage = option("--version-stages").to_owned();
                assert_eq!(option("--secret-string"), "file:///dev/stdin");
                versions.push((vec![stage.clone()], now.clone(), None));
                json!({"Name": key, "VersionStages": [stage]}).to_string()
            }
            "list-secret-version-ids" => listed(key, versions),
            "update-secret-version-stage" => {
                let stage = option("--version-stage");
                let find = format!("Versions[?contains(VersionStages, '{stage}')].VersionId");
                assert!(
                    line.contains("--remove-from-version-id") && line.contains(&find),
                    "{line}"
                );
                let has = |one: &Version| one.0.iter().any(|one| one == stage);
                let found = versions.iter_mut().find(|one| has(one)).unwrap();
                found.0.retain(|one| one != stage);
                versions.retain(|one| !one.0.is_empty());
                json!({"Name": key}).to_string()
            }
            other => panic!("{other}"),
        }
    }

    /// What the cluster of the environment that moved that day runs: in the first minutes, a pod and a Job are behind.
    fn kubectl(&self, line: &str) -> String {
        let is_first_day = self.story.now.starts_with("2025-07-23");
        let environment = if is_first_day { "staging" } else { "production" };
        let sandbox = &self.story.sandbox;
        // It is what `rotate` prints.
        let told = self.rotate(&["verify", environment, FAMILY], "");
        assert!(told.stderr.contains(line), "{line}\n{told}");
        let mut dump = Dump::of(sandbox, environment);
        let since = if is_first_day { "2025-07-23T11:16:20Z" } else { "2025-07-24T11:21:40Z" };
        if self.story.now.as_str() < "2025-07-23T11:30:00Z" {
            behind(&mut dump);
        }
        dump.text().replace(STARTED, since)
    }
}

/// A pod of the Deployment that is still being stopped, and a Job of the CronJob that has not ended.
fn behind(dump: &mut Dump) {
    let new = json!("20250723110000");
    let old = |value: &Value| -> Value {
        let text = value.to_string().replace(new.as_str().unwrap(), JUNE);
        serde_json::from_str(&text).unwrap()
    };
    let template = old(&dump.get("Deployment", "auth-api")["spec"]["template"]);
    let mut stopping = pod(("ReplicaSet", "auth-api-4a7b"), "auth-api-4a7b-0", &template, "auth");
    stopping["metadata"]["labels"]["pod-template-hash"] = json!("4a7b");
    stopping["metadata"]["deletionTimestamp"] = json!("2025-07-23T11:17:00Z");
    dump.0.push(stopping);
    let job = old(&dump.get("CronJob", "token-cleanup")["spec"]["jobTemplate"]["spec"]);
    let name = "token-cleanup-29221140";
    dump.get("CronJob", "token-cleanup")["status"]["active"] =
        json!([{"kind": "Job", "name": name, "namespace": "auth"}]);
    dump.0.push(pod(("Job", name), "token-cleanup-29221140-x", &job["template"], "auth"));
    dump.0.push(json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": "auth", "uid": name,
        "creationTimestamp": "2025-07-23T11:00:00Z", "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob",
        "name": "token-cleanup", "uid": "token-cleanup", "controller": true}]}, "spec": job, "status": {"active": 1}}));
}

/// `aws secretsmanager list-secret-version-ids`.
fn listed(key: &str, versions: &[Version]) -> String {
    let one = |(index, (stages, created, read)): (usize, &Version)| {
        let mut one = json!({"VersionId": format!("{index:08}-0000-4000-8000-000000000000"), "VersionStages": stages,
                             "CreatedDate": created});
        if let Some(read) = read {
            one["LastAccessedDate"] = json!(read);
        }
        one
    };
    let versions: Vec<Value> = versions.iter().enumerate().map(one).collect();
    let arn = format!("arn:aws:secretsmanager:eu-central-1:123456789012:secret:{key}-AbCdEf");
    json!({"Versions": versions, "ARN": arn, "Name": key}).to_string()
}

#[test]
fn the_page_tells_what_happens() {
    let mut world = World::begin();
    let before = world.store.clone();
    let (mut ends, mut wrong, mut told) = (Vec::new(), String::new(), String::new());
    for (now, command, shown) in commands() {
        world.story.at(&now);
        // What removes something is what `rotate` prints.
        assert!(
            !command.contains(" --remove-from-version-id ") || told.contains(&command),
            "{told}"
        );
        let output = world.types(&command);
        let said = format!("{}{}", output.stdout, output.stderr);
        let said: Vec<String> = said.lines().map(without_commit).collect();
        let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
        if !fits(&shown, &said) {
            let _ = writeln!(wrong, "$ {command} ({})\n{}\n", output.status, said.join("\n"));
        }
        ends.push(output.status);
        told.push_str(&output.stderr);
    }
    assert!(wrong.is_empty(), "{wrong}");
    // Stragglers end with 1, and nothing else does.
    assert_eq!(ends.iter().filter(|status| **status != 0).collect::<Vec<_>>(), [&1], "{ends:?}");
    // What `prune` removed is gone from the store, and nothing else.
    let labels = |store: &BTreeMap<String, Vec<Version>>| -> Vec<(String, String)> {
        let all = store.iter().flat_map(|(key, versions)| {
            let stages = versions.iter().flat_map(|one| &one.0);
            stages.map(|stage| (key.clone(), stage.clone())).collect::<Vec<_>>()
        });
        all.collect()
    };
    let mut expected = labels(&before);
    for key in ["production/auth-api", "staging/auth-api"] {
        expected.push((key.to_owned(), "20250723110000".to_owned()));
    }
    expected.retain(|(key, stage)| key != "production/auth-api" || stage != MARCH);
    expected.sort();
    let mut left = labels(&world.store);
    left.sort();
    assert_eq!(left, expected);
    assert!(world.story.sandbox.files().iter().all(|(name, _)| {
        !name.contains("production/externalsecret-auth-api-secrets-20250301090000")
    }));
}
