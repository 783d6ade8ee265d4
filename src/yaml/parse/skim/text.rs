//! Values on the line of their key or dash, and their continuation lines.

use crate::yaml::parse::skim::Skim;

impl Skim<'_, '_> {
    /// A value that is not a block collection, up to the next line.
    pub(super) fn text(&mut self) -> Option<()> {
        self.nodes += 1;
        match self.byte(self.at) {
            b'\'' => self.single(),
            b'"' => self.double(),
            b'|' | b'>' => self.block(),
            b'[' | b'{' => self.nothing(),
            _ => self.plain(),
        }
    }

    /// The minimum column of a line that belongs to the value of the innermost block.
    fn inside(&self) -> Option<usize> {
        self.levels.column().map(|column| column + 1)
    }

    /// `[]` or `{}`
    fn nothing(&mut self) -> Option<()> {
        if !matches!(self.bytes.get(self.at..self.at + 2), Some(b"[]" | b"{}")) {
            return None;
        }
        self.quoted_end(self.at + 2)
    }

    fn quoted_end(&mut self, end: usize) -> Option<()> {
        (self.at, self.end) = (end, end);
        self.rest_of_line()
    }

    /// A document marker inside a quoted scalar is rejected.
    fn refuse_marker(&self, line: usize) -> Option<()> {
        let marker = matches!(self.bytes.get(line..line + 3), Some(b"---" | b"..."));
        (!marker).then_some(())
    }

    fn single(&mut self) -> Option<()> {
        let mut at = self.at + 1;
        loop {
            at += memchr::memchr2(b'\'', b'\n', &self.bytes[at..])? + 1;
            if self.bytes[at - 1] == b'\n' {
                self.refuse_marker(at)?;
            } else if self.bytes.get(at) == Some(&b'\'') {
                at += 1;
            } else {
                return self.quoted_end(at);
            }
        }
    }

    fn double(&mut self) -> Option<()> {
        let mut at = self.at + 1;
        loop {
            at += memchr::memchr3(b'"', b'\\', b'\n', &self.bytes[at..])? + 1;
            match self.bytes[at - 1] {
                b'"' => return self.quoted_end(at),
                b'\n' => self.refuse_marker(at)?,
                _ => match self.bytes.get(at)? {
                    b'"' | b'\\' | b'n' | b't' | b'r' => at += 1,
                    b'\n' => {}
                    _ => return None,
                },
            }
        }
    }

    fn plain(&mut self) -> Option<()> {
        let inside = self.inside()?;
        if !begins_plain(self.byte(self.at), self.byte(self.at + 1)) {
            return None;
        }
        loop {
            let start = self.at;
            let mut from = start;
            let stop = loop {
                let found = memchr::memchr3(b'\n', b':', b'#', &self.bytes[from..]);
                let Some(found) = found else { break self.bytes.len() };
                let at = from + found;
                match self.bytes[at] {
                    b'\n' => break at,
                    b':' if matches!(self.byte(at + 1), b' ' | b'\t' | b'\n') => return None,
                    b'#' if at > start && matches!(self.bytes[at - 1], b' ' | b'\t') => break at,
                    _ => from = at + 1,
                }
            };
            let text = &self.bytes[start..stop];
            let last = text.iter().rposition(|byte| !matches!(byte, b' ' | b'\t'))?;
            self.end = start + last + 1;
            self.at = stop;
            if self.bytes.get(stop) == Some(&b'#') {
                self.comment();
                return Some(());
            }
            if !self.goes_on(inside)? {
                return Some(());
            }
        }
    }

    /// Skips to the next non-empty line: to its text if that belongs to the value, otherwise to its first byte.
    fn goes_on(&mut self, inside: usize) -> Option<bool> {
        loop {
            let line = (self.at + 1).min(self.bytes.len());
            let at = self.behind_spaces(line);
            match self.bytes.get(at) {
                Some(b'\n') => self.at = at,
                Some(b'\t') => return None,
                Some(byte) if at - line >= inside && *byte != b'#' => {
                    self.at = at;
                    return Some(true);
                }
                _ => {
                    self.at = line;
                    return Some(false);
                }
            }
        }
    }

    /// A literal or folded scalar.
    fn block(&mut self) -> Option<()> {
        let inside = self.inside()?;
        let mut at = self.at + 1;
        let digit = Some(self.byte(at)).filter(|byte| matches!(byte, b'1'..=b'9'));
        at += usize::from(digit.is_some());
        if self.byte(at) == b'-' {
            at += 1;
        }
        if self.bytes.get(at) != Some(&b'\n') {
            return None;
        }
        let indent = match digit {
            Some(digit) => inside - 1 + usize::from(digit - b'0'),
            None => self.indentation(at + 1, inside)?,
        };
        self.at = at + 1;
        let mut is_empty = true;
        loop {
            let line = self.at;
            let at = self.behind_spaces(line);
            match self.bytes.get(at) {
                Some(b'\n') if at - line <= indent => self.at = at + 1,
                None if at > line => return None,
                _ if at - line >= indent => {
                    self.end = self.line_end(at);
                    self.at = (self.end + 1).min(self.bytes.len());
                    is_empty = false;
                }
                Some(b'\t') => return None,
                _ => return (!is_empty).then_some(()),
            }
        }
    }

    /// The indentation of a literal or folded scalar, determined by its first line.
    fn indentation(&self, mut line: usize, inside: usize) -> Option<usize> {
        let mut deepest = inside;
        loop {
            let at = self.behind_spaces(line);
            match *self.bytes.get(at)? {
                b'\n' => {}
                byte => return (at - line >= deepest && byte != b'\t').then_some(at - line),
            }
            deepest = deepest.max(at - line);
            line = at + 1;
        }
    }
}

/// Whether a plain scalar can start with these bytes: covers the common cases, not all allowed ones.
const fn begins_plain(byte: u8, next: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'/' | b'.' | b'^' | b'<' | b'(' | b')' | b'$' | b'_' | b'+' | b'=' | b'~' | b';'
        )
        || (byte == b'-' && next.is_ascii_alphanumeric())
}
