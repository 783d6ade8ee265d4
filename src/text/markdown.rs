//! Text inside Markdown, such as in a table cell or a list item.

use crate::text::visible::{is_hidden, visible};

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
    for (at, character) in text.char_indices() {
        if links(text, at) {
            out.push(NOBODY);
        }
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => out.extend(['\\', character]),
            '@' | '#' => out.extend([character, NOBODY]),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' | '\t' => out.push(' '),
            character if is_hidden(character) => {
                out.push('\\');
                out.push_str(&visible(character.encode_utf8(&mut [0; 4])));
            }
            character => out.push(character),
        }
    }
    out
}

/// Whether what begins here would make a link of what is before it: `https://`, `www.`, `GH-26`.
fn links(text: &str, at: usize) -> bool {
    let (before, rest) = text.split_at(at);
    let ends = |end: &str| {
        let start = before.len().checked_sub(end.len());
        start
            .and_then(|start| before.get(start..))
            .is_some_and(|last| last.eq_ignore_ascii_case(end))
    };
    rest.starts_with("//") && ends(":")
        || rest.starts_with('.') && ends("www")
        || rest.starts_with(|c: char| c.is_ascii_digit()) && ends("gh-")
}

/// A text as code.
#[must_use]
pub fn code(text: &str) -> String {
    let text = text.replace('`', "'").replace(['\n', '\r', '\t'], " ");
    // A table would take `\\|` for the end of the cell.
    let text = visible(&text).replace("\\|", &format!("\\{NOBODY}|")).replace('|', "\\|");
    if text.trim().is_empty() { "` `".to_owned() } else { format!("`{text}`") }
}

/// Lines as a block of code, with a fence that none of them can close.
#[must_use]
pub fn fenced(text: &str, language: &str, indent: &str) -> String {
    let text = visible(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    let lines: String = text.lines().map(|line| format!("{indent}{line}\n")).collect();
    format!("{indent}{fence}{language}\n{lines}{indent}{fence}")
}

#[cfg(test)]
mod tests {
    use super::{code, fenced, line, plain};

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
    #[test]
    fn nothing_is_linked() {
        assert_eq!(plain("GH-26 gh-x"), "GH-\u{200b}26 gh-x");
        assert_eq!(plain("https://a.b www.a.b"), "https:\u{200b}//a.b www\u{200b}.a.b");
        assert_eq!(plain("a\u{202e}\u{1b}"), "a\\\\u{202e}\\\\u{1b}");
        assert_eq!(code("a\\|b\r\u{1b}"), "`a\\\u{200b}\\|b \\u{1b}`");
        assert_eq!(code(""), "` `");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(fenced("a", "sh", "  "), "  ```sh\n  a\n  ```");
        assert_eq!(fenced("a ````\r<b>\n~~~~", "sh", ""), "`````sh\na ````\\u{d}<b>\n~~~~\n`````");
    }
}
