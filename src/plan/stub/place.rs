//! Where new stubs stand, and which kustomizations list them.

use std::collections::BTreeSet;

use crate::kustomize::model::object::Object;
use crate::plan::Stub;
use crate::plan::overlay::manifest;
use crate::plan::overlay::token::Token;
use crate::plan::stub::naming::file_name;
use crate::plan::stub::planner::Planner;
use crate::plan::stub::source::Source;
use crate::plan::survey::Item;
use crate::repo::root::RootKind;
use crate::text::path::TreePath;

/// A directory that gets a stub.
pub(super) struct StubPlacement {
    /// The directory.
    pub(super) directory: TreePath,
    /// The kustomizations that list it, each with the entry that it stands behind.
    lists: Vec<(TreePath, Option<TreePath>)>,
    /// Whether it stands elsewhere than what it is made from, so that it must say everything itself.
    pub(super) alone: bool,
}

impl Planner<'_> {
    /// Where the stubs made from a source stand: beside it, or, where it is shared, in the nearest
    /// kustomizations that are the environment's own.
    pub(super) fn sites(&self, source: &Source<'_>) -> Result<Vec<StubPlacement>, String> {
        let file = source.place.source.path();
        if source.is_split {
            return Ok(self.innermost(source));
        }
        if self.repo.is_exclusive_to(self.environment, file) {
            let lists = self.listings(source, file);
            let lists = lists.into_iter().map(|at| (at, Some(file.clone()))).collect();
            return Ok(vec![StubPlacement { directory: file.parent(), lists, alone: false }]);
        }
        let directories = self.repo.nearest_exclusive(self.environment, file).directories;
        if directories.is_empty() {
            return Err(format!(
                "other environments read `{file}` too, and no kustomization that includes it is this environment's alone"
            ));
        }
        let site = |directory: TreePath| StubPlacement {
            lists: vec![(directory.clone(), None)],
            directory,
            alone: true,
        };
        Ok(directories.into_iter().map(site).collect())
    }

    /// The build roots of a source that include no other one of it: where clusters make different things of one stub, each gets
    /// its own.
    fn innermost(&self, source: &Source<'_>) -> Vec<StubPlacement> {
        let roots: Vec<_> = source.roots.iter().map(|&index| &self.repo.roots[index]).collect();
        let is_outer = |path: &TreePath| {
            let mut others = roots.iter().filter(|root| root.path != *path);
            others.any(|other| {
                roots
                    .iter()
                    .any(|root| root.path == *path && root.directories().contains(&other.path))
            })
        };
        let inner = roots.iter().map(|root| root.path.clone()).filter(|path| !is_outer(path));
        inner
            .map(|directory| StubPlacement {
                lists: vec![(directory.clone(), None)],
                directory,
                alone: true,
            })
            .collect()
    }

    /// What a stub is made from, as the kustomization sees it that is to have the new one alone.
    pub(super) fn seen_in(&self, site: &StubPlacement, source: &Source<'_>) -> Option<Object> {
        let layer = self.repo.resolver.layer(&site.directory).filter(|_| site.alone)?;
        let is_source = |object: &&Object| {
            let origin = object.node.origin.as_ref().map(|origin| origin.near_in_file());
            origin.is_some_and(|near| {
                near.source.path() == source.place.source.path()
                    && near.span() == source.place.span()
            })
        };
        Some(layer.patched.iter().find(is_source).unwrap_or(source.object).clone())
    }

    /// The kustomizations that list a file under `resources`.
    fn listings(&self, source: &Source<'_>, file: &TreePath) -> Vec<TreePath> {
        let roots = source.roots.iter().map(|&index| &self.repo.roots[index]);
        let directories: BTreeSet<&TreePath> = roots.flat_map(|root| root.directories()).collect();
        let lists = |directory: &&TreePath| {
            let layer = self.repo.resolver.layer(directory);
            layer.is_some_and(|layer| layer.resources.contains(file))
        };
        directories.into_iter().filter(lists).cloned().collect()
    }

    /// Takes a stub's text into the plan.
    pub(super) fn place(
        &mut self,
        site: &StubPlacement,
        source: &Source<'_>,
        text: String,
    ) -> Result<Stub, String> {
        let name = file_name(source.place.source.path(), source.secret, self.name);
        // Stubs that stood in one file go on doing so, one for each namespace.
        let beside = source.place.source.path();
        let shared = site.directory.join(&name).filter(|file| self.draft.creates(file));
        let shared = shared.filter(|file| self.shared.get(file) == Some(beside));
        if let Some(file) = shared {
            self.draft.extend(&file, &text);
            return Ok(self.made(site, source, file));
        }
        let file = self.create(&site.directory, &name, source.namespace, text)?;
        self.shared.insert(file.clone(), beside.clone());
        for (directory, beside) in &site.lists {
            self.list(directory, beside.as_ref(), &file)?;
        }
        Ok(self.made(site, source, file))
    }

    fn made(&self, site: &StubPlacement, source: &Source<'_>, file: TreePath) -> Stub {
        Stub {
            file,
            listed_in: site
                .lists
                .first()
                .and_then(|(at, _)| Some(self.repo.resolver.layer(at)?.file.clone())),
            namespace: source.namespace.map(str::to_owned),
            copied_from: Some(source.place.clone()),
        }
    }

    /// Puts stubs that are copied from nothing where references are.
    pub(super) fn place_beside(&mut self, items: &[Item<'_>], namespace: Option<&str>, text: &str) {
        let mut directories: BTreeSet<(TreePath, bool)> = BTreeSet::new();
        for item in items {
            let Some(token) = Token::of(item.node()) else { continue };
            if item.root.kind == RootKind::Plain {
                let first =
                    directories.iter().any(|(at, listed)| !listed && at.is_within(&item.root.path));
                if !first {
                    directories.insert((token.file.parent(), false));
                }
                continue;
            }
            let nearest = self.repo.nearest_exclusive(self.environment, &token.file);
            // Other roots that share the file may look for the secret in another namespace.
            let own =
                nearest.directories.into_iter().filter(|at| item.root.directories().contains(at));
            directories.extend(own.map(|at| (at, true)));
        }
        if directories.is_empty() && items.iter().any(|item| item.root.kind == RootKind::Chart) {
            self.outcome.refusals.push(crate::plan::refusal::Refusal {
                what: "only the values of a chart name the secret, and no manifest can lie beside them"
                    .to_owned(),
                place: items.first().and_then(|item| item.reference.near()),
                hint: "write the first stub by hand where this environment's manifests are"
                    .to_owned(),
            });
        }
        let name = format!("{}.yaml", self.name);
        for (directory, listed) in directories {
            let written =
                self.create(&directory, &name, namespace, text.to_owned()).and_then(|file| {
                    if listed {
                        self.list(&directory, None, &file)?;
                    }
                    Ok(file)
                });
            match written {
                Ok(file) => {
                    let layer = self.repo.resolver.layer(&directory).filter(|_| listed);
                    self.outcome.stubs.push(Stub {
                        file,
                        listed_in: layer.map(|layer| layer.file.clone()),
                        namespace: namespace.map(str::to_owned),
                        copied_from: None,
                    });
                }
                Err(what) => self.outcome.refusals.push(crate::plan::refusal::Refusal {
                    what,
                    place: None,
                    hint: "move the file away, or list the stub by hand".to_owned(),
                }),
            }
        }
    }

    /// Makes a new file; where the stub of another namespace has taken the name, its own is in it.
    fn create(
        &mut self,
        directory: &TreePath,
        name: &str,
        namespace: Option<&str>,
        text: String,
    ) -> Result<TreePath, String> {
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "yaml"));
        let own = namespace.map(|namespace| format!("{stem}-{namespace}.{extension}"));
        manifest::create((self.repo, self.draft), directory, (name, own.as_deref()), text)
    }

    fn list(
        &mut self,
        directory: &TreePath,
        beside: Option<&TreePath>,
        file: &TreePath,
    ) -> Result<(), String> {
        manifest::list((self.repo, self.draft), directory, beside, file)
    }
}
