//! Quoted scalars.

use crate::yaml::node::Style;
use crate::yaml::parse::fault::{Cause, Fault};
use crate::yaml::parse::scan::token::Kind;
use crate::yaml::parse::scan::{Scanner, is_blank, is_break};

impl Scanner<'_> {
    pub(super) fn fetch_quoted(&mut self, quote: u8) -> Result<(), Fault> {
        self.save_key()?;
        self.allowed = false;
        let start = self.at;
        self.at += 1;
        let mut verbatim = true;
        loop {
            if self.is_marker() {
                return Err(self.fault(Cause::Marker));
            }
            let rest = &self.bytes[self.at..];
            let special = if quote == b'"' {
                memchr::memchr3(b'"', b'\\', b'\n', rest)
            } else {
                memchr::memchr2(b'\'', b'\n', rest)
            };
            // A lone carriage return breaks a line too.
            let special = special.map(|len| memchr::memchr(b'\r', &rest[..len]).unwrap_or(len));
            let Some(len) = special else {
                return Err(Fault { cause: Cause::Unclosed, at: start });
            };
            self.at += len;
            match self.byte(0) {
                b'\\' => {
                    verbatim = false;
                    self.escape()?;
                }
                b'\'' if quote == b'\'' && self.byte(1) == b'\'' => {
                    verbatim = false;
                    self.at += 2;
                }
                byte if byte == quote => break,
                _ => {
                    verbatim = false;
                    self.skip_breaks();
                }
            }
        }
        self.at += 1;
        let style = if quote == b'"' { Style::Double } else { Style::Single };
        self.push(Kind::Text(style, verbatim), start);
        Ok(())
    }

    fn skip_breaks(&mut self) {
        while is_blank(self.byte(0)) || is_break(self.byte(0)) {
            if is_blank(self.byte(0)) {
                self.at += 1;
            } else {
                self.newline();
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        let digits = match self.byte(1) {
            b'\n' | b'\r' => {
                self.at += 1;
                self.skip_breaks();
                return Ok(());
            }
            b'/' => return Err(self.fault(Cause::ForeignEscape)),
            b'0' | b'a' | b'b' | b't' | b'\t' | b'n' | b'v' | b'f' | b'r' | b'e' | b' ' | b'"'
            | b'\'' | b'\\' | b'N' | b'_' | b'L' | b'P' => 0,
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => return Err(self.fault(Cause::Escape)),
        };
        if digits > 0 {
            let hex = self.text.get(self.at + 2..self.at + 2 + digits);
            let hex = hex.filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
            let code = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok());
            let code = code.ok_or_else(|| self.fault(Cause::Escape))?;
            if char::from_u32(code).is_none() {
                return Err(self.fault(Cause::ForeignEscape));
            }
        }
        self.at += 2 + digits;
        Ok(())
    }
}
