//! Objects inside of others, from which a controller makes objects of the cluster: they name secrets by their own kind.

use crate::k8s::found::EVERYWHERE;
use crate::k8s::pattern::trail::Trail;
use crate::k8s::placeholder::is_name_filled_in;
use crate::k8s::resource::{group_of, kind_of};
use crate::yaml::node::Node;

/// The lists of whole objects: group, kind, field.
const LISTS: &[(&str, &str, [&str; 2])] =
    &[("triggers.tekton.dev", "TriggerTemplate", ["spec", "resourcetemplates"])];

/// Visits each object inside of another, at the end of the trail that leads to it. What is inside of such a one is not visited.
pub(super) fn visit<'a>(
    way: &mut Trail<'a>,
    object: &'a Node,
    mut visit: impl FnMut(&mut Trail<'a>, &'a Node),
) {
    let (group, kind) = (group_of(object), kind_of(object));
    let lists = LISTS.iter().filter(|(of, has, _)| (*of, *has) == (group, kind));
    for (_, _, [outer, inner]) in lists {
        let Some(parent) = object.get(outer) else { continue };
        let Some(list) = parent.get(inner) else { continue };
        way.enter_key(object, outer);
        way.enter_key(parent, inner);
        for (index, template) in list.items().iter().enumerate() {
            way.enter_item(list, index);
            visit(way, template);
            way.leave();
        }
        way.leave();
        way.leave();
    }
}

/// The namespace of what is made from a template, where it tells one: any, where a parameter fills it in.
pub(super) fn namespace(template: &Node) -> Option<String> {
    let own = template.at(&["metadata", "namespace"])?.str().filter(|name| !name.is_empty())?;
    Some(if is_name_filled_in(own) { EVERYWHERE } else { own }.to_owned())
}
