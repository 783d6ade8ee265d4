//! Scalars that are no names: integers, and keys that a mapping does not have yet.

use crate::plan::overlay::patch::Rewrite;
use crate::plan::overlay::token::{Field, Spelling};
use crate::plan::overlay::words::Words;
use crate::plan::overlay::{Obstacle, Overlay, Placed};
use crate::text::remap;
use crate::yaml::edit::insert::insert_entry;
use crate::yaml::edit::quote;
use crate::yaml::edit::rewrite::rewrite_integer;
use crate::yaml::node::{Node, Provenance, Scalar, Style, Tag, Value};
use crate::yaml::path::Path;

/// The value of a key that is not there yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::plan) enum NewScalar {
    /// A number.
    Integer(u64),
    /// A string.
    Text(String),
}

impl NewScalar {
    /// The value as YAML.
    pub(super) fn spelled(&self) -> String {
        match self {
            Self::Integer(number) => number.to_string(),
            Self::Text(text) => quote::spell(text, Style::Double),
        }
    }

    /// The value as an effective object has it.
    fn node(&self) -> Node {
        match self {
            Self::Integer(number) => {
                let scalar = Scalar::new(number.to_string(), Style::Plain, Tag::None);
                Node::made(Value::Scalar(scalar), Provenance::Written)
            }
            Self::Text(text) => Node::string(text, Provenance::Written),
        }
    }
}

/// A key that a mapping of an object does not have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::plan) struct NewKey {
    /// How many steps the mapping is above the text beside the key.
    pub(in crate::plan) up: usize,
    /// The key.
    pub(in crate::plan) key: String,
    /// Its value.
    pub(in crate::plan) value: NewScalar,
}

impl NewKey {
    /// The mapping, and the key's place, for the text beside it at a path.
    pub(super) fn beside(&self, neighbour: &Path) -> Option<(Path, Path)> {
        let depth = neighbour.0.len().checked_sub(self.up)?;
        let mapping = Path(neighbour.0.get(..depth)?.to_vec());
        let path = mapping.key(&self.key);
        Some((mapping, path))
    }
}

impl<'p> Overlay<'p> {
    /// The same, with other words in its refusals.
    pub(in crate::plan) const fn saying(mut self, words: &'static Words) -> Self {
        self.words = words;
        self
    }

    /// Sets the integer that a token spells to another one; `stays` as for [`Overlay::set`].
    ///
    /// # Errors
    /// When it is not written as an integer anywhere, or no kustomization can change it for this environment alone.
    pub(in crate::plan) fn set_integer(
        &mut self,
        spelling: &Spelling<'_>,
        new: u64,
        stays: bool,
    ) -> Result<Placed, Obstacle> {
        if let Some((what, hint)) = self.obstacle(spelling) {
            return Err(Obstacle { field: 0, what, hint });
        }
        let text = new.to_string();
        let source = spelling.node().origin.as_ref().map(|origin| &origin.source);
        let edit = rewrite_integer(spelling.node(), new, stays).ok().zip(source);
        let edit = edit.and_then(|(edit, source)| remap::in_file(source, &edit));
        if let Some((file, edit)) = edit.filter(|_| self.owns(&spelling.token.file)) {
            self.draft.edit(&file, edit);
            self.expect(spelling, &spelling.fields, &text);
            return Ok(Placed::InPlace);
        }
        self.only_manifests(spelling)?;
        let reached = self.patch(&spelling.token, &spelling.fields, &Rewrite::Integer(new))?;
        let fields = reached.iter().map(|(index, _)| spelling.fields[*index]).collect::<Vec<_>>();
        self.expect(spelling, &fields, &text);
        Ok(Placed::Patched(reached))
    }

    /// Adds a key to each mapping around a text, which a patch tests.
    ///
    /// # Errors
    /// When the mapping is not written anywhere, or no kustomization can change it for this environment alone.
    pub(in crate::plan) fn create(
        &mut self,
        neighbour: &Spelling<'_>,
        new: &NewKey,
    ) -> Result<Placed, Obstacle> {
        if let Some((what, hint)) = self.obstacle(neighbour) {
            return Err(Obstacle { field: 0, what, hint });
        }
        self.only_manifests(neighbour)?;
        if self.insert(&neighbour.fields[0], new).is_some() {
            self.expect_key(&neighbour.fields, new);
            return Ok(Placed::InPlace);
        }
        let rewrite = Rewrite::Beside(new.clone());
        let reached = self.patch(&neighbour.token, &neighbour.fields, &rewrite)?;
        let fields = reached.iter().map(|(index, _)| neighbour.fields[*index]).collect::<Vec<_>>();
        self.expect_key(&fields, new);
        Ok(Placed::Patched(reached))
    }

    /// Inserts the key where only this environment reads the mapping.
    fn insert(&mut self, field: &Field<'_>, new: &NewKey) -> Option<()> {
        let object = &field.root.objects().get(field.object)?.node;
        let (mapping, _) = new.beside(field.path)?;
        let source = &mapping.follow(object)?.origin.as_ref()?.source;
        let edit = insert_entry(object, &mapping, &new.key, &new.value.spelled(), None).ok()?;
        let (file, edit) = remap::in_file(source, &edit)?;
        self.owns(file.path()).then(|| self.draft.edit(&file, edit))
    }

    fn expect_key(&mut self, fields: &[Field<'_>], new: &NewKey) {
        for field in fields {
            let Some((_, path)) = new.beside(field.path) else { continue };
            let keys = self.expected.added.entry((field.index, field.object)).or_default();
            keys.insert(path, new.value.node());
        }
    }

    /// Refuses what a chart renders: a patch would not reach it.
    fn only_manifests(&self, spelling: &Spelling<'_>) -> Result<(), Obstacle> {
        let field = spelling.fields.iter().position(|field| !field.root.is_real(field.object));
        field.map_or(Ok(()), |field| {
            let what = format!("the {} is put together by a template", self.words.what);
            Err(Obstacle { field, what, hint: self.words.chart })
        })
    }
}
