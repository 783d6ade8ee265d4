//! What is wrong with a build root, in terms that every layer can pass on.

use crate::text::path::TreePath;
use crate::text::source::Place;

/// A value that may be written in a file.
pub trait Placed {
    /// Where it is written; `None` if it is not written in any file.
    fn place(&self) -> Option<&Place>;
}

/// What keeps a build root from being resolved.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What is wrong, as a lower-case phrase.
    pub message: String,
    /// The file that is at fault, or the directory.
    pub path: TreePath,
    /// The place in it.
    pub place: Option<Place>,
    /// What to do about it (a hint).
    pub help: Option<String>,
    /// Whether the rest of the root can be resolved without it (something remote or foreign).
    pub partial: bool,
    /// Whether objects of the root may be unknown because of it.
    pub hides: bool,
}

impl Problem {
    /// A problem with a value in a file.
    #[must_use]
    pub fn at(message: impl Into<String>, value: &impl Placed) -> Self {
        let place = value.place().cloned();
        let path = place.as_ref().map_or_else(TreePath::root, |place| place.source.path().clone());
        Self { message: message.into(), path, place, help: None, partial: false, hides: true }
    }

    /// A problem with a file or a directory as a whole.
    #[must_use]
    pub fn of(message: impl Into<String>, path: &TreePath) -> Self {
        let message = message.into();
        Self { message, path: path.clone(), place: None, help: None, partial: false, hides: true }
    }

    /// The same problem with a hint.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same problem, marked as leaving no object of the root unknown.
    #[must_use]
    pub const fn hiding_nothing(mut self) -> Self {
        self.hides = false;
        self
    }

    /// The same problem, marked as not affecting the rest of the root.
    #[must_use]
    pub const fn as_partial(mut self) -> Self {
        self.partial = true;
        self
    }
}
