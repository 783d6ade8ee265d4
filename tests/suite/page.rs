//! The page that tells one rotation, for whoever runs its commands: what they begin with, and what they are.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const PAGE: &str = "docs/rotation.md";
pub(crate) const FAMILY: &str = "auth-api-secrets";
pub(crate) const MARCH: &str = "20250301090000";
pub(crate) const JUNE: &str = "20250602090000";

/// Whether a file of the example names the version of June, in its own name or in its text.
pub(crate) fn is_of_june(name: &str, text: &str) -> bool {
    name.ends_with(".yaml") && text.contains(JUNE)
}

/// The same file when the version of March was the only one.
pub(crate) fn before(name: &str, text: &str) -> (String, String) {
    (name.replace(JUNE, MARCH), text.replace(JUNE, MARCH))
}

/// A file of the example, which lists the stub of March as well if it lists that of June.
pub(crate) fn with_both(text: &str) -> String {
    let stub = format!("  - externalsecret-{FAMILY}-{JUNE}.yaml\n");
    text.replace(&stub, &format!("{}{stub}", stub.replace(JUNE, MARCH)))
}

/// The commands of the page, each with its time and what it shows.
pub(crate) fn commands() -> Vec<(String, String, Vec<String>)> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE)).unwrap();
    let mut found: Vec<(String, String, Vec<String>)> = Vec::new();
    let mut now = String::new();
    let (mut is_code, mut is_cut) = (false, false);
    for line in page.lines() {
        if line.starts_with("```") {
            is_code = line == "```shell-session";
        } else if !is_code {
            continue;
        } else if let Some(time) = line.strip_prefix("# ") {
            time.clone_into(&mut now);
        } else if let Some(command) = line.strip_prefix("$ ") {
            is_cut = command.ends_with('\\');
            let command = command.trim_end_matches('\\').trim_end();
            found.push((now.clone(), command.to_owned(), Vec::new()));
        } else if is_cut {
            let command = &mut found.last_mut().unwrap().1;
            let _ = write!(command, " {}", line.trim_end_matches('\\').trim());
            is_cut = line.ends_with('\\');
        } else {
            found.last_mut().unwrap().2.push(line.to_owned());
        }
    }
    found
}
