//! Texts as parts of Markdown, where a table's cell or a list's item holds them.

/// A text of ours, in which backticks mark code.
#[must_use]
pub fn line(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split('`').enumerate() {
        let is_code = index % 2 == 1;
        if index > 0 {
            out.push('`');
        }
        for c in part.chars() {
            match c {
                '\n' | '\r' => out.push(' '),
                '|' => out.push_str("\\|"),
                '<' if !is_code => out.push_str("&lt;"),
                '*' | '_' | '[' | ']' | '#' | '@' if !is_code => {
                    out.push('\\');
                    out.push(c);
                }
                c => out.push(c),
            }
        }
    }
    out
}

/// A text of somebody else, that is nothing but text.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '@' => {
                out.extend(['\\', character]);
            }
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
    }

    #[test]
    fn names_mean_nothing_to_the_table() {
        assert_eq!(plain("a|b <c> `d`\n_e_"), "a\\|b &lt;c> \\`d\\` \\_e\\_");
        assert_eq!(code("a`b|c"), "`a'b\\|c`");
    }
}
