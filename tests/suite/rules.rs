//! Every rule by itself on the cases of `fixtures/lint/<rule>/<case>/`: what it says, and that its repairs are sound.
//!
//! `in/` is the tree, `base/` the tree that it is compared with, `expected.txt` what the rule says, `out/` the tree
//! after the repairs. `SNAPSHOTS=overwrite` writes the last two anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rotate::config::parse;
use rotate::finding::{FileEdit, Finding};
use rotate::lint::rule::{Facts, Fixes, History, Rule};
use rotate::lint::rules::RULES;
use rotate::lint::selection::Selection;
use rotate::lint::{self};
use rotate::repo::{Repo, Scope};
use rotate::text::edit::{Edit, apply};
use rotate::text::path::TreePath;
use rotate::tree::Tree;
use rotate::tree::memory::MemoryTree;
use rotate::yaml::parse::parse as parse_yaml;

use crate::support::{NOW, all_files};

type Files = BTreeMap<TreePath, Vec<u8>>;

fn cases() -> Vec<(&'static Rule, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lint");
    let mut cases = Vec::new();
    for rule in RULES {
        let folder = root.join(rule.id);
        let entries = fs::read_dir(&folder)
            .unwrap_or_else(|_| panic!("{} has no cases in {}", rule.id, folder.display()));
        let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        cases.extend(entries.into_iter().map(|case| (*rule, case)));
    }
    cases
}

fn files(directory: &Path) -> Files {
    let all = all_files(directory).into_iter();
    all.map(|(name, bytes)| (TreePath::new(&name).unwrap(), bytes)).collect()
}

fn load(files: &Files) -> Repo {
    let tree: Arc<dyn Tree> = Arc::new(MemoryTree::new(files.clone()));
    let settings = TreePath::new("rotate.yaml").unwrap();
    let config = files.contains_key(&settings).then(|| {
        let source = tree.source(&settings).unwrap();
        parse::parse(&source)
            .unwrap_or_else(|error| panic!("{}: {}", error.place.source.path(), error.message))
    });
    Repo::load(tree, config, Scope::Everything).unwrap()
}

fn run(rule: &Rule, files: &Files, base: Option<&Files>) -> Vec<Finding> {
    let (repo, base) = (load(files), base.map(load));
    let history = History::none();
    let now = NOW.parse().unwrap();
    let mut facts = Facts::new(&repo, base.as_ref(), &history, now);
    facts.strict = true;
    lint::run(&facts, &Selection::only(rule.id).unwrap()).findings
}

fn told(findings: &[Finding]) -> String {
    let mut out = String::new();
    for one in findings {
        let at = |place: &rotate::text::source::Place| {
            let position = place.position();
            format!("{}:{}:{}", place.source.path(), position.line, position.column)
        };
        let level = one.level.word();
        let _ = writeln!(out, "{}: {level}[{}] {}", at(&one.place), one.rule, one.message);
        let _ = writeln!(out, "    `{}`", one.place.text().lines().next().unwrap_or_default());
        if !one.environments.is_empty() {
            let _ = writeln!(out, "    in {}", one.environments.join(", "));
        }
        for related in &one.related {
            let _ = writeln!(out, "    {}: {}", at(&related.place), related.label);
        }
        if let Some(help) = &one.help {
            let _ = writeln!(out, "    help: {help}");
        }
        if let Some(fix) = &one.fix {
            let _ = writeln!(out, "    fix: {}", fix.title);
        }
    }
    if out.is_empty() { "silent\n".to_owned() } else { out }
}

fn overwrites() -> bool {
    std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite")
}

#[test]
fn every_rule_says_what_is_expected() {
    let mut wrong = Vec::new();
    for (rule, case) in cases() {
        let base = case.join("base");
        let base = base.is_dir().then(|| files(&base));
        let tree = files(&case.join("in"));
        assert!(!tree.is_empty(), "{} has no tree", case.display());
        let got = told(&run(rule, &tree, base.as_ref()));
        let file = case.join("expected.txt");
        if overwrites() {
            fs::write(&file, &got).unwrap();
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if got != expected {
            wrong.push(format!("{}:\n--- expected\n{expected}--- got\n{got}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_fires_and_keeps_silent() {
    let mut said: BTreeMap<&str, BTreeSet<bool>> = BTreeMap::new();
    for (rule, case) in cases() {
        let base = case.join("base");
        let base = base.is_dir().then(|| files(&base));
        let got = told(&run(rule, &files(&case.join("in")), base.as_ref()));
        said.entry(rule.id).or_default().insert(got == "silent\n");
    }
    let half: Vec<_> = said.iter().filter(|(_, said)| said.len() < 2).collect();
    assert!(half.is_empty(), "cases that fire and cases that stay silent are needed: {half:?}");
}

/// The tree with the repairs in it, and the edits of each file.
fn repaired(tree: &Files, findings: &[Finding]) -> (Files, BTreeMap<TreePath, Vec<Edit>>) {
    let mut edits: BTreeMap<TreePath, Vec<Edit>> = BTreeMap::new();
    for FileEdit { source, edit } in
        findings.iter().filter_map(|one| one.fix.as_ref()).flat_map(|fix| &fix.edits)
    {
        edits.entry(source.path().clone()).or_default().push(edit.clone());
    }
    let mut after = tree.clone();
    for (path, edits) in &edits {
        let text = std::str::from_utf8(&tree[path]).unwrap();
        after.insert(path.clone(), apply(text, edits).unwrap().into_bytes());
    }
    (after, edits)
}

/// The text with the edited ranges left out, first before the edits, then behind them.
fn outside(text: &str, edits: &[Edit], after: bool) -> String {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort();
    sorted.dedup();
    let (mut out, mut at, mut shift) = (String::new(), 0, 0_isize);
    for edit in sorted {
        let start = edit.span.start.checked_add_signed(if after { shift } else { 0 }).unwrap();
        out.push_str(&text[at..start]);
        at = start + if after { edit.text.len() } else { edit.span.len() };
        shift += edit.text.len() as isize - edit.span.len() as isize;
    }
    out.push_str(&text[at..]);
    out
}

#[test]
fn every_repair_is_sound() {
    for (rule, case) in cases() {
        let name = case.display().to_string();
        let base = case.join("base");
        let base = base.is_dir().then(|| files(&base));
        let tree = files(&case.join("in"));
        let findings = run(rule, &tree, base.as_ref());
        let can = findings.iter().filter(|one| one.fix.is_some()).count();
        assert!(can == 0 || rule.fixes != Fixes::Never, "{name}: the rule says it repairs nothing");
        if can == 0 {
            assert!(
                !case.join("out").exists(),
                "{name}: nothing is repaired, and there is an `out`"
            );
            continue;
        }
        let (after, edits) = repaired(&tree, &findings);
        for (path, edits) in &edits {
            let text = |files: &Files| String::from_utf8(files[path].clone()).unwrap();
            let count = |text: &str| {
                let source = rotate::text::source::Source::file(path.clone(), text);
                parse_yaml(&source)
                    .unwrap_or_else(|error| panic!("{name}: {error}"))
                    .documents
                    .len()
            };
            let (before, now) = (text(&tree), text(&after));
            assert_eq!(count(&before), count(&now), "{name}: documents");
            assert_eq!(outside(&before, edits, false), outside(&now, edits, true), "{name}: bytes");
        }
        let again = run(rule, &after, base.as_ref());
        assert_eq!(again.len(), findings.len() - can, "{name}: silent afterwards");
        assert!(again.iter().all(|one| one.fix.is_none()), "{name}: twice is once");
        let out = case.join("out");
        if overwrites() {
            let _ = fs::remove_dir_all(&out);
            for (path, bytes) in &after {
                let file = out.join(path.as_str());
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, bytes).unwrap();
            }
        }
        assert!(files(&out) == after, "{name}: `out` is not what the repairs make");
    }
    let repairs = |rule: &Rule| {
        cases().iter().any(|(one, case)| one.id == rule.id && case.join("out").exists())
    };
    for rule in RULES {
        assert_eq!(
            repairs(rule),
            rule.fixes != Fixes::Never,
            "{}: `fixes` tells the truth",
            rule.id
        );
    }
}
