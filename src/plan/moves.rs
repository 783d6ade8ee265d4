//! How each reference gets the new name: edited in place, patched in an overlay, or added to its list.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::k8s::by_value;
use crate::k8s::encryption::is_encrypted_at;
use crate::plan::draft::Draft;
use crate::plan::patch::{Ambiguous, ObjectPatch, Rewrite, patches};
use crate::plan::prove::Expected;
use crate::plan::refusal::Refusal;
use crate::plan::site::{Others, Spelling, Token, group, with_parts};
use crate::plan::spell::first_few;
use crate::plan::survey::{Item, Survey};
use crate::plan::{MoveKind, Moved};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::reach::Reach;
use crate::repo::root::Root;
use crate::text::edit::Edit;
use crate::text::path::TreePath;
use crate::text::remap;
use crate::text::source::{Place, Source};
use crate::yaml::edit::rewrite::{rewrite, rewrite_alias, rewrite_part};
use crate::yaml::embed;
use crate::yaml::node::{Node, Provenance};
use crate::yaml::path::Path;

pub(super) const MADE: &str = "write the full name where it is used, or remove the prefix, suffix or hash from this secret's name";
const GENERATED: &str = "take the name out of what the generator reads, or change it there by hand";
const SEALED: &str = "move the manifest out of the encrypted file, or change the name with the tool that encrypted it";
const COPIED: &str = "name the new stub in the replacement's `source` (or the var's `objref`) by hand, or write the secret's name where it is used";
const SHARED: &str =
    "give the environment its own kustomization that includes the file, then bump again";

/// Moves the references of one family.
pub(super) struct Mover<'p> {
    pub(super) repo: &'p Repo,
    pub(super) environment: EnvironmentId,
    pub(super) name: &'p str,
    pub(super) draft: &'p mut Draft,
    pub(super) expected: &'p mut Expected,
    pub(super) moved: Vec<Moved>,
    pub(super) refusals: Vec<Refusal>,
    /// What is to be patched, by the kustomization that gets the patch.
    patches: BTreeMap<TreePath, BTreeMap<Token, Rewrite>>,
}

impl<'p> Mover<'p> {
    pub(super) fn new(
        repo: &'p Repo,
        environment: EnvironmentId,
        name: &'p str,
        draft: &'p mut Draft,
        expected: &'p mut Expected,
    ) -> Self {
        let (moved, refusals, patches) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { repo, environment, name, draft, expected, moved, refusals, patches }
    }

    /// Plans the move of everything a survey found that names another version.
    pub(super) fn run(&mut self, survey: &Survey<'_>) {
        let stale = |item: &&Item<'_>| item.reference.secret() != self.name;
        let uses: Vec<Item<'_>> = survey.uses.iter().filter(stale).copied().collect();
        let (sites, nowhere) = group(&uses);
        self.refuse_unspelled(&nowhere);
        let roots = survey.roots.iter().map(|&index| (index, &*self.repo.roots[index]));
        let others = Others::find(roots, &sites);
        for site in &sites {
            self.site(site, others.stays(&site.token));
        }
        self.copied(&others, &sites);
        self.grants(&survey.grants);
        self.write_patches();
    }

    fn append(&mut self, file: &TreePath, patches: &[ObjectPatch]) -> bool {
        let Ok(source) = self.repo.library.tree().source(file) else { return false };
        patches.iter().all(|patch| self.draft.append(&source, "patches", patch.entry.clone()))
    }

    /// Writes the collected patches into the kustomizations.
    fn write_patches(&mut self) {
        let mut unseen: BTreeSet<Token> =
            self.patches.values().flat_map(BTreeMap::keys).cloned().collect();
        for (directory, wanted) in std::mem::take(&mut self.patches) {
            let Some(layer) = self.repo.resolver.layer(&directory) else { continue };
            match patches(&layer, &wanted, self.name) {
                Ok(patches) => {
                    let written = self.append(&layer.file, &patches);
                    if written {
                        patches.iter().flat_map(|patch| &patch.tokens).for_each(|token| {
                            unseen.remove(token);
                        });
                    }
                }
                Err(Ambiguous(identity)) => self.refusals.push(Refusal {
                    what: format!(
                        "`{directory}` has several objects that a patch of {} `{}` would select",
                        identity.kind, identity.name
                    ),
                    place: None,
                    hint: "give the objects namespaces, or names of their own".to_owned(),
                }),
            }
        }
        for token in unseen {
            self.refusals.push(Refusal {
                what: format!("no kustomization can patch what `{}` says", token.file),
                place: self
                    .repo
                    .library
                    .tree()
                    .source(&token.file)
                    .ok()
                    .map(|source| Place { source, span: token.span }),
                hint: SHARED.to_owned(),
            });
        }
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
            self.refuse(item, "the name is not written in any file", MADE);
        }
    }

    /// Plans one site; `stays` if something else reads the same bytes and must not change.
    fn site(&mut self, site: &Spelling<'_>, stays: bool) {
        if is_copied(site) {
            let files = self.copiers(site.items[0].root);
            let what = format!(
                "{files} copies the name from the object that makes the secret, by a replacement or a var"
            );
            self.refuse(&site.items[0], &what, COPIED);
            return;
        }
        if let Some((what, hint)) = self.obstacle(site) {
            self.refuse(&site.items[0], what, hint);
            return;
        }
        let own = self.repo.exclusive(&site.token.file) == Reach::Alone(self.environment);
        let edits = if own { edits(site, self.name, stays) } else { None };
        let Some(edits) = edits else {
            let items = self.patch(&site.token, &site.items, &Rewrite::Replace(site.parts()));
            self.expect(site, &items);
            return;
        };
        for (file, edit) in edits {
            self.draft.edit(&file, edit);
        }
        self.expect(site, &site.items);
        self.record(&site.items, MoveKind::InPlace, &site.token.file);
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

    /// What forbids any change of a site.
    fn obstacle(&self, site: &Spelling<'_>) -> Option<(&'static str, &'static str)> {
        if site.items.iter().any(|item| item.node().how == Provenance::Derived) {
            return Some(("kustomize adds a prefix, a suffix or a hash to the name", MADE));
        }
        if site.items.iter().any(|item| item.node().how == Provenance::Generated) {
            return Some(("the text that contains the name is generated", GENERATED));
        }
        let stream = self.repo.library.stream(&site.token.file).ok()?;
        is_encrypted_at(&stream, site.token.span).then_some((
            "the file is encrypted, and any edit would break its integrity check",
            SEALED,
        ))
    }

    /// Leaves a token to a patch in the kustomizations nearest to it; which references that reaches.
    pub(super) fn patch<'r>(
        &mut self,
        token: &Token,
        items: &[Item<'r>],
        change: &Rewrite,
    ) -> Vec<Item<'r>> {
        let nearest = self.repo.nearest_exclusive(self.environment, &token.file);
        let covers = |item: &&Item<'_>| {
            nearest.directories.iter().any(|at| item.root.directories().contains(at))
        };
        let own = items.iter().filter(|item| item.root.environment.is_some());
        let uncovered: Vec<&Item<'_>> = own.filter(|item| !covers(item)).collect();
        if let Some(item) = uncovered.first() {
            self.refuse(item, &self.shared(token), SHARED);
            return Vec::new();
        }
        let items: Vec<Item<'_>> = items.iter().filter(covers).copied().collect();
        let how = if matches!(change, Rewrite::Add) { MoveKind::Added } else { MoveKind::Patch };
        self.record_patched(&items, how, &nearest.directories);
        for directory in nearest.directories {
            self.patches.entry(directory).or_default().insert(token.clone(), change.clone());
        }
        items
    }

    fn shared(&self, token: &Token) -> String {
        let Reach::Shared(readers) = self.repo.exclusive(&token.file) else {
            return "the same text also defines something that must not change".to_owned();
        };
        let others = readers.iter().filter(|one| one.environment != Some(self.environment));
        let others: Vec<TreePath> = others.map(|one| one.path.clone()).collect();
        format!(
            "the name is in `{}`, which {} also read{}, and no kustomization in between belongs to this environment alone",
            token.file,
            first_few(&others),
            if others.len() == 1 { "s" } else { "" }
        )
    }

    /// Records the expected new text of the scalars of these references.
    fn expect(&mut self, site: &Spelling<'_>, items: &[Item<'_>]) {
        let mut parts: BTreeMap<(usize, usize, &Path), Vec<Range<usize>>> = BTreeMap::new();
        for item in items {
            let key = (item.index, item.reference.object, &item.reference.found.path);
            parts.entry(key).or_default().push(item.part());
        }
        for ((root, object, path), mut parts) in parts {
            parts.sort_by_key(|part| (part.start, part.end));
            parts.dedup();
            let node = path.follow(&self.repo.roots[root].objects()[object].node);
            let text = node.and_then(Node::str).unwrap_or_else(|| site.items[0].text());
            let text = with_parts(text, &parts, self.name);
            self.expected.scalars.entry((root, object)).or_default().insert(path.clone(), text);
        }
    }

    /// Values copied from a token that is edited go along with it.
    fn copied(&mut self, others: &Others, sites: &[Spelling<'_>]) {
        for (root, object, path) in &others.copied {
            let Some(node) = path.follow(&self.repo.roots[*root].objects()[*object].node) else {
                continue;
            };
            let Some(token) = Token::of(node) else { continue };
            let site = sites
                .iter()
                .find(|site| site.token.file == token.file && site.token.span == token.span);
            let Some(site) = site.filter(|site| Some(site.items[0].text()) == node.str()) else {
                continue;
            };
            let text = with_parts(site.items[0].text(), &site.parts(), self.name);
            self.expected.scalars.entry((*root, *object)).or_default().insert(path.clone(), text);
        }
    }

    pub(super) fn record(&mut self, items: &[Item<'_>], how: MoveKind, file: &TreePath) {
        for item in items {
            let exact = embed::part(item.node(), item.part()).and_then(|place| place.in_file());
            let Some(place) = exact.or_else(|| item.reference.near()) else { continue };
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

    fn record_patched(&mut self, items: &[Item<'_>], how: MoveKind, directories: &[TreePath]) {
        for item in items {
            let at = directories.iter().find(|at| item.root.directories().contains(*at));
            let layer = at.and_then(|at| self.repo.resolver.layer(at));
            let file = layer.map_or_else(TreePath::root, |layer| layer.file.clone());
            self.record(std::slice::from_ref(item), how, &file);
        }
    }
}

/// The edits in place; `None` if only a patch can do it.
fn edits(site: &Spelling<'_>, name: &str, stays: bool) -> Option<Vec<(Arc<Source>, Edit)>> {
    let node = site.node();
    let source = &node.origin.as_ref()?.source;
    let (text, parts) = (site.items[0].text(), site.parts());
    let whole = with_parts(text, &parts, name);
    if stays {
        let edit = rewrite_alias(node, &whole).ok()?;
        return Some(vec![remap::in_file(source, &edit)?]);
    }
    let each = parts.iter().map(|part| {
        let edit = rewrite_part(node, part.clone(), name).ok()?;
        let exact = embed::part(node, part.clone()).is_some_and(|place| place.span == edit.span);
        (exact || parts.len() == 1).then(|| remap::in_file(source, &edit)).flatten()
    });
    let each: Option<Vec<_>> = each.collect();
    each.or_else(|| Some(vec![remap::in_file(source, &rewrite(node, &whole).ok()?)?]))
}

/// Whether the bytes of a site are part of what makes the secret, from which a reference is copied.
fn is_copied(site: &Spelling<'_>) -> bool {
    site.items.iter().any(|item| {
        let others = item.root.providers.iter();
        let mut others = others.filter(|one| one.object != item.reference.object);
        others.any(|one| {
            let name = item.root.object_that_provides(one).node.at(&["metadata", "name"]);
            let names = name.into_iter().chain([&one.provided.node]);
            names
                .filter_map(Token::of)
                .any(|token| token.file == site.token.file && token.span == site.token.span)
        })
    })
}
