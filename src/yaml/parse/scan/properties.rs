//! Anchors, aliases, tags and directives.

use crate::yaml::parse::fault::{Cause, Fault};
use crate::yaml::parse::scan::token::Kind;
use crate::yaml::parse::scan::{Scanner, is_blank, is_blank_or_end};

impl Scanner<'_> {
    pub(super) fn fetch_anchor(&mut self, kind: Kind) -> Result<(), Fault> {
        self.save_key()?;
        self.allowed = false;
        let start = self.at;
        self.at += 1;
        while is_word(self.byte(0)) {
            self.at += 1;
        }
        let ends = is_blank_or_end(self.byte(0))
            || matches!(self.byte(0), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if self.at == start + 1 || !ends {
            let cause = if kind == Kind::Alias { Cause::AliasName } else { Cause::AnchorName };
            return Err(Fault { cause, at: start });
        }
        self.push(kind, start);
        Ok(())
    }

    pub(super) fn fetch_tag(&mut self) -> Result<(), Fault> {
        self.save_key()?;
        self.allowed = false;
        let start = self.at;
        self.at += 1;
        if self.byte(0) == b'<' {
            let end = memchr::memchr(b'>', &self.bytes[self.at..self.line_end()]);
            let len = end.ok_or(Fault { cause: Cause::TagText, at: start })?;
            self.at += len + 1;
        } else {
            while is_uri(self.byte(0)) && !(self.flow > 0 && self.byte(0) == b',') {
                self.at += 1;
            }
        }
        let ends = is_blank_or_end(self.byte(0)) || (self.flow > 0 && self.byte(0) == b',');
        if !ends {
            return Err(Fault { cause: Cause::TagText, at: start });
        }
        self.push(Kind::Tag, start);
        Ok(())
    }

    pub(super) fn fetch_directive(&mut self) -> Result<(), Fault> {
        self.unroll(-1);
        self.drop_key()?;
        self.allowed = false;
        let start = self.at;
        let line = &self.bytes[self.at..self.line_end()];
        let comment = line.windows(2).position(|pair| is_blank(pair[0]) && pair[1] == b'#');
        let end = comment.unwrap_or(line.len());
        self.at += line[..end].iter().rposition(|byte| !is_blank(*byte)).map_or(0, |last| last + 1);
        self.push(Kind::Directive, start);
        Ok(())
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// The characters allowed in a tag.
const fn is_uri(byte: u8) -> bool {
    is_word(byte)
        || matches!(
            byte,
            b';' | b'/'
                | b'?'
                | b':'
                | b'@'
                | b'&'
                | b'='
                | b'+'
                | b'$'
                | b','
                | b'.'
                | b'!'
                | b'~'
                | b'*'
                | b'\''
                | b'('
                | b')'
                | b'%'
        )
}
