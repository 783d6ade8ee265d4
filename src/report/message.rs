//! Errors, warnings and events as a person reads them.

use std::fmt;
use std::sync::Arc;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity,
};

use crate::ops::events::{Event, Events};
use crate::ops::message::Message;
use crate::repo::sensitive;
use crate::report::console::Console;
use crate::report::plan;
use crate::report::workflow;
use crate::text::source::Place;

/// A line that is longer, such as that of a minified file, is not shown.
const LONGEST: usize = 500;

/// The message in the shape that miette draws.
pub(super) struct Drawn {
    text: String,
    help: Option<String>,
    severity: Severity,
    source: Option<NamedSource<Arc<str>>>,
    label: Option<LabeledSpan>,
}

impl Drawn {
    fn new(message: &Message, severity: Severity) -> Self {
        let text = match (&message.place, &message.path) {
            (None, Some(path)) => format!("{path}: {}", message.text),
            _ => message.text.clone(),
        };
        let drawn = Self { text, help: message.help.clone(), severity, source: None, label: None };
        match &message.place {
            Some(place) => drawn.at(place, None, sensitive::mask(&place.near_in_file().source)),
            None => drawn,
        }
    }

    /// A text with what to do about it.
    pub(super) fn of(text: String, help: Option<String>, severity: Severity) -> Self {
        Self { text, help, severity, source: None, label: None }
    }

    /// The same at a place, with a word under it, on the text of its file with secret values covered.
    pub(super) fn at(
        mut self,
        place: &Place,
        word: Option<String>,
        masked: impl Into<Arc<str>>,
    ) -> Self {
        let place = place.near_in_file();
        let last = place.source.text().len();
        let start = place.span.start.min(last);
        let name = place.source.path().display();
        let position = place.position();
        if place.source.line_span(position.line).len() > LONGEST {
            let word = word.map_or_else(String::new, |word| format!(" ({word})"));
            let at = format!("{name}:{}:{}", position.line, position.column);
            self.text = format!("{at}: {}{word}", self.text);
            return self;
        }
        self.source = Some(NamedSource::new(name, masked.into()).with_language("yaml"));
        self.label = Some(LabeledSpan::new(word, start, place.span.end.min(last) - start));
        self
    }

    /// The rendered message.
    pub(super) fn draw(&self, color: bool, width: usize) -> String {
        draw(self, color, width)
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

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.source.as_ref().map(|source| source as &dyn miette::SourceCode)
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
    out.trim_end().to_owned()
}

impl Events for Console {
    fn event(&self, event: Event) {
        match event {
            Event::Detail(text) => self.detail(&text),
            Event::Info(text) => self.talk(&text),
            Event::Warning(message) => warning(&message, self),
            Event::Next(steps) => plan::show_next(&steps, "", self),
        }
    }
}
