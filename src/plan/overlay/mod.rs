//! What one environment says and the others do not: scalars that are set for it alone, and manifests that it alone lists.
//!
//! A scalar is edited in place where only this environment reads the file; otherwise the nearest kustomizations that are
//! this environment's alone get a patch that first tests the current value.

mod collected;
pub(in crate::plan) mod listing;
pub(in crate::plan) mod manifest;
mod patch;
mod release;
pub(in crate::plan) mod scalar;
mod template;
pub(in crate::plan) mod token;
pub(in crate::plan) mod values;
pub(in crate::plan) mod words;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::plan::draft::Draft;
use crate::plan::overlay::collected::ByBuilders;
use crate::plan::overlay::patch::{Rewrite, list_of};
use crate::plan::overlay::token::{Field, Spelling, Token, in_order, with_parts};
use crate::plan::overlay::words::{NAMES, Words};
use crate::plan::prove::Expected;
use crate::plan::spell::first_few;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::reach::Reach;
use crate::text::edit::Edit;
use crate::text::path::TreePath;
use crate::text::remap;
use crate::text::source::Source;
use crate::yaml::edit::rewrite::{rewrite, rewrite_alias, rewrite_part};
use crate::yaml::embed;
use crate::yaml::node::{Node, Provenance};
use crate::yaml::path::Path;

/// Changes for one environment, collected until [`Overlay::finish`].
pub(in crate::plan) struct Overlay<'p> {
    repo: &'p Repo,
    environment: EnvironmentId,
    draft: &'p mut Draft,
    expected: &'p mut Expected,
    /// What is to be patched, by the kustomization that gets the patch.
    patches: BTreeMap<TreePath, BTreeMap<Token, Rewrite>>,
    /// What is to be patched by what builds a directory that others share.
    by_builders: ByBuilders<'p>,
    /// How refusals call what is set.
    words: &'static Words,
}

/// Where a change is written.
pub(in crate::plan) enum Placed {
    /// In the file of the token.
    InPlace,
    /// As a patch: the fields that it reaches, by index, each with the kustomization file.
    Patched(Vec<(usize, TreePath)>),
    /// As a key in values files of the environment: the fields, by index, each with the file.
    Set(Vec<(usize, TreePath)>),
}

/// Why a field cannot be changed.
pub(in crate::plan) struct Obstacle {
    /// The field, by index.
    pub(in crate::plan) field: usize,
    /// What is in the way, a phrase.
    pub(in crate::plan) what: String,
    /// What to do about it.
    pub(in crate::plan) hint: &'static str,
}

impl<'p> Overlay<'p> {
    pub(in crate::plan) fn new(
        repo: &'p Repo,
        environment: EnvironmentId,
        draft: &'p mut Draft,
        expected: &'p mut Expected,
    ) -> Self {
        Self {
            repo,
            environment,
            draft,
            expected,
            patches: BTreeMap::new(),
            by_builders: ByBuilders::new(),
            words: &NAMES,
        }
    }

    /// Sets what a token spells to another text; `stays` if something else reads the same bytes and must not change.
    ///
    /// # Errors
    /// When the text is not written anywhere, or no kustomization can change it for this environment alone.
    pub(in crate::plan) fn set(
        &mut self,
        spelling: &Spelling<'_>,
        text: &str,
        stays: bool,
    ) -> Result<Placed, Obstacle> {
        if let Some((what, hint)) = self.obstacle(spelling) {
            return Err(Obstacle { field: 0, what, hint });
        }
        let edits = if spelling.is_own || self.owns(&spelling.token.file) {
            edits(spelling, text, stays)
        } else {
            None
        };
        let Some(edits) = edits else {
            let is_rendered = |field: &Field<'_>| field.root.is_rendered(field.object);
            if spelling.fields.iter().all(is_rendered) {
                return self.set_values(spelling, text);
            }
            if spelling.fields.iter().any(|field| !field.root.is_real(field.object)) {
                return match self.patch_template(spelling, text) {
                    Some(placed) => placed,
                    None => self.set_values(spelling, text),
                };
            }
            let rewrite = Rewrite::Replace(spelling.parts(), text.to_owned());
            let reached = self.patch(&spelling.token, &spelling.fields, &rewrite)?;
            let fields =
                reached.iter().map(|(index, _)| spelling.fields[*index]).collect::<Vec<_>>();
            self.expect(spelling, &fields, text);
            return Ok(Placed::Patched(reached));
        };
        // A text elsewhere may hold them, such as that of a ConfigMap.
        let is_value = |field: &Field<'_>| {
            !field.root.is_real(field.object) || field.root.is_of_chart(field.object)
        };
        let of_values = spelling.fields.iter().any(is_value);
        for (file, edit) in edits {
            let expected = &mut *self.expected;
            let all = [&mut expected.edits, &mut expected.of_values];
            for edits in all.into_iter().take(if of_values { 2 } else { 1 }) {
                edits.entry(file.path().clone()).or_default().push(edit.clone());
            }
            self.draft.edit(&file, edit);
        }
        self.expect(spelling, &spelling.fields, text);
        Ok(Placed::InPlace)
    }

    /// Patches the templates that put a name together; `None` if the name comes from no template of an object.
    fn patch_template(
        &mut self,
        spelling: &Spelling<'_>,
        text: &str,
    ) -> Option<Result<Placed, Obstacle>> {
        let templates = spelling.fields.iter().map(|one| template::of(one, &spelling.token, text));
        let templates = templates.collect::<Option<Vec<_>>>()?;
        let fields = spelling.fields.iter().zip(&templates);
        let fields = fields.map(|(field, template)| Field {
            object: template.object,
            path: &template.path,
            node: template.node,
            part: Some((template.part.start, template.part.end)),
            ..*field
        });
        let token = Token::of(templates[0].node)?;
        let written = Spelling { token, fields: fields.collect(), is_own: spelling.is_own };
        let new = templates[0].new.clone();
        let rewrite = Rewrite::Replace(written.parts(), new.clone());
        let reached = match self.patch(&written.token, &written.fields, &rewrite) {
            Ok(reached) => reached,
            Err(obstacle) => return Some(Err(obstacle)),
        };
        let indexes: Vec<usize> = reached.iter().map(|(index, _)| *index).collect();
        let values: Vec<_> = indexes.iter().map(|index| spelling.fields[*index]).collect();
        let raw: Vec<_> = indexes.iter().map(|index| written.fields[*index]).collect();
        self.expect(&written, &raw, &new);
        self.expect(spelling, &values, text);
        Some(Ok(Placed::Patched(reached)))
    }

    /// Adds a text to each list in which a field is an item, after that item.
    ///
    /// # Errors
    /// When no kustomization can change a list for this environment alone.
    pub(in crate::plan) fn add(
        &mut self,
        spelling: &Spelling<'_>,
        text: &str,
    ) -> Result<Placed, Obstacle> {
        let edit = self.owns(&spelling.token.file).then(|| inserted(&spelling.fields[0], text));
        if let Some((file, edit)) = edit.flatten() {
            self.draft.edit(&file, edit);
            self.expect_lists(&spelling.fields);
            return Ok(Placed::InPlace);
        }
        let rewrite = Rewrite::Add(text.to_owned());
        let reached = self.patch(&spelling.token, &spelling.fields, &rewrite)?;
        let reaches = |field: &Field<'_>| {
            reached.iter().any(|(index, _)| spelling.fields[*index].index == field.index)
        };
        let fields: Vec<_> = spelling.fields.iter().filter(|one| reaches(one)).copied().collect();
        self.expect_lists(&fields);
        Ok(Placed::Patched(reached))
    }

    /// Says that a copied value will have another text.
    pub(in crate::plan) fn follows(
        &mut self,
        (root, object, path): &(usize, usize, Path),
        text: String,
    ) {
        self.expected.scalars.entry((*root, *object)).or_default().insert(path.clone(), text);
    }

    /// Whether only this environment reads a file.
    fn owns(&self, file: &TreePath) -> bool {
        self.repo.is_exclusive_to(self.environment, file)
    }

    /// What forbids any change of a token.
    fn obstacle(&self, spelling: &Spelling<'_>) -> Option<(String, &'static str)> {
        let words = self.words;
        if spelling.fields.iter().any(|field| field.node.how == Provenance::Derived) {
            return Some((words.is_made.to_owned(), words.made));
        }
        let is_generated = |field: &&Field<'_>| field.node.how == Provenance::Generated;
        if let Some(field) = spelling.fields.iter().find(is_generated) {
            if field.root.is_rendered(field.object) {
                return Some((words.is_of_chart.to_owned(), words.chart));
            }
            return Some((words.is_generated.to_owned(), words.generated));
        }
        let seals = self.repo.seals(&spelling.token.file)?;
        let what = "the file is encrypted, and any edit would break its integrity check";
        seals.cover(spelling.token.span).then(|| (what.to_owned(), words.sealed))
    }

    /// Leaves a token to a patch in the kustomizations nearest to it; the fields that it reaches, each with the file.
    fn patch(
        &mut self,
        token: &Token,
        fields: &[Field<'_>],
        rewrite: &Rewrite,
    ) -> Result<Vec<(usize, TreePath)>, Obstacle> {
        let nearest = self.repo.nearest_exclusive(self.environment, &token.file);
        let covering = |field: &Field<'_>| {
            nearest.directories.iter().find(|at| field.root.directories().contains(*at))
        };
        let file = |directory: &TreePath| {
            let layer = self.repo.resolver.layer(directory);
            layer.map_or_else(TreePath::root, |layer| layer.file.clone())
        };
        let (mut reached, mut takers) = (Vec::new(), Vec::new());
        for (index, field) in fields.iter().enumerate() {
            if let Some(directory) = covering(field) {
                reached.push((index, file(directory)));
            } else if field.root.environment.is_some() {
                let origin = field.node.origin.as_ref();
                let is_composed = origin.is_some_and(|origin| origin.source.is_composed());
                // Variables are filled in after the patches.
                let is_patched = !is_composed && !self.owns(&token.file);
                let Some(own) = is_patched.then(|| self.takers(field)).flatten() else {
                    let hint = match field.root.builders.is_empty() {
                        _ if is_composed => self.words.variable,
                        true => self.words.shared,
                        false => self.words.built,
                    };
                    return Err(Obstacle { field: index, what: self.shared(token), hint });
                };
                reached.extend(own.first().map(|(at, _)| (index, at.file.clone())));
                takers.extend(own);
            }
        }
        for directory in nearest.directories {
            self.patches.entry(directory).or_default().insert(token.clone(), rewrite.clone());
        }
        for (at, builder) in takers {
            let (_, wanted) =
                self.by_builders.entry(at).or_insert_with(|| (builder, BTreeMap::new()));
            wanted.insert(token.clone(), rewrite.clone());
        }
        Ok(reached)
    }

    fn shared(&self, token: &Token) -> String {
        let Reach::Shared(readers) = self.repo.exclusive(&token.file) else {
            return "the same text also defines something that must not change".to_owned();
        };
        let others = readers.iter().filter(|one| one.environment != Some(self.environment));
        let others: Vec<TreePath> = others.map(|one| one.path.clone()).collect();
        format!(
            "the {} is in `{}`, which {} also read{}, and no kustomization in between belongs to this environment alone",
            self.words.what,
            token.file,
            first_few(&others),
            if others.len() == 1 { "s" } else { "" }
        )
    }

    /// Records the expected new text of these fields.
    fn expect(&mut self, spelling: &Spelling<'_>, fields: &[Field<'_>], new: &str) {
        let mut parts: BTreeMap<(usize, usize, &Path), Vec<Range<usize>>> = BTreeMap::new();
        for field in fields {
            let key = (field.index, field.object, field.path);
            parts.entry(key).or_default().push(field.part());
        }
        for ((root, object, path), parts) in parts {
            let node = path.follow(&self.repo.roots[root].objects()[object].node);
            let text = node.and_then(Node::str).unwrap_or_else(|| spelling.fields[0].text());
            let text = with_parts(text, &in_order(parts), new);
            self.expected.scalars.entry((root, object)).or_default().insert(path.clone(), text);
        }
    }

    fn expect_lists(&mut self, fields: &[Field<'_>]) {
        for field in fields {
            let Some((list, _)) = list_of(field.path) else { continue };
            self.expected.lists.entry((field.index, field.object)).or_default().insert(list);
        }
    }
}

/// The list in which a field is an item: its path in the object.
pub(in crate::plan) fn list_around(field: &Field<'_>) -> Option<Path> {
    list_of(field.path).map(|(list, _)| list)
}

/// The edit that adds a text to a list after one of its items; `None` if only a patch can do it.
fn inserted(item: &Field<'_>, text: &str) -> Option<(Arc<Source>, Edit)> {
    let (list, _) = list_of(item.path)?;
    let list = list.follow(&item.root.objects()[item.object].node)?;
    let (around, within) = (list.origin.as_ref()?, item.node.origin.as_ref()?);
    // The list is written around the item, rather than made of parts from several places.
    let holds =
        Arc::ptr_eq(&around.source, &within.source) && around.span().contains(within.span());
    if holds { listing::behind(list, item.node, text) } else { None }
}

/// The edits in place; `None` if only a patch can do it.
fn edits(spelling: &Spelling<'_>, new: &str, stays: bool) -> Option<Vec<(Arc<Source>, Edit)>> {
    let node = spelling.node();
    let source = &node.origin.as_ref()?.source;
    let (text, parts) = (spelling.fields[0].text(), spelling.parts());
    let whole = with_parts(text, &parts, new);
    if stays {
        let edit = rewrite_alias(node, &whole).ok()?;
        return Some(vec![remap::in_file(source, &edit)?]);
    }
    let each = parts.iter().map(|part| {
        let edit = rewrite_part(node, part.clone(), new).ok()?;
        let exact = embed::part(node, part.clone()).is_some_and(|place| place.span() == edit.span);
        (exact || parts.len() == 1).then(|| remap::in_file(source, &edit)).flatten()
    });
    let each: Option<Vec<_>> = each.collect();
    each.or_else(|| Some(vec![remap::in_file(source, &rewrite(node, &whole).ok()?)?]))
}
