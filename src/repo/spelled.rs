//! Where a name is written in a file.

use std::ops::Range;

use crate::text::source::Place;
use crate::yaml::embed;
use crate::yaml::node::Node;

/// Where a file contains `name`, which is `part` of a scalar's value; `None` if no file contains it.
pub(super) fn place(node: &Node, part: Option<Range<usize>>, name: &str) -> Option<Place> {
    let part = part.unwrap_or(0..node.str()?.len());
    let place = embed::part(node, part)?.in_file()?;
    (place.text() == name).then_some(place)
}
