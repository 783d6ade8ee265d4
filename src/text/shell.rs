//! Text inside a command that is printed to be copied.

use std::fmt::Write as _;

use crate::text::visible::is_hidden;

/// A text as one word of a shell.
#[must_use]
pub fn word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@+,%".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else if text.contains(|c| is_hidden(c) || matches!(c, '\n' | '\t')) {
        escaped(text)
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// A word with what a terminal would act on spelled byte for byte, as bash, ksh and zsh read it.
fn escaped(text: &str) -> String {
    let mut out = "$'".to_owned();
    for character in text.chars() {
        match character {
            '\'' | '\\' => out.extend(['\\', character]),
            character if is_hidden(character) || character.is_ascii_control() => {
                let mut bytes = [0; 4];
                for byte in character.encode_utf8(&mut bytes).bytes() {
                    let _ = write!(out, "\\{byte:03o}");
                }
            }
            character => out.push(character),
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn a_word_stays_one() {
        assert_eq!(word("shop/db-1"), "shop/db-1");
        assert_eq!(word("it's `x` $y"), "'it'\\''s `x` $y'");
        assert_eq!(word(""), "''");
        assert_eq!(word("a\r```'\u{1b}\n\\"), "$'a\\015```\\'\\033\\012\\\\'");
    }
}
