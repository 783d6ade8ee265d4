//! Pages that are made from the program itself, and what the hand-written ones say of it: the pages of the rules, the
//! tables of rules, of settings and of stores, messages, examples, links.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rotate::cli::explain::words;
use rotate::k8s::store::Store;
use rotate::report::explain::{page, table};
use serde_json::Value;

use crate::support::Sandbox;

const PAGES: &str = "docs/rules";

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(project(path)).unwrap()
}

fn overwrites() -> bool {
    std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite")
}

/// Holds what is between the comments `<!-- NAME -->` and `<!-- /NAME -->` of a page against what the program makes.
fn between(page: &str, name: &str, made: &str) {
    let text = read(page);
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let start = text.find(&open).unwrap() + open.len();
    let end = text.find(&close).unwrap();
    let made = format!("\n{made}\n");
    if overwrites() {
        let text = format!("{}{made}{}", &text[..start], &text[end..]);
        fs::write(project(page), text).unwrap();
        return;
    }
    assert_eq!(&text[start..end], made, "{page}; SNAPSHOTS=overwrite renews it");
}

/// `SNAPSHOTS=overwrite` writes them anew.
#[test]
fn every_rule_has_its_page_and_no_other_is_there() {
    let directory = project(PAGES);
    let mut pages = BTreeSet::new();
    for rule in words() {
        let name = format!("{}.md", rule.id);
        let file = directory.join(&name);
        let made = format!("{}\n[All rules](../../README.md#rules)\n", page(&rule));
        if overwrites() {
            fs::write(&file, &made).unwrap();
        }
        let kept = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(kept, made, "{name}; SNAPSHOTS=overwrite renews it");
        pages.insert(name);
    }
    let there = fs::read_dir(&directory).unwrap();
    let mut there: BTreeSet<String> =
        there.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    if overwrites() {
        for gone in there.difference(&pages) {
            fs::remove_file(directory.join(gone)).unwrap();
        }
        there = pages.clone();
    }
    assert_eq!(there, pages);
}

#[test]
fn the_readme_lists_the_rules() {
    between("README.md", "rules", &table(&words(), PAGES));
}

const CONFIGURATION: &str = "docs/configuration.md";

/// Defaults that the schema lacks, since the program works them out.
const DEFAULTS: &[(&str, &str)] = &[
    ("environments", "from the names of directories"),
    ("environments[].retention", "`14d`"),
    ("environments[].soak", "`24h`"),
    ("environments[].window", "any time"),
    ("environments[].window.days", "every day"),
    ("external[].namespace", "`*`"),
    ("lint.lag", "`7d`"),
    ("lint.rules.RULE", "the rule's own level"),
    ("monitors", "built-in templates"),
    ("monitors.NAME.message", "its name"),
    ("monitors.NAME.provider", "`prometheus`"),
    ("monitors.NAME.type", "`query alert`"),
    ("monitors.NAME.within", "`24h`"),
    ("secrets.FAMILY.managed", "`true`"),
    ("secrets.FAMILY.remote.prefix", "what the store needs"),
    ("secrets.FAMILY.remote.properties", "every property"),
    ("secrets.FAMILY.remote.provider", "from the SecretStore"),
    ("secrets.FAMILY.remote.store.kind", "`SecretStore`"),
    ("secrets.FAMILY.remote.version", "what the store takes"),
];

/// One key of `rotate.yaml`.
struct Setting {
    key: String,
    kind: String,
    is_required: bool,
    default: Option<String>,
    meaning: String,
}

/// The keys of `rotate.yaml`, from its JSON Schema.
struct Settings {
    schema: Value,
    rows: Vec<Setting>,
}

impl Settings {
    fn read() -> Self {
        let schema: Value = serde_json::from_str(&read("src/config/rotate.schema.json")).unwrap();
        let mut settings = Self { schema: schema.clone(), rows: Vec::new() };
        settings.gather(&schema, "");
        settings
    }

    /// A schema behind its reference, and without the alternative `null`.
    fn resolved<'s>(&'s self, node: &'s Value) -> &'s Value {
        let null = |one: &&Value| one["type"] != "null";
        if let Some(one) = node["anyOf"].as_array().and_then(|any| any.iter().find(null)) {
            return self.resolved(one);
        }
        let name = node["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/"));
        name.map_or(node, |name| &self.schema["$defs"][name])
    }

    /// The type of a value, as people say it.
    fn kind(&self, node: &Value) -> String {
        let node = self.resolved(node);
        if let Some(choices) = choices(node) {
            let names: Vec<String> = choices.iter().map(|(name, _)| format!("`{name}`")).collect();
            return names.join(", ");
        }
        let is_duration =
            node["examples"].as_array().is_some_and(|all| all.contains(&"24h".into()));
        let name = match &node["type"] {
            Value::Array(names) => names.iter().find(|name| **name != "null").unwrap(),
            name => name,
        };
        match name.as_str().unwrap() {
            "string" if is_duration => "duration".to_owned(),
            "array" => match self.kind(&node["items"]) {
                one if one.contains('`') => format!("list of {one}"),
                one => format!("list of {one}s"),
            },
            "object" => "mapping".to_owned(),
            other => other.to_owned(),
        }
    }

    fn gather(&mut self, object: &Value, prefix: &str) {
        let Some(properties) = object["properties"].as_object() else { return };
        for (name, node) in properties {
            let key = format!("{prefix}{name}");
            let is_required = object["required"]
                .as_array()
                .is_some_and(|all| all.contains(&name.as_str().into()));
            self.add(key, node, is_required);
        }
    }

    fn add(&mut self, key: String, node: &Value, is_required: bool) {
        let target = self.resolved(node).clone();
        let mut meaning = node["description"].as_str().unwrap_or_default().to_owned();
        if let Some(choices) = choices(&target) {
            let said: Vec<String> = choices
                .iter()
                .filter(|(_, what)| !what.is_empty())
                .map(|(name, what)| format!("`{name}`: {}", lower(what)))
                .collect();
            meaning = [meaning, said.join(", ")]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join("; ");
        }
        let own =
            DEFAULTS.iter().find(|(known, _)| *known == key).map(|(_, text)| (*text).to_owned());
        let default = &node["default"];
        let default = own.or_else(|| {
            (!default.is_null()).then(|| {
                format!("`{}`", default.as_str().map_or(default.to_string(), str::to_owned))
            })
        });
        let kind = self.kind(node);
        self.rows.push(Setting { key: key.clone(), kind, is_required, default, meaning });
        if target["items"].is_object() {
            let item = self.resolved(&target["items"]).clone();
            self.gather(&item, &format!("{key}[]."));
        }
        if target["additionalProperties"].is_object() {
            let word = match &*key {
                "lint.rules" => "RULE",
                "secrets" => "FAMILY",
                "monitors" => "NAME",
                _ => "KEY",
            };
            let value = self.resolved(&target["additionalProperties"]).clone();
            if value["properties"].is_object() {
                self.gather(&value, &format!("{key}.{word}."));
            } else {
                self.add(format!("{key}.{word}"), &target["additionalProperties"].clone(), false);
            }
        }
        self.gather(&target, &format!("{key}."));
    }

    fn table(&self) -> String {
        let mut text = "| key | type | default | meaning |\n| --- | --- | --- | --- |\n".to_owned();
        for Setting { key, kind, is_required, default, meaning } in &self.rows {
            let default = if *is_required { "required" } else { default.as_deref().unwrap_or("") };
            text.push_str(&format!("| `{key}` | {kind} | {default} | {meaning} |\n"));
        }
        text
    }
}

/// The values that a schema allows, each with what it means.
fn choices(node: &Value) -> Option<Vec<(String, String)>> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if let Some(names) = node["enum"].as_array() {
        return Some(names.iter().map(|name| (text(name), String::new())).collect());
    }
    let all = node["oneOf"].as_array()?;
    Some(all.iter().map(|one| (text(&one["const"]), text(&one["description"]))).collect())
}

/// A text with a small first letter, but for names such as `AWS`.
fn lower(text: &str) -> String {
    let mut chars = text.chars();
    let (first, second) = (chars.next(), chars.next());
    match first {
        Some(first) if second.is_some_and(|c| !c.is_uppercase()) && !is_name(text) => {
            format!("{}{}", first.to_lowercase(), &text[first.len_utf8()..])
        }
        _ => text.to_owned(),
    }
}

fn is_name(text: &str) -> bool {
    ["Azure", "Google", "HashiCorp"].iter().any(|name| text.starts_with(name))
}

#[test]
fn the_settings_are_listed() {
    let settings = Settings::read();
    for (key, _) in DEFAULTS {
        assert!(settings.rows.iter().any(|row| row.key == *key), "no setting is called `{key}`");
    }
    between(CONFIGURATION, "settings", &settings.table());
}

#[test]
fn the_schema_is_printed_as_it_is_released() {
    let output = Sandbox::empty().rotate(&["schema"]).success();
    assert_eq!(output.stdout, read("src/config/rotate.schema.json"));
}

const STORES: &str = "docs/stores.md";

/// A table of stores; those of which the same is said share a row.
fn shared<'t>(head: &str, rows: impl Iterator<Item = (&'t str, Vec<&'t str>)>) -> String {
    let mut merged: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for (store, cells) in rows {
        match merged.iter_mut().find(|(_, known)| *known == cells) {
            Some((stores, _)) => stores.push(store),
            None => merged.push((vec![store], cells)),
        }
    }
    let mut text = format!("{head}\n");
    for (stores, cells) in merged {
        text.push_str(&format!("| {} | {} |\n", stores.join(", "), cells.join(" | ")));
    }
    text
}

#[test]
fn the_stores_are_listed() {
    let glance = Store::all()
        .flat_map(Store::glance)
        .map(|row| (row.store, vec![row.pinned_by, row.version_from, row.commands]));
    let head =
        "| store | pinned by | version comes from | commands printed |\n| --- | --- | --- | --- |";
    between(STORES, "stores", &shared(head, glance));
    let cleanup = Store::all().filter_map(Store::cleanup).map(|row| (row.store, vec![row.prints]));
    let head = "| store | what is printed |\n| --- | --- |";
    between(STORES, "cleanup", &shared(head, cleanup));
}

#[test]
fn every_store_is_at_a_glance() {
    for store in Store::all() {
        assert!(!store.glance().is_empty(), "{store:?} has no row in {STORES}");
    }
}

/// The first block of a page that is fenced as this language.
fn block<'t>(text: &'t str, language: &str) -> &'t str {
    let open = format!("```{language}\n");
    let start = text.find(&open).unwrap() + open.len();
    &text[start..start + text[start..].find("```").unwrap()]
}

/// The example is a file that the program takes, and has every key.
#[test]
fn the_example_of_the_settings_is_complete() {
    let page = read(CONFIGURATION);
    let example = block(&page, "yaml");
    let sandbox = Sandbox::empty();
    for environment in ["development", "staging", "production"] {
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n";
        sandbox.write(&format!("apps/shop/{environment}/a.yaml"), text);
    }
    sandbox.write(
        "clusters/production-eu/a.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: { name: a }\n",
    );
    sandbox.write("rotate.yaml", example);
    let output = sandbox.rotate(&["refs"]);
    assert_eq!((output.status, &*output.stderr), (0, ""), "{}", output.stdout);
    let settings = Settings::read();
    for Setting { key, .. } in &settings.rows {
        let name = key.rsplit(['.', ']']).find(|part| !part.is_empty()).unwrap();
        let name = name.trim_end_matches("[");
        let is_there = matches!(name, "FAMILY" | "RULE" | "NAME" | "KEY")
            || [format!("{name}:"), format!("\"{name}\":")]
                .iter()
                .any(|word| example.contains(word));
        assert!(is_there, "the example lacks `{key}`");
    }
}

/// What the page on troubleshooting quotes is what the program says: each item of its lists begins with a message, in
/// which `…` stands for whatever is filled in.
#[test]
fn troubleshooting_quotes_messages_of_the_program() {
    let mut sources = Vec::new();
    files(&project("src"), "rs", &mut sources);
    let source: String =
        sources.iter().map(|file| joined(&fs::read_to_string(file).unwrap())).collect();
    let page = read("docs/troubleshooting.md");
    let (mut seen, mut wrong) = (0, Vec::new());
    for line in page.lines() {
        let Some(rest) = line.strip_prefix("- **") else { continue };
        let message = rest.split("**").next().unwrap();
        for part in message.split('…').map(|part| part.trim_matches(' ')) {
            if part.len() > 3 && !source.contains(part) {
                wrong.push(format!("`{part}` of `{message}`"));
            }
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "no message has\n{}", wrong.join("\n"));
    assert!(seen > 40, "{seen} messages only");
}

/// A source with texts that go on in the next line put together.
fn joined(source: &str) -> String {
    let mut text = String::new();
    for line in source.split_inclusive('\n') {
        match line.trim_end().strip_suffix('\\') {
            Some(head) => text.push_str(head.trim_start()),
            None => text.push_str(line.trim_start()),
        }
    }
    text.replace("\\\"", "\"")
}

fn files(directory: &Path, extension: &str, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, extension, into);
        } else if path.extension().is_some_and(|own| own == extension) {
            into.push(path);
        }
    }
}

/// Every page that people read, and the forms for issues.
fn written() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> =
        ["README.md", "CHANGELOG.md", "SECURITY.md"].into_iter().map(project).collect();
    files(&project("docs"), "md", &mut pages);
    files(&project(".github"), "md", &mut pages);
    files(&project(".github/ISSUE_TEMPLATE"), "yml", &mut pages);
    pages
}

/// A link of a page of ours leads to something, its anchor to a heading.
#[test]
fn links_lead_somewhere() {
    let mut seen = 0;
    for page in written() {
        let text = fs::read_to_string(&page).unwrap();
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split(')').next().unwrap();
            if target.contains("://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file =
                if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(file.exists(), "{}: `{target}` leads nowhere", page.display());
            if !anchor.is_empty() {
                let there = headings(&fs::read_to_string(&file).unwrap());
                assert!(there.contains(anchor), "{}: `{target}` has no heading", page.display());
            }
            seen += 1;
        }
    }
    assert!(seen > 60, "{seen} links only");
}

/// The anchors of a page's headings, as GitHub makes them.
fn headings(text: &str) -> BTreeSet<String> {
    let mut is_code = false;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
        }
        let title = line.trim_start_matches('#');
        if is_code || title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let anchor: String = title.trim().to_lowercase().chars().filter(kept).collect();
        found.insert(anchor.replace(' ', "-"));
    }
    found
}

/// A page that the index does not name is not found by anybody.
#[test]
fn the_index_names_every_page() {
    let index = read("docs/README.md");
    let mut pages = Vec::new();
    files(&project("docs"), "md", &mut pages);
    for page in pages {
        let name = page.strip_prefix(project("docs")).unwrap().to_string_lossy().replace('\\', "/");
        if name == "README.md" || name.starts_with("rules/") {
            continue;
        }
        assert!(index.contains(&format!("({name})")), "docs/README.md does not name `{name}`");
    }
}

/// A module that the page on the architecture does not name has no invariant.
#[test]
fn the_architecture_names_every_module() {
    let page = read("docs/architecture.md");
    for entry in fs::read_dir(project("src")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let is_module = entry.path().is_dir();
        assert!(
            !is_module || page.contains(&format!("| `{name}` |")),
            "docs/architecture.md does not name `{name}`"
        );
    }
}
