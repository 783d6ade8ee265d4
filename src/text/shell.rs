//! Text inside a command that is printed to be copied.

use std::fmt::Write as _;

use crate::text::visible::is_hidden;

/// A command line to be copied: a program with its subcommand, the names that it takes, and the options behind them,
/// as [`option`] spells them. Each name stays one argument, whatever it holds, and is never taken for an option.
#[must_use]
pub fn command(program: &str, names: &[&str], options: &str) -> String {
    let words: String = names.iter().map(|name| format!(" {}", word(name))).collect();
    if names.iter().any(|name| name.starts_with('-')) {
        format!("{program}{options} --{words}")
    } else {
        format!("{program}{words}{options}")
    }
}

/// An option with its value, after a space.
#[must_use]
pub fn option(name: &str, value: &str) -> String {
    // A value that begins with a dash would be taken for another option.
    let joint = if value.starts_with('-') { '=' } else { ' ' };
    format!(" {name}{joint}{}", word(value))
}

/// A text as one word of a shell.
#[must_use]
pub fn word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@+,%".contains(&byte);
    // zsh looks for a program of the name behind a first `=`.
    if !text.is_empty() && !text.starts_with('=') && text.bytes().all(plain) {
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
    use super::{command, option, word};

    #[test]
    fn a_name_is_never_an_option() {
        let line = command("rotate bump", &["staging", "it's"], &option("--version", "1"));
        assert_eq!(line, "rotate bump staging 'it'\\''s' --version 1");
        let line = command("rotate bump", &["staging", "-x"], &option("--leave", "-y z"));
        assert_eq!(line, "rotate bump --leave='-y z' -- staging -x");
        assert_eq!(command("rm", &[], ""), "rm");
    }

    #[test]
    fn a_word_stays_one() {
        assert_eq!(word("shop/db-1"), "shop/db-1");
        assert_eq!(word("it's `x` $y"), "'it'\\''s `x` $y'");
        assert_eq!(word(""), "''");
        assert_eq!(word("=ls"), "'=ls'");
        assert_eq!(word("a\r```'\u{1b}\n\\"), "$'a\\015```\\'\\033\\012\\\\'");
    }
}
