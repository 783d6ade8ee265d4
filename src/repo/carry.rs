//! What a changed tree takes over from the one before.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::repo::Repo;
use crate::repo::root::Root;
use crate::text::path::TreePath;

/// Files that were edited or added, and what became of the build roots, which are the same as before.
pub(super) struct Change<'c> {
    /// The files.
    pub(super) files: &'c BTreeSet<TreePath>,
    /// The names of files and directories that were not there before.
    pub(super) names: BTreeSet<&'c str>,
    /// The roots that are not as they were: the index of each, and what it was and is.
    pub(super) roots: Vec<(usize, &'c Root, &'c Root)>,
}

impl Repo {
    /// Takes over what was known before some files were edited or added. After other changes, everything is found anew when
    /// it is asked for.
    pub(super) fn carry(&self, before: &Self, changed: &BTreeSet<TreePath>) {
        let is_there = |path: &TreePath| self.library.tree().entry(path).is_ok();
        let is_same = Arc::ptr_eq(&self.layout.kustomizations, &before.layout.kustomizations);
        if !is_same || !before.has_the_roots_of(self) || !changed.iter().all(is_there) {
            return;
        }
        let roots = before.roots.iter().zip(&self.roots).enumerate();
        let roots = roots.filter(|(_, (old, new))| !Arc::ptr_eq(old, new));
        let roots = roots.map(|(index, (old, new))| (index, &**old, &**new)).collect();
        let names = changed.iter().flat_map(|file| before.lacking(file)).collect();
        let change = Change { files: changed, names, roots };
        self.carry_unbuilt(before, &change);
        // Nothing else can have set them.
        let known = before.derived.reaches.get();
        if let Some(reaches) = known.and_then(|known| known.with_changes(self, &change)) {
            let _ = self.derived.reaches.set(reaches);
        }
        let known = before.derived.provisions.get();
        if let Some(provisions) = known.and_then(|known| known.with_changes(&change)) {
            let _ = self.derived.provisions.set(provisions);
        }
        if let Some(known) = before.derived.namings.get() {
            let _ = self.derived.namings.set(known.with_changes(&change));
        }
    }

    /// The last parts of a path that are not there.
    fn lacking<'p>(&self, path: &'p TreePath) -> impl Iterator<Item = &'p str> {
        let is_there = |path: &TreePath| self.library.tree().entry(path).is_ok();
        let above = std::iter::successors(Some(path.clone()), |at| Some(at.parent()));
        let missing = above.take_while(|at| !at.as_str().is_empty() && !is_there(at)).count();
        path.parts().skip(path.parts().count() - missing)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use crate::repo::testing::{deployment, path, resources, tree};
    use crate::repo::{Repo, Scope};
    use crate::tree::Tree;
    use crate::tree::memory::MemoryTree;

    const STUB: &str = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: auth}\nspec: {data: []}\n";

    /// Everything that is carried, as a tree answers it.
    fn answers(repo: &Repo) -> Vec<String> {
        let files = repo.library.tree().files().iter();
        let places = files.flat_map(|file| [file.clone(), file.parent()]);
        let reached = places.map(|at| format!("{at}: {:?}", repo.exclusive(&at)));
        let unbuilt =
            repo.environments.ids().map(|one| format!("{one:?}: {:?}", repo.unbuilt(one)));
        let made = repo
            .environments
            .ids()
            .map(|one| format!("{one:?}: {:?}", repo.providers_of(Some(one), None, "auth")));
        let named = ["auth", "other"].map(|one| {
            let roots: Vec<usize> = repo.roots_naming(one).map(|(index, _)| index).collect();
            format!("{one}: {roots:?}")
        });
        reached.chain(unbuilt).chain(made).chain(named).collect()
    }

    /// What a changed tree takes over says the same as what is found anew.
    #[test]
    fn what_is_carried_is_as_if_found_anew() {
        let web = deployment("web", "auth");
        let files = [
            ("apps/base/kustomization.yaml", resources(&["web.yaml"])),
            ("apps/base/web.yaml", web.clone()),
            ("apps/staging/kustomization.yaml", resources(&["../base"])),
            ("apps/staging/notes.txt", "auth".to_owned()),
            ("apps/production/kustomization.yaml", resources(&["../base", "later"])),
            ("jobs/production/kustomization.yaml", resources(&["../common", "web.yaml"])),
            ("jobs/production/web.yaml", web.clone()),
            ("jobs/common/kustomization.yaml", resources(&["web.yaml"])),
            ("jobs/common/web.yaml", web.clone()),
            ("plain/staging/web.yaml", web.clone()),
        ];
        let changes: [&[(&str, &str)]; 7] = [
            &[
                ("apps/staging/kustomization.yaml", &resources(&["../base", "auth.yaml"])),
                ("apps/staging/auth.yaml", STUB),
            ],
            &[("jobs/common/kustomization.yaml", &resources(&["web.yaml", "notes.yaml"]))],
            &[("jobs/common/notes.yaml", &web.replace("web", "notes"))],
            &[("plain/staging/auth.yaml", STUB)],
            &[("apps/production/later/web.yaml", &web)],
            &[("apps/staging/values.yaml", "name: auth\n"), ("apps/staging/notes.txt", "")],
            &[("apps/staging/kustomization.yaml", &resources(&["auth.yaml"]))],
        ];
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let mut now: Arc<dyn Tree> = tree(&files);
        let mut repo = Repo::load(Arc::clone(&now), None, Scope::Everything).unwrap();
        let mut carried = 0;
        for (index, change) in changes.iter().enumerate() {
            answers(&repo);
            let changed: BTreeSet<_> = change.iter().map(|(name, _)| path(name)).collect();
            let bytes =
                change.iter().map(|(name, text)| (path(name), Some(text.as_bytes().to_vec())));
            now = Arc::new(MemoryTree::over(now, bytes));
            repo = repo.reload(Arc::clone(&now), &changed).unwrap();
            carried += usize::from(
                repo.derived.reaches.get().is_some() && repo.derived.provisions.get().is_some(),
            );
            let anew = Repo::load(Arc::clone(&now), None, Scope::Everything).unwrap();
            assert_eq!(answers(&repo), answers(&anew), "after change {index}");
        }
        assert!(carried >= 3, "{carried} of {}", changes.len());
    }
}
