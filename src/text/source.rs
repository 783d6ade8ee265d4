//! A text with its path, and texts embedded in another text.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::text::lines::Lines;
use crate::text::path::TreePath;
use crate::text::span::{Position, Span};

/// A UTF-8 text with a location: a file, or the decoded value of a scalar inside one.
#[derive(Debug)]
pub struct Source {
    path: TreePath,
    text: Box<str>,
    within: Option<Within>,
    lines: OnceLock<Lines>,
}

/// A range of a text. Every node has one, so the offsets take 32 bits each: no file that is parsed is as long as that.
#[derive(Clone)]
pub struct Place {
    /// The text: a file, or a scalar's value inside one.
    pub source: Arc<Source>,
    start: u32,
    end: u32,
}

impl Place {
    /// A range of a text. What lies behind 4 GiB is an empty range there.
    #[must_use]
    pub fn new(source: Arc<Source>, span: Span) -> Self {
        let offset = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Self { source, start: offset(span.start), end: offset(span.end) }
    }

    /// The range in the text.
    #[must_use]
    pub const fn span(&self) -> Span {
        Span::new(self.start as usize, self.end as usize)
    }

    /// The bytes at the place.
    #[must_use]
    pub fn text(&self) -> &str {
        self.source.slice(self.span())
    }

    /// The same bytes in the file itself; `None` if they are not contiguous and verbatim there.
    #[must_use]
    pub fn in_file(&self) -> Option<Self> {
        let (source, span) = self.source.outermost(self.span())?;
        Some(Self::new(source, span))
    }

    /// Where the place starts in the file, as precisely as can be determined.
    #[must_use]
    pub fn near_in_file(&self) -> Self {
        let (source, span) = self.source.nearest(self.span());
        Self::new(source, span)
    }

    /// The file and the byte range: these are equal for two parses of the same place.
    #[must_use]
    pub fn site(&self) -> (TreePath, Span) {
        (self.source.path().clone(), self.span())
    }

    /// Whether it is the same range of the same text, not only of an equal one.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.source, &other.source) && self.span() == other.span()
    }

    /// The line and column of the first byte in [`Place::source`].
    #[must_use]
    pub fn position(&self) -> Position {
        self.source.position(self.span().start)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}..{}", self.source.path(), self.span().start, self.span().end)
    }
}

/// Where an embedded text is located in the outer text, byte for byte.
#[derive(Debug, Clone)]
pub(super) struct Within {
    outer: Arc<Source>,
    pub(super) runs: Box<[Run]>,
    /// The text of each run, where they are not all in the same.
    composed: Box<[Arc<Source>]>,
    pub(super) spelling: Spelling,
    /// Whether the text was put together from parts.
    is_composed: bool,
}

impl Within {
    /// The text that a run is in.
    pub(super) fn outer(&self, run: usize) -> &Arc<Source> {
        self.composed.get(run).unwrap_or(&self.outer)
    }

    /// The run that an offset is in, or at the end of.
    pub(super) fn run_at(&self, offset: usize) -> Option<usize> {
        let index = self.runs.partition_point(|run| run.inner <= offset).checked_sub(1)?;
        (offset <= self.runs[index].inner + self.runs[index].len).then_some(index)
    }
}

/// How to encode text that is inserted into an embedded text, so that it is valid in the outer text.
#[derive(Debug, Clone, Default)]
pub struct Spelling {
    /// Characters that must be escaped: `'` as `''`.
    pub escapes: &'static [(char, &'static str)],
    /// What precedes each further line; `None` if no line break can be inserted.
    pub lines: Option<LineBreak>,
    /// Whether anything but letters, digits and `-_./` could change the meaning of the outer text.
    pub words_only: bool,
}

/// A line break of an outer text and the indentation of the line after it.
#[derive(Debug, Clone)]
pub struct LineBreak {
    /// `\n` or `\r\n`.
    pub newline: &'static str,
    /// The number of spaces.
    pub indent: usize,
}

/// A run of bytes that are the same in an inner and the outer text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The first byte in the inner text.
    pub inner: usize,
    /// The first byte in the outer text.
    pub outer: usize,
    /// The number of bytes.
    pub len: usize,
}

impl Source {
    /// A file's text.
    #[must_use]
    pub fn file(path: TreePath, text: impl Into<Box<str>>) -> Arc<Self> {
        Arc::new(Self { path, text: text.into(), within: None, lines: OnceLock::new() })
    }

    /// A text embedded in `outer`, with the runs that both share, in order.
    #[must_use]
    pub fn inside(
        outer: &Arc<Self>,
        text: impl Into<Box<str>>,
        runs: Vec<Run>,
        spelling: Spelling,
    ) -> Arc<Self> {
        let outer = Arc::clone(outer);
        let path = outer.path.clone();
        let composed = Box::default();
        let within = Within { outer, runs: runs.into(), composed, spelling, is_composed: false };
        Arc::new(Self { path, text: text.into(), within: Some(within), lines: OnceLock::new() })
    }

    /// A text that is put together from parts, each with the place that spells it, if one does. `template` says how they
    /// are put together.
    #[must_use]
    pub fn composed(template: &Arc<Self>, parts: &[(&str, Option<Place>)]) -> Arc<Self> {
        let mut text = String::new();
        let (mut runs, mut composed) = (Vec::new(), Vec::new());
        for (part, place) in parts {
            if let Some(place) =
                place.as_ref().filter(|place| !part.is_empty() && place.text() == *part)
            {
                runs.push(Run { inner: text.len(), outer: place.span().start, len: part.len() });
                composed.push(Arc::clone(&place.source));
            }
            text.push_str(part);
        }
        let within = Within {
            outer: Arc::clone(template),
            runs: runs.into(),
            composed: composed.into(),
            spelling: Spelling { words_only: true, ..Spelling::default() },
            is_composed: true,
        };
        let path = template.path.clone();
        Arc::new(Self { path, text: text.into(), within: Some(within), lines: OnceLock::new() })
    }

    /// Whether it was put together from parts.
    #[must_use]
    pub fn is_composed(&self) -> bool {
        let within = self.within.as_ref();
        within.is_some_and(|within| within.is_composed || within.outer.is_composed())
    }

    /// The path of the file that is, or contains, the text.
    #[must_use]
    pub const fn path(&self) -> &TreePath {
        &self.path
    }

    /// The text itself.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(super) const fn within(&self) -> Option<&Within> {
        self.within.as_ref()
    }

    /// The text of a range; empty if the range is not within this text.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// The line and column of a byte of this text.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let line = self.lines().before(self.text.as_bytes(), offset) + 1;
        let start = if line == 1 { self.first() } else { self.behind_break(offset) };
        let mut end = offset.max(start);
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let column = self.text[start..end].chars().count() + 1;
        Position { line, column }
    }

    /// The range of a line (from 1) without its line break.
    #[must_use]
    pub fn line_span(&self, line: usize) -> Span {
        let bytes = self.text.as_bytes();
        let start = match line {
            0 => None,
            1 => Some(self.first()),
            _ => self.lines().behind(bytes, line - 1),
        };
        let Some(start) = start else { return Span::new(bytes.len(), bytes.len()) };
        let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |len| start + len);
        Span::new(start, start + self.text[start..end].trim_end_matches(['\n', '\r']).len())
    }

    fn lines(&self) -> &Lines {
        self.lines.get_or_init(|| Lines::of(self.text.as_bytes()))
    }

    /// The first byte of the first line.
    fn first(&self) -> usize {
        if self.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
    }

    /// The start of the line that contains a byte and follows a line break.
    fn behind_break(&self, offset: usize) -> usize {
        memchr::memrchr(b'\n', &self.text.as_bytes()[..offset]).map_or(0, |at| at + 1)
    }

    /// The file, and the range in it that corresponds to this range of the text.
    ///
    /// `None` if the bytes are not contiguous and verbatim in the file
    /// (an escape, a folded line).
    #[must_use]
    pub fn outermost(self: &Arc<Self>, span: Span) -> Option<(Arc<Self>, Span)> {
        let Some(within) = &self.within else {
            return (span.end <= self.text.len()).then(|| (Arc::clone(self), span));
        };
        let index = within.run_at(span.start)?;
        let run = within.runs[index];
        if span.end > run.inner + run.len {
            return None;
        }
        let start = run.outer + (span.start - run.inner);
        within.outer(index).outermost(Span::new(start, start + span.len()))
    }

    /// The parts of a range that files spell, each with its offset from the start of the range.
    #[must_use]
    pub fn pieces(self: &Arc<Self>, span: Span) -> Vec<(usize, Place)> {
        let Some(within) = &self.within else {
            let fits = span.end <= self.text.len();
            let place = || Place::new(Arc::clone(self), span);
            return if fits { vec![(0, place())] } else { Vec::new() };
        };
        let mut pieces = Vec::new();
        let first = within.runs.partition_point(|run| run.inner + run.len <= span.start);
        for (index, run) in within.runs.iter().enumerate().skip(first) {
            let (start, end) = (run.inner.max(span.start), (run.inner + run.len).min(span.end));
            if start >= end {
                break;
            }
            let outer = run.outer + (start - run.inner);
            let inside = within.outer(index).pieces(Span::new(outer, outer + (end - start)));
            pieces.extend(inside.into_iter().map(|(at, place)| (start - span.start + at, place)));
        }
        pieces
    }

    /// The file, and where a range of this text starts in it, as precisely as can be determined.
    #[must_use]
    pub fn nearest(self: &Arc<Self>, span: Span) -> (Arc<Self>, Span) {
        if let Some(exact) = self.outermost(span) {
            return exact;
        }
        let Some(within) = &self.within else {
            let end = self.text.len();
            return (Arc::clone(self), Span::new(span.start.min(end), span.end.min(end)));
        };
        let index = within.runs.partition_point(|run| run.inner <= span.start).saturating_sub(1);
        let outer = within
            .runs
            .get(index)
            .map_or(0, |run| run.outer + span.start.saturating_sub(run.inner).min(run.len));
        within.outer(index).nearest(Span::new(outer, outer))
    }
}

#[cfg(test)]
mod tests {
    use super::{Run, Source, Spelling};
    use crate::text::path::TreePath;
    use crate::text::span::{Position, Span};

    #[test]
    fn counts_lines_and_characters() {
        let source = Source::file(TreePath::root(), "a: ü\r\nb: x\n");
        assert_eq!(source.position(5), Position { line: 1, column: 5 });
        assert_eq!(source.position(10), Position { line: 2, column: 4 });
        assert_eq!(source.slice(source.line_span(1)), "a: ü");
        assert_eq!(source.slice(source.line_span(9)), "");
    }

    #[test]
    fn maps_inner_ranges_outwards() {
        let outer = Source::file(TreePath::root(), "p: |\n  ab\n  cd\n");
        let runs = vec![Run { inner: 0, outer: 7, len: 3 }, Run { inner: 3, outer: 12, len: 3 }];
        let inner = Source::inside(&outer, "ab\ncd\n", runs, Spelling::default());
        let (_, span) = inner.outermost(Span::new(3, 5)).unwrap();
        assert_eq!(outer.slice(span), "cd");
        assert!(inner.outermost(Span::new(1, 4)).is_none());
        assert_eq!(inner.nearest(Span::new(1, 4)).1.start, 8);
    }

    #[test]
    fn a_composed_text_knows_the_place_of_each_part() {
        let path = |name: &str| TreePath::new(name).unwrap();
        let base = Source::file(path("base.yaml"), "name: db-${VERSION}\n");
        let values = Source::file(path("vars.yaml"), "VERSION: '20250101000000'\n");
        let place = |source: &std::sync::Arc<Source>, start, end| {
            Some(super::Place::new(source.clone(), Span::new(start, end)))
        };
        let parts =
            [("db-", place(&base, 6, 9)), ("20250101000000", place(&values, 10, 24)), ("-x", None)];
        let text = Source::composed(&base, &parts);
        assert_eq!(text.text(), "db-20250101000000-x");
        let (file, span) = text.outermost(Span::new(3, 17)).unwrap();
        assert_eq!((file.path().as_str(), file.slice(span)), ("vars.yaml", "20250101000000"));
        let (file, span) = text.outermost(Span::new(0, 2)).unwrap();
        assert_eq!((file.path().as_str(), file.slice(span)), ("base.yaml", "db"));
        assert!(text.outermost(Span::new(0, 17)).is_none());
        let pieces: Vec<(usize, String)> = text
            .pieces(Span::new(1, 18))
            .into_iter()
            .map(|(at, place)| (at, format!("{place:?} {}", place.text())))
            .collect();
        let expected = ["base.yaml:7..9 b-", "vars.yaml:10..24 20250101000000"];
        assert_eq!(pieces, [(0, expected[0].to_owned()), (2, expected[1].to_owned())]);
        assert!(text.is_composed() && !base.is_composed());
        assert!(text.outermost(Span::new(17, 19)).is_none());
        assert_eq!(text.path().as_str(), "base.yaml");
    }
}
