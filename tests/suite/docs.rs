//! Pages that are made from the program itself: a rule's page and the table of rules in the README.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rotate::cli::explain::words;
use rotate::report::explain::{page, table};

const PAGES: &str = ".github/docs/rules";

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn overwrites() -> bool {
    std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite")
}

/// `SNAPSHOTS=overwrite` writes them anew.
#[test]
fn every_rule_has_its_page_and_no_other_is_there() {
    let directory = project(PAGES);
    if overwrites() {
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
    }
    let mut pages = BTreeSet::new();
    for rule in words() {
        let name = format!("{}.md", rule.id);
        let file = directory.join(&name);
        let made = format!("{}\n[All rules](../../../README.md#rules)\n", page(&rule));
        if overwrites() {
            fs::write(&file, &made).unwrap();
        }
        let kept = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(kept, made, "{name}; SNAPSHOTS=overwrite renews it");
        pages.insert(name);
    }
    let there = fs::read_dir(&directory).unwrap();
    let there: BTreeSet<String> =
        there.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(there, pages);
}

#[test]
fn the_readme_lists_the_rules() {
    let file = project("README.md");
    let text = fs::read_to_string(&file).unwrap();
    let (open, close) = ("<!-- rules -->\n", "<!-- /rules -->");
    let start = text.find(open).unwrap() + open.len();
    let end = text.find(close).unwrap();
    let made = format!("\n{}\n", table(&words(), PAGES));
    if overwrites() {
        fs::write(&file, format!("{}{made}{}", &text[..start], &text[end..])).unwrap();
        return;
    }
    assert_eq!(&text[start..end], made, "SNAPSHOTS=overwrite renews it");
}

/// A link of a page of ours leads to something.
#[test]
fn links_lead_somewhere() {
    let mut pages: Vec<PathBuf> =
        ["README.md", "CHANGELOG.md", ".github/CONTRIBUTING.md", ".github/docs/action.md"]
            .into_iter()
            .map(project)
            .collect();
    pages.extend(fs::read_dir(project(PAGES)).unwrap().map(|entry| entry.unwrap().path()));
    let mut seen = 0;
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split(')').next().unwrap();
            let file = target.split('#').next().unwrap();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            let file = page.parent().unwrap().join(file);
            assert!(file.exists(), "{}: `{target}` leads nowhere", page.display());
            seen += 1;
        }
    }
    assert!(seen > 5, "{seen} links only");
}
