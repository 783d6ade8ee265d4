//! The part of a tree that a change of one family concerns.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::k8s::by_value::Families;
use crate::kustomize::resolver::Resolver;
use crate::repo::layout::Layout;
use crate::repo::root::Root;
use crate::repo::{Derived, Repo};
use crate::text::path::TreePath;

/// A build root before and after a change, with the index that it had.
type Pair<'r> = (usize, &'r Arc<Root>, &'r Arc<Root>);

impl Repo {
    /// Both trees with only the build roots that a change made different, those that name or provide a secret of the
    /// family, and those that say which operator runs or what Flux applies after what; `None` if the change made or removed build roots.
    #[must_use]
    pub fn parts(before: &Self, after: &Self, family: &str) -> Option<(Self, Self)> {
        if !before.has_the_roots_of(after) {
            return None;
        }
        let concerned = |(old, new): &(&Arc<Root>, &Arc<Root>)| {
            !Arc::ptr_eq(old, new)
                || old.has_family(family)
                || before.pins_operator(old)
                || new.orders().depends
        };
        let (old, new) = before.roots.iter().zip(&after.roots).filter(concerned).unzip();
        Some((before.part(old), after.part(new)))
    }

    /// Whether another tree has the same build roots, whatever is in them.
    #[must_use]
    pub fn has_the_roots_of(&self, other: &Self) -> bool {
        let is_same =
            |(old, new): (&Arc<Root>, &Arc<Root>)| Arc::ptr_eq(old, new) || old.is_like(new);
        self.roots.len() == other.roots.len() && self.roots.iter().zip(&other.roots).all(is_same)
    }

    /// Each build root of a changed tree with the one that it was, whose index comes first. What several builders made alike may have
    /// become one for each. `None` if the change made or removed build roots.
    #[must_use]
    pub fn pairs<'r>(&'r self, after: &'r Self) -> Option<Vec<Pair<'r>>> {
        if self.has_the_roots_of(after) {
            let pairs = self.roots.iter().zip(&after.roots).enumerate();
            return Some(pairs.map(|(index, (old, new))| (index, old, new)).collect());
        }
        let mut made = vec![0; self.roots.len()];
        let mut pairs = Vec::with_capacity(after.roots.len());
        for new in &after.roots {
            let start = self.roots.partition_point(|root| root.path < new.path);
            let mut same = self.roots_at(&new.path).iter().enumerate();
            let (index, old) = same.find(|(_, old)| new.is_of(old))?;
            made[start + index] += new.builders.len().max(1);
            pairs.push((start + index, old, new));
        }
        let is_whole = |(old, made): (&Arc<Root>, usize)| made == old.builders.len().max(1);
        self.roots.iter().zip(made).all(is_whole).then_some(pairs)
    }

    fn part(&self, roots: Vec<&Arc<Root>>) -> Self {
        let files: BTreeSet<&TreePath> = roots.iter().flat_map(|root| root.files()).collect();
        Self {
            library: Arc::clone(&self.library),
            resolver: Resolver::new(Arc::clone(&self.library)),
            config: self.config.clone(),
            environments: self.environments.clone(),
            problems: Vec::new(),
            families: Families::default(),
            scope: self.scope.clone(),
            renders: None,
            layout: self.layout.part(&files),
            ground: None,
            derived: Derived::default(),
            roots: roots.into_iter().map(Arc::clone).collect(),
        }
    }
}

impl Layout {
    /// The layout of some of the files.
    fn part(&self, files: &BTreeSet<&TreePath>) -> Self {
        let kustomizations = files.iter().filter_map(|file| {
            let (directory, known) = self.kustomizations.get_key_value(&file.parent())?;
            (known == *file).then(|| (directory.clone(), known.clone()))
        });
        let plain = files.iter().filter(|file| self.files.binary_search(file).is_ok());
        Self {
            kustomizations: Arc::new(kustomizations.collect()),
            files: Arc::new(plain.map(|file| (*file).clone()).collect()),
            charts: Arc::clone(&self.charts),
        }
    }
}
