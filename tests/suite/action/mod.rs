//! The Action, as its definition, its scripts, its page and the workflows state it: nothing is written twice without being held together.

#[cfg(unix)]
mod install;
#[cfg(unix)]
mod notes;
#[cfg(unix)]
mod run;
#[cfg(unix)]
mod runner;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};

const PAGE: &str = "docs/action.md";
const COMMANDS: [&str; 5] = ["lint", "status", "promote", "bump", "prune"];

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(project(path)).unwrap()
}

fn definition() -> Value {
    serde_yaml::from_str(&read("action.yml")).unwrap()
}

/// The inputs or the outputs, each with its description, in order.
fn entries<'d>(definition: &'d Value, part: &str) -> Vec<(&'d str, &'d Mapping)> {
    let entries = definition[part].as_mapping().unwrap();
    entries
        .iter()
        .map(|(name, entry)| (name.as_str().unwrap(), entry.as_mapping().unwrap()))
        .collect()
}

fn text<'d>(entry: &'d Mapping, key: &str) -> &'d str {
    entry.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn steps(definition: &Value) -> &Vec<Value> {
    definition["runs"]["steps"].as_sequence().unwrap()
}

/// The commands that use an input, as the script says it.
fn users(input: &str) -> Vec<&'static str> {
    let script = read(".github/action/run");
    let requests = script.lines().find_map(|line| line.strip_prefix("requests=")).unwrap();
    let line = script.lines().find(|line| {
        line.starts_with("only ") && line.split_whitespace().any(|word| word == input)
    });
    // it always has a value, so it is taken away instead of refused
    let line = if input == "token" { Some("only \"$requests\" token") } else { line };
    let Some(line) = line else { return COMMANDS.to_vec() };
    let named = line.split('"').nth(1).unwrap().replace("$requests", requests.trim_matches('\''));
    let named: Vec<&str> = named.split(' ').collect();
    COMMANDS.into_iter().filter(|command| named.contains(command)).collect()
}

fn inputs_table(definition: &Value) -> String {
    let mut table =
        "| input | default | used by | what it is |\n| --- | --- | --- | --- |\n".to_owned();
    for (name, entry) in entries(definition, "inputs") {
        let default = match text(entry, "default") {
            "" => String::new(),
            default => format!("`{default}`"),
        };
        let commands = users(name);
        let commands =
            if commands.len() == COMMANDS.len() { "all".to_owned() } else { commands.join(", ") };
        writeln!(table, "| `{name}` | {default} | {commands} | {} |", text(entry, "description"))
            .unwrap();
    }
    table
}

fn outputs_table(definition: &Value) -> String {
    let mut table = "| output | what it is |\n| --- | --- |\n".to_owned();
    for (name, entry) in entries(definition, "outputs") {
        writeln!(table, "| `{name}` | {} |", text(entry, "description")).unwrap();
    }
    table
}

/// `SNAPSHOTS=overwrite` writes them anew.
#[test]
fn the_page_lists_the_inputs_and_outputs() {
    let definition = definition();
    for (name, made) in
        [("inputs", inputs_table(&definition)), ("outputs", outputs_table(&definition))]
    {
        let page = read(PAGE);
        let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
        let start = page.find(&open).unwrap() + open.len();
        let end = page.find(&close).unwrap();
        let made = format!("\n{made}\n");
        if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
            fs::write(project(PAGE), format!("{}{made}{}", &page[..start], &page[end..])).unwrap();
        } else {
            assert_eq!(&page[start..end], made, "SNAPSHOTS=overwrite renews it");
        }
    }
}

#[test]
fn each_input_reaches_a_script_through_the_environment() {
    let definition = definition();
    for (input, entry) in entries(&definition, "inputs") {
        assert!(!text(entry, "description").is_empty(), "`{input}` is not described");
        assert!(
            entry.contains_key("default") || entry.contains_key("required"),
            "`{input}` has no default"
        );
        let value = format!("${{{{ inputs.{input} }}}}");
        let mut uses = 0;
        for step in steps(&definition) {
            let Some(environment) = step["env"].as_mapping() else { continue };
            let script = step["run"].as_str().unwrap();
            let script = script.trim_matches('"').split('"').next().unwrap();
            let script = read(script.strip_prefix("$ACTION_PATH/").unwrap());
            for (variable, _) in environment.iter().filter(|(_, given)| **given == *value) {
                let variable = variable.as_str().unwrap();
                let expected = match input {
                    "token" => "GH_TOKEN".to_owned(),
                    _ => format!("INPUT_{}", input.replace('-', "_").to_uppercase()),
                };
                assert_eq!(variable, expected);
                assert!(script.contains(&format!("${{{variable}:")), "`{input}` is not used");
                uses += 1;
            }
        }
        assert!(uses > 0, "`{input}` reaches no script");
    }
}

/// What a script reads is what the definition hands over.
#[test]
fn no_script_reads_an_input_that_is_not_there() {
    let definition = read("action.yml");
    let mut seen = BTreeSet::new();
    for script in [".github/action/run", ".github/action/install"] {
        let script = read(script);
        for (at, _) in script.match_indices("${INPUT_") {
            let variable: String = script[at + 2..]
                .chars()
                .take_while(|one| one.is_ascii_uppercase() || *one == '_')
                .collect();
            assert!(definition.contains(&format!(" {variable}: ")), "{variable} is never set");
            seen.insert(variable);
        }
    }
    assert!(seen.len() > 10, "{seen:?}");
}

#[test]
fn nothing_is_put_into_a_script_but_by_the_environment() {
    let definition = definition();
    for step in steps(&definition) {
        let script = step["run"].as_str().unwrap_or_default();
        assert!(!script.contains("${{"), "{script}");
        assert!(step["run"].is_null() || step["shell"].as_str() == Some("bash"), "{step:?}");
    }
}

/// The context says where this action is, also inside of another one; the runner translates it for a job in a container.
#[test]
fn each_script_is_found_by_the_path_of_this_action() {
    let definition = definition();
    let mut scripts = 0;
    for step in steps(&definition).iter().filter(|step| !step["run"].is_null()) {
        assert_eq!(step["env"]["ACTION_PATH"].as_str(), Some("${{ github.action_path }}"));
        let script = step["run"].as_str().unwrap();
        assert!(script.starts_with("\"$ACTION_PATH/.github/action/"), "{script}");
        scripts += 1;
    }
    assert_eq!(scripts, 3);
}

/// What is saved is what was just checked, and what is cached is what can be checked.
#[test]
fn the_cache_is_saved_before_anything_else_runs() {
    let definition = definition();
    let names: Vec<&str> =
        steps(&definition).iter().map(|step| step["name"].as_str().unwrap()).collect();
    let order = [
        "Choose the program",
        "Restore the archive",
        "Install the program",
        "Save the archive",
        "Run rotate",
    ];
    assert_eq!(names, order);
    for (at, what) in [(1, "actions/cache/restore@"), (3, "actions/cache/save@")] {
        let step = &steps(&definition)[at];
        assert!(step["uses"].as_str().unwrap().starts_with(what));
        assert!(step["if"].as_str().unwrap().starts_with("steps.plan.outputs.key != ''"));
        assert_eq!(step["with"]["path"].as_str(), Some("${{ steps.plan.outputs.directory }}"));
        assert_eq!(step["with"]["key"].as_str(), Some("${{ steps.plan.outputs.key }}"));
    }
}

/// The others do without what may write.
#[test]
fn only_the_step_that_runs_rotate_gets_the_callers_token() {
    let definition = definition();
    let of = |step: &Value| step["env"]["GH_TOKEN"].as_str().map(str::to_owned);
    let given: Vec<(&str, String)> = steps(&definition)
        .iter()
        .filter_map(|step| Some((step["name"].as_str().unwrap(), of(step)?)))
        .collect();
    let expected = [
        ("Install the program", "${{ github.token }}".to_owned()),
        ("Run rotate", "${{ inputs.token }}".to_owned()),
    ];
    assert_eq!(given, expected);
}

#[test]
fn each_output_comes_from_the_step_that_runs_rotate() {
    let definition = definition();
    for (output, entry) in entries(&definition, "outputs") {
        assert_eq!(text(entry, "value"), format!("${{{{ steps.run.outputs.{output} }}}}"));
        assert!(!text(entry, "description").is_empty());
    }
}

/// The blocks of a page that are workflows, each with the file that its first line names.
fn workflows_in(page: &str) -> Vec<(String, String)> {
    let text = read(page);
    text.split("```yaml\n")
        .skip(1)
        .filter_map(|rest| {
            let block = rest.split("```").next().unwrap();
            let file = block.lines().next().unwrap().strip_prefix("# .github/workflows/")?;
            Some((file.to_owned(), block.to_owned()))
        })
        .collect()
}

fn project_workflows() -> Vec<(String, String)> {
    let files = fs::read_dir(project(".github/workflows")).unwrap();
    let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(file).unwrap())
        })
        .collect()
}

fn example_workflows() -> Vec<(String, String)> {
    let mut found = workflows_in("README.md");
    assert_eq!(found.len(), 2);
    found.extend(workflows_in(PAGE));
    assert!(COMMANDS.iter().all(|command| {
        found.iter().any(|(_, text)| text.contains(&format!(" command: {command}\n")))
    }));
    found
}

/// A file may only ask for inputs that there are, and for what its command uses.
#[test]
fn the_examples_are_workflows_that_use_the_action_as_it_is() {
    let definition = definition();
    let inputs: Vec<&str> = entries(&definition, "inputs").iter().map(|entry| entry.0).collect();
    for (file, text) in example_workflows() {
        let workflow: Value = serde_yaml::from_str(&text).unwrap();
        assert_eq!(
            Some(file.as_str()),
            workflow["name"].as_str().map(|n| format!("{n}.yml")).as_deref()
        );
        assert!(workflow["concurrency"]["group"].is_string(), "{file}");
        assert_eq!(workflow["permissions"], Value::Mapping(Mapping::new()), "{file}");
        let mut used = 0;
        for (_, job) in workflow["jobs"].as_mapping().unwrap() {
            assert!(job["permissions"].is_mapping(), "{file}");
            for step in job["steps"].as_sequence().unwrap() {
                if !step["uses"].as_str().unwrap().starts_with("example/rotate@") {
                    continue;
                }
                let given = step["with"].as_mapping().unwrap();
                let command = given["command"].as_str().unwrap();
                for (input, _) in given {
                    let input = input.as_str().unwrap();
                    assert!(inputs.contains(&input), "{file}: there is no `{input}`");
                    assert!(users(input).contains(&command), "{file}: `{input}` of `{command}`");
                }
                used += 1;
            }
        }
        assert_eq!(used, 1, "{file}");
    }
}

#[test]
fn actions_are_pinned_by_hash() {
    let mut files = vec![("action.yml".to_owned(), read("action.yml"))];
    files.extend(project_workflows());
    files.extend(example_workflows());
    let mut pinned = BTreeSet::new();
    let own = format!("example/rotate@v{}", env!("CARGO_PKG_VERSION"));
    for (file, text) in &files {
        let uses = text
            .lines()
            .filter_map(|line| line.trim_start().trim_start_matches("- ").strip_prefix("uses: "));
        for one in uses {
            let (action, comment) = one.split_once(" # ").unwrap_or((one, ""));
            // this repository, and where the reader has it
            if action == "$/" || action == own {
                continue;
            }
            let (name, hash) = action.split_once('@').unwrap();
            assert!(
                hash.len() == 40 && hash.chars().all(|one| one.is_ascii_hexdigit()),
                "{file}: {one}"
            );
            let version: Vec<&str> = comment.strip_prefix('v').unwrap().split('.').collect();
            assert!(
                version.len() == 3 && version.iter().all(|part| part.parse::<u32>().is_ok()),
                "{file}: {one}"
            );
            pinned.insert((name.to_owned(), hash.to_owned(), comment.to_owned()));
        }
    }
    let names: BTreeSet<&String> = pinned.iter().map(|pin| &pin.0).collect();
    assert_eq!(names.len(), pinned.len(), "one action at several versions: {pinned:?}");
    assert!(names.len() > 5, "{names:?}");
}

/// The targets that are released are those that the installer looks for.
#[test]
fn what_is_released_is_what_is_installed() {
    let targets = |text: &str, before: &str| -> BTreeSet<String> {
        let found = text.match_indices(before).map(|(at, _)| {
            text[at + before.len()..]
                .chars()
                .take_while(|one| one.is_ascii_alphanumeric() || "_-".contains(*one))
                .collect::<String>()
        });
        found.filter(|target| target.matches('-').count() >= 2).collect()
    };
    let released = targets(&read(".github/workflows/release.yml"), "{ target: ");
    assert_eq!(released, targets(&read(".github/action/install"), "target="));
    assert_eq!(released.len(), 5);
}

/// A file that a job hands to another one keeps its path only below the checkout.
#[test]
fn the_schema_is_released() {
    let workflow: Value = serde_yaml::from_str(&read(".github/workflows/release.yml")).unwrap();
    let steps = |job: &str| workflow["jobs"][job]["steps"].as_sequence().unwrap().clone();
    let handed: Vec<Value> =
        steps("notes").iter().map(|step| step["with"]["path"].clone()).collect();
    let files = Value::from("notes.md\nsrc/config/rotate.schema.json\n");
    assert!(handed.contains(&files), "{handed:?}");
    let steps = steps("release");
    let create = steps.last().unwrap()["run"].as_str().unwrap();
    assert!(create.ends_with(" --notes-file notes.md dist/* src/config/rotate.schema.json"));
    assert!(project("src/config/rotate.schema.json").is_file());
}

/// A job that the gate does not wait for could fail unseen.
#[test]
fn the_gate_waits_for_every_job() {
    let workflow: Value = serde_yaml::from_str(&read(".github/workflows/ci.yml")).unwrap();
    let jobs = workflow["jobs"].as_mapping().unwrap();
    let jobs: BTreeSet<&str> = jobs.keys().map(|job| job.as_str().unwrap()).collect();
    let needs = workflow["jobs"]["gate"]["needs"].as_sequence().unwrap();
    let mut waits: BTreeSet<&str> = needs.iter().map(|job| job.as_str().unwrap()).collect();
    waits.insert("gate");
    assert_eq!(jobs, waits);
}
