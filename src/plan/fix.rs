//! The repairs of findings as a change of files, proved before it is handed out.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::finding::{FileEdit, Fix};
use crate::kustomize::model::object::Object;
use crate::plan::FileChange;
use crate::plan::batch::overlay;
use crate::plan::draft::Draft;
use crate::plan::refusal::PlanError;
use crate::repo::Repo;
use crate::repo::root::Root;
use crate::text::path::TreePath;
use crate::text::source::Place;
use crate::text::span::Span;
use crate::yaml::compare::differences;
use crate::yaml::node::Node;
use crate::yaml::path::Path;

/// Repairs as files to write.
pub struct Repairs {
    /// The files to write, sorted by path.
    pub changes: Vec<FileChange>,
    /// The indexes of the repairs that are included.
    pub taken: Vec<usize>,
    /// The tree with the repairs applied; `None` if nothing changes.
    pub after: Option<Repo>,
}

/// Plans repairs; those that overlap an earlier one are left out.
///
/// The planned tree is resolved in memory; values may differ only where an edit applies.
///
/// # Errors
/// When they would change something that no edit covers.
pub fn plan(repo: &Repo, fixes: &[&Fix]) -> Result<Repairs, PlanError> {
    let (edits, taken) = without_overlaps(fixes);
    let mut draft = Draft::default();
    for FileEdit { source, edit } in &edits {
        draft.edit(source, edit.clone());
    }
    let changes = draft.finish().map_err(|fault| unproved(vec![fault]))?;
    if changes.is_empty() {
        return Ok(Repairs { changes, taken, after: None });
    }
    let changed: BTreeSet<TreePath> = changes.iter().map(|change| change.path.clone()).collect();
    let after = repo.reload(Arc::new(overlay(repo, &changes)), &changed);
    let after = after.map_err(|error| unproved(vec![error.to_string()]))?;
    let faults = prove(repo, &after, &edits);
    if !faults.is_empty() {
        return Err(unproved(faults));
    }
    Ok(Repairs { changes, taken, after: Some(after) })
}

fn unproved(differences: Vec<String>) -> PlanError {
    PlanError::UnprovedRepairs { differences }
}

/// The edits of the repairs that do not overlap an earlier one; the same edit twice is one.
fn without_overlaps<'f>(fixes: &[&'f Fix]) -> (Vec<&'f FileEdit>, Vec<usize>) {
    let mut edits: Vec<&FileEdit> = Vec::new();
    let mut taken = Vec::new();
    let clashes = |known: &FileEdit, new: &FileEdit| {
        known.source.path() == new.source.path()
            && known.edit != new.edit
            && known.edit.span.start < new.edit.span.end.max(new.edit.span.start + 1)
            && new.edit.span.start < known.edit.span.end.max(known.edit.span.start + 1)
    };
    for (index, fix) in fixes.iter().enumerate() {
        if fix.edits.iter().any(|new| edits.iter().any(|known| clashes(known, new))) {
            continue;
        }
        taken.push(index);
        edits.extend(&fix.edits);
    }
    (edits, taken)
}

/// Everything that differs although no edit applies there.
fn prove(before: &Repo, after: &Repo, edits: &[&FileEdit]) -> Vec<String> {
    let mut faults = Vec::new();
    if before.roots.len() != after.roots.len() {
        return vec!["the build roots are no longer the same".to_owned()];
    }
    for (old, new) in before.roots.iter().zip(&after.roots) {
        if old.path != new.path || new.status() > old.status() {
            faults.push(format!("{}: no longer builds", old.path));
        } else if !Arc::ptr_eq(&old.build, &new.build) {
            root(old, new, edits, &mut faults);
        }
    }
    faults
}

fn root(old: &Root, new: &Root, edits: &[&FileEdit], faults: &mut Vec<String>) {
    // By position: a repair may change what an object is called, such as its API version.
    if old.objects().len() != new.objects().len() {
        faults.push(format!("{}: objects would be added or removed", old.path));
        return;
    }
    for (one, other) in old.objects().iter().zip(new.objects()) {
        for path in differences(&one.node, &other.node) {
            if !is_meant(one, other, &path, edits) {
                faults.push(format!("{}: {}: {path} would change", old.path, one.identity()));
            }
        }
    }
}

/// Whether the value at a path is written where an edit applies, before or after the change.
fn is_meant(old: &Object, new: &Object, path: &Path, edits: &[&FileEdit]) -> bool {
    let place = |object: &Object| -> Option<Place> {
        let origin = path.follow(&object.node).and_then(|node: &Node| node.origin.as_ref());
        origin.map(Place::near_in_file)
    };
    let Some(place) = place(old).or_else(|| place(new)) else { return false };
    let touches = |span: Span| span.start <= place.span().end && place.span().start <= span.end;
    edits.iter().any(|one| one.source.path() == place.source.path() && touches(one.edit.span))
}

#[cfg(test)]
mod tests {
    use super::plan;
    use crate::finding::Fix;
    use crate::plan::refusal::PlanError;
    use crate::repo::Repo;
    use crate::repo::testing::{deployment, path, repo, resources};
    use crate::text::edit::Edit;
    use crate::text::span::Span;

    fn files() -> Repo {
        repo(&[
            ("base/kustomization.yaml", &resources(&["web.yaml"])),
            ("base/web.yaml", &deployment("web", "auth")),
            ("production/kustomization.yaml", &resources(&["../base"])),
            ("staging/kustomization.yaml", &resources(&["../base"])),
        ])
    }

    fn fix(repo: &Repo, file: &str, old: &str, new: &str) -> Fix {
        let source = repo.library.tree().source(&path(file)).unwrap();
        let start = source.text().find(old).unwrap();
        let edit = Edit { span: Span::new(start, start + old.len()), text: new.to_owned() };
        Fix::one("test", &source, edit)
    }

    #[test]
    fn takes_repairs_that_do_not_overlap() {
        let repo = files();
        let first = fix(&repo, "base/web.yaml", "auth", "auth-b");
        let clash = fix(&repo, "base/web.yaml", "auth", "auth-c");
        let repairs = plan(&repo, &[&first, &clash, &first]).unwrap();
        assert_eq!(repairs.taken, [0, 2]);
        let [change] = &repairs.changes[..] else { panic!("one file") };
        let after = change.after.as_deref().unwrap();
        assert!(after.contains("auth-b") && !after.contains("auth-c"));
        assert!(plan(&repo, &[]).unwrap().changes.is_empty());
    }

    #[test]
    fn refuses_what_does_more_than_it_says() {
        let repo = files();
        for (file, old, new) in [
            ("production/kustomization.yaml", "../base", "../gone"),
            ("staging/kustomization.yaml", "resources", "namePrefix: x-\nresources"),
            ("base/web.yaml", "kind: Deployment", "kind: [Deployment"),
        ] {
            let error = plan(&repo, &[&fix(&repo, file, old, new)]).err().unwrap();
            assert!(matches!(&error, PlanError::UnprovedRepairs { .. }), "{error}");
        }
    }
}
