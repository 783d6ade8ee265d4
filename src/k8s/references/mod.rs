//! Where an object names secrets: the catalogue, configured fields, and the shapes of unknown kinds.

pub mod builtin;
pub mod catalogue;
pub mod field_rule;
pub mod gitops;
pub mod keys;
pub mod network;
pub mod operators;
pub mod pod_spec;
pub mod reading;
pub mod row;
pub mod templates;

use std::collections::HashSet;
use std::ops::Range;

use crate::k8s::found::{Found, Role};
use crate::k8s::heuristics;
use crate::k8s::pattern::trail::Trail;
use crate::k8s::references::field_rule::FieldRule;
use crate::k8s::references::reading::read;
use crate::k8s::references::row::Reads;
use crate::k8s::resource::{CUSTOM_RESOURCE_DEFINITION, group_of, kind_of};
use crate::k8s::values;
use crate::yaml::node::Node;
use crate::yaml::path::Path;

/// The row of what `rotate.yaml` names under `references:`.
pub const CONFIGURED: &str = "configured";

/// Finds every field of an object that names a secret: by the catalogue, by the configured `extra` rules,
/// by the shapes that custom resources share, and by those of chart values. No part of a scalar is returned twice.
#[must_use]
pub fn find(object: &Node, extra: &[FieldRule]) -> Vec<Found> {
    let (group, kind) = (group_of(object), kind_of(object));
    if kind.is_empty() || kind == CUSTOM_RESOURCE_DEFINITION {
        return Vec::new();
    }
    let mut found = Finds::default();
    let mut way = Trail::default();
    found.add(listed(&mut way, object, extra));
    templates::visit(&mut way, object, |way, template| {
        let namespace = templates::namespace(template);
        let listed = listed(way, template, extra).into_iter();
        let placed = listed
            .map(|one| Found { namespace: one.namespace.or_else(|| namespace.clone()), ..one });
        found.add(placed.collect());
    });
    found.add(heuristics::find(object, group, kind));
    found.add(values::find(object));
    // Most objects name one or two, and as many as a list begins with would be kept for each.
    found.list.shrink_to_fit();
    found.list
}

/// What the catalogue and the configured rules know of an object at the end of a trail.
fn listed<'a>(way: &mut Trail<'a>, object: &'a Node, extra: &'a [FieldRule]) -> Vec<Found> {
    let (group, kind) = (group_of(object), kind_of(object));
    let mut found = Vec::new();
    for field in catalogue::fields(group, kind) {
        let Some(pattern) = field.pattern() else { continue };
        pattern.visit_by(way, object, &mut |trail, node| {
            found.extend(read(field.row, field.reads, field.role, trail, node));
        });
    }
    for rule in extra.iter().filter(|rule| rule.is_about(group, kind)) {
        rule.pattern().visit_by(way, object, &mut |trail, node| {
            found.extend(read(CONFIGURED, Reads::Name, Role::Use, trail, node));
        });
    }
    found
}

/// What was found, each part of a scalar once.
#[derive(Default)]
struct Finds {
    list: Vec<Found>,
    places: HashSet<(Path, Option<Range<usize>>)>,
}

impl Finds {
    fn add(&mut self, more: Vec<Found>) {
        for new in more {
            if self.places.insert((new.path.clone(), new.part.clone())) {
                self.list.push(new);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::parse::parse;

    #[test]
    fn a_list_of_one_has_room_for_one() {
        let text = "apiVersion: v1\nkind: Pod\nspec: {volumes: [{secret: {secretName: db}}]}\n";
        let stream = parse(&Source::file(TreePath::root(), text)).unwrap();
        let found = find(&stream.documents[0].root, &[]);
        assert_eq!((found.len(), found.capacity()), (1, 1));
    }
}
