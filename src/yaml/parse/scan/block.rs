//! Literal and folded scalars.

use crate::text::span::Span;
use crate::yaml::node::Style;
use crate::yaml::parse::fault::{Cause, Fault};
use crate::yaml::parse::scan::token::{Kind, Token};
use crate::yaml::parse::scan::{Scanner, is_blank, is_break};

/// How trailing line breaks are handled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomp {
    Strip,
    Clip,
    Keep,
}

impl Scanner<'_> {
    pub(super) fn fetch_block(&mut self) -> Result<(), Fault> {
        self.drop_key()?;
        self.allowed = true;
        let start = self.at;
        let style = if self.byte(0) == b'|' { Style::Literal } else { Style::Folded };
        self.at += 1;
        let (chomp, increment) = self.block_header()?;
        let mut end = self.at;
        self.block_header_end()?;
        let above = self.indent.max(0);
        let mut indent = increment.map_or(0, |increment| above + increment);
        let mut breaks = self.block_breaks(&mut indent)?;
        let mut last = 0;
        let mut text = String::new();
        let mut was_blank = false;
        while self.column() == indent && self.at < self.bytes.len() {
            let blank = is_blank(self.byte(0));
            let folds = style == Style::Folded && last == 1 && !was_blank && !blank;
            if !folds {
                text.extend(std::iter::repeat_n('\n', last));
            } else if breaks.count == 0 {
                text.push(' ');
            }
            text.extend(std::iter::repeat_n('\n', breaks.count));
            was_blank = blank;
            let stop = self.line_end();
            text.push_str(&self.text[self.at..stop]);
            (self.at, end) = (stop, stop);
            last = usize::from(is_break(self.byte(0)));
            if last == 1 {
                self.newline();
            }
            breaks = self.block_breaks(&mut indent)?;
        }
        if chomp != Chomp::Strip {
            text.extend(std::iter::repeat_n('\n', last));
        }
        if chomp == Chomp::Keep {
            text.extend(std::iter::repeat_n('\n', breaks.count));
            end = breaks.end.unwrap_or(end);
        }
        self.blocks.push_back(text);
        self.queue.push_back(Token { kind: Kind::Block(style), start, end });
        Ok(())
    }

    /// The indicators after `|` or `>`, in either order.
    fn block_header(&mut self) -> Result<(Chomp, Option<isize>), Fault> {
        let (mut chomp, mut increment) = (None, None);
        for _ in 0..2 {
            match self.byte(0) {
                b'+' if chomp.is_none() => chomp = Some(Chomp::Keep),
                b'-' if chomp.is_none() => chomp = Some(Chomp::Strip),
                b'0' if increment.is_none() => return Err(self.fault(Cause::HeaderZero)),
                digit @ b'1'..=b'9' if increment.is_none() => {
                    increment = Some(isize::from(digit.cast_signed() - b'0'.cast_signed()));
                }
                _ => break,
            }
            self.at += 1;
        }
        Ok((chomp.unwrap_or(Chomp::Clip), increment))
    }

    /// Whitespace and a comment after the header, and the line break.
    fn block_header_end(&mut self) -> Result<(), Fault> {
        while is_blank(self.byte(0)) {
            self.at += 1;
        }
        if self.byte(0) == b'#' {
            let end = self.line_end();
            self.comments.push(Span::new(self.at, end));
            self.at = end;
        }
        if is_break(self.byte(0)) {
            self.newline();
        } else if self.at < self.bytes.len() {
            return Err(self.fault(Cause::Header));
        }
        Ok(())
    }

    /// Skips indentation and empty lines; if the indentation is not known, the deepest line determines it.
    fn block_breaks(&mut self, indent: &mut isize) -> Result<Breaks, Fault> {
        let mut breaks = Breaks { count: 0, end: None };
        let mut deepest = 0;
        loop {
            while (*indent == 0 || self.column() < *indent) && self.byte(0) == b' ' {
                self.at += 1;
            }
            deepest = deepest.max(self.column());
            if (*indent == 0 || self.column() < *indent) && self.byte(0) == b'\t' {
                return Err(self.fault(Cause::Tab));
            }
            if !is_break(self.byte(0)) {
                break;
            }
            breaks.end = Some(self.at);
            breaks.count += 1;
            self.newline();
        }
        if *indent == 0 {
            *indent = deepest.max(self.indent + 1).max(1);
            let content = self.at < self.bytes.len() && self.byte(0) != b'#';
            let inside = self.column() > self.indent.max(0) && self.column() < *indent;
            if content && inside {
                return Err(self.fault(Cause::TooIndented));
            }
        }
        Ok(breaks)
    }
}

/// Empty lines.
struct Breaks {
    count: usize,
    /// Where the last of them ends, its line break not included.
    end: Option<usize>,
}
