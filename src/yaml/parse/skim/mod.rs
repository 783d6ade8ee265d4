//! Checks the lines of a block mapping without producing tokens or nodes.
//!
//! Only a simple subset of YAML is handled: keys, dashes, scalars, comments. If anything is unknown or invalid,
//! the whole mapping is parsed in full. Whatever is accepted here, the scanner and the grammar accept too.

mod key;
mod levels;
mod text;

#[cfg(test)]
mod tests;

use crate::text::span::Span;
use crate::yaml::parse::skim::levels::{Levels, Shape};

/// A mapping that was skimmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Skimmed {
    /// Its first key.
    pub(super) start: usize,
    /// The end of its last token.
    pub(super) end: usize,
    /// The first byte of the line after it.
    pub(super) behind: usize,
    /// The number of nodes in it, itself included.
    pub(super) nodes: usize,
}

/// Skims the mapping below a key at column `above`; `at` is the position after the key's `:`.
///
/// The text must not contain control characters or line breaks other than `\n`.
pub(super) fn skim(
    text: &str,
    at: usize,
    above: usize,
    comments: &mut Vec<Span>,
) -> Option<Skimmed> {
    let known = comments.len();
    let bytes = text.as_bytes();
    let levels = Levels::default();
    let mut skim = Skim { bytes, at, line: at, end: at, nodes: 0, levels, comments };
    let skimmed = skim.mapping(above);
    if skimmed.is_none() {
        comments.truncate(known);
    }
    skimmed
}

struct Skim<'t, 'c> {
    bytes: &'t [u8],
    at: usize,
    /// The first byte of the line.
    line: usize,
    /// The end of the last token.
    end: usize,
    nodes: usize,
    levels: Levels<'t>,
    comments: &'c mut Vec<Span>,
}

/// The content of a line.
enum Line {
    /// Something at a column.
    Content(usize),
    /// The end of the text.
    End,
}

impl<'t> Skim<'t, '_> {
    fn mapping(&mut self, above: usize) -> Option<Skimmed> {
        self.rest_of_line()?;
        let Line::Content(column) = self.content()? else { return None };
        if column <= above {
            return None;
        }
        let start = self.at;
        let key = self.key()??;
        self.open(column, Shape::Map)?;
        self.entry(key)?;
        loop {
            match self.content()? {
                Line::Content(column) if column > above => self.content_line(column)?,
                Line::Content(_) => break,
                Line::End => {
                    self.line = self.at;
                    break;
                }
            }
        }
        self.close_below(0)?;
        Some(Skimmed { start, end: self.end, behind: self.line, nodes: self.nodes })
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(b'\n')
    }

    fn line_end(&self, from: usize) -> usize {
        memchr::memchr(b'\n', &self.bytes[from..]).map_or(self.bytes.len(), |len| from + len)
    }

    /// The position after the spaces that start at a byte.
    fn behind_spaces(&self, mut at: usize) -> usize {
        while let Some(word) = self.bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let others = u64::from_le_bytes(*word) ^ u64::from_le_bytes(*b"        ");
            if others != 0 {
                return at + (others.trailing_zeros() / 8) as usize;
            }
            at += 8;
        }
        while self.bytes.get(at) == Some(&b' ') {
            at += 1;
        }
        at
    }

    /// Skips empty lines and comments up to the next line with content.
    fn content(&mut self) -> Option<Line> {
        loop {
            let line = self.at;
            self.at = self.behind_spaces(line);
            match self.bytes.get(self.at) {
                None => return Some(Line::End),
                Some(b'\n') => self.at += 1,
                Some(b'#') => self.comment(),
                // Such as a tab or a byte order mark.
                Some(byte) if !byte.is_ascii_graphic() => return None,
                Some(_) => {
                    self.line = line;
                    return Some(Line::Content(self.at - line));
                }
            }
        }
    }

    /// Consumes a comment and the line break after it.
    fn comment(&mut self) {
        let end = self.line_end(self.at);
        self.comments.push(Span::new(self.at, end));
        self.at = (end + 1).min(self.bytes.len());
    }

    /// Consumes the rest of a line, which may only contain a comment.
    fn rest_of_line(&mut self) -> Option<()> {
        self.at = self.behind_spaces(self.at);
        match self.bytes.get(self.at) {
            None => {}
            Some(b'\n') => self.at += 1,
            Some(b'#') => self.comment(),
            Some(_) => return None,
        }
        Some(())
    }

    fn is_dash(&self) -> bool {
        self.byte(self.at) == b'-' && matches!(self.byte(self.at + 1), b' ' | b'\n' | b'\t')
    }

    fn open(&mut self, column: usize, shape: Shape) -> Option<()> {
        self.nodes += 1;
        self.levels.open(column, shape)
    }

    /// Closes the blocks to the right of a column.
    fn close_below(&mut self, column: usize) -> Option<()> {
        while self.levels.column().is_some_and(|open| open > column || column == 0) {
            self.nodes += usize::from(self.levels.is_waiting());
            self.levels.close()?;
        }
        Some(())
    }

    /// A line with a key, an item, or the value of the previous key.
    fn content_line(&mut self, column: usize) -> Option<()> {
        self.close_below(column)?;
        if self.is_dash() {
            return self.item_line(column);
        }
        if self.levels.shape()? == Shape::Listed && self.levels.column()? == column {
            self.levels.close()?;
        }
        let (shape, open) = (self.levels.shape()?, self.levels.column()?);
        let waiting = self.levels.is_waiting();
        let key = self.key()?;
        if shape == Shape::Map && open == column {
            self.nodes += usize::from(waiting);
            return self.entry(key?);
        }
        if !waiting {
            return None;
        }
        self.levels.waits(false);
        match key {
            Some(key) => {
                self.open(column, Shape::Map)?;
                self.entry(key)
            }
            None => self.text(),
        }
    }

    /// A line with one or more dashes.
    fn item_line(&mut self, mut column: usize) -> Option<()> {
        let open = self.levels.column()?;
        match self.levels.shape()? {
            Shape::Map if self.levels.is_waiting() => {
                self.levels.waits(false);
                let shape = if open == column { Shape::Listed } else { Shape::Seq };
                self.open(column, shape)?;
            }
            Shape::Seq | Shape::Listed if open == column => {}
            _ => return None,
        }
        loop {
            self.end = self.at + 1;
            self.at = self.behind_spaces(self.at + 1);
            column = self.at - self.line;
            if !self.is_dash() {
                break;
            }
            self.open(column, Shape::Seq)?;
        }
        if matches!(self.byte(self.at), b'\n' | b'#') {
            return None;
        }
        match self.key()? {
            Some(key) => {
                self.open(column, Shape::Map)?;
                self.entry(key)
            }
            None => self.text(),
        }
    }

    /// The rest of a line after a key and its `:`.
    fn entry(&mut self, key: &'t [u8]) -> Option<()> {
        self.nodes += 1;
        self.end = self.at;
        self.at = self.behind_spaces(self.at);
        let waits = matches!(self.byte(self.at), b'\n' | b'#');
        self.levels.add(key, waits);
        if waits { self.rest_of_line() } else { self.text() }
    }
}
