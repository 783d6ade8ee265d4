//! What builders take from objects: a name or a version that a Flux `Kustomization`, an Application or a ConfigMap with variables
//! spells, and that builders write into other objects.
//!
//! There, the same bytes have several readers: the object that spells them, and everything that they are written into.

use std::collections::BTreeSet;

use crate::k8s::destination;
use crate::k8s::resource::kind_of;
use crate::kustomize::model::object::Object;
use crate::plan::moves::Spelled;
use crate::plan::overlay::token::scalars;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::text::path::TreePath;
use crate::text::source::Place;
use crate::text::span::Span;
use crate::yaml::embed;
use crate::yaml::node::Node;
use crate::yaml::path::Path;

/// The bytes that a move changes, and what they become.
struct Changed {
    file: TreePath,
    span: Span,
    new: String,
}

/// A scalar: root, object and path.
pub(super) type At = (usize, usize, Path);

/// Who reads the bytes that a move changes, besides the references that move.
#[derive(Debug, Default)]
pub(super) struct Readers {
    /// The objects that spell them, with the text that they will have.
    pub(super) spelling: Vec<(At, String)>,
    /// Whether something in the environment reads them that must stay as it is.
    pub(super) stays: bool,
    /// Whether something outside of the environment reads them.
    pub(super) is_foreign: bool,
}

/// Whether builders take what they lay over others from an object.
fn is_input(object: &Object) -> bool {
    destination::deploys(&object.node) || kind_of(&object.node) == "ConfigMap"
}

/// A move that happens with another one, whose index it has.
pub(super) type Led<'r> = (Spelled<'r>, usize);

/// Those of some moves that happen with another one: what a builder writes into an object moves with the object that spells
/// it, if that moves; and where that object is itself made from another one's text, with that one.
pub(super) fn led<'r>(repo: &Repo, all: Vec<Spelled<'r>>) -> (Vec<Spelled<'r>>, Vec<Led<'r>>) {
    let files = repo.builder_files();
    let may_lead = |one: &Spelled<'_>| {
        files.contains(&one.spelling.token.file)
            && one.items.iter().all(|item| is_input(item.object()))
    };
    let leaders: Vec<bool> = all.iter().map(may_lead).collect();
    let spelled: Vec<Vec<Place>> = all.iter().map(places).collect();
    let leader = |index: usize| {
        let [place] = &spelled[index][..] else { return None };
        let span = |index: usize| all[index].spelling.token.span;
        let holds = |other: &usize| {
            *other != index
                && leaders[*other]
                && all[*other].spelling.token.file == *place.source.path()
                && span(*other).contains(place.span())
                && (!leaders[index] || span(*other).len() > span(index).len())
                && spelled[*other].iter().any(|own| own.span() == place.span())
        };
        (0..all.len()).filter(holds).max_by_key(|&other| span(other).len())
    };
    let led: Vec<Option<usize>> = if leaders.contains(&true) {
        (0..all.len()).map(leader).collect()
    } else {
        vec![None; all.len()]
    };
    // The index of each among those that are not led.
    let mut places = Vec::with_capacity(all.len());
    let mut count = 0;
    for leader in &led {
        places.push(count);
        count += usize::from(leader.is_none());
    }
    let (mut free, mut with) = (Vec::new(), Vec::new());
    for (one, leader) in all.into_iter().zip(led) {
        match leader {
            Some(index) => with.push((one, places[index])),
            None => free.push(one),
        }
    }
    (free, with)
}

/// The bytes of the names that some fields spell, each once.
fn places(one: &Spelled<'_>) -> Vec<Place> {
    let mut places: Vec<Place> = one
        .spelling
        .fields
        .iter()
        .filter_map(|field| embed::part(field.node, field.part())?.in_file())
        .collect();
    places.sort_by_key(Place::site);
    places.dedup_by_key(|place| place.site());
    places
}

/// Who else reads what a move to `name` changes, in a file that builders read.
pub(super) fn readers(
    repo: &Repo,
    environment: EnvironmentId,
    one: &Spelled<'_>,
    moving: &BTreeSet<(usize, usize, &Path)>,
    name: &str,
) -> Readers {
    let changed = changed(one, name);
    let files: BTreeSet<&TreePath> = changed.iter().map(|one| &one.file).collect();
    let mut readers = Readers::default();
    for (index, root) in repo.roots.iter().enumerate() {
        if !files.iter().any(|file| root.files().contains(*file)) {
            continue;
        }
        for (number, object) in root.objects().iter().enumerate() {
            scalars(&object.node, &Path::default(), &mut |path, node| {
                if moving.contains(&(index, number, path)) || !may_read(node, &files) {
                    return;
                }
                let Some(text) = with(node, &changed) else { return };
                if is_input(object) {
                    readers.spelling.push(((index, number, path.clone()), text));
                } else if root.environment == Some(environment) {
                    readers.stays = true;
                } else {
                    readers.is_foreign = true;
                }
            });
        }
    }
    readers
}

fn may_read(node: &Node, files: &BTreeSet<&TreePath>) -> bool {
    node.origin
        .as_ref()
        .is_some_and(|origin| files.contains(origin.source.path()) || origin.source.is_composed())
}

/// The bytes that change, and what they become.
fn changed(one: &Spelled<'_>, name: &str) -> Vec<Changed> {
    let mut all = Vec::new();
    for field in &one.spelling.fields {
        let part = field.part();
        if let Some(place) = embed::part(field.node, part.clone()).and_then(|place| place.in_file())
        {
            let (file, span) = place.site();
            all.push(Changed { file, span, new: name.to_owned() });
            continue;
        }
        // Put together from several places: the one with the version changes.
        let old = field.text().get(part.clone()).unwrap_or_default();
        let same = old.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
        let digits = part.start + name.rfind('-').map_or(0, |at| at + 1).min(same);
        let place = embed::part(field.node, digits..part.end).and_then(|place| place.in_file());
        if let Some(place) = place {
            let (file, span) = place.site();
            let new = name.get(digits - part.start..).unwrap_or_default().to_owned();
            all.push(Changed { file, span, new });
        }
    }
    all
}

/// The text of a scalar after a change; `None` if it does not read what changes.
fn with(node: &Node, changed: &[Changed]) -> Option<String> {
    let mut edits: Vec<(usize, usize, &str)> = Vec::new();
    for (at, place) in embed::pieces(node) {
        for one in changed.iter().filter(|one| one.file == *place.source.path()) {
            if place.span().contains(one.span) {
                let start = at + (one.span.start - place.span().start);
                edits.push((start, start + one.span.len(), &one.new));
            } else if place.span().start < one.span.end && one.span.start < place.span().end {
                // It reads a part of what changes.
                return Some(String::new());
            }
        }
    }
    edits.sort_unstable();
    edits.dedup();
    if edits.is_empty() {
        return None;
    }
    let text = node.str()?;
    let (mut out, mut done) = (String::new(), 0);
    for (start, end, new) in edits {
        out.push_str(text.get(done..start)?);
        out.push_str(new);
        done = end;
    }
    out.push_str(text.get(done..)?);
    Some(out)
}
