//! What `rotate` says and does when it is called three ways: for people, for programs, and with `--commit`.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::followed::desk::Desk;

/// A step that is left to a person.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Step {
    pub(super) title: String,
    pub(super) command: Option<String>,
}

/// A Secret's name and namespace.
pub(super) type Secret = (String, Option<String>);

/// What a command does with one family.
pub(super) struct Deed {
    pub(super) family: String,
    pub(super) environment: String,
    /// The name that the references get; `None` of a removal.
    pub(super) to: Option<String>,
    /// The namespaces of what gets it.
    pub(super) namespaces: BTreeSet<Option<String>>,
    /// The Secrets whose stubs go.
    pub(super) removed: BTreeSet<Secret>,
}

/// The result of a command that was not refused.
pub(super) struct Told {
    pub(super) next: Vec<Step>,
    pub(super) deeds: Vec<Deed>,
    /// Every file that the plans and the settings name, as the repository knows it.
    pub(super) files: BTreeSet<String>,
    /// The messages of the commits that it makes itself with `--commit`, oldest first.
    pub(super) messages: Vec<String>,
}

/// Calls a command for programs, with `--commit` and for people; only what the last call does stays.
///
/// # Errors
/// With what it says, when it is refused.
pub(super) fn call(desk: &Desk<'_>, command: &str) -> Result<Told, String> {
    let head = desk.head();
    let json = desk.types(&format!("{command} --format json"), "");
    desk.go_back(&head);
    let commit = desk.types(&format!("{command} --commit"), "");
    let messages = desk.git(&["log", "--reverse", "-z", "--format=%B", &format!("{head}..HEAD")]);
    let messages = messages.split_terminator('\0').map(str::to_owned).collect();
    desk.go_back(&head);
    let people = desk.types(command, "");
    let said = String::from_utf8(people.stderr).unwrap();
    for other in [&json, &commit] {
        assert_eq!(people.status.code(), other.status.code(), "{command}: {said}");
    }
    if !people.status.success() {
        return Err(said);
    }
    let json = String::from_utf8(json.stdout).unwrap();
    let json: Value = serde_json::from_str(&json).unwrap();
    let next: Vec<Step> = items(&json["next"]).map(Step::of).collect();
    compare(command, &said, &next);
    let plans = || items(&json["plans"]).chain(items(&json["promotions"]));
    let file = |file: &Value| desk.layout.path(&word(&file["path"]));
    let files = plans().flat_map(|plan| items(&plan["files"])).chain(items(&json["settings"]));
    let files: BTreeSet<String> = files.map(file).collect();
    // A way back writes a hold, and one that is lifted takes it out.
    let holds = command.contains(" rollback ") || command.contains(" --lift-hold");
    assert_eq!(files.contains(&desk.layout.path("rotate.yaml")), holds, "{command}: {files:?}");
    let deeds = plans().filter(|plan| items(&plan["files"]).next().is_some());
    Ok(Told { next, deeds: deeds.map(Deed::of).collect(), files, messages })
}

/// What people read is what programs read.
fn compare(command: &str, said: &str, next: &[Step]) {
    let Some((_, listed)) = said.split_once("\nNext:\n") else {
        assert!(next.is_empty(), "{command}: {next:?} and only {said}");
        return;
    };
    let mut text = String::new();
    for (index, step) in next.iter().enumerate() {
        text += &format!("{}. {}\n", index + 1, step.title);
        for line in step.command.iter().flat_map(|command| command.lines()) {
            text += &format!("     {line}\n");
        }
    }
    let rest = listed.strip_prefix(&text);
    let rest = rest
        .unwrap_or_else(|| panic!("{command} says\n{listed}\nto people, and\n{text}\nto programs"));
    let more = rest.starts_with(|c: char| c == ' ' || c.is_ascii_digit());
    assert!(!next.is_empty() && !more, "{command} says more to people: {rest}");
}

impl Told {
    /// The Secrets whose stubs go.
    pub(super) fn removed(&self) -> BTreeSet<Secret> {
        self.deeds.iter().flat_map(|deed| &deed.removed).cloned().collect()
    }
}

impl Step {
    fn of(step: &Value) -> Self {
        let command = step["command"].as_str().map(str::to_owned);
        Self { title: word(&step["title"]), command }
    }
}

impl Deed {
    fn of(plan: &Value) -> Self {
        let namespace = |one: &Value| one["namespace"].as_str().map(str::to_owned);
        Self {
            family: word(&plan["family"]),
            environment: word(&plan["environment"]),
            to: plan["to"].as_str().map(str::to_owned),
            namespaces: items(&plan["moved"]).map(namespace).collect(),
            removed: items(&plan["removed"])
                .map(|one| (word(&one["secret"]), namespace(one)))
                .collect(),
        }
    }
}

pub(super) fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub(super) fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
