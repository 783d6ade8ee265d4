//! A stream of bytes that knows where it is, and that ends where an object is too large.

use std::cell::Cell;
use std::io::{self, BufRead, Read};

/// How far a stream has been read.
#[derive(Debug, Default)]
pub(super) struct Position {
    bytes: Cell<u64>,
    line: Cell<usize>,
    column: Cell<usize>,
    /// After how many bytes the stream ends with an error.
    limit: Cell<Option<u64>>,
    is_passed: Cell<bool>,
}

/// A stream that counts.
pub(super) struct Counted<'p, R> {
    inner: R,
    at: &'p Position,
}

impl Position {
    /// The line and the column of the next byte, from 1.
    pub(super) const fn place(&self) -> (usize, usize) {
        (self.line.get() + 1, self.column.get() + 1)
    }

    /// How many bytes were read.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// Allows so many bytes from here on.
    pub(super) fn allow(&self, bytes: Option<u64>) {
        self.limit.set(bytes.map(|bytes| self.bytes.get().saturating_add(bytes)));
    }

    /// Whether more was read than was allowed.
    pub(super) const fn is_passed(&self) -> bool {
        self.is_passed.get()
    }

    fn pass(&self, bytes: &[u8]) {
        self.bytes.set(self.bytes.get() + bytes.len() as u64);
        match memchr::memrchr(b'\n', bytes) {
            None => self.column.set(self.column.get() + bytes.len()),
            Some(last) => {
                let lines = memchr::memchr_iter(b'\n', bytes).count();
                self.line.set(self.line.get() + lines);
                self.column.set(bytes.len() - last - 1);
            }
        }
    }
}

impl<'p, R: BufRead> Counted<'p, R> {
    pub(super) const fn new(inner: R, at: &'p Position) -> Self {
        Self { inner, at }
    }

    /// The next byte that is no white space, which is not taken; `None` at the end.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            let buffer = self.inner.fill_buf()?;
            let Some(first) = buffer.first().copied() else { return Ok(None) };
            let blank = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            if blank == 0 {
                return Ok(Some(first));
            }
            self.at.pass(&buffer[..blank]);
            self.inner.consume(blank);
        }
    }

    /// Takes these bytes if they are next and in the buffer.
    pub(super) fn skip(&mut self, bytes: &[u8]) -> io::Result<bool> {
        let is_next = self.inner.fill_buf()?.starts_with(bytes);
        if is_next {
            self.inner.consume(bytes.len());
        }
        Ok(is_next)
    }
}

impl<R: BufRead> Read for Counted<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at.limit.get().is_some_and(|limit| self.at.bytes.get() >= limit) {
            self.at.is_passed.set(true);
            return Err(io::Error::other("too large"));
        }
        let count = self.inner.read(into)?;
        self.at.pass(&into[..count]);
        Ok(count)
    }
}
