//! Keys.

use crate::yaml::parse::skim::Skim;

/// Longer keys are left to the full parser, which has a maximum key length.
const LONGEST: usize = 200;

impl<'t> Skim<'t, '_> {
    /// Consumes the key at this position and its `:`, and returns its text; `None` if there is anything else.
    pub(super) fn key(&mut self) -> Option<Option<&'t [u8]>> {
        let start = self.at;
        let (text, end) = match self.byte(start) {
            quote @ (b'"' | b'\'') => {
                let line = &self.bytes[start + 1..self.line_end(start)];
                // A text that does not end on its line is not a key.
                let Some(len) = memchr::memchr(quote, line) else { return Some(None) };
                (&line[..len], start + len + 2)
            }
            _ => {
                let rest = &self.bytes[start..];
                let len =
                    rest.iter().position(|byte| !IS_WORD[usize::from(*byte)]).unwrap_or(rest.len());
                (&rest[..len], start + len)
            }
        };
        let ends = self.bytes.get(end) == Some(&b':');
        if !ends || !matches!(self.byte(end + 1), b' ' | b'\n') {
            return Some(None);
        }
        let is_plain = end - start == text.len();
        let is_odd = if is_plain { is_null(text) } else { memchr::memchr(b'\\', text).is_some() };
        if text.len() > LONGEST || is_odd || start_is_not_plain(text, is_plain) {
            return None;
        }
        self.at = end + 1;
        Some(Some(text))
    }
}

/// The characters of keys that the skimmer handles.
static IS_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        table[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b'$');
        byte += 1;
    }
    table
};

/// Null keys are rejected.
fn is_null(text: &[u8]) -> bool {
    matches!(text, b"" | b"null" | b"Null" | b"NULL")
}

/// `--- :` and the like are better left to the scanner.
fn start_is_not_plain(text: &[u8], is_plain: bool) -> bool {
    is_plain && matches!(text.first(), Some(b'-' | b'.'))
}
