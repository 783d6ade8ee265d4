//! Text inside Markdown, such as in a table cell or a list item.

/// Put after a character with which GitHub would mention or link something: it is invisible, and ends the name. GitHub
/// looks for such characters after Markdown's backslashes have been removed.
const NOBODY: char = '\u{200b}';

/// A text of ours, with code in backticks.
#[must_use]
pub fn line(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('`') {
        // An unpaired backtick is literal.
        let Some((inside, after)) = behind.split_once('`') else { break };
        out.push_str(&plain(before));
        out.push_str(&code(inside));
        rest = after;
    }
    out.push_str(&plain(rest));
    out
}

/// Text from elsewhere, to be shown literally.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => out.extend(['\\', character]),
            '@' | '#' => out.extend([character, NOBODY]),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            character if character.is_control() => out.push(' '),
            character => out.push(character),
        }
    }
    out
}

/// A text as code.
#[must_use]
pub fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace('|', "\\|").replace(['\n', '\r'], " "))
}

#[cfg(test)]
mod tests {
    use super::{code, line, plain};

    #[test]
    fn lines_stay_lines() {
        assert_eq!(line("a|b <c>\n`x_|<y>` *d*"), "a\\|b &lt;c> `x_\\|<y>` \\*d\\*");
        assert_eq!(line("see ` @team <img> [x](y)"), "see \\` @\u{200b}team &lt;img> \\[x\\](y)");
        assert_eq!(line("`a` `b` `"), "`a` `b` \\`");
        assert_eq!(line("a\\|b & c"), "a\\\\\\|b &amp; c");
    }

    #[test]
    fn names_mean_nothing_to_the_table() {
        assert_eq!(plain("a|b <c> `d`\n_e_"), "a\\|b &lt;c> \\`d\\` \\_e\\_");
        assert_eq!(plain("Fixes #12 @org/team"), "Fixes #\u{200b}12 @\u{200b}org/team");
        assert_eq!(code("a`b|c"), "`a'b\\|c`");
    }
}
