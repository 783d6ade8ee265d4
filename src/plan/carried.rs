//! What changes along with an edit: a text around the one that is edited, and a name that ends in a hash of what is.

use std::collections::BTreeMap;

use crate::k8s::found::Found;
use crate::kustomize::model::object::{Identity, Object};
use crate::repo::inventory::Matches;
use crate::repo::root::Root;
use crate::text::edit::Edit;
use crate::text::path::TreePath;
use crate::yaml::embed;
use crate::yaml::node::Node;

/// Edits by the file.
pub(super) type Edits = BTreeMap<TreePath, Vec<Edit>>;

/// Whether a text becomes another one by these edits alone: it holds what they replace, at their place.
pub(super) fn is_around(edits: &Edits, old: &Node, new: &Node) -> bool {
    let (Some(text), Some(now), Some(origin)) = (old.str(), new.str(), &old.origin) else {
        return false;
    };
    let near = origin.near_in_file();
    let Some(edits) = edits.get(near.source.path()) else { return false };
    let pieces = embed::pieces(old);
    let place = |edit: &Edit| {
        let mut own = pieces.iter().filter(|(_, piece)| piece.source.path() == near.source.path());
        let piece = own.find(|(_, piece)| {
            piece.span().start <= edit.span.start && edit.span.end <= piece.span().end
        });
        piece.map(|(at, piece)| at + (edit.span.start - piece.span().start))
    };
    let mut parts: Vec<(usize, &Edit)> =
        edits.iter().filter_map(|edit| Some((place(edit)?, edit))).collect();
    parts.sort_by_key(|(at, _)| *at);
    let (mut edited, mut done) = (String::with_capacity(text.len()), 0);
    for (at, edit) in &parts {
        edited.push_str(text.get(done..*at).unwrap_or_default());
        edited.push_str(&edit.text);
        done = at + edit.span.len();
    }
    edited.push_str(text.get(done..).unwrap_or_default());
    !parts.is_empty() && edited == now
}

/// Whether edits may change a name that a text spells.
pub(super) fn may_touch(edits: &Edits, text: &Node, name: &Found) -> bool {
    let part = name.part.clone().and_then(|part| embed::part(text, part)?.in_file());
    // The whole text, or one whose bytes are not known.
    let Some(place) = part else { return true };
    let edits = edits.get(place.source.path()).into_iter().flatten();
    let is_met =
        |edit: &Edit| edit.span.start < place.span().end && place.span().start < edit.span.end;
    edits.into_iter().any(is_met)
}

/// Pairs the generated objects that are gone with those that are new and differ only in the hash at the end of their name;
/// the old names with the new ones.
pub(super) fn rehashed(old: &Root, new: &Root, matches: &mut Matches) -> BTreeMap<String, String> {
    let has_hash = |object: &Object| object.generated.is_some_and(|generated| generated.hash);
    let mut names = BTreeMap::new();
    matches.gone.retain(|&gone| {
        let was = &old.objects()[gone];
        let is_same =
            |new: &Object| has_hash(was) && has_hash(new) && before_hash(was) == before_hash(new);
        let Some(at) = matches.new.iter().position(|&at| is_same(&new.objects()[at])) else {
            return true;
        };
        let now = matches.new.remove(at);
        names.insert(was.name().to_owned(), new.objects()[now].name().to_owned());
        matches.both.push((gone, now));
        false
    });
    names
}

/// What an object was called before it got a hash.
fn before_hash(object: &Object) -> Option<Identity> {
    object.previous.last().cloned()
}

#[cfg(test)]
mod tests {
    use super::{Edits, is_around};
    use crate::text::edit::Edit;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::text::span::Span;
    use crate::yaml::node::{Node, Provenance};
    use crate::yaml::parse::parse;

    #[test]
    fn only_the_edited_bytes_of_a_text_may_change() {
        let file = TreePath::new("a.yaml").unwrap();
        let text = "k: |\n  a: db-1\n  b: db-1\n";
        let source = Source::file(file.clone(), text);
        let old = parse(&source).unwrap().documents[0].root.get("k").unwrap().clone();
        let at = text.rfind("db-1").unwrap();
        let edit = Edit { span: Span::new(at, at + 4), text: "db-2".into() };
        let edits: Edits = [(file, vec![edit])].into();
        let new = |text: &str| Node::string(text, Provenance::Written);
        assert!(is_around(&edits, &old, &new("a: db-1\nb: db-2\n")));
        assert!(!is_around(&edits, &old, &new("a: db-2\nb: db-1\n")));
        assert!(!is_around(&edits, &old, &new("a: db-2\nb: db-2\n")));
        assert!(!is_around(&edits, &old, &new("a: db-1\nb: db-1\n")));
        assert!(!is_around(&Edits::new(), &old, &new("a: db-1\nb: db-1\n")));
        // A version is added to a plain name.
        let added = Edit { span: Span::new(at + 4, at + 4), text: "-x".into() };
        let edits: Edits =
            [(old.origin.as_ref().unwrap().source.path().clone(), vec![added])].into();
        assert!(is_around(&edits, &old, &new("a: db-1\nb: db-1-x\n")));
        assert!(!is_around(&edits, &old, &new("a: db-1-x\nb: db-1\n")));
    }
}
