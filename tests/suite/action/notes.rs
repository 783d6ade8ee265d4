//! The notes of a release, cut out of the change log.

use std::fs;

use super::project;
use super::runner::Runner;

const LOG: &str = "# Changelog

## [Unreleased]

### Added

- Not yet.

## [1.2.3] - 2026-01-31

### Added

- Something, as [the page](https://example.com) says.

### Fixed

- Something else.

## [1.2.30] - 2026-01-30

- Another.

## [1.2.2] - 2026-01-01

[1.2.3]: https://example.com
";

fn notes(tag: &str, version: &str) -> (i32, String) {
    let runner = Runner::new();
    let manifest =
        format!("[package]\nname = \"x\"\nversion = \"{version}\"\nrust-version = \"1\"\n");
    fs::write(runner.path("Cargo.toml"), manifest).unwrap();
    fs::write(runner.path("CHANGELOG.md"), LOG).unwrap();
    let place = runner.directory.path().to_str().unwrap();
    let script = project(".ci/notes");
    let ended = runner.script(&script, &[tag], &[("NOTES_OF", place)]);
    (ended.status, ended.said.replace(script.to_str().unwrap(), "notes"))
}

#[test]
fn the_section_of_the_version_is_the_text_of_the_release() {
    let section = "### Added\n\n- Something, as [the page](https://example.com) says.\n\n### Fixed\n\n- Something else.\n";
    assert_eq!(notes("v1.2.3", "1.2.3"), (0, section.to_owned()));
    assert_eq!(notes("v1.2.30", "1.2.30"), (0, "- Another.\n".to_owned()));
}

#[test]
fn a_tag_that_fits_nothing_makes_no_release() {
    for (tag, version, why) in [
        ("v1.2.4", "1.2.3", "the tag is v1.2.4, but Cargo.toml says 1.2.3"),
        ("1.2.3", "1.2.3", "the tag is 1.2.3, but Cargo.toml says 1.2.3"),
        ("v2.0.0", "2.0.0", "CHANGELOG.md has no section `## [2.0.0] - DATE`"),
        ("v1.2.2", "1.2.2", "the section of 1.2.2 in CHANGELOG.md is empty"),
    ] {
        assert_eq!(notes(tag, version), (1, format!("notes: {why}\n")));
    }
}
