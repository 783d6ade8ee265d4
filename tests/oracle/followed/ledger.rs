//! What was put into stores and taken out of them, entry by entry.

use std::collections::{BTreeMap, BTreeSet};

use crate::followed::cloud::{Cloud, Shelf, Version};
use crate::followed::stubs::{Entry, Line, Reads};
use crate::followed::table::{self, Call, Parsed};
use crate::followed::told::Step;

/// The books of one example.
pub(super) struct Ledger<'b> {
    cloud: &'b Cloud,
    /// The stores of AWS.
    stores: BTreeSet<String>,
    /// What AWS has.
    shelf: Shelf,
    /// A version that waits for its name, and what it holds.
    unnamed: Option<(Entry, String)>,
    /// What was put, and what it holds.
    pub(super) puts: BTreeMap<Entry, String>,
    /// What was taken out.
    pub(super) removed: BTreeSet<Entry>,
    /// Steps without a command.
    pub(super) owed: Vec<String>,
}

impl<'b> Ledger<'b> {
    /// Fills the stores of AWS with what the stubs of an example read.
    pub(super) fn new(cloud: &'b Cloud, lines: &BTreeSet<Line>) -> Self {
        let is_aws = |entry: &&Entry| is_aws(&entry.store);
        let entries: BTreeSet<Entry> =
            lines.iter().filter_map(|line| line.entry.as_ref()).filter(is_aws).cloned().collect();
        let stores: BTreeSet<String> = entries.iter().map(|entry| entry.store.clone()).collect();
        cloud.seed(&entries);
        let shelf = cloud.shelf(&stores);
        Self {
            cloud,
            stores,
            shelf,
            unnamed: None,
            puts: BTreeMap::new(),
            removed: BTreeSet::new(),
            owed: Vec::new(),
        }
    }

    /// A step that has no command.
    pub(super) fn owe(&mut self, title: &str) {
        self.owed.push(title.to_owned());
    }

    /// Whether a step that has no command is about an entry.
    pub(super) fn owes(&self, entry: &Entry) -> bool {
        let named = |title: &String| {
            let has = |word: &str| title.split([' ', '.', ',', ':']).any(|one| one == word);
            has(&entry.key) && entry.pin.as_deref().is_some_and(has)
        };
        self.owed.iter().any(named)
    }

    /// A step whose condition does not hold: the store is the same, and has the value.
    pub(super) fn has_it_already(&self, title: &str, environment: &str) {
        let (_, what) = title.split_once("into the store under ").unwrap();
        let what = what.trim_end_matches('.').trim_end_matches(", from standard input");
        let (key, pin) = match what.split_once(" as ") {
            Some((key, pin)) => (key, Some(pin)),
            None => (what.trim_start_matches("the new key "), None),
        };
        let here = |entry: &&Entry| entry.key == key && entry.pin.as_deref() == pin;
        assert!(self.puts.keys().any(|entry| here(&entry)), "{environment}: {title}");
    }

    /// A step that puts a value, or gives it its name.
    pub(super) fn put(
        &mut self,
        step: &Step,
        calls: &[Call],
        value: Option<&str>,
        input: Option<&str>,
    ) {
        if calls.iter().any(|call| call.program == "aws") {
            self.put_into_aws(step, value);
            return;
        }
        let parsed = all_parsed(calls);
        assert_eq!(parsed.iter().filter(|one| one.1.reads).count(), usize::from(value.is_some()));
        assert_eq!(input, value, "{step:?} reads something else");
        for (program, one) in &parsed {
            let entry = |pin: Option<&str>| one.entry(program, pin);
            match one.subcommand {
                ["secrets", "versions", "add"] => {
                    self.unnamed = Some((entry(None), value.unwrap().to_owned()));
                }
                ["secrets", "update"] => {
                    // The newest is 7, as the list said, and the alias that was there stays.
                    let aliases = &one.flags["--update-version-aliases"];
                    let pin = aliases.strip_suffix("=7,v20240101000000=3");
                    let pin = pin.unwrap_or_else(|| panic!("{step:?} sets {aliases}"));
                    let (unnamed, value) = self.unnamed.take().unwrap();
                    assert_eq!(unnamed, entry(None), "{step:?}");
                    self.puts.insert(entry(Some(pin)), value);
                }
                ["secrets", "create"] | ["keyvault", "secret", "set"] | ["kv", "put"] => {
                    self.puts.insert(entry(None), value.unwrap().to_owned());
                }
                ["secrets", "describe"] | ["secrets", "versions", "list"] => {}
                other => panic!("{step:?}: {other:?} puts nothing"),
            }
        }
    }

    /// One version more with the value, or one name more for it, and nothing else anywhere.
    fn put_into_aws(&mut self, step: &Step, value: Option<&str>) {
        let change = self.only_change(step);
        let Change { entry, then, now } = change;
        let old = then.as_ref().map(|then| then.labels.clone()).unwrap_or_default();
        let labels: Vec<&str> = now.labels.difference(&old).map(String::as_str).collect();
        let named = |pin: &str| Entry { pin: Some(pin.to_owned()), ..entry.clone() };
        match (then, value, &labels[..]) {
            // A new version: unnamed in Parameter Store; a new key of Secrets Manager has a current one.
            (None, Some(value), labels) => {
                assert_eq!(now.value, value, "{step:?}");
                let value = value.to_owned();
                match labels {
                    [] if !self.is_new(&entry) => self.unnamed = Some((entry, value)),
                    [] | ["AWSCURRENT"] => {
                        assert!(self.is_new(&entry), "{step:?} moves what is current");
                        self.puts.insert(entry, value);
                    }
                    [pin] => {
                        self.puts.insert(named(pin), value);
                    }
                    _ => panic!("{step:?} names it {labels:?}"),
                }
            }
            (Some(then), None, [pin]) => {
                let unnamed = self.unnamed.take();
                assert_eq!(unnamed, Some((entry.clone(), now.value.clone())), "{step:?}");
                assert!(then.labels.is_subset(&now.labels));
                self.puts.insert(named(pin), now.value);
            }
            (then, ..) => panic!("{step:?} makes {now:?} of {then:?}"),
        }
    }

    /// Whether a key has one version only.
    fn is_new(&self, entry: &Entry) -> bool {
        self.shelf[&(entry.store.clone(), entry.key.clone())].len() == 1
    }

    /// A step that takes a version out.
    pub(super) fn remove(&mut self, step: &Step, calls: &[Call]) {
        if calls.iter().any(|call| call.program == "aws") {
            self.remove_from_aws(step);
            return;
        }
        let parsed = all_parsed(calls);
        let mut alias = None;
        for (program, one) in &parsed {
            let entry = |pin: Option<&str>| one.entry(program, pin);
            match one.subcommand {
                ["secrets", "describe"] => {
                    let format = &one.flags["--format"];
                    alias = format
                        .strip_prefix("value(versionAliases.")
                        .map(|rest| rest.trim_end_matches(')').to_owned());
                    assert!(alias.is_some(), "{step:?}");
                }
                ["secrets", "update"] => {
                    assert_eq!(
                        alias.as_ref(),
                        one.flags.get("--remove-version-aliases"),
                        "{step:?}"
                    );
                }
                ["secrets", "versions", "destroy"] => {
                    let version = one.arguments[0].as_str();
                    let pin = alias.take();
                    assert!(pin.is_none() || version == "5", "{step:?} destroys another one");
                    let key = one.flags["--secret"].clone();
                    let pin = Some(pin.unwrap_or_else(|| version.to_owned()));
                    self.removed.insert(Entry { key, pin, ..entry(None) });
                }
                ["kv", "destroy"] => {
                    self.removed.insert(entry(Some(&one.flags["-versions"])));
                }
                ["keyvault", "secret", "set-attributes"] => {
                    assert_eq!(one.flags["--enabled"], "false");
                    self.removed.insert(entry(Some(&one.flags["--version"])));
                }
                ["secrets", "delete"]
                | ["keyvault", "secret", "delete"]
                | ["kv", "delete"]
                | ["kv", "metadata", "delete"] => {
                    self.removed.insert(entry(None));
                }
                other => panic!("{step:?}: {other:?} takes nothing out"),
            }
        }
    }

    /// One label less, or one key less, and nothing else anywhere.
    fn remove_from_aws(&mut self, step: &Step) {
        let before = self.shelf.clone();
        let gone: Vec<(String, String)> = {
            let now = self.look();
            before.keys().filter(|key| !now.contains_key(*key)).cloned().collect()
        };
        if let [(store, key)] = &gone[..] {
            let mut rest = before;
            rest.remove(&gone[0]);
            assert!(rest == self.shelf, "{step:?} changes something else");
            self.removed.insert(Entry { store: store.clone(), key: key.clone(), pin: None });
            return;
        }
        assert!(gone.is_empty(), "{step:?} takes away {gone:?}");
        let Change { entry, then, now } = only_change(&before, &self.shelf, step);
        let then = then.unwrap();
        let lost: Vec<&String> = then.labels.difference(&now.labels).collect();
        let [pin] = lost[..] else { panic!("{step:?}: {then:?} became {now:?}") };
        assert!(now.labels.is_subset(&then.labels) && now.value == then.value, "{step:?}");
        self.removed.insert(Entry { pin: Some(pin.clone()), ..entry });
    }

    fn look(&mut self) -> &Shelf {
        self.shelf = self.cloud.shelf(&self.stores);
        &self.shelf
    }

    fn only_change(&mut self, step: &Step) -> Change {
        let before = self.shelf.clone();
        only_change(&before, self.look(), step)
    }

    /// Nothing was done to AWS that was not written down, and nothing was left half done.
    pub(super) fn is_unchanged(&mut self, command: &str) {
        let before = self.shelf.clone();
        assert!(*self.look() == before, "{command} changes what AWS has");
        assert_eq!(self.unnamed, None, "{command} leaves a version without a name");
    }

    /// Every line finds what was put for it, in the form in which it reads it; and nothing was put for nobody.
    pub(super) fn provides(&self, lines: &BTreeSet<Line>) {
        let mut read = BTreeSet::new();
        for line in lines {
            let Some(entry) = &line.entry else { continue };
            assert!(!self.owes(entry), "there is no command for {entry:?}");
            let value = self.puts.get(entry);
            let value =
                value.unwrap_or_else(|| panic!("nothing was put for {line:?}: {:?}", self.puts));
            let object: Option<serde_json::Value> = serde_json::from_str(value).ok();
            let fits = match &line.reads {
                Reads::Text => true,
                Reads::Property(name) => object.is_some_and(|object| object[name].is_string()),
                Reads::Object => object.is_some_and(|object| object.is_object()),
            };
            assert!(fits, "{line:?} cannot be read of {value}");
            if is_aws(&entry.store) {
                let versions = &self.shelf[&(entry.store.clone(), entry.key.clone())];
                let pin = entry.pin.as_ref();
                let meant = |one: &&Version| pin.is_none_or(|pin| one.labels.contains(pin));
                let found: Vec<&Version> = versions.values().filter(meant).collect();
                assert!(found.len() == 1 && found[0].value == *value, "{line:?}: {versions:?}");
            }
            read.insert(entry);
        }
        let put: BTreeSet<&Entry> = self.puts.keys().collect();
        assert_eq!(read, put);
    }
}

/// A version that is new, or has other labels.
struct Change {
    entry: Entry,
    then: Option<Version>,
    now: Version,
}

fn only_change(before: &Shelf, after: &Shelf, step: &Step) -> Change {
    let mut changes = Vec::new();
    for ((store, key), versions) in after {
        let known = before.get(&(store.clone(), key.clone()));
        for (id, now) in versions {
            let then = known.and_then(|known| known.get(id));
            if then != Some(now) {
                let entry = Entry { store: store.clone(), key: key.clone(), pin: None };
                changes.push(Change { entry, then: then.cloned(), now: now.clone() });
            }
        }
        let lost = known.is_some_and(|known| known.keys().any(|id| !versions.contains_key(id)));
        assert!(!lost, "{step:?}: a version of {key} is gone");
    }
    assert!(before.keys().all(|key| after.contains_key(key)), "{step:?}: a key is gone");
    assert_eq!(changes.len(), 1, "{step:?} changes so many versions");
    changes.remove(0)
}

fn is_aws(store: &str) -> bool {
    ["secretsmanager ", "ssm "].iter().any(|begin| store.starts_with(begin))
}

/// The calls of the stores' programs, held against the table.
fn all_parsed(calls: &[Call]) -> Vec<(&str, Parsed)> {
    let parsed = |call| table::parse(call).unwrap_or_else(|fault| panic!("{fault}"));
    calls.iter().map(|call| (call.program.as_str(), parsed(call))).collect()
}

impl Parsed {
    /// What it is about.
    fn entry(&self, program: &str, pin: Option<&str>) -> Entry {
        let flag = |name: &str| self.flags.get(name).cloned().unwrap_or_default();
        let (store, key) = match program {
            "gcloud" => (format!("google {}", flag("--project")), self.arguments[0].clone()),
            "az" => (format!("azure {}", flag("--vault-name")), flag("--name")),
            _ => (format!("{program} {}", flag("-mount")), self.arguments[0].clone()),
        };
        Entry { store, key, pin: pin.map(str::to_owned) }
    }
}
