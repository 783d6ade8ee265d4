//! What is wrong with a build root, in words that every floor may pass on.

use crate::text::path::TreePath;
use crate::text::source::Place;

/// A value that some text may spell.
pub trait Placed {
    /// The place that spells it; none for what no file spells.
    fn place(&self) -> Option<&Place>;
}

/// What keeps a build root from being resolved.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What is wrong, a lower-case phrase.
    pub message: String,
    /// The file that is at fault, or the directory.
    pub path: TreePath,
    /// The place in it.
    pub place: Option<Place>,
    /// What to do about it.
    pub help: Option<String>,
    /// Whether the rest of the root stands without it (something remote or foreign).
    pub partial: bool,
}

impl Problem {
    /// A problem with what a file says, at the value that says it.
    #[must_use]
    pub fn at(message: impl Into<String>, value: &impl Placed) -> Self {
        let place = value.place().cloned();
        let path = place.as_ref().map_or_else(TreePath::root, |place| place.source.path().clone());
        Self { message: message.into(), path, place, help: None, partial: false }
    }

    /// A problem with a file or a directory as a whole.
    #[must_use]
    pub fn of(message: impl Into<String>, path: &TreePath) -> Self {
        let message = message.into();
        Self { message, path: path.clone(), place: None, help: None, partial: false }
    }

    /// The same problem with what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same problem, as one that the rest of the root stands without.
    #[must_use]
    pub const fn as_partial(mut self) -> Self {
        self.partial = true;
        self
    }
}
