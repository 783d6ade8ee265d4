//! Errors, warnings and events as a person reads them.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, Severity, SourceCode, SourceSpan, SpanContents,
};

use crate::ops::events::{Event, Events};
use crate::ops::message::Message;
use crate::repo::sensitive;
use crate::report::console::Console;
use crate::report::plan;
use crate::report::terminal::own;
use crate::report::workflow;
use crate::text::source::Place;
use crate::text::span::Span;
use crate::text::visible::{one_line, visible};

/// A line that is longer, such as that of a minified file, is not shown.
const LONGEST: usize = 500;

/// How many lines of a file are kept before and after those that are wrong: one more than is shown.
const AROUND: usize = 2;

/// The message in the shape that miette draws.
pub(super) struct Drawn {
    text: String,
    help: Option<String>,
    severity: Severity,
    source: Option<Excerpt>,
    label: Option<LabeledSpan>,
}

impl Drawn {
    fn new(message: &Message, severity: Severity) -> Self {
        let text = match (&message.place, &message.path) {
            (None, Some(path)) => format!("{}: {}", one_line(path), message.text),
            _ => message.text.clone(),
        };
        let drawn = Self::of(text, message.help.clone(), severity);
        match &message.place {
            Some(place) => {
                drawn.at(place, None, sensitive::shown(&place.near_in_file().source).as_deref())
            }
            None => drawn,
        }
    }

    /// A text with what to do about it.
    pub(super) fn of(text: String, help: Option<String>, severity: Severity) -> Self {
        let help = help.map(|help| visible(&help).into_owned());
        Self { text: visible(&text).into_owned(), help, severity, source: None, label: None }
    }

    /// The same at a place, with a word under it, on the text of its file with secret values covered; without the
    /// line where no text of it may be shown.
    pub(super) fn at(mut self, place: &Place, word: Option<String>, masked: Option<&str>) -> Self {
        let place = place.near_in_file();
        let name = place.source.path().to_string();
        let position = place.position();
        let is_short = place.source.line_span(position.line).len() <= LONGEST;
        let Some(masked) = masked.filter(|_| is_short) else {
            let word = word.map_or_else(String::new, |word| format!(" ({})", visible(&word)));
            let at = format!("{name}:{}:{}", position.line, position.column);
            self.text = format!("{at}: {}{word}", self.text);
            return self;
        };
        let (excerpt, above, span) = excerpt(masked, place.span());
        let (text, span) = visible_at(excerpt, span);
        let above = (position.line - 1).saturating_sub(above);
        self.source = Some(Excerpt { name, text, above });
        self.label = Some(LabeledSpan::new(
            word.map(|word| visible(&word).into_owned()),
            span.start,
            span.len(),
        ));
        self
    }

    /// The rendered message.
    pub(super) fn draw(&self, color: bool, width: usize) -> String {
        draw(self, color, width)
    }
}

/// The lines of a file around what is wrong, which is all that is read of it.
#[derive(Debug)]
struct Excerpt {
    name: String,
    text: String,
    /// How many lines of the file come before.
    above: usize,
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let read = self.text.read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            read.data(),
            *read.span(),
            read.line() + self.above,
            read.column(),
            read.line_count(),
        )))
    }
}

impl fmt::Debug for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Drawn {}

impl Diagnostic for Drawn {
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.label.as_ref().map(|label| Box::new(std::iter::once(label.clone())) as Box<_>)
    }
}

/// Prints an error and its related messages on stderr; in a GitHub workflow also as an annotation.
pub fn error(message: &Message, console: &Console) {
    tell(message, Severity::Error, console);
}

/// Prints a warning on stderr; in a GitHub workflow also as an annotation.
pub fn warning(message: &Message, console: &Console) {
    tell(message, Severity::Warning, console);
}

fn tell(message: &Message, severity: Severity, console: &Console) {
    console.complain(&with_also(message, severity, console));
    if console.annotates {
        let word = if severity == Severity::Error { "error" } else { "warning" };
        // If stdout is closed, the error cannot be reported.
        let _ = console.result(&workflow::command(word, "rotate", &message.in_words()));
    }
}

fn with_also(message: &Message, severity: Severity, console: &Console) -> String {
    let mut out = draw(&Drawn::new(message, severity), console.color_err, console.width);
    for also in &message.also {
        out.push('\n');
        out.push_str(&with_also(also, severity, console));
    }
    out
}

fn draw(drawn: &Drawn, color: bool, width: usize) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    // Names are long and have hyphens: a line that is not wrapped can be copied whole.
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(width)
        .with_wrap_lines(false)
        .with_context_lines(1)
        .without_syntax_highlighting();
    let mut out = String::new();
    if handler.render_report(&mut out, drawn).is_err() {
        out.clone_from(&drawn.text);
    }
    own(out.trim_end())
}

/// The lines of a range and a few around them, how many of these come before it, and where the range is then.
fn excerpt(text: &str, span: Span) -> (&str, usize, Span) {
    let start = text.floor_char_boundary(span.start);
    let end = text.floor_char_boundary(span.end).max(start);
    let breaks: Vec<usize> =
        text[..start].rmatch_indices('\n').take(AROUND + 1).map(|(at, _)| at).collect();
    let from = breaks.get(AROUND).map_or(0, |at| at + 1);
    let to = text[end..].match_indices('\n').nth(AROUND).map_or(text.len(), |(at, _)| end + at + 1);
    (&text[from..to], breaks.len().min(AROUND), Span::new(start - from, end - from))
}

/// A text as it is shown, and where a range of it is then.
fn visible_at(text: &str, span: Span) -> (String, Span) {
    let (start, end) = (text.floor_char_boundary(span.start), text.floor_char_boundary(span.end));
    let (before, inside, after) =
        (&text[..start], &text[start..end.max(start)], &text[end.max(start)..]);
    let mut out = visible(before).into_owned();
    let start = out.len();
    out.push_str(&visible(inside));
    let span = Span::new(start, out.len());
    out.push_str(&visible(after));
    (out, span)
}

impl Events for Console {
    fn event(&self, event: Event) {
        match event {
            Event::Detail(text) => self.detail(&text),
            Event::Info(text) => self.talk(&text),
            Event::Warning(message) => warning(&message, self),
            Event::Progress(line) => self.progress(line),
            Event::Next(steps) => plan::show_next(&steps, "", self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AROUND, excerpt};
    use crate::text::span::Span;

    #[test]
    fn only_the_lines_around_are_read() {
        let text = "a: b\n".repeat(1_000);
        for line in [0, 1, 2, 500, 998, 999] {
            let (lines, above, span) = excerpt(&text, Span::new(5 * line + 3, 5 * line + 4));
            assert!(lines.lines().count() <= 2 * AROUND + 1, "{lines}");
            assert_eq!((above, &lines[span.start..span.end]), (line.min(AROUND), "b"));
        }
        assert_eq!(excerpt("ü", Span::new(1, 9)).2, Span::new(0, 2));
    }
}
