//! An error or a warning as a person reads it: what is wrong, the source line, what to type next.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity,
};

use crate::repo::sensitive;
use crate::report::console::Console;
use crate::report::workflow;
use crate::text::problem::Problem;
use crate::text::source::Place;

/// A line that is longer, such as that of a minified file, is not shown.
const LONGEST: usize = 500;

/// Something to tell a person.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// What is wrong, a lower-case phrase.
    pub text: String,
    /// Where.
    pub place: Option<Place>,
    /// The file, where there is no place in it.
    pub path: Option<String>,
    /// What to type next.
    pub help: Option<String>,
    /// Further messages that belong to it.
    pub also: Vec<Self>,
}

impl Message {
    /// A message without a place.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// What is wrong, in one line: the first of several reasons, where there are any.
    #[must_use]
    pub fn first_line(&self) -> String {
        let reason = self.also.first().unwrap_or(self);
        reason.text.lines().next().unwrap_or_default().to_owned()
    }

    /// The same with a hint.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with a place.
    #[must_use]
    pub fn at(mut self, place: Option<Place>) -> Self {
        self.place = place;
        self
    }
}

impl From<&Problem> for Message {
    fn from(problem: &Problem) -> Self {
        Self {
            text: problem.message.clone(),
            place: problem.place.clone(),
            path: problem.place.is_none().then(|| problem.path.display().to_owned()),
            help: problem.help.clone(),
            also: Vec::new(),
        }
    }
}

impl Message {
    /// The message without its picture: what, where, what to do.
    #[must_use]
    pub fn in_words(&self) -> String {
        let mut out = String::new();
        let place = self.place.as_ref().map(|place| {
            let place = place.near_in_file();
            let position = place.position();
            format!("{}:{}:{}", place.source.path().display(), position.line, position.column)
        });
        if let Some(place) = place.or_else(|| self.path.clone()) {
            let _ = write!(out, "{place}: ");
        }
        out.push_str(&self.text);
        for also in &self.also {
            let _ = write!(out, "\n{}", also.in_words());
        }
        if let Some(help) = &self.help {
            let _ = write!(out, "\nhelp: {help}");
        }
        out
    }
}

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

    /// The picture.
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

/// Draws an error on stderr, and behind it what belongs to it; in a GitHub workflow it is an annotation as well.
pub fn error(message: &Message, console: &Console) {
    tell(message, Severity::Error, console);
}

/// Draws a warning on stderr; in a GitHub workflow it is an annotation as well.
pub fn warning(message: &Message, console: &Console) {
    tell(message, Severity::Warning, console);
}

fn tell(message: &Message, severity: Severity, console: &Console) {
    console.complain(&with_also(message, severity, console));
    if console.annotates {
        let word = if severity == Severity::Error { "error" } else { "warning" };
        // Nobody is left to be told when stdout is gone.
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
