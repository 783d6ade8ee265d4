//! Quoted strings.

use crate::yaml::node::Style;
use crate::yaml::scalar::needs_quotes;

/// Writes a string in a style, or in double quotes if the style cannot represent it.
#[must_use]
pub fn spell(text: &str, style: Style) -> String {
    match style {
        Style::Plain if !needs_quotes(text) => text.to_owned(),
        Style::Single if !text.contains(is_hidden) => format!("'{}'", text.replace('\'', "''")),
        _ => double(text),
    }
}

fn double(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Whether a character is invisible, or may end a line.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::spell;
    use crate::yaml::node::Style;

    #[test]
    fn keeps_the_style_where_it_can() {
        assert_eq!(spell("a b", Style::Plain), "a b");
        assert_eq!(spell("1", Style::Plain), "\"1\"");
        assert_eq!(spell("it's", Style::Single), "'it''s'");
        assert_eq!(spell("a\nb", Style::Single), "\"a\\nb\"");
        assert_eq!(spell("\"\\\u{7}", Style::Double), "\"\\\"\\\\\\u0007\"");
    }
}
