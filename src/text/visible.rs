//! Characters that a reader does not see, but that change what is seen.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character moves the cursor, changes the direction of a line, or ends one where `\n` does not.
#[must_use]
pub const fn is_hidden(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => true,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            true
        }
        _ => false,
    }
}

/// The text with such characters as escapes that can be read: `\u{1b}`. A `\r` before a `\n` is left out.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' if characters.peek() == Some(&'\n') => {}
            character if is_hidden(character) => {
                let _ = write!(out, "{}", character.escape_unicode());
            }
            character => out.push(character),
        }
    }
    Cow::Owned(out)
}

/// The same for a text that is one line, such as a file's name: what would break the line is an escape as well.
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    let text = visible(text);
    if text.contains(['\n', '\t']) {
        Cow::Owned(text.replace('\n', "\\n").replace('\t', "\\t"))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{one_line, visible};

    #[test]
    fn a_line_stays_one() {
        assert_eq!(one_line("a\nb\tc\u{7}\r\nd"), "a\\nb\\tc\\u{7}\\nd");
        assert_eq!(one_line("a b"), "a b");
    }

    #[test]
    fn what_is_hidden_becomes_visible() {
        assert_eq!(
            visible("a\u{1b}[2J\u{7}\0\u{9b}\u{202e}b"),
            "a\\u{1b}[2J\\u{7}\\u{0}\\u{9b}\\u{202e}b"
        );
        assert_eq!(visible("a\r\nb\rc\t\u{fc}\u{1f600}"), "a\nb\\u{d}c\t\u{fc}\u{1f600}");
    }
}
