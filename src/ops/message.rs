//! What is wrong, where, and what to do about it.

use std::fmt::Write as _;

use crate::text::problem::Problem;
use crate::text::source::Place;

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
            format!("{}:{}:{}", place.source.path(), position.line, position.column)
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
