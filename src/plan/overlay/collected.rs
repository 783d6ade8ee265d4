//! The patches that were collected, and where they are written: in kustomizations, and where environments share a directory, in the
//! objects by which Flux and Argo CD build it for each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::plan::overlay::Overlay;
use crate::plan::overlay::patch::{Ambiguous, ObjectPatch, Rewrite, patches};
use crate::plan::overlay::token::{Field, Token};
use crate::plan::refusal::Refusal;
use crate::repo::builder::Builder;
use crate::repo::layer::Patches;
use crate::text::path::TreePath;
use crate::text::source::{Place, Source};
use crate::yaml::parse::parse;

/// What is to be patched by builders: where each takes patches, and what these change.
pub(super) type ByBuilders<'p> = BTreeMap<Patches, (&'p Builder, BTreeMap<Token, Rewrite>)>;

impl<'p> Overlay<'p> {
    /// Where the builders of a field's root take patches for this environment alone; `None` if one of them does not.
    pub(super) fn takers(&self, field: &Field<'_>) -> Option<Vec<(Patches, &'p Builder)>> {
        let root = &self.repo.roots[field.index];
        let taker = |builder: &'p Arc<Builder>| {
            let patches = self.repo.patches_of(root, builder)?;
            self.owns(&patches.file).then_some((patches, &**builder))
        };
        let builders = &root.builders;
        let takers: Vec<_> = builders.iter().map(taker).collect::<Option<_>>()?;
        (!takers.is_empty()).then_some(takers)
    }

    /// Writes the collected patches; why some could not be.
    pub(in crate::plan) fn finish(mut self) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        let (own, built) =
            (std::mem::take(&mut self.patches), std::mem::take(&mut self.by_builders));
        let wanted = own.values().chain(built.values().map(|(_, wanted)| wanted));
        let mut unseen: BTreeSet<Token> = wanted.flat_map(BTreeMap::keys).cloned().collect();
        for (directory, wanted) in own {
            let Some(layer) = self.repo.resolver.layer(&directory) else { continue };
            match patches(&layer.patched, &wanted) {
                Ok(patches) if self.append(&layer.file, &patches) => {
                    patches.iter().flat_map(|patch| &patch.tokens).for_each(|token| {
                        unseen.remove(token);
                    });
                }
                Ok(_) => {}
                Err(ambiguous) => refusals.push(refuse(&directory, &ambiguous)),
            }
        }
        for (at, (builder, wanted)) in built {
            match patches(&self.repo.patched_by(builder), &wanted) {
                Ok(patches) => {
                    for patch in patches.iter().filter(|patch| self.lay(&at, builder, patch)) {
                        patch.tokens.iter().for_each(|token| {
                            unseen.remove(token);
                        });
                    }
                }
                Err(ambiguous) => refusals.push(refuse(builder.directory(), &ambiguous)),
            }
        }
        refusals.extend(unseen.into_iter().map(|token| {
            let source = self.repo.library.tree().source(&token.file).ok();
            Refusal {
                what: format!("no kustomization can patch the text in `{}`", token.file),
                place: source.map(|source| Place::new(source, token.span)),
                hint: self.words.shared.to_owned(),
            }
        }));
        refusals
    }

    fn append(&mut self, file: &TreePath, patches: &[ObjectPatch]) -> bool {
        let Ok(source) = self.repo.library.tree().source(file) else { return false };
        patches.iter().all(|patch| self.draft.append(&source, "patches", patch.entry.clone()))
    }

    /// Writes a patch into a builder's object, and says so for each build root that has the object.
    fn lay(&mut self, at: &Patches, builder: &Builder, patch: &ObjectPatch) -> bool {
        let Ok(source) = self.repo.library.tree().source(&at.file) else { return false };
        let written = Source::file(at.file.clone(), patch.entry.as_str());
        let Ok(stream) = parse(&written) else { return false };
        if !self.draft.append_at(&source, at.document, &at.list, patch.entry.clone()) {
            return false;
        }
        let entry = stream.documents.first().map(|document| &document.root);
        for key in self.repo.objects_of(builder) {
            let lists = self.expected.appended.entry(key).or_default();
            lists.entry(at.list.clone()).or_default().extend(entry.cloned());
        }
        true
    }
}

fn refuse(directory: &TreePath, Ambiguous(identity): &Ambiguous) -> Refusal {
    Refusal {
        what: format!(
            "`{directory}` has several objects that a patch of {} `{}` would select",
            identity.kind, identity.name
        ),
        place: None,
        hint: "give the objects different namespaces or names".to_owned(),
    }
}
