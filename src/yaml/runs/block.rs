//! The lines of block scalars, matched with their decoded text.

use crate::text::source::Run;

/// The layout of a block scalar whose token is `|` or `>` and all that follows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    /// The number of spaces before each line; `None` if all lines are blank.
    pub indent: Option<usize>,
    /// The runs of the decoded text, relative to the token's first byte; for a literal scalar, one per line.
    pub runs: Vec<Run>,
    /// The end of the last line that counts, without its line break.
    pub end: usize,
}

/// Lays out a literal scalar: a line of text for each line of the token.
#[must_use]
pub fn literal(token: &str, text: &str) -> Option<Block> {
    let mut block = Block { end: header(token), ..Block::default() };
    let mut lines = Lines::new(token);
    let mut inner = 0;
    for line in text.split_inclusive('\n') {
        let content = line.strip_suffix('\n').unwrap_or(line);
        let (outer, spelled, newline) = lines.next()?;
        let indent = spelled.strip_suffix(content)?;
        if !indent.bytes().all(|byte| byte == b' ') {
            return None;
        }
        if !content.is_empty() {
            // Every non-blank line has the same indentation.
            if block.indent.is_some_and(|known| known != indent.len()) {
                return None;
            }
            block.indent = Some(indent.len());
        }
        let broken = newline == "\n" && content.len() < line.len();
        let len = content.len() + usize::from(broken);
        block.runs.push(Run { inner, outer: outer + indent.len(), len });
        block.end = outer + spelled.len();
        inner += line.len();
    }
    Some(block)
}

/// Lays out a folded scalar: its lines are joined in the text, with a space or line breaks between them.
#[must_use]
pub fn folded(token: &str, text: &str) -> Option<Block> {
    let mut block = Block { end: header(token), ..Block::default() };
    let body = text.trim_end_matches('\n');
    let mut at = 0;
    let mut lines = Lines::new(token);
    while at < body.len() {
        let (outer, spelled, _) = lines.next()?;
        let indent = *block.indent.get_or_insert_with(|| {
            let spaces = |text: &str| text.len() - text.trim_start_matches(' ').len();
            let first = body.trim_start_matches('\n');
            spaces(spelled).saturating_sub(spaces(first))
        });
        if spelled.trim_start_matches(' ').is_empty() && spelled.len() <= indent {
            if at == 0 {
                // The indentation is unknown until the first non-blank line.
                block.indent = None;
            }
            continue;
        }
        let piece = spelled.get(indent..)?;
        let gap = body[at..].len() - body[at..].trim_start_matches('\n').len();
        let space = usize::from(gap == 0 && at > 0);
        let inner = at + gap + space;
        if !body.get(inner..)?.starts_with(piece) || (space == 1 && !body[at..].starts_with(' ')) {
            return None;
        }
        block.runs.push(Run { inner, outer: outer + indent, len: piece.len() });
        block.end = outer + spelled.len();
        at = inner + piece.len();
    }
    // With `+`, blank lines at the end count.
    for (outer, spelled, _) in lines.take((text.len() - at).saturating_sub(1)) {
        block.end = outer + spelled.len();
    }
    Some(block)
}

/// The bytes of the header itself: `|`, `>2-`.
#[must_use]
pub fn header(token: &str) -> usize {
    let rest = token.trim_start_matches(['|', '>']);
    let marks = rest.len() - rest.trim_start_matches(|c: char| "+-0123456789".contains(c)).len();
    token.len() - rest.len() + marks
}

/// The lines of a token after its header: where each starts, its text, and its line break.
struct Lines<'t> {
    token: &'t str,
    /// Where the next line starts; `None` after the last one.
    at: Option<usize>,
}

impl<'t> Lines<'t> {
    fn new(token: &'t str) -> Self {
        Self { token, at: memchr::memchr(b'\n', token.as_bytes()).map(|at| at + 1) }
    }
}

impl<'t> Iterator for Lines<'t> {
    type Item = (usize, &'t str, &'t str);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at?;
        let rest = &self.token[start..];
        let end = memchr::memchr(b'\n', rest.as_bytes()).map(|at| at + 1);
        self.at = end.map(|end| start + end);
        let line = &rest[..end.unwrap_or(rest.len())];
        let content = line.strip_suffix('\n').map_or(line, |l| l.strip_suffix('\r').unwrap_or(l));
        Some((start, content, &line[content.len()..]))
    }
}

#[cfg(test)]
mod tests {
    use super::{folded, literal};

    #[test]
    fn every_line_of_a_literal_is_found() {
        let token = "|2- # c\r\n     a\r\n\r\n    b\r\n\r\n";
        let block = literal(token, "  a\n\n b").unwrap_or_default();
        let lines: Vec<_> = block.runs.iter().map(|r| &token[r.outer..r.outer + r.len]).collect();
        assert_eq!(lines, ["  a", "", " b"]);
        assert_eq!(&token[block.end..], "\r\n\r\n");
        assert_eq!(block.indent, Some(3));
        assert!(literal(token, "  a\n\n c").is_none());
        let empty = literal("|-\n", "").unwrap();
        assert_eq!((empty.end, empty.indent), (2, None));
    }

    #[test]
    fn lines_of_a_folded_one_are_found() {
        let token = ">\n\n  a b\n  c\n\n  d\n    e\n  f\n\n";
        let text = "\na b c\nd\n  e\nf\n";
        let block = folded(token, text).unwrap();
        let lines: Vec<_> = block.runs.iter().map(|r| &token[r.outer..r.outer + r.len]).collect();
        assert_eq!(lines, ["a b", "c", "d", "  e", "f"]);
        assert!(
            block
                .runs
                .iter()
                .all(|r| text[r.inner..].starts_with(&token[r.outer..r.outer + r.len]))
        );
        assert_eq!(&token[block.end..], "\n\n");
    }
}
