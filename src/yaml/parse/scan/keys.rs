//! Potential keys, and the columns of open blocks.

use crate::yaml::bounds::DEEPEST;
use crate::yaml::parse::fault::{Cause, Fault};
use crate::yaml::parse::scan::Scanner;
use crate::yaml::parse::scan::token::{Kind, Token};

/// Maximum length, in characters, of a key without `?`.
const LONGEST: usize = 1024;

/// A token that is a key if a `:` follows on its line.
#[derive(Debug, Clone, Copy)]
pub(super) struct SimpleKey {
    /// The number of open flow collections around it.
    level: usize,
    /// Whether it must be a key: it is at the column of the keys of its mapping.
    required: bool,
    /// Its number among all tokens.
    pub(super) number: usize,
    pub(super) at: usize,
    /// The first byte of its line.
    pub(super) line: usize,
}

impl Scanner<'_> {
    /// Whether the first token of the queue may still turn out to be a key.
    pub(super) fn head_may_be_key(&mut self) -> Result<bool, Fault> {
        while let Some(key) = self.keys.front().copied() {
            if key.number != self.taken {
                return Ok(false);
            }
            if !self.is_stale(key) {
                return Ok(true);
            }
            if key.required {
                return Err(Fault { cause: Cause::NoColon, at: key.at });
            }
            self.keys.pop_front();
        }
        Ok(false)
    }

    fn is_stale(&self, key: SimpleKey) -> bool {
        let far = self.at.saturating_sub(key.at);
        key.line != self.line
            || (far > LONGEST
                && self.text.get(key.at..self.at).is_none_or(|text| text.chars().count() > LONGEST))
    }

    /// Rejects a line that must be a key but ended without a `:`.
    pub(super) fn refuse_stale_key(&self) -> Result<(), Fault> {
        match self.keys.front() {
            Some(key) if key.required && self.is_stale(*key) => {
                Err(Fault { cause: Cause::NoColon, at: key.at })
            }
            _ => Ok(()),
        }
    }

    /// Records that the next token may be a key.
    pub(super) fn save_key(&mut self) -> Result<(), Fault> {
        if !self.allowed {
            return Ok(());
        }
        self.drop_key()?;
        self.keys.push_back(SimpleKey {
            level: self.flow,
            required: self.flow == 0 && self.indent == self.column(),
            number: self.taken + self.queue.len(),
            at: self.at,
            line: self.line,
        });
        Ok(())
    }

    /// Discards the potential key of this level.
    pub(super) fn drop_key(&mut self) -> Result<(), Fault> {
        let Some(key) = self.keys.back().filter(|key| key.level == self.flow) else {
            return Ok(());
        };
        if key.required {
            return Err(Fault { cause: Cause::NoColon, at: key.at });
        }
        self.keys.pop_back();
        Ok(())
    }

    /// The token of this level that the current `:` turns into a key.
    pub(super) fn take_key(&mut self) -> Result<Option<SimpleKey>, Fault> {
        let Some(key) = self.keys.back().copied().filter(|key| key.level == self.flow) else {
            return Ok(None);
        };
        if self.is_stale(key) {
            self.drop_key()?;
            return Ok(None);
        }
        self.keys.pop_back();
        Ok(Some(key))
    }

    /// Opens a block at a column, if it is to the right of the current one.
    pub(super) fn roll(
        &mut self,
        column: isize,
        at: usize,
        kind: Kind,
        index: Option<usize>,
    ) -> Result<(), Fault> {
        if self.flow > 0 || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        self.refuse_depth()?;
        let token = Token { kind, start: at, end: at };
        match index {
            Some(index) => self.queue.insert(index, token),
            None => self.queue.push_back(token),
        }
        Ok(())
    }

    /// Closes the blocks to the right of a column.
    pub(super) fn unroll(&mut self, column: isize) {
        if self.flow > 0 {
            return;
        }
        while self.indent > column {
            self.push(Kind::BlockEnd, self.at);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    pub(super) const fn refuse_depth(&self) -> Result<(), Fault> {
        if self.indents.len() + self.flow > DEEPEST {
            return Err(self.fault(Cause::TooDeep));
        }
        Ok(())
    }
}
