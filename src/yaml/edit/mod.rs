//! Edits of a document's text that follow the file's conventions: quotes, indentation, line breaks.
//!
//! Every edit is data with offsets in the source of the node it was made for; see
//! [`in_file`](crate::text::remap::in_file) for a node that is embedded in another text.

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
    /// The value has no text of its own: it was generated or derived, or is not a scalar.
    #[error("this value is not written verbatim in any file")]
    Unspelled,
    /// The new text cannot be written in this style.
    #[error("the new text cannot be written in place of `{}`: {reason}", shown(.place))]
    Inexpressible {
        /// The old token.
        place: Place,
        /// Why not.
        reason: &'static str,
    },
    /// The path goes through an alias or a merge key, so the edit would change other places too.
    #[error("`{path}` comes from an alias or a merge key")]
    Shared {
        /// The path.
        path: Path,
    },
    /// Nothing is at the path, or something of another kind.
    #[error("`{path}` is no {wanted}")]
    Unexpected {
        /// The path.
        path: Path,
        /// What was expected.
        wanted: &'static str,
    },
    /// The text to insert is not valid YAML.
    #[error("the text to insert is not valid YAML: {reason}")]
    Text {
        /// The parser's message.
        reason: String,
    },
}

/// The first line of a token, truncated.
fn shown(place: &Place) -> String {
    place.text().lines().next().unwrap_or_default().chars().take(60).collect()
}
