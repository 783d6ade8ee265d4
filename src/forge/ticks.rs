//! Checkboxes in a pull request's body when the body is rewritten: what a person ticked stays ticked; what was ticked because
//! facts proved it is ticked for as long as they do.

use std::collections::BTreeSet;

use crate::text::checkbox::Checkbox;

/// The new text, with each box ticked that a person ticked in the old one: in a line about the same or, where one of both lines does not
/// say what it is about, with the same sentence.
#[must_use]
pub fn keep(old: &str, new: &str) -> String {
    let by_person = || {
        let boxes = old.lines().filter_map(Checkbox::read);
        boxes.filter(|one| one.is_ticked && !one.is_proved)
    };
    let ids: BTreeSet<&str> = by_person().filter_map(|one| one.id).collect();
    let all: BTreeSet<&str> = by_person().map(|one| one.text).collect();
    let nameless = by_person().filter(|one| one.id.is_none());
    let nameless: BTreeSet<&str> = nameless.map(|one| one.text).collect();
    let line = |line: &str| {
        let is_kept = |one: &Checkbox<'_>| match one.id {
            Some(id) => ids.contains(id) || nameless.contains(one.text),
            None => all.contains(one.text),
        };
        let Some(one) = Checkbox::read(line).filter(is_kept) else { return line.to_owned() };
        let end = &line[line.trim_end_matches(['\r', '\n']).len()..];
        // It stays the person's, also once facts prove it.
        format!("{}{end}", Checkbox { is_ticked: true, is_proved: false, ..one }.line())
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
    fn what_facts_ticked_is_taken_back_with_them() {
        let proved = "- [x] It is over: since 1. <!-- rotate-item: soak-a proved -->\n";
        let open = "- [ ] It is over: until 2. <!-- rotate-item: soak-a -->\n";
        assert_eq!(keep(proved, open), open);
        assert_eq!(keep(open, proved), proved);
        // Whoever removes such a tick does not disprove it.
        assert_eq!(keep(&proved.replace("[x]", "[ ]"), proved), proved);
    }

    #[test]
    fn what_a_person_ticked_stays_whatever_facts_say() {
        let by_person = "- [x] It is over: until 2. <!-- rotate-item: soak-a -->\r\n";
        let proved = "- [x] It is over: since 1. <!-- rotate-item: soak-a proved -->\n";
        let open = "- [ ] It is over: until 3. <!-- rotate-item: soak-a -->\n";
        let then = keep(by_person, proved);
        assert_eq!(then, proved.replace(" proved", ""));
        assert_eq!(keep(&then, open), open.replace("[ ]", "[x]"));
        // A line about something else with other words is not ticked.
        let other = "- [ ] It is over: until 3. <!-- rotate-item: soak-b -->\n";
        assert_eq!(keep(&then, other), other);
    }

    #[test]
    fn ticks_of_lines_without_a_comment_stay_by_their_sentence() {
        let old = "- [x] Watch it.\n- [x] Keep it for 1d.\n";
        let new = "- [ ] Watch it. <!-- rotate-item: watch-a -->\n- [ ] Keep it for 2d. <!-- rotate-item: old-a -->\n";
        let kept = "- [x] Watch it. <!-- rotate-item: watch-a -->\n- [ ] Keep it for 2d. <!-- rotate-item: old-a -->\n";
        assert_eq!(keep(old, new), kept);
    }

    #[test]
    fn ticks_stay_with_what_they_are_about() {
        let line =
            |tick, id| format!("- [{tick}] The store has it. <!-- rotate-item: stored-{id} -->\n");
        let new = line(" ", "a") + &line(" ", "b");
        assert_eq!(keep(&line("x", "a"), &new), line("x", "a") + &line(" ", "b"));
        assert_eq!(keep(&line("x", "c"), &new), new);
        // A line that has lost its comment, in the old text or in the new one, has only its sentence.
        let nameless = "- [ ] The store has it.\n";
        assert_eq!(keep(&line("x", "a"), nameless), "- [x] The store has it.\n");
    }

    #[test]
    fn the_ends_of_lines_do_not_count() {
        assert!(same("a\r\nb\n\n", "a\nb"));
        assert!(!same("a\nb", "a\n b"));
    }
}
