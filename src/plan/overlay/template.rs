//! Names that a template puts together: the scalar with the template, and the part of it that changes.

use std::ops::Range;

use crate::plan::overlay::token::{Field, Token, scalars};
use crate::yaml::embed;
use crate::yaml::node::Node;
use crate::yaml::path::Path;

/// The scalar of an object that has the template of a name.
pub(super) struct Template<'r> {
    /// The object: an index into the root's objects.
    pub(super) object: usize,
    /// The place in the object.
    pub(super) path: Path,
    /// The scalar.
    pub(super) node: &'r Node,
    /// The part of its text that changes.
    pub(super) part: Range<usize>,
    /// What the part becomes.
    pub(super) new: String,
}

/// The template that a name comes from, and how it changes for another name; `None` if no single part of it does.
pub(super) fn of<'r>(field: &Field<'r>, token: &Token, name: &str) -> Option<Template<'r>> {
    let (old, new) = differing(field.text(), name)?;
    let place = embed::part(field.node, old.clone())?.in_file()?;
    let written = &field.text()[old];
    let mut found = None;
    for (object, one) in field.root.objects().iter().enumerate() {
        if !field.root.is_real(object) || field.root.is_rendered(object) {
            continue;
        }
        scalars(&one.node, &Path::default(), &mut |path, node| {
            let is_meant = node.origin.as_ref().is_some_and(|at| at.source.path() == &token.file);
            let Some(text) = node.str().filter(|_| is_meant && found.is_none()) else { return };
            let part = text.match_indices(written).find_map(|(at, _)| {
                let part = at..at + written.len();
                let spelled = embed::part(node, part.clone())?.in_file()?;
                (spelled.site() == place.site()).then_some(part)
            });
            found = part.map(|part| (object, path.clone(), node, part));
        });
    }
    let (object, path, node, part) = found?;
    Some(Template { object, path, node, part, new })
}

/// The digits or the like in which two names differ, and what is there in the other; `None` where one only goes on.
fn differing(old: &str, new: &str) -> Option<(Range<usize>, String)> {
    let same = old.bytes().zip(new.bytes()).take_while(|(one, other)| one == other).count();
    let start = old[..same].rfind('-').map_or(0, |at| at + 1);
    let (part, rest) = (old.get(start..)?, new.get(start..)?);
    (!part.is_empty() && !rest.is_empty()).then(|| (start..old.len(), rest.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::differing;

    #[test]
    fn names_of_a_family_differ_in_the_version() {
        let digits = |new: &str| Some((3..17, new.to_owned()));
        assert_eq!(differing("db-20250602090000", "db-20250723110000"), digits("20250723110000"));
        assert_eq!(differing("db-20250602090000", "db-20250602090001"), digits("20250602090001"));
        assert_eq!(
            differing("db", "db-20250723110000"),
            Some((0..2, "db-20250723110000".to_owned()))
        );
    }
}
