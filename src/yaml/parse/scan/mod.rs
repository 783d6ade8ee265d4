//! From bytes to tokens, by the rules of the scanner that Kubernetes uses: go-yaml's, which follows libyaml.
//!
//! A key without `?` is only recognised at its `:`: tokens wait in a queue until then, and the tokens
//! that start the key and its mapping are inserted before it.

mod block;
mod keys;
mod plain;
mod properties;
mod quoted;
pub(super) mod token;

use std::collections::VecDeque;

use crate::text::span::Span;
use crate::yaml::parse::fault::{Cause, Fault};
use crate::yaml::parse::scan::keys::SimpleKey;
use crate::yaml::parse::scan::token::{Kind, Token};
use crate::yaml::parse::skim::{Skimmed, skim};

/// The byte order mark in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads tokens, one after another.
pub(super) struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// The first byte of the line; the column is counted from it.
    line: usize,
    queue: VecDeque<Token>,
    /// How many tokens were taken from the queue.
    taken: usize,
    /// The column of the current block; -1 outside any block.
    indent: isize,
    indents: Vec<isize>,
    /// The number of open flow collections.
    flow: usize,
    /// Tokens that are keys if a `:` follows, the outermost first.
    keys: VecDeque<SimpleKey>,
    /// Whether a key may begin here.
    allowed: bool,
    /// The comments so far.
    pub(super) comments: Vec<Span>,
    /// The values of block scalars that have not been consumed yet.
    pub(super) blocks: VecDeque<String>,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let start = if bytes.starts_with(MARK) { MARK.len() } else { 0 };
        Self {
            text,
            bytes,
            at: start,
            line: start,
            queue: VecDeque::with_capacity(16),
            taken: 0,
            indent: -1,
            indents: Vec::new(),
            flow: 0,
            keys: VecDeque::new(),
            allowed: true,
            comments: Vec::new(),
            blocks: VecDeque::new(),
        }
    }

    /// A scanner for the block that starts at a byte and extends to the end of the text.
    pub(super) fn inside(text: &'t str, start: usize) -> Self {
        let line = memchr::memrchr(b'\n', &text.as_bytes()[..start]).map_or(0, |at| at + 1);
        Self { at: start, line, ..Self::new(text) }
    }

    /// Skims the mapping that is the value of the key whose `:` was consumed last, if it is simple enough.
    pub(super) fn skim(&mut self) -> Option<Skimmed> {
        if !self.queue.is_empty() || !self.keys.is_empty() || self.flow > 0 {
            return None;
        }
        let above = usize::try_from(self.indent).ok()?;
        let skimmed = skim(self.text, self.at, above, &mut self.comments)?;
        (self.at, self.line, self.allowed) = (skimmed.behind, skimmed.behind, true);
        Some(skimmed)
    }

    /// Peeks at the next token.
    pub(super) fn peek(&mut self) -> Result<Token, Fault> {
        loop {
            if let Some(token) = self.queue.front().copied()
                && !self.head_may_be_key()?
            {
                return Ok(token);
            }
            self.fetch()?;
        }
    }

    /// Consumes the token that was peeked last.
    pub(super) fn take(&mut self) -> Option<Token> {
        self.taken += 1;
        self.queue.pop_front()
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    const fn column(&self) -> isize {
        (self.at - self.line).cast_signed()
    }

    const fn fault(&self, cause: Cause) -> Fault {
        Fault { cause, at: self.at }
    }

    fn push(&mut self, kind: Kind, start: usize) {
        self.queue.push_back(Token { kind, start, end: self.at });
    }

    /// Consumes one line break.
    fn newline(&mut self) {
        self.at += if self.byte(0) == b'\r' && self.byte(1) == b'\n' { 2 } else { 1 };
        self.line = self.at;
    }

    /// The end of the current line.
    fn line_end(&self) -> usize {
        let rest = &self.bytes[self.at..];
        memchr::memchr2(b'\n', b'\r', rest).map_or(self.bytes.len(), |len| self.at + len)
    }

    /// Skips whitespace, comments and line breaks.
    fn skip_blanks(&mut self) {
        loop {
            if self.at == self.line && self.bytes[self.at..].starts_with(MARK) {
                self.at += MARK.len();
                self.line = self.at - 1;
            }
            while self.byte(0) == b' '
                || (self.byte(0) == b'\t' && (self.flow > 0 || !self.allowed))
            {
                self.at += 1;
            }
            if self.byte(0) == b'#' {
                let end = self.line_end();
                self.comments.push(Span::new(self.at, end));
                self.at = end;
            }
            if !is_break(self.byte(0)) {
                return;
            }
            self.newline();
            self.allowed |= self.flow == 0;
        }
    }

    /// Whether the line starts with `---` or `...` followed by whitespace.
    fn is_marker(&self) -> bool {
        self.at == self.line
            && matches!(self.bytes.get(self.at..self.at + 3), Some(b"---" | b"..."))
            && is_blank_or_end(self.byte(3))
    }

    /// Reads one more token into the queue.
    fn fetch(&mut self) -> Result<(), Fault> {
        self.skip_blanks();
        self.refuse_stale_key()?;
        self.unroll(self.column());
        if self.at >= self.bytes.len() {
            return self.fetch_end();
        }
        let (byte, next) = (self.byte(0), self.byte(1));
        if self.at == self.line {
            if byte == b'%' {
                return self.fetch_directive();
            }
            if self.is_marker() {
                return self.fetch_marker();
            }
        }
        let in_flow = self.flow > 0;
        match byte {
            b'[' => self.fetch_flow_start(Kind::FlowSeq),
            b'{' => self.fetch_flow_start(Kind::FlowMap),
            b']' => self.fetch_flow_end(Kind::FlowSeqEnd),
            b'}' => self.fetch_flow_end(Kind::FlowMapEnd),
            b',' => self.fetch_comma(),
            b'-' if is_blank_or_end(next) => self.fetch_dash(),
            b'?' if in_flow || is_blank_or_end(next) => self.fetch_key(),
            b':' if in_flow || is_blank_or_end(next) => self.fetch_value(),
            b'*' => self.fetch_anchor(Kind::Alias),
            b'&' => self.fetch_anchor(Kind::Anchor),
            b'!' => self.fetch_tag(),
            b'|' | b'>' if !in_flow => self.fetch_block(),
            b'\'' | b'"' => self.fetch_quoted(byte),
            b'\t' => Err(self.fault(Cause::Tab)),
            b'#' | b'%' | b'@' | b'`' | b'|' | b'>' => Err(self.fault(Cause::NoToken)),
            _ => self.fetch_plain(),
        }
    }

    fn fetch_end(&mut self) -> Result<(), Fault> {
        // No `:` can follow after the last line.
        self.line = self.at;
        self.unroll(-1);
        self.drop_key()?;
        self.allowed = false;
        self.push(Kind::End, self.at);
        Ok(())
    }

    fn fetch_marker(&mut self) -> Result<(), Fault> {
        self.unroll(-1);
        self.drop_key()?;
        self.allowed = false;
        let start = self.at;
        let kind = if self.byte(0) == b'-' { Kind::DocumentStart } else { Kind::DocumentEnd };
        self.at += 3;
        self.push(kind, start);
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: Kind) -> Result<(), Fault> {
        self.save_key()?;
        self.flow += 1;
        self.refuse_depth()?;
        self.allowed = true;
        self.at += 1;
        self.push(kind, self.at - 1);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: Kind) -> Result<(), Fault> {
        self.drop_key()?;
        self.flow = self.flow.saturating_sub(1);
        self.allowed = false;
        self.at += 1;
        self.push(kind, self.at - 1);
        Ok(())
    }

    fn fetch_comma(&mut self) -> Result<(), Fault> {
        self.drop_key()?;
        self.allowed = true;
        self.at += 1;
        self.push(Kind::Comma, self.at - 1);
        Ok(())
    }

    fn fetch_dash(&mut self) -> Result<(), Fault> {
        if self.flow == 0 {
            if !self.allowed {
                return Err(self.fault(Cause::NoItemHere));
            }
            self.roll(self.column(), self.at, Kind::BlockSeq, None)?;
        }
        self.drop_key()?;
        self.allowed = true;
        self.at += 1;
        self.push(Kind::Dash, self.at - 1);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), Fault> {
        if self.flow == 0 {
            if !self.allowed {
                return Err(self.fault(Cause::NoKeyHere));
            }
            self.roll(self.column(), self.at, Kind::BlockMap, None)?;
        }
        self.drop_key()?;
        self.allowed = self.flow == 0;
        self.at += 1;
        self.push(Kind::Key, self.at - 1);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), Fault> {
        if let Some(key) = self.take_key()? {
            let index = key.number - self.taken;
            self.queue.insert(index, Token { kind: Kind::Key, start: key.at, end: key.at });
            self.roll((key.at - key.line).cast_signed(), key.at, Kind::BlockMap, Some(index))?;
            self.allowed = false;
        } else {
            if self.flow == 0 {
                if !self.allowed {
                    return Err(self.fault(Cause::NoValueHere));
                }
                self.roll(self.column(), self.at, Kind::BlockMap, None)?;
            }
            self.allowed = self.flow == 0;
        }
        self.at += 1;
        self.push(Kind::Value, self.at - 1);
        Ok(())
    }
}

const fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// A blank, a line break, or the end of the text.
const fn is_blank_or_end(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0)
}
