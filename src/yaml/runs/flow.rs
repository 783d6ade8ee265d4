//! Decoding of plain and quoted scalars, with the runs that appear verbatim.

use crate::text::source::Run;
use crate::yaml::node::Style;

/// Decodes a plain or quoted token; `None` if it is not one, or contains an invalid escape.
#[must_use]
pub fn decode(token: &str, style: Style) -> Option<(String, Vec<Run>)> {
    let body = match style {
        Style::Plain => 0..token.len(),
        Style::Single | Style::Double => 1..token.len().checked_sub(1).filter(|end| *end >= 1)?,
        Style::Literal | Style::Folded => return None,
    };
    let body = token.get(body.clone()).map(|_| body)?;
    let mut decoder = Decoder {
        token: &token[..body.end],
        at: body.start,
        out: String::with_capacity(token.len()),
        runs: Vec::new(),
    };
    if body.is_empty() {
        decoder.runs.push(Run { inner: 0, outer: body.start, len: 0 });
    }
    while decoder.at < body.end {
        decoder.step(style)?;
    }
    Some((decoder.out, decoder.runs))
}

/// The text of a plain or quoted token; `None` if it is not one, or contains an invalid escape.
#[must_use]
pub fn text(token: &str, style: Style) -> Option<String> {
    // Large manifests consist mostly of lines of plain text.
    if style != Style::Plain || token.contains('\r') {
        return decode(token, style).map(|(text, _)| text);
    }
    let blank = [' ', '\t'];
    let mut text = String::with_capacity(token.len());
    let mut empty = 0;
    for (index, line) in token.split('\n').enumerate() {
        let line = line.trim_matches(blank);
        if index == 0 {
            text.push_str(line);
        } else if line.is_empty() {
            empty += 1;
        } else {
            if empty == 0 {
                text.push(' ');
            }
            text.extend(std::iter::repeat_n('\n', empty));
            text.push_str(line);
            empty = 0;
        }
    }
    Some(text)
}

struct Decoder<'t> {
    token: &'t str,
    at: usize,
    out: String,
    runs: Vec<Run>,
}

impl Decoder<'_> {
    fn step(&mut self, style: Style) -> Option<()> {
        let rest = &self.token[self.at..];
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if blanks > 0 {
            if rest[blanks..].starts_with(['\n', '\r']) {
                self.at += blanks;
            } else {
                self.copy(blanks);
            }
        } else if rest.starts_with(['\n', '\r']) {
            self.fold(true);
        } else if style == Style::Single && rest.starts_with("''") {
            self.out.push('\'');
            self.at += 2;
        } else if style == Style::Double && rest.starts_with('\\') {
            self.escape()?;
        } else {
            let first = rest.chars().next().map_or(1, char::len_utf8);
            let special = [' ', '\t', '\n', '\r', '\'', '\\'];
            self.copy(rest[first..].find(special).map_or(rest.len(), |at| at + first));
        }
        Some(())
    }

    /// Copies bytes verbatim.
    fn copy(&mut self, len: usize) {
        let inner = self.out.len();
        self.out.push_str(&self.token[self.at..self.at + len]);
        match self.runs.last_mut() {
            Some(run) if run.inner + run.len == inner && run.outer + run.len == self.at => {
                run.len += len;
            }
            _ => self.runs.push(Run { inner, outer: self.at, len }),
        }
        self.at += len;
    }

    /// Folds line breaks and the whitespace around them: one becomes a space, several lose one.
    fn fold(&mut self, spaced: bool) {
        let rest = &self.token[self.at..];
        let white = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        let breaks = breaks(&rest[..white]);
        if spaced && breaks == 1 {
            self.out.push(' ');
        }
        self.out.extend(std::iter::repeat_n('\n', breaks - 1));
        self.at += white;
    }

    fn escape(&mut self) -> Option<()> {
        let rest = &self.token[self.at + 1..];
        let letter = rest.chars().next()?;
        if matches!(letter, '\n' | '\r') {
            self.at += 1;
            self.fold(false);
            return Some(());
        }
        let digits = match letter {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let c = if digits > 0 {
            char::from_u32(u32::from_str_radix(rest.get(1..=digits)?, 16).ok()?)?
        } else {
            named(letter)?
        };
        self.out.push(c);
        self.at += 1 + letter.len_utf8() + digits;
        Some(())
    }
}

const fn named(letter: char) -> Option<char> {
    Some(match letter {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        ' ' | '"' | '/' | '\\' | '\'' => letter,
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        _ => return None,
    })
}

/// The number of line breaks; `\r\n` is one.
fn breaks(white: &str) -> usize {
    let bytes = white.as_bytes();
    let pairs = bytes.windows(2).filter(|pair| pair == b"\r\n").count();
    bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() - pairs
}

#[cfg(test)]
mod tests {
    use super::decode;
    use crate::yaml::node::Style;

    fn spelled(token: &str, style: Style) -> (String, Vec<(String, String)>) {
        let (text, runs) = decode(token, style).unwrap();
        let pieces = runs.iter().map(|run| {
            let inner = text[run.inner..run.inner + run.len].to_owned();
            (inner, token[run.outer..run.outer + run.len].to_owned())
        });
        let pieces = pieces.collect();
        (text, pieces)
    }

    #[test]
    fn folds_and_unescapes() {
        let cases = [
            ("a  b\n   c", Style::Plain, "a  b c"),
            ("a \r\n\r\n  b\n", Style::Plain, "a\nb "),
            ("'it''s\n  so '", Style::Single, "it's so "),
            ("\"\\u00fc\\\n   x\\n\\\"y\\\" \n z\"", Style::Double, "üx\n\"y\" z"),
            ("\"a\\\n\n b\"", Style::Double, "a\nb"),
            ("''", Style::Single, ""),
        ];
        for (token, style, text) in cases {
            let (decoded, pieces) = spelled(token, style);
            assert_eq!(decoded, text, "{token:?}");
            assert!(pieces.iter().all(|(inner, outer)| inner == outer), "{token:?}");
        }
        assert!(decode("\"\\q\"", Style::Double).is_none());
        assert!(decode("\"", Style::Double).is_none());
    }

    #[test]
    fn runs_reach_as_far_as_bytes_agree() {
        let (_, pieces) = spelled("'it''s so'", Style::Single);
        assert_eq!(pieces.iter().map(|p| p.0.as_str()).collect::<Vec<_>>(), ["it", "s so"]);
        let (_, pieces) = spelled("\"a b\\tc\"", Style::Double);
        assert_eq!(pieces.iter().map(|p| p.0.as_str()).collect::<Vec<_>>(), ["a b", "c"]);
    }
}
