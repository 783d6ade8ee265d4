//! Plain scalars.

use crate::yaml::node::Style;
use crate::yaml::parse::fault::{Cause, Fault};
use crate::yaml::parse::scan::token::{Kind, Token};
use crate::yaml::parse::scan::{Scanner, is_blank, is_blank_or_end, is_break};

impl Scanner<'_> {
    pub(super) fn fetch_plain(&mut self) -> Result<(), Fault> {
        self.save_key()?;
        self.allowed = false;
        let start = self.at;
        let (mut end, mut lines, mut broken) = (start, 0, false);
        let indent = self.indent + 1;
        while !self.is_marker() && self.byte(0) != b'#' {
            let stop = if self.flow > 0 { self.flow_run() } else { self.block_run() };
            let text = trimmed(&self.bytes[self.at..stop]);
            if text == 0 {
                break;
            }
            end = self.at + text;
            self.at = stop;
            lines += 1;
            broken = false;
            if !is_blank(self.byte(0)) && !is_break(self.byte(0)) {
                break;
            }
            broken = self.skip_folded(indent)?;
            if self.flow == 0 && self.column() < indent {
                break;
            }
        }
        self.allowed |= broken;
        if end == start {
            return Err(self.fault(Cause::NoToken));
        }
        self.queue.push_back(Token { kind: Kind::Text(Style::Plain, lines <= 1), start, end });
        Ok(())
    }

    /// Skips whitespace and line breaks inside a scalar; returns whether there was a line break.
    fn skip_folded(&mut self, indent: isize) -> Result<bool, Fault> {
        let mut broken = false;
        loop {
            let byte = self.byte(0);
            if is_blank(byte) {
                if broken && byte == b'\t' && self.column() < indent {
                    return Err(self.fault(Cause::Tab));
                }
                self.at += 1;
            } else if is_break(byte) {
                self.newline();
                broken = true;
            } else {
                return Ok(broken);
            }
        }
    }

    /// Where the scalar ends on this line in block context: at its end, a `:` before whitespace, or a comment.
    fn block_run(&self) -> usize {
        let end = self.line_end();
        let mut from = self.at;
        while let Some(found) = memchr::memchr2(b':', b'#', &self.bytes[from..end]) {
            let at = from + found;
            let ends = if self.bytes[at] == b':' {
                is_blank_or_end(self.bytes.get(at + 1).copied().unwrap_or(0))
            } else {
                at > self.at && is_blank(self.bytes[at - 1])
            };
            if ends {
                return at;
            }
            from = at + 1;
        }
        end
    }

    /// The same in flow context, where punctuation ends a scalar too.
    fn flow_run(&self) -> usize {
        let mut at = self.at;
        loop {
            let byte = self.bytes.get(at).copied().unwrap_or(0);
            let ends = match byte {
                0 | b'\n' | b'\r' | b',' | b'?' | b'[' | b']' | b'{' | b'}' => true,
                b':' => is_blank_or_end(self.bytes.get(at + 1).copied().unwrap_or(0)),
                b'#' => at > self.at && is_blank(self.bytes[at - 1]),
                _ => false,
            };
            if ends {
                return at;
            }
            at += 1;
        }
    }
}

/// The length without trailing whitespace.
fn trimmed(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |last| last + 1)
}
