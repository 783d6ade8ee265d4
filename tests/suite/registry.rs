//! The list of rules, the files of rules and the folders of cases: each has what the others have.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rotate::lint::rules::RULES;

fn names(directory: &str, ending: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect()
}

#[test]
fn rules_files_and_cases_agree() {
    let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "sorted, each once");
    let ids: BTreeSet<String> = ids.into_iter().map(str::to_owned).collect();
    let mut files: BTreeSet<String> =
        names("src/lint/rules", ".rs").iter().map(|name| name.replace('_', "-")).collect();
    files.remove("mod");
    assert_eq!(files, ids, "a file in src/lint/rules for each rule in RULES");
    assert_eq!(names("fixtures/lint", ""), ids, "a folder in fixtures/lint for each rule in RULES");
}

#[test]
fn every_rule_has_its_words() {
    for rule in RULES {
        let headings: Vec<&str> =
            rule.docs.lines().filter_map(|line| line.strip_prefix("### ")).collect();
        let wanted = ["What it finds", "Why it matters", "Example", "Repair"];
        assert_eq!(headings, wanted, "{}", rule.id);
        assert!(rule.docs.contains("```yaml\n"), "{}: an example", rule.id);
        let first = rule.summary.chars().next().unwrap();
        assert!(first.is_lowercase() || !first.is_alphabetic(), "{}: a phrase", rule.id);
        assert!(!rule.summary.ends_with('.'), "{}: a phrase", rule.id);
    }
}
