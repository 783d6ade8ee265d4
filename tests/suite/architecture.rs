//! The floors: what each module may import, and which foreign crate has which one door.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up: a module and what it may import. A row may only name modules above it in the
/// table, so no loop can be written down.
const FLOORS: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("process", &[]),
    ("tree", &["text"]),
    ("yaml", &["text", "tree"]),
    ("disk", &["text", "tree"]),
    ("config", &["text"]),
    ("finding", &["text"]),
    ("forge", &["process", "text"]),
    ("git", &["disk", "process", "text", "tree"]),
    ("k8s", &["text", "yaml"]),
    ("cluster", &["k8s", "text", "yaml"]),
    ("kustomize", &["k8s", "text", "tree", "yaml"]),
    ("builders", &["kustomize", "text", "yaml"]),
    ("repo", &["builders", "config", "disk", "k8s", "kustomize", "text", "tree", "yaml"]),
    ("verify", &["cluster", "k8s", "kustomize", "repo", "text", "yaml"]),
    ("timeline", &["config", "git", "k8s", "repo", "text", "tree", "yaml"]),
    (
        "lint",
        &["config", "finding", "k8s", "kustomize", "repo", "text", "timeline", "tree", "yaml"],
    ),
    (
        "plan",
        &["config", "finding", "k8s", "kustomize", "repo", "text", "timeline", "tree", "yaml"],
    ),
    (
        "ops",
        &[
            "builders", "cluster", "config", "disk", "finding", "forge", "git", "lint", "plan",
            "process", "repo", "text", "timeline", "tree", "verify",
        ],
    ),
    ("report", &["cluster", "finding", "ops", "plan", "repo", "text", "timeline", "verify"]),
    ("cli", &["disk", "finding", "lint", "ops", "plan", "repo", "report", "text", "timeline"]),
    ("main", &["cli"]),
];

/// A foreign crate (or a corner of the standard library) and the modules that may name it.
const DOORS: &[(&str, &[&str])] = &[
    ("anstream", &["cli"]),
    ("anstyle", &["report"]),
    ("jiff", &["config", "timeline"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("croner", &["k8s"]),
    ("git2", &["git"]),
    ("flate2", &["git"]),
    ("gix_ignore", &["git"]),
    ("miette", &["report"]),
    ("mimalloc", &["main"]),
    ("percent_encoding", &["text"]),
    ("serde_yaml", &["config"]),
    ("similar", &["report"]),
    ("strsim", &["text"]),
    ("std::env", &["cli"]),
    ("std::fs", &["disk"]),
    ("Command::new", &["process"]),
    ("walkdir", &["disk"]),
];

/// The folders of `kustomize`, each of which imports only those before it.
const KUSTOMIZE: &[&str] = &["model", "fields", "load", "generate", "transform", "resolver"];

fn source_files(directory: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            source_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// A file's module, its text without comments and without its unit tests, and its name for messages.
fn sources() -> Vec<(String, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    source_files(&root, &mut files);
    let mut out = Vec::new();
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        let module = name.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let code: Vec<&str> =
            text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
        out.push((module, code.join("\n"), name));
    }
    out
}

/// The first name behind each `crate::`, groups opened.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => top_level(group),
            None => vec![rest],
        };
        for name in names {
            let word: String =
                name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !word.is_empty() {
                found.insert(word);
            }
        }
    }
    found
}

/// The parts of a `{…}` group whose opening brace is already behind.
fn top_level(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&group[start..at]);
                return parts;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts
}

#[test]
fn every_import_goes_down() {
    let mut wrong = Vec::new();
    for (module, code, name) in sources() {
        if module == "lib" {
            continue;
        }
        let Some((_, allowed)) = FLOORS.iter().find(|(known, _)| *known == module) else {
            wrong.push(format!("{name}: module `{module}` has no row in FLOORS"));
            continue;
        };
        for import in imports(&code.replace("rotate::", "crate::")) {
            if import != module && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{name}: imports `{import}`, which FLOORS does not allow"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_import_in_kustomize_goes_down() {
    let mut wrong = Vec::new();
    for (_, code, name) in sources() {
        let Some(folder) = name.strip_prefix("kustomize/").and_then(|rest| rest.split_once('/'))
        else {
            continue;
        };
        let place = |folder: &str| KUSTOMIZE.iter().position(|known| *known == folder);
        let here = place(folder.0);
        assert!(here.is_some(), "{name}: `{}` has no place in KUSTOMIZE", folder.0);
        for (at, prefix) in code.match_indices("crate::kustomize::") {
            let rest = &code[at + prefix.len()..];
            let import = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            if place(import).is_none() || place(import) > here {
                wrong.push(format!("{name}: imports `{import}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_row_names_a_module_above_it() {
    for (index, (module, allowed)) in FLOORS.iter().enumerate() {
        for import in *allowed {
            assert!(
                FLOORS[..index].iter().any(|(below, _)| below == import),
                "`{module}` may not import `{import}`: it does not stand below"
            );
        }
    }
}

#[test]
fn every_foreign_crate_has_one_door() {
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for (module, code, name) in sources() {
        for (foreign, doors) in DOORS {
            let named = code.match_indices(foreign).any(|(at, _)| {
                let before = code[..at].chars().next_back();
                let after = code[at + foreign.len()..].chars().next();
                let word = |c: Option<char>| {
                    c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '"')
                };
                !word(before) && !word(after)
            });
            if named && !doors.contains(&module.as_str()) {
                wrong.push(format!("{name}: names `{foreign}`, whose door is {doors:?}"));
            }
            if named {
                used.insert((*foreign, module.clone()));
            }
        }
    }
    for (foreign, doors) in DOORS {
        let unused = doors.iter().filter(|door| !used.contains(&(*foreign, (**door).to_owned())));
        wrong.extend(
            unused.map(|door| format!("`{door}` is a door of `{foreign}`, but names none")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The program is built without the tables that these need; only tests have them, by way of other crates.
fn is_pattern(line: &str) -> bool {
    line.contains("Regex::new(r") || line.contains("r#\"(?")
}

#[test]
fn no_pattern_needs_tables_of_unicode() {
    let (mut wrong, mut files) = (Vec::new(), Vec::new());
    source_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for line in text.lines().filter(|line| is_pattern(line)) {
            let needs = ["(?i)", "(?im)", "\\s", "\\S", "\\d", "\\D", "\\w", "\\W", "\\b", "\\p"];
            let found = needs.iter().find(|class| line.contains(**class));
            wrong.extend(found.map(|class| format!("{}: `{class}`", file.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_folder_has_a_row() {
    let modules: BTreeSet<String> = sources().into_iter().map(|(module, ..)| module).collect();
    for module in modules.iter().filter(|module| *module != "lib") {
        assert!(FLOORS.iter().any(|(known, _)| known == module), "`{module}` has no row in FLOORS");
    }
}

/// A file that the list does not name is not compiled, so that nothing else tells of it.
#[test]
fn every_store_is_in_the_list() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/k8s/stores");
    let list = fs::read_to_string(folder.join("mod.rs")).unwrap();
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(store) = name.strip_suffix(".rs").filter(|name| *name != "mod") else { continue };
        let is_there = list.contains(&format!("\n    {store},\n"))
            || list.contains(&format!("\nmod {store};\n"));
        assert!(is_there, "src/k8s/stores/mod.rs lacks the line `    {store},`");
    }
}

/// Files that may be longer, with the reason.
const LONGER: &[(&str, &str)] = &[];

#[test]
fn no_file_is_longer_than_400_lines() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    source_files(&root, &mut files);
    let mut long = Vec::new();
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(&file).unwrap();
        let production = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let lines = production.lines().count();
        if lines > 400 && !LONGER.iter().any(|(known, _)| *known == name) {
            long.push(format!("{name}: {lines} lines"));
        }
    }
    assert!(long.is_empty(), "split by noun:\n{}", long.join("\n"));
}
