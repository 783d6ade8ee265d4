//! The bytes of a file that spell a name.

use std::ops::Range;

use crate::text::source::Place;
use crate::yaml::embed;
use crate::yaml::node::Node;

/// The bytes in the file that spell `name`, which is `part` of a scalar's value; `None` when no file does.
pub(super) fn place(node: &Node, part: Option<Range<usize>>, name: &str) -> Option<Place> {
    let part = part.unwrap_or(0..node.str()?.len());
    let place = embed::part(node, part)?.in_file()?;
    (place.text() == name).then_some(place)
}
