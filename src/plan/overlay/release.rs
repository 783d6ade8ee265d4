//! Values that one environment sets for itself: in its own values file, or in its own release of the chart whose defaults are shared.

use crate::k8s::secret_name::split;
use crate::plan::overlay::token::{Field, Spelling, Token, scalars, with_parts};
use crate::plan::overlay::{Obstacle, Overlay, Placed, values};
use crate::repo::builder::Builder;
use crate::text::path::TreePath;
use crate::text::source::Place;
use crate::yaml::path::{Path, PathStep};

/// Nested keys, and the text that they get.
type Setting = (Vec<String>, String);

impl Overlay<'_> {
    /// Sets the values that a shared file spells in the environment's own files.
    pub(super) fn set_values(
        &mut self,
        spelling: &Spelling<'_>,
        text: &str,
    ) -> Result<Placed, Obstacle> {
        let (mut set, mut still, hint) = (Vec::new(), Vec::new(), self.words.values);
        for (index, field) in spelling.fields.iter().enumerate() {
            let obstacle = |what: String| Obstacle { field: index, what, hint };
            if field.root.environment != Some(self.environment) {
                continue;
            }
            let owns = |file: &TreePath| self.owns(file);
            let is_rendered = field.root.is_rendered(field.object);
            let place = match is_rendered {
                true => Err(self.shared(&spelling.token)),
                false => values::place(field, &spelling.token, owns),
            };
            match place {
                Ok((file, keys)) => {
                    let value = with_parts(field.text(), &[field.part()], text);
                    let source = self.repo.library.tree().source(&file).ok();
                    if !source.is_some_and(|source| self.draft.set(&source, 0, keys, value)) {
                        return Err(obstacle(format!("`{file}` cannot take the key")));
                    }
                    still.push(*field);
                    set.push((index, file));
                }
                Err(what) => {
                    let file = self.set_in_release(field, &spelling.token, text);
                    set.push((index, file.ok_or_else(|| obstacle(what))?));
                    if is_rendered {
                        still.push(*field);
                    } else {
                        // It is then read where the release says it.
                        let key = (field.index, field.object);
                        self.expected.gone.entry(key).or_default().insert(field.path.clone());
                    }
                }
            }
        }
        self.expect(spelling, &still, text);
        Ok(Placed::Set(set))
    }

    /// Sets a default of a chart in the object that installs it for this environment alone; the file, if there is one.
    fn set_in_release(&mut self, field: &Field<'_>, token: &Token, text: &str) -> Option<TreePath> {
        let mut builders = self.repo.roots[field.index].builders.iter();
        let builder = builders.find(|builder| builder.kind == "HelmRelease")?;
        let (file, document) = self.repo.document_of(builder)?;
        let (mut keys, value) =
            self.owns(&file).then(|| self.default_of(builder, field, token, text)).flatten()?;
        keys.splice(0..0, ["spec", "values"].map(str::to_owned));
        let source = self.repo.library.tree().source(&file).ok()?;
        if !self.draft.set(&source, document, keys.clone(), value.clone()) {
            return None;
        }
        for key in self.repo.objects_of(builder) {
            let all = self.expected.set.entry(key).or_default();
            all.insert(keys.clone(), value.clone());
        }
        Some(file)
    }

    /// The default of a chart that a token is in, with the new name.
    fn default_of(
        &self,
        builder: &Builder,
        field: &Field<'_>,
        token: &Token,
        text: &str,
    ) -> Option<Setting> {
        let is_own = token.file.parent() == *builder.directory()
            && ["values.yaml", "values.yml"].contains(&token.file.name());
        let stream = self.repo.library.stream(&token.file).ok().filter(|_| is_own)?;
        let mut found = None;
        scalars(&stream.documents.first()?.root, &Path::default(), &mut |path, node| {
            let holds = |place: &Place| place.span().contains(token.span);
            if found.is_none() && node.origin.as_ref().is_some_and(holds) {
                found = Some((path.clone(), node.str().unwrap_or_default().to_owned()));
            }
        });
        let (path, known) = found?;
        let old = field.text().get(field.part())?;
        let (from, to) = match (known.contains(old), split(old), split(text)) {
            (true, ..) => (old, text),
            (false, Some((_, old)), Some((_, new))) if known.contains(old) => (old, new),
            _ => return None,
        };
        let key = |step: &PathStep| match step {
            PathStep::Key(key) => Some(key.to_string()),
            PathStep::Index(_) => None,
        };
        let keys = path.0.iter().map(key).collect::<Option<Vec<_>>>()?;
        Some((keys, known.replace(from, to)))
    }
}
