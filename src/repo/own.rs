//! Files written by this program itself, which mention secrets without using them.

/// The first line of a report in Markdown.
pub const REPORT: &str = "<!-- rotate report -->\n";

/// How much of a file is checked: the markers are at its start.
const HEAD: usize = 4096;

/// Whether a text is a baseline, a report, or the JSON or SARIF that a command printed.
#[must_use]
pub fn is_own(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with(REPORT.trim_end()) {
        return true;
    }
    let mut end = text.len().min(HEAD);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // White space depends on how the JSON was formatted.
    let head: String = text[..end].chars().filter(|c| !c.is_whitespace()).collect();
    let is_sarif = head.starts_with("{\"$schema\":") || head.starts_with("{\"version\":\"2.1.0\"");
    head.starts_with("{\"schema\":\"rotate.")
        || (is_sarif && head.contains("\"driver\":{\"name\":\"rotate\""))
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn knows_its_own_files() {
        for text in [
            "{\n  \"schema\": \"rotate.baseline/v1\",\n",
            "{\"schema\":\"rotate.lint/v1\"}",
            "\u{feff}{ \"$schema\": \"https://x\", \"runs\": [{\"tool\": {\"driver\": {\"name\": \"rotate\"",
            "<!-- rotate report -->\n## db in production\n",
        ] {
            assert!(is_own(text), "{text}");
        }
        for text in [
            "",
            "{\"schema\": \"other/v1\"}",
            "# rotate.baseline/v1",
            "{\"a\": \"rotate.lint/v1\"}",
        ] {
            assert!(!is_own(text), "{text}");
        }
    }
}
