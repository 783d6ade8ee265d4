//! Where a name is written in a file.

use std::ops::Range;

use crate::k8s::secret_name::split;
use crate::text::source::Place;
use crate::yaml::embed;
use crate::yaml::node::Node;

/// Where a file contains `name`, which is `part` of a scalar's value; `None` if no file contains it. Of a name that is put together
/// from several places, it is where the version is written.
pub(super) fn place(node: &Node, part: Option<Range<usize>>, name: &str) -> Option<Place> {
    let part = part.unwrap_or(0..node.str()?.len());
    let written = |part: Range<usize>, text: &str| {
        let place = embed::part(node, part)?.in_file()?;
        (place.text() == text).then_some(place)
    };
    written(part.clone(), name).or_else(|| {
        let is_composed = node.origin.as_ref()?.source.is_composed();
        let (_, version) = split(name).filter(|_| is_composed)?;
        written(part.end.checked_sub(version.len())?..part.end, version)
    })
}
