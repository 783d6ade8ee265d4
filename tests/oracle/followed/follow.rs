//! Follows what is printed under `Next`, step by step and to the letter, and checks the result of each.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;

use crate::followed::desk::Desk;
use crate::followed::ledger::Ledger;
use crate::followed::table;
use crate::followed::told::{self, Deed, Secret, Step, Told, items, word};
use crate::objects;

/// How far a `rotate` command under `Next` is followed.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Then {
    /// All the way, with what it prints in its turn.
    Go,
    /// It is called to see what it would do, which is undone.
    Look,
}

/// Somebody who does what is printed.
pub(super) struct Follower<'b> {
    pub(super) desk: Desk<'b>,
    pub(super) ledger: Ledger<'b>,
    /// How many commands were followed, by program.
    pub(super) followed: BTreeMap<String, usize>,
    /// The Secrets that a removal told to wait for.
    looked: BTreeSet<Secret>,
    /// Whether the rules find fault with the tree as it is.
    is_faulty: bool,
    /// How many values were put, so that each is another one.
    values: usize,
}

impl<'b> Follower<'b> {
    pub(super) const fn new(desk: Desk<'b>, ledger: Ledger<'b>, is_faulty: bool) -> Self {
        Self {
            desk,
            ledger,
            followed: BTreeMap::new(),
            looked: BTreeSet::new(),
            is_faulty,
            values: 0,
        }
    }

    /// Calls `rotate` with these words, and follows.
    ///
    /// # Errors
    /// With what it says, when it is refused.
    pub(super) fn does(&mut self, words: &str, then: Then) -> Result<Told, String> {
        self.follow(&self.desk.rotate(words), then)
    }

    fn follow(&mut self, command: &str, then: Then) -> Result<Told, String> {
        let told = told::call(&self.desk, command)?;
        let mut committed = told.next.iter().all(|step| !is_commit(step));
        for step in &told.next {
            if is_commit(step) {
                self.commit(step, &told, command);
                committed = true;
            } else if step.title.starts_with("Check that every pod in ") {
                assert!(committed, "{command}: {step:?} before the commit");
                self.prove(step);
            } else if step.command.as_deref().is_some_and(|one| one.starts_with("rotate ")) {
                assert!(committed, "{command}: {step:?} before the commit");
                self.onward(step, then, &told);
            } else if told.deeds.iter().any(|deed| deed.to.is_some()) {
                self.put(step, &told);
            } else {
                assert!(committed, "{command}: {step:?} before the commit");
                self.remove(step, &told);
            }
        }
        self.ledger.is_unchanged(command);
        assert_eq!(std::mem::take(&mut self.looked), told.removed(), "{command}");
        Ok(told)
    }

    /// Types a command of a step, and gives what its programs were told.
    fn types(&mut self, step: &Step, input: &str) -> Vec<table::Call> {
        let command = step.command.as_deref().unwrap();
        let own = without_reasons(command);
        assert!(!table::has_placeholder(&own), "somebody has to fill in {command}");
        let _ = (self.desk.bench.calls(), self.desk.bench.input());
        let output = self.desk.types(command, input);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{command}\n{said}");
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(input.is_empty() || !told.contains(input.trim()), "{command} shows the value");
        let calls = self.desk.bench.calls();
        assert!(!calls.is_empty(), "{command} calls nothing that is known here");
        for call in &calls {
            *self.followed.entry(call.program.clone()).or_default() += 1;
        }
        calls
    }

    /// A step that puts a value somewhere.
    fn put(&mut self, step: &Step, told: &Told) {
        let environment = &told.deeds[0].environment;
        if step.title.starts_with("Only if ") {
            self.ledger.has_it_already(&step.title, environment);
            return;
        }
        if step.command.is_none() {
            self.ledger.owe(&step.title);
            return;
        }
        self.values += 1;
        let value = value(&step.title, self.values);
        let reads = step.title.contains("from standard input");
        let tls = step.title.contains("in the files tls.crt and tls.key");
        if tls {
            self.desk.lay_pair();
        }
        let calls = self.types(step, if reads { &value } else { "" });
        if tls {
            self.desk.take_pair();
        }
        let input = self.desk.bench.input();
        if calls.iter().all(|call| call.program == "kubectl") {
            made(step, &input.unwrap_or_default(), &value, &told.deeds);
        } else {
            self.ledger.put(step, &calls, reads.then_some(value.as_str()), input.as_deref());
        }
    }

    /// A step that takes something away.
    fn remove(&mut self, step: &Step, told: &Told) {
        if step.command.is_none() {
            self.ledger.owe(&step.title);
            return;
        }
        let calls = self.types(step, "");
        if calls.iter().any(|call| call.program != "kubectl") {
            self.ledger.remove(step, &calls);
            return;
        }
        let removed = told.removed();
        let named: BTreeSet<Secret> = calls
            .iter()
            .map(|call| {
                let mut call = table::parse(call).unwrap_or_else(|fault| panic!("{fault}"));
                (call.arguments.remove(0), call.flags.remove("--namespace"))
            })
            .collect();
        assert!(named.is_subset(&removed), "{step:?}");
        if calls.iter().all(|call| call.words[0] == "get") {
            self.looked.extend(named);
        }
    }

    /// A step that asks the cluster, of which there is none: `rotate verify` knows what it is asked, and misses an input.
    fn prove(&mut self, step: &Step) {
        let command = step.command.as_deref().unwrap();
        // One after the other: what runs at once would note its calls at once.
        let (asks, reads) = command.split_once(" | ").unwrap();
        let output = self.desk.types(reads, "");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let misses = said.contains("has to come from a file or from standard input");
        assert!(misses, "{command}: {said}");
        let _ = self.desk.bench.calls();
        assert!(self.desk.types(asks, "").status.success(), "{command}");
        let calls = self.desk.bench.calls();
        let [call] = &calls[..] else { panic!("{command} calls {} programs", calls.len()) };
        let words: Vec<&str> = call.words.iter().map(String::as_str).collect();
        assert!(call.program == "kubectl" && words[..1] == ["get"], "{command}");
        assert!(words[1].starts_with("pods") && words.ends_with(&["-o", "json"]), "{command}");
    }

    /// Calls `rotate` with these words, follows what it prints as far as the commit goes, and undoes it.
    pub(super) fn tries(&mut self, words: &str) -> Told {
        let head = self.desk.head();
        let command = self.desk.rotate(words);
        let told =
            told::call(&self.desk, &command).unwrap_or_else(|said| panic!("{words}: {said}"));
        for step in told.next.iter().filter(|step| is_commit(step)) {
            self.commit(step, &told, &command);
        }
        self.desk.go_back(&head);
        told
    }

    /// The commit holds what the plans name and nothing else, says what `--commit` says, and leaves nothing behind.
    fn commit(&mut self, step: &Step, told: &Told, command: &str) {
        let before = self.desk.head();
        self.desk.today += TimeDelta::minutes(1);
        let _ = self.types(step, "");
        let desk = &self.desk;
        assert_eq!(desk.git(&["status", "--porcelain"]), "", "{command}");
        assert_eq!(desk.git(&["rev-parse", "HEAD^"]).trim(), before, "{command}");
        let names = desk.git(&["diff", "-z", "--no-renames", "--name-only", "HEAD^", "HEAD"]);
        let names: BTreeSet<String> = names.split_terminator('\0').map(str::to_owned).collect();
        assert_eq!(names, told.files, "{command}");
        let message = desk.git(&["log", "-1", "-z", "--format=%B"]);
        let message = message.trim_end_matches('\0');
        if let [only] = &told.messages[..] {
            assert_eq!(message, only, "{command}");
        }
        let trailers: Vec<&str> = told.messages.iter().flat_map(|one| trailers(one)).collect();
        assert_eq!(trailers, self::trailers(message), "{command}");
        self.stands(&told.deeds, command);
    }

    /// `status` shows what was promised.
    fn stands(&self, deeds: &[Deed], command: &str) {
        let status = self.desk.asks("status");
        for deed in deeds {
            let Some(to) = &deed.to else { continue };
            let own = |one: &&serde_json::Value| {
                word(&one["family"]) == deed.family && word(&one["environment"]) == deed.environment
            };
            let own = items(&status["families"]).find(own);
            let own = own.unwrap_or_else(|| panic!("{command}: no {} in {status:#}", deed.family));
            let runs: Vec<String> = items(&own["versions"]).map(word).collect();
            let expected = to.strip_prefix(&deed.family).unwrap().trim_start_matches('-');
            let expected: Vec<&str> =
                [expected].into_iter().filter(|one| !one.is_empty()).collect();
            assert_eq!(runs, expected, "{command}: {own:#}");
            assert_eq!(own["plain"], expected.is_empty(), "{command}: {own:#}");
        }
    }

    /// A `rotate` command: the version goes on, or the reason why not is printed.
    fn onward(&mut self, step: &Step, then: Then, told: &Told) {
        let command = step.command.as_deref().unwrap();
        *self.followed.entry("rotate".to_owned()).or_default() += 1;
        let gone_on = if then == Then::Look {
            let head = self.desk.head();
            let told = told::call(&self.desk, command);
            self.desk.go_back(&head);
            told
        } else {
            self.follow(command, then).or_else(|said| {
                // The clock of the command is the real one: the rest is followed on a day within the hours, and where the
                // rules find fault, as the refusal says.
                let mut command = command.to_owned();
                if said.contains("outside the change window") {
                    self.desk.wait(7);
                    command = format!("{command} {}", self.desk.at());
                }
                if self.is_faulty && said.contains("--override lint --reason") {
                    command += " --override lint --reason known";
                }
                self.follow(&command, then)
            })
        };
        let family = command.rsplit(' ').next().unwrap();
        match gone_on {
            Ok(next) => {
                let to = |told: &Told| {
                    let mut own = told.deeds.iter().filter(|deed| deed.family == family);
                    own.next().and_then(|deed| deed.to.clone())
                };
                assert!(to(told).is_some() && to(told) == to(&next), "{command}: another version");
            }
            Err(said) => {
                let known = said.contains("outside the change window")
                    || self.is_faulty && said.contains("--override lint --reason");
                assert!(then == Then::Look && known, "{command}: {said}");
            }
        }
    }
}

/// A command without the reasons for overridden gates, which quote what the rules say.
fn without_reasons(command: &str) -> String {
    let mut parts = command.split("--trailer 'Rotate-Override:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.split_once("' -").map_or("", |(_, rest)| rest))
}

fn is_commit(step: &Step) -> bool {
    step.command.as_deref().is_some_and(|command| command.starts_with("git "))
}

fn trailers(message: &str) -> Vec<&str> {
    message.lines().filter(|line| line.starts_with("Rotate-")).collect()
}

/// A value of the form that a step asks for, another one each time.
fn value(title: &str, number: usize) -> String {
    let keys = keys(title);
    if title.contains("lines of KEY=VALUE") {
        return keys.iter().map(|key| format!("{key}=it's ${number}\n")).collect();
    }
    if title.contains("JSON object") || title.contains("config.json") {
        let mut object = serde_json::Map::new();
        for key in keys.iter().map(String::as_str).chain(["other"]) {
            object.insert(key.to_owned(), format!("\"{number}\" $HOME 'ü'").into());
        }
        return serde_json::Value::Object(object).to_string();
    }
    format!("the \"{number}\"th\n  it's $HOME and ü\n")
}

/// The keys that a step names: `with the keys a, b and c`, `at least a`.
fn keys(title: &str) -> Vec<String> {
    let begins = ["with the keys ", "with the key ", "at least "];
    let Some(list) = begins.iter().find_map(|begin| Some(title.split_once(begin)?.1)) else {
        return Vec::new();
    };
    let list = list.split(", into ").next().unwrap().trim_end_matches('.');
    list.split(", ").flat_map(|part| part.split(" and ")).map(str::to_owned).collect()
}

/// The Secret that kubectl makes is the one that the step promises, where it is read.
fn made(step: &Step, yaml: &str, value: &str, deeds: &[Deed]) {
    let objects = objects::parse(yaml).unwrap();
    let [secret] = &objects[..] else { panic!("{step:?} makes {yaml}") };
    let name = secret.name().unwrap();
    assert_eq!(secret.kind(), "Secret");
    assert!(
        step.title.starts_with(&format!("Create the secret {name} in the cluster: ")),
        "{step:?}"
    );
    let namespace = secret.text(&["metadata", "namespace"]).map(str::to_owned);
    let meant = |deed: &&Deed| deed.to.as_deref() == Some(name);
    assert!(deeds.iter().find(meant).unwrap().namespaces.contains(&namespace), "{step:?}: {yaml}");
    let data = objects::at(&secret.0, &["data"]).unwrap();
    let holds = |key: &str| {
        let text = data.get(key).and_then(serde_yaml::Value::as_str);
        text.map(|text| String::from_utf8(STANDARD.decode(text).unwrap()).unwrap())
    };
    match secret.text(&["type"]) {
        Some("kubernetes.io/dockerconfigjson") => {
            assert_eq!(holds(".dockerconfigjson").as_deref(), Some(value), "{step:?}");
        }
        Some("kubernetes.io/tls") => {
            assert!(holds("tls.crt").is_some() && holds("tls.key").is_some(), "{step:?}");
        }
        _ => {
            let lines: Vec<String> = keys(&step.title)
                .iter()
                .map(|key| format!("{key}={}\n", holds(key).unwrap_or_default()))
                .collect();
            assert_eq!(lines.concat(), value, "{step:?}");
        }
    }
}
