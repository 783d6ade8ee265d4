//! A line with a checkbox in Markdown, and a hidden comment that says what the line is about and who ticked it.

const OPEN: &str = "- [ ] ";
const TICKED: [&str; 2] = ["- [x] ", "- [X] "];
const COMMENT: &str = " <!-- rotate-item:";
const CLOSE: &str = " -->";
/// The word of a tick that facts prove.
const PROVED: &str = " proved";

/// A line with a checkbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkbox<'t> {
    /// The sentence, as Markdown.
    pub text: &'t str,
    /// What it is about, where the sentence may change and still mean the same: lower-case letters, digits and `-`.
    pub id: Option<&'t str>,
    /// Whether it is ticked.
    pub is_ticked: bool,
    /// Whether facts ticked it, rather than a person.
    pub is_proved: bool,
}

impl<'t> Checkbox<'t> {
    /// Reads a line; `None` if it has no checkbox.
    #[must_use]
    pub fn read(line: &'t str) -> Option<Self> {
        let line = line.trim_end();
        let ticked = TICKED.iter().find_map(|start| line.strip_prefix(start));
        let (is_ticked, rest) = match ticked {
            Some(rest) => (true, rest),
            None => (false, line.strip_prefix(OPEN)?),
        };
        let comment = rest.strip_suffix(CLOSE).and_then(|rest| rest.rsplit_once(COMMENT));
        let Some((text, what)) = comment else {
            return Some(Self { text: rest, id: None, is_ticked, is_proved: false });
        };
        let (id, is_proved) = what.strip_suffix(PROVED).map_or((what, false), |id| (id, true));
        let id = Some(id.trim()).filter(|id| !id.is_empty());
        Some(Self { text, id, is_ticked, is_proved })
    }

    /// The line, without a line break.
    #[must_use]
    pub fn line(&self) -> String {
        let start = if self.is_ticked { TICKED[0] } else { OPEN };
        let id = self.id.map_or_else(String::new, |id| format!(" {id}"));
        let proved = if self.is_proved { PROVED } else { "" };
        let comment = match (&*id, proved) {
            ("", "") => String::new(),
            _ => format!("{COMMENT}{id}{proved}{CLOSE}"),
        };
        format!("{start}{}{comment}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::Checkbox;

    #[test]
    fn a_line_is_read_as_it_is_written() {
        for is_ticked in [true, false] {
            for is_proved in [true, false] {
                for id in [None, Some("soak-production")] {
                    let one = Checkbox { text: "A *text*: `b`.", id, is_ticked, is_proved };
                    assert_eq!(Checkbox::read(&one.line()), Some(one));
                    assert_eq!(Checkbox::read(&format!("{}\r", one.line())), Some(one));
                }
            }
        }
        let plain = Checkbox { text: "a", id: None, is_ticked: true, is_proved: false };
        assert_eq!(plain.line(), "- [x] a");
        assert_eq!(Checkbox::read("- [X] a"), Some(plain));
    }

    #[test]
    fn other_lines_are_none() {
        for line in ["", "- a", "  - [ ] a", "* [ ] a", "- [y] a"] {
            assert_eq!(Checkbox::read(line), None, "{line}");
        }
    }
}
