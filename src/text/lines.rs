//! The starts of lines, found by counting: only a few lines of a large text are ever looked up.

/// How many bytes are counted at a time.
const BLOCK: usize = 4096;

/// The number of line breaks before each block of a text.
#[derive(Debug)]
pub(super) struct Lines(Box<[usize]>);

impl Lines {
    /// Counts the line breaks of a text.
    pub(super) fn of(text: &[u8]) -> Self {
        let mut breaks = 0;
        let before = |block: &[u8]| {
            let before = breaks;
            breaks += count(block);
            before
        };
        Self(text.chunks(BLOCK).map(before).collect())
    }

    /// The number of line breaks before a byte of the text, or before its end.
    pub(super) fn before(&self, text: &[u8], offset: usize) -> usize {
        let block = (offset / BLOCK).min(self.0.len().saturating_sub(1));
        self.0.get(block).copied().unwrap_or_default() + count(&text[block * BLOCK..offset])
    }

    /// The position after a line break; line breaks are numbered from 1.
    pub(super) fn behind(&self, text: &[u8], number: usize) -> Option<usize> {
        let block = self.0.partition_point(|before| *before < number).checked_sub(1)?;
        let start = block * BLOCK;
        let nth = number.checked_sub(self.0[block] + 1)?;
        memchr::memchr_iter(b'\n', &text[start..]).nth(nth).map(|at| start + at + 1)
    }
}

fn count(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Lines};

    #[test]
    fn counts_as_one_does_by_hand() {
        let pieces = ["\n", "a\n", "ab", "\n\n", &"c".repeat(BLOCK - 3), "\n", &"\n".repeat(BLOCK)];
        let mut text = Vec::new();
        for piece in pieces.iter().cycle().take(20) {
            text.extend_from_slice(piece.as_bytes());
            let lines = Lines::of(&text);
            let breaks: Vec<usize> = (0..text.len()).filter(|at| text[*at] == b'\n').collect();
            for (index, at) in breaks.iter().enumerate() {
                assert_eq!(lines.behind(&text, index + 1), Some(at + 1));
                assert_eq!(lines.before(&text, *at), index);
                assert_eq!(lines.before(&text, at + 1), index + 1);
            }
            assert_eq!(lines.behind(&text, breaks.len() + 1), None);
            assert_eq!(lines.before(&text, text.len()), breaks.len());
        }
        assert_eq!((Lines::of(b"").before(b"", 0), Lines::of(b"").behind(b"", 1)), (0, None));
    }
}
