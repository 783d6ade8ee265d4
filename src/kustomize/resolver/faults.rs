//! Every fault of a kustomization that does not build: resolving it ends with the first.

use std::collections::BTreeSet;

use crate::kustomize::load::context::{file_problem, read_problem};
use crate::kustomize::load::kustomization::Kustomization;
use crate::kustomize::load::remote::is_remote;
use crate::kustomize::resolver::Resolver;
use crate::kustomize::resolver::target::seen_from;
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::tree::Entry;
use crate::yaml::node::Node;

/// Fields that list files of YAML, or texts in place of them.
const FILES: [&str; 6] =
    ["configurations", "crds", "generators", "patchesStrategicMerge", "transformers", "validators"];

/// Fields that list mappings which name a file under `path`.
const PATHS: [&str; 3] = ["patches", "patchesJson6902", "replacements"];

/// How many faults of bases are taken over: each includer of a base lists them again.
const MOST: usize = 100;

/// What is wrong with the files and directories that a kustomization names, each by itself, beside what is known.
pub(super) fn beside(
    first: &Problem,
    resolver: &Resolver,
    kustomization: &Kustomization,
) -> Vec<Problem> {
    let key = |one: &Problem| {
        (one.message.clone(), one.path.clone(), one.place.as_ref().map(|place| place.span().start))
    };
    let mut known = BTreeSet::from([key(first)]);
    let mut found = of(resolver, kustomization);
    found.retain(|one| known.insert(key(one)));
    found
}

fn of(resolver: &Resolver, kustomization: &Kustomization) -> Vec<Problem> {
    let mut search = Search { resolver, kustomization, found: Vec::new(), inherited: 0 };
    for entry in kustomization.resources() {
        search.resource(entry);
    }
    for entry in kustomization.items("components") {
        search.component(entry);
    }
    for entry in FILES.iter().flat_map(|field| kustomization.items(field)) {
        search.file(entry);
    }
    for entry in PATHS.iter().flat_map(|field| kustomization.items(field)) {
        entry.get("path").into_iter().for_each(|path| search.file(path));
    }
    for field in ["configMapGenerator", "secretGenerator"] {
        for entry in kustomization.items(field) {
            search.generator(entry);
        }
    }
    search.found
}

struct Search<'a> {
    resolver: &'a Resolver,
    kustomization: &'a Kustomization,
    found: Vec<Problem>,
    /// How many of them are of bases.
    inherited: usize,
}

impl Search<'_> {
    /// What an entry points to; `None` if that is no file and no directory of the repository.
    fn locate(&mut self, entry: &Node, path: &str) -> Option<(TreePath, Entry)> {
        let path = self.kustomization.directory.join(path).filter(|_| !is_remote(path))?;
        match self.resolver.library().tree().entry(&path) {
            Ok(found) => Some(found),
            Err(error) => {
                self.found.push(read_problem(&error, entry));
                None
            }
        }
    }

    fn resource(&mut self, entry: &Node) {
        match self.locate(entry, entry.str().unwrap_or_default()) {
            Some((file, Entry::File)) => self.parse(&file, entry),
            Some((directory, Entry::Directory)) => {
                let outcome = self.resolver.outcome(&directory);
                let faults = outcome.faults().take(MOST.saturating_sub(self.inherited));
                let before = self.found.len();
                self.found.extend(faults.map(|problem| seen_from(problem, entry)));
                self.inherited += self.found.len() - before;
            }
            None => {}
        }
    }

    fn component(&mut self, entry: &Node) {
        let found = self.locate(entry, entry.str().unwrap_or_default());
        if let Some((directory, Entry::Directory)) = found
            && let Err(problem) = self.resolver.kustomization(&directory)
        {
            self.found.push(seen_from(&problem, entry));
        }
    }

    /// A file, a directory, or a text in place of one.
    fn file(&mut self, entry: &Node) {
        let text = entry.str().unwrap_or_default();
        if text.is_empty() || text.contains(['\n', '{']) || text.contains(": ") {
            return;
        }
        if let Some((file, Entry::File)) = self.locate(entry, text) {
            self.parse(&file, entry);
        }
    }

    fn parse(&mut self, file: &TreePath, entry: &Node) {
        if let Err(error) = self.resolver.library().stream(file) {
            self.found.push(file_problem(&error, file, entry));
        }
    }

    fn generator(&mut self, entry: &Node) {
        let items = |key: &str| entry.get(key).map_or(&[][..], Node::items).iter();
        for item in items("files").chain(items("envs")).chain(entry.get("env")) {
            let text = item.str().unwrap_or_default();
            let path = text.split_once('=').map_or(text, |(_, path)| path);
            if !path.is_empty() {
                let _ = self.locate(item, path);
            }
        }
    }
}
