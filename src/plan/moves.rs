//! How each reference gets the new name: edited in place, patched in an overlay, or added to its list.

use std::collections::{BTreeMap, BTreeSet};

use crate::k8s::by_value;
use crate::k8s::secret_name::split;
use crate::k8s::spelling::version_in_file;
use crate::plan::draft::Draft;
use crate::plan::inputs;
use crate::plan::overlay::token::{Others, Spelling, Token, with_parts};
use crate::plan::overlay::words::NAMES;
use crate::plan::overlay::{Obstacle, Overlay, Placed};
use crate::plan::prove::Expected;
use crate::plan::refusal::Refusal;
use crate::plan::rendered;
use crate::plan::survey::{Item, Survey};
use crate::plan::{MoveKind, Moved};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::root::Root;
use crate::text::path::TreePath;
use crate::yaml::embed;
use crate::yaml::node::Node;
use crate::yaml::path::Path;

const COPIED: &str = "name the new stub in the replacement's `source` (or the var's `objref`) by hand, or write the secret's name where it is used";

/// Moves the references of one family.
pub(super) struct Mover<'p> {
    pub(super) repo: &'p Repo,
    pub(super) environment: EnvironmentId,
    pub(super) name: &'p str,
    pub(super) overlay: Overlay<'p>,
    pub(super) moved: Vec<Moved>,
    pub(super) refusals: Vec<Refusal>,
}

/// References that are written by one token.
pub(super) struct Spelled<'r> {
    pub(super) spelling: Spelling<'r>,
    /// The reference of each field.
    pub(super) items: Vec<Item<'r>>,
}

impl<'r> Spelled<'r> {
    pub(super) fn new(token: Token, items: Vec<Item<'r>>) -> Self {
        let fields = items.iter().map(Item::field).collect();
        Self { spelling: Spelling { token, fields, is_own: false }, items }
    }
}

/// Groups references by the token that spells them; the second half has no token.
fn group<'r>(items: &[Item<'r>]) -> (Vec<Spelled<'r>>, Vec<Item<'r>>) {
    let mut tokens: BTreeMap<(Token, &str), Vec<Item<'r>>> = BTreeMap::new();
    let mut nowhere = Vec::new();
    for item in items {
        // What is put together from several places may differ in the others.
        let is_composed = item.node().origin.as_ref().is_some_and(|one| one.source.is_composed());
        let text = if is_composed { item.text() } else { "" };
        // Parts of a name may serve other names, too; a version is its own.
        let is_whole = !is_composed
            || !item.root.is_real(item.reference.object) && is_of_one_file(item.node())
            || version_in_file(item.node()).is_some()
            || embed::part(item.node(), item.part()).is_some_and(|at| at.in_file().is_some())
            || split(item.reference.secret()).is_some();
        match Token::of_part(item.node(), item.part()).filter(|_| is_whole) {
            Some(token) => tokens.entry((token, text)).or_default().push(*item),
            None => nowhere.push(*item),
        }
    }
    let spelled = tokens.into_iter().map(|((token, _), items)| Spelled::new(token, items));
    (spelled.collect(), nowhere)
}

/// Whether all that a file spells of a scalar is in the same one.
fn is_of_one_file(node: &Node) -> bool {
    let pieces = embed::pieces(node);
    let mut files = pieces.iter().map(|(_, piece)| piece.source.path());
    let first = files.next();
    files.all(|file| Some(file) == first)
}

impl<'p> Mover<'p> {
    pub(super) fn new(
        repo: &'p Repo,
        environment: EnvironmentId,
        name: &'p str,
        draft: &'p mut Draft,
        expected: &'p mut Expected,
    ) -> Self {
        let overlay = Overlay::new(repo, environment, draft, expected);
        Self { repo, environment, name, overlay, moved: Vec::new(), refusals: Vec::new() }
    }

    /// Plans the move of everything a survey found that names another version: what moves, and why some cannot.
    pub(super) fn run(mut self, survey: &Survey<'_>) -> (Vec<Moved>, Vec<Refusal>) {
        let stale = |item: &&Item<'_>| item.reference.secret() != self.name;
        let uses: Vec<Item<'_>> = survey.uses.iter().filter(stale).copied().collect();
        let (own, mut followers) = rendered::apart(&uses);
        let (all, nowhere) = group(&own);
        self.refuse_unspelled(&nowhere);
        let (mut all, led) = inputs::led(self.repo, all);
        let roots = survey.roots.iter().map(|&index| (index, &*self.repo.roots[index]));
        let chosen: Vec<&Spelling<'_>> = all.iter().map(|one| &one.spelling).collect();
        let others = Others::find(roots, &chosen);
        let moving: BTreeSet<(usize, usize, &Path)> = uses
            .iter()
            .map(|item| (item.index, item.reference.object, &item.reference.found.path))
            .collect();
        for (index, one) in all.iter_mut().enumerate() {
            let led: Vec<&Spelled<'_>> =
                led.iter().filter(|(_, at)| *at == index).map(|(one, _)| one).collect();
            let refused = self.refusals.len();
            self.move_with(one, &led, others.stays(&one.spelling.token), &moving);
            if self.refusals.len() == refused {
                self.follow(one, &mut followers);
            }
        }
        self.copied(&others, &all);
        self.grants(&survey.grants);
        self.refusals.extend(self.overlay.finish());
        (self.moved, self.refusals)
    }
}

impl Mover<'_> {
    fn refuse(&mut self, item: &Item<'_>, what: &str, hint: &str) {
        let what = format!("{}: {what}", item.what());
        let place = item.reference.near();
        self.refusals.push(Refusal { what, place, hint: hint.to_owned() });
    }

    pub(super) fn refuse_unspelled(&mut self, items: &[Item<'_>]) {
        for item in items {
            self.refuse(item, "the name is not written in any file", NAMES.made);
        }
    }

    /// Moves what one token spells, with everything that builders write it into.
    fn move_with(
        &mut self,
        one: &mut Spelled<'_>,
        led: &[&Spelled<'_>],
        stays: bool,
        moving: &BTreeSet<(usize, usize, &Path)>,
    ) {
        if !self.repo.builder_files().contains(&one.spelling.token.file) {
            self.move_one(one, stays);
            return;
        }
        let readers = inputs::readers(self.repo, self.environment, one, moving, self.name);
        one.spelling.is_own = !readers.is_foreign;
        if !self.move_one(one, readers.stays) {
            return;
        }
        for (at, text) in readers.spelling {
            self.overlay.follows(&at, text);
        }
        for one in led {
            for item in &one.items {
                let text = with_parts(item.text(), &[item.part()], self.name);
                let at = (item.index, item.reference.object, item.reference.found.path.clone());
                self.overlay.follows(&at, text);
                self.record(item, MoveKind::InPlace, &one.spelling.token.file);
            }
        }
    }

    /// Moves what one token spells; `stays` if something else reads the same bytes and must not change. Whether the file
    /// itself is edited.
    fn move_one(&mut self, one: &Spelled<'_>, stays: bool) -> bool {
        if is_copied(one) {
            let files = self.copiers(one.items[0].root);
            let what = format!(
                "{files} copies the name from the object that makes the secret, by a replacement or a var"
            );
            self.refuse(&one.items[0], &what, COPIED);
            return false;
        }
        let placed = self.overlay.set(&one.spelling, self.name, stays);
        let is_in_place = matches!(placed, Ok(Placed::InPlace));
        self.note(one, placed, (MoveKind::InPlace, MoveKind::Patch));
        is_in_place
    }

    /// Records where references get the new name, or why not.
    pub(super) fn note(
        &mut self,
        one: &Spelled<'_>,
        placed: Result<Placed, Obstacle>,
        (in_place, patched): (MoveKind, MoveKind),
    ) {
        match placed {
            Ok(Placed::InPlace) => {
                for item in &one.items {
                    self.record(item, in_place, &one.spelling.token.file);
                }
            }
            Ok(Placed::Patched(reached)) => {
                for (index, file) in reached {
                    self.record(&one.items[index], patched, &file);
                }
            }
            Ok(Placed::Set(reached)) => {
                for (index, file) in reached {
                    self.record(&one.items[index], MoveKind::Set, &file);
                }
            }
            Err(Obstacle { field, what, hint }) => self.refuse(&one.items[field], &what, hint),
        }
    }

    /// The kustomizations of a root that copy values from one object to another.
    fn copiers(&self, root: &Root) -> String {
        let copies = |file: &&TreePath| {
            let stream = self.repo.library.stream(file).ok();
            let document = stream.as_ref().and_then(|stream| stream.documents.first());
            let has = |key| document.is_some_and(|document| document.root.get(key).is_some());
            has("replacements") || has("vars")
        };
        let files: Vec<String> =
            root.kustomizations().filter(copies).map(|file| format!("`{file}`")).collect();
        if files.is_empty() { "the kustomization".to_owned() } else { files.join(" or ") }
    }

    /// Values copied from a token that is edited go along with it.
    fn copied(&mut self, others: &Others, all: &[Spelled<'_>]) {
        for copied in &others.copied {
            let (root, object, path) = copied;
            let Some(node) = path.follow(&self.repo.roots[*root].objects()[*object].node) else {
                continue;
            };
            let Some(token) = Token::of(node) else { continue };
            let mut spellings = all.iter().map(|one| &one.spelling);
            let found = spellings.find(|one| one.token.anchored() == token.anchored());
            let Some(found) = found.filter(|one| Some(one.fields[0].text()) == node.str()) else {
                continue;
            };
            let text = with_parts(found.fields[0].text(), &found.parts(), self.name);
            self.overlay.follows(copied, text);
        }
    }

    pub(super) fn record(&mut self, item: &Item<'_>, how: MoveKind, file: &TreePath) {
        let exact = embed::part(item.node(), item.part()).and_then(|place| place.in_file());
        let Some(place) = exact.or_else(|| item.reference.near()) else { return };
        self.moved.push(Moved {
            root: item.root.path.clone(),
            object: item.object().identity(),
            field: item.reference.field(),
            from: item.reference.secret().to_owned(),
            to: self.name.to_owned(),
            how,
            by_value: item.reference.found.row == by_value::ROW,
            place,
            file: file.clone(),
        });
    }
}

/// Whether the bytes of a token are part of what makes the secret, from which a reference is copied.
fn is_copied(spelled: &Spelled<'_>) -> bool {
    spelled.items.iter().any(|item| {
        let others = item.root.providers.iter();
        let mut others = others.filter(|one| one.object != item.reference.object);
        others.any(|one| {
            let name = item.root.object_that_provides(one).node.at(&["metadata", "name"]);
            let names = name.into_iter().chain([&one.provided.node]);
            names
                .filter_map(Token::of)
                .any(|token| token.anchored() == spelled.spelling.token.anchored())
        })
    })
}
