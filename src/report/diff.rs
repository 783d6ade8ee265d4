//! The unified diff of a file before and after.

use similar::{ChangeTag, TextDiff};

use crate::report::console::Paint;
use crate::text::visible::one_line;

/// A unified diff as `git diff` prints it; `before` is `None` for a new file, `after` for one that is
/// removed. Empty when nothing differs.
#[must_use]
pub fn unified(path: &str, before: Option<&str>, after: Option<&str>, color: bool) -> String {
    let diff = TextDiff::from_lines(before.unwrap_or_default(), after.unwrap_or_default());
    let mut out = String::new();
    let mut unified = diff.unified_diff();
    for hunk in unified.context_radius(3).iter_hunks() {
        if out.is_empty() {
            out.push_str(&heading(path, before.is_some(), after.is_some(), color));
        }
        out.push_str(&Paint::Cyan.on(&hunk.header().to_string(), color));
        out.push('\n');
        for change in hunk.iter_changes() {
            let text = change.value().trim_end_matches(['\n', '\r']);
            let line = match change.tag() {
                ChangeTag::Equal => format!(" {text}"),
                ChangeTag::Delete => Paint::Red.on(&format!("-{text}"), color),
                ChangeTag::Insert => Paint::Green.on(&format!("+{text}"), color),
            };
            out.push_str(&line);
            out.push('\n');
            if change.missing_newline() {
                out.push_str("\\ No newline at end of file\n");
            }
        }
    }
    out
}

/// In place of the diff of a file whose lines may not be shown.
pub(super) fn withheld(path: &str, is_before: bool, is_after: bool, color: bool) -> String {
    let heading = heading(path, is_before, is_after, color);
    format!("{heading}not shown, because it may hold the values of a Secret\n")
}

fn heading(path: &str, is_before: bool, is_after: bool, color: bool) -> String {
    let path = one_line(path);
    let name = |is_there: bool, side: char| match is_there {
        true => format!("{side}/{path}"),
        false => "/dev/null".to_owned(),
    };
    let old = Paint::Bold.on(&format!("--- {}", name(is_before, 'a')), color);
    let new = Paint::Bold.on(&format!("+++ {}", name(is_after, 'b')), color);
    format!("{old}\n{new}\n")
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn shows_what_changed_what_is_new_and_what_goes() {
        let text = unified("a.yaml", Some("a: 1\nb: 2\n"), Some("a: 1\nb: 3\n"), false);
        assert_eq!(text, "--- a/a.yaml\n+++ b/a.yaml\n@@ -1,2 +1,2 @@\n a: 1\n-b: 2\n+b: 3\n");
        let new = unified("n.yaml", None, Some("x: y"), false);
        assert_eq!(
            new,
            "--- /dev/null\n+++ b/n.yaml\n@@ -0,0 +1 @@\n+x: y\n\\ No newline at end of file\n"
        );
        let gone = unified("g.yaml", Some("x: y\n"), None, false);
        assert_eq!(gone, "--- a/g.yaml\n+++ /dev/null\n@@ -1 +0,0 @@\n-x: y\n");
        assert_eq!(unified("s.yaml", Some("a"), Some("a"), true), "");
    }
}
