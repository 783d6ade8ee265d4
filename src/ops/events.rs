//! What a command says while it works.

use crate::ops::message::Message;
use crate::plan::NextStep;

/// Something that happens while a command works.
#[derive(Debug)]
pub enum Event {
    /// What only a curious person wants to know.
    Detail(String),
    /// What everybody wants to know.
    Info(String),
    /// What deserves a look.
    Warning(Message),
    /// What is left to a person, where a command ends in the middle.
    Next(Vec<NextStep>),
}

/// Who is told.
pub trait Events {
    /// Takes an event.
    fn event(&self, event: Event);
}

impl dyn Events + '_ {
    /// Tells of a detail.
    pub fn detail(&self, text: impl Into<String>) {
        self.event(Event::Detail(text.into()));
    }

    /// Tells what everybody wants to know.
    pub fn info(&self, text: impl Into<String>) {
        self.event(Event::Info(text.into()));
    }

    /// Warns.
    pub fn warning(&self, message: Message) {
        self.event(Event::Warning(message));
    }
}
