//! Checkboxes that people tick in a pull request's body, kept when the body is rewritten.

use std::collections::BTreeSet;

const OPEN: &str = "- [ ] ";

/// The new text, with each box ticked if its line was ticked in the old one.
#[must_use]
pub fn keep(old: &str, new: &str) -> String {
    let is_tick = |line: &&str| line.starts_with("- [x] ") || line.starts_with("- [X] ");
    let ticked: BTreeSet<&str> =
        old.lines().filter(is_tick).map(|line| &line[OPEN.len()..]).collect();
    let line = |line: &str| match line.trim_end_matches(['\r', '\n']).strip_prefix(OPEN) {
        Some(rest) if ticked.contains(rest) => line.replacen("[ ]", "[x]", 1),
        _ => line.to_owned(),
    };
    new.split_inclusive('\n').map(line).collect()
}

/// Whether two texts are equal except for line endings, which browsers change.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    a.trim_end().lines().eq(b.trim_end().lines())
}

#[cfg(test)]
mod tests {
    use super::{keep, same};

    #[test]
    fn ticks_stay() {
        let old = "- [x] one\r\n- [ ] two\r\n- [X] gone\r\n  - [x] three\r\n";
        let new = "- [ ] one\n- [ ] two\n- [ ] three\n- [ ] four";
        assert_eq!(keep(old, new), "- [x] one\n- [ ] two\n- [ ] three\n- [ ] four");
        assert_eq!(keep("", new), new);
    }

    #[test]
    fn the_ends_of_lines_do_not_count() {
        assert!(same("a\r\nb\n\n", "a\nb"));
        assert!(!same("a\nb", "a\n b"));
    }
}
