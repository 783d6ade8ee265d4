//! Edits of a document's text that keep the habits of the file: quotes, indents, line breaks.
//!
//! Every edit is data with offsets in the source of the node it was made for; see
//! [`in_file`](crate::text::remap::in_file) for a node that stands inside another text.

pub mod append;
pub mod flow;
pub mod insert;
pub mod layout;
pub mod quote;
pub mod remove;
pub mod rewrite;
pub mod spot;

use crate::text::source::Place;
use crate::yaml::path::Path;

/// Why a value cannot be edited.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EditError {
    /// The value has no text of its own: it was made, derived, or is no scalar.
    #[error("no file spells this value as it reads")]
    Unspelled,
    /// The new text has no spelling in this style.
    #[error("the new text cannot be written in place of `{}`: {reason}", shown(.place))]
    Inexpressible {
        /// The old token.
        place: Place,
        /// What is in the way.
        reason: &'static str,
    },
    /// The path leads through an alias or a merge key, so that the edit would change other places too.
    #[error("`{path}` stands behind an alias or a merge key")]
    Shared {
        /// The path.
        path: Path,
    },
    /// Nothing is at the path, or something of another kind.
    #[error("`{path}` is no {wanted}")]
    Unexpected {
        /// The path.
        path: Path,
        /// What was looked for.
        wanted: &'static str,
    },
    /// The text to put in is no YAML.
    #[error("the text to insert is no YAML: {reason}")]
    Text {
        /// What the parser says.
        reason: String,
    },
}

/// The first line of a token, cut short.
fn shown(place: &Place) -> String {
    place.text().lines().next().unwrap_or_default().chars().take(60).collect()
}
