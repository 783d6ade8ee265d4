//! Events that a command emits while it works.

use crate::ops::message::Message;
use crate::plan::NextStep;

/// Something that happens while a command works.
#[derive(Debug)]
pub enum Event {
    /// Details, shown with `--verbose`.
    Detail(String),
    /// Progress and results, shown by default.
    Info(String),
    /// A warning.
    Warning(Message),
    /// How far something is that takes long: what a line says, what follows on a terminal, and whether the line is another
    /// than the one before; nothing once it is over.
    Progress(Option<(String, String, bool)>),
    /// The manual steps that remain when a command stops halfway.
    Next(Vec<NextStep>),
}

/// Receives events.
pub trait Events {
    /// Handles an event.
    fn event(&self, event: Event);
}

impl dyn Events + '_ {
    /// Emits an [`Event::Detail`].
    pub fn detail(&self, text: impl Into<String>) {
        self.event(Event::Detail(text.into()));
    }

    /// Emits an [`Event::Info`].
    pub fn info(&self, text: impl Into<String>) {
        self.event(Event::Info(text.into()));
    }

    /// Emits an [`Event::Warning`].
    pub fn warning(&self, message: Message) {
        self.event(Event::Warning(message));
    }
}

/// Receives events and keeps quiet about them.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Events for Silent {
    fn event(&self, _: Event) {}
}
