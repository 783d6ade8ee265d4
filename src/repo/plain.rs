//! Trees of plain manifests: which files form one, and what they contain.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::kustomize::load::resources::refuse_duplicates;
use crate::kustomize::model::build::{Build, Status};
use crate::kustomize::model::object::Object;
use crate::repo::environment::{Environment, EnvironmentId, claim_of_file};
use crate::repo::layout::{Layout, above};
use crate::repo::pointer::Pointers;
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::tree::ReadError;
use crate::yaml::library::{FileError, Library};
use crate::yaml::node::Node;

/// The trees of plain manifests: the directory and environment of each, and its files, sorted.
pub(super) type Trees = BTreeMap<(TreePath, Option<EnvironmentId>), Vec<TreePath>>;

/// What a file of plain manifests holds.
pub(super) type Holding = Result<Vec<Object>, Problem>;

/// At most so many files are read one after the other.
const FEW: usize = 16;

/// What every file holds, read in parallel if they are many; and whether one of them is a link.
pub(super) fn read(library: &Library, files: &[TreePath]) -> (Vec<Holding>, bool) {
    let read = |file: &TreePath| {
        let real = library.tree().entry(file).map(|(real, _)| real);
        let is_link = real.as_ref().is_ok_and(|real| real != file);
        (objects(library, file, real), is_link)
    };
    let read: Vec<(Holding, bool)> = if files.len() <= FEW {
        files.iter().map(read).collect()
    } else {
        files.par_iter().map(read).collect()
    };
    let has_links = read.iter().any(|(_, is_link)| *is_link);
    (read.into_iter().map(|(holding, _)| holding).collect(), has_links)
}

/// The objects of one file. Documents that are not Kubernetes objects are skipped, unless they may name a
/// version of a secret, as Helm chart values do: they then count as objects without a kind.
fn objects(library: &Library, file: &TreePath, real: Result<TreePath, ReadError>) -> Holding {
    if file.name().ends_with(".json") && !mentions_api_version(library, &real) {
        return Ok(Vec::new());
    }
    let stream = match real {
        Ok(real) => library.stream(&real),
        Err(error) => Err(FileError::Read(error)),
    };
    let stream = stream.map_err(|error| problem(&error, file))?;
    let mut objects = Vec::with_capacity(stream.documents.len());
    for document in &stream.documents {
        if is_object(&document.root) {
            // How the API server treats a duplicate key depends on who applies it: which of
            // the two values takes effect cannot be determined from the file.
            refuse_duplicates(&stream, document)?;
            flatten(&document.root, &mut objects);
        } else if may_name_version(stream.source.slice(document.span)) {
            objects.push(Object::new(document.root.clone()));
        }
    }
    Ok(objects)
}

/// Editor and compiler settings are JSON with comments, which should not be reported as a problem.
fn mentions_api_version(library: &Library, real: &Result<TreePath, ReadError>) -> bool {
    let Ok(real) = real else { return true };
    let source = library.tree().source(real);
    source.map_or(true, |source| source.text().contains("\"apiVersion\""))
}

fn word<'n>(node: &'n Node, key: &str) -> &'n str {
    node.get(key).and_then(Node::str).unwrap_or_default()
}

fn is_object(node: &Node) -> bool {
    !word(node, "apiVersion").is_empty() && !word(node, "kind").is_empty()
}

/// Whether a hyphen followed by 14 digits appears anywhere.
fn may_name_version(text: &str) -> bool {
    let digits = |at: usize| {
        let behind = &text.as_bytes()[at + 1..];
        behind.iter().take_while(|byte| byte.is_ascii_digit()).count() == 14
    };
    memchr::memchr_iter(b'-', text.as_bytes()).any(digits)
}

/// Flattens lists; the parser's depth limit bounds the recursion.
pub(super) fn flatten(node: &Node, objects: &mut Vec<Object>) {
    match node.get("items") {
        _ if !is_object(node) => {}
        Some(items) if word(node, "kind").ends_with("List") => {
            items.items().iter().for_each(|item| flatten(item, objects));
        }
        _ => objects.push(Object::new(node.clone())),
    }
}

fn problem(error: &FileError, file: &TreePath) -> Problem {
    let message = match error {
        FileError::Syntax(error) => format!("does not parse: {error}"),
        FileError::Read(_) | FileError::TooLarge(_) => error.to_string(),
    };
    let mut problem = Problem::of(message, file);
    if let FileError::Syntax(error) = error {
        problem.place = Some(error.place.clone());
    }
    problem
}

/// What makes a directory of plain manifests one tree.
pub(super) struct PlainTrees<'a> {
    pub(super) layout: &'a Layout,
    pub(super) environments: &'a [Environment],
    pub(super) pointers: &'a Pointers,
    /// The files that no kustomization reads.
    pub(super) loose: &'a [TreePath],
}

impl PlainTrees<'_> {
    /// The trees that the files make; whether where one of them starts depends on which directories are occupied.
    pub(super) fn trees(&self) -> (Trees, bool) {
        let occupied = OnceCell::new();
        let mut trees = Trees::new();
        for file in self.loose {
            if let Some(home) = self.home(file, &occupied) {
                trees.entry(home).or_default().push(file.clone());
            }
        }
        (trees, occupied.get().is_some())
    }

    /// These trees without the files that are gone, and with new ones, which are among the loose files; whether where a
    /// new one starts depends on which directories are occupied.
    pub(super) fn trees_with(
        &self,
        before: &Trees,
        gone: &[TreePath],
        new: &[TreePath],
    ) -> (Trees, bool) {
        let occupied = OnceCell::new();
        let mut trees = before.clone();
        for files in trees.values_mut() {
            files.retain(|file| gone.binary_search(file).is_err());
        }
        for file in new {
            if let Some(home) = self.home(file, &occupied) {
                let files = trees.entry(home).or_default();
                let at = files.partition_point(|known| known < file);
                files.insert(at, file.clone());
            }
        }
        trees.retain(|_, files| !files.is_empty());
        (trees, occupied.get().is_some())
    }

    /// Every directory that is a root in its own right, with all directories above it.
    fn occupied(&self) -> BTreeSet<TreePath> {
        let claims =
            self.layout.files.iter().filter_map(|file| {
                claim_of_file(self.environments, file).map(|claim| claim.directory)
            });
        let kustomizations = self.layout.kustomizations.keys().cloned();
        let all = claims.chain(kustomizations).chain(self.pointers.directories().cloned());
        let unique: BTreeSet<TreePath> = all.collect();
        unique.iter().flat_map(above).collect()
    }

    /// The tree that a file belongs to; `None` if it belongs to a kustomization or to nothing.
    fn home(
        &self,
        file: &TreePath,
        occupied: &OnceCell<BTreeSet<TreePath>>,
    ) -> Option<(TreePath, Option<EnvironmentId>)> {
        let parent = file.parent();
        let claim = claim_of_file(self.environments, file);
        let environment = claim.as_ref().map(|claim| claim.environment);
        let named = claim.map(|claim| claim.directory);
        let pointed = self.pointers.above(&parent).cloned();
        let directory = named.into_iter().chain(pointed).max_by_key(|at| at.as_str().len());
        if let Some(kustomization) = self.layout.kustomization_above(&parent) {
            let below = |at: &TreePath| at != kustomization && at.is_within(kustomization);
            return Some((directory.filter(below)?, environment));
        }
        let topmost = || {
            let occupied = occupied.get_or_init(|| self.occupied());
            let free = above(&parent).take_while(|up| !occupied.contains(up));
            free.last().unwrap_or_else(|| parent.clone())
        };
        Some((directory.unwrap_or_else(topmost), environment))
    }
}

/// What the files of a tree hold, in the shape of a build.
pub(super) fn build(path: &TreePath, files: &[TreePath], holdings: Vec<Holding>) -> Arc<Build> {
    let mut build = Build {
        path: path.clone(),
        status: Status::Resolved,
        problems: Vec::new(),
        objects: Arc::default(),
        files: BTreeSet::new(),
        directories: BTreeSet::new(),
        outside: None,
    };
    let count = holdings.iter().flatten().map(Vec::len).sum();
    let mut all: Vec<Object> = Vec::with_capacity(count);
    for (file, holding) in files.iter().zip(holdings) {
        match holding {
            Ok(objects) if objects.is_empty() => continue,
            Ok(objects) => {
                // A symlink is read under its own path, and so is its target.
                let origins = objects.iter().filter_map(|object| object.node.origin.as_ref());
                build.files.extend(origins.map(|origin| origin.source.path().clone()));
                all.extend(objects);
            }
            Err(problem) => build.problems.push(problem),
        }
        build.files.insert(file.clone());
    }
    build.objects = all.into();
    if !build.problems.is_empty() {
        build.status = Status::Failed;
    }
    Arc::new(build)
}

#[cfg(test)]
mod tests {
    use crate::kustomize::model::build::Status;
    use crate::repo::Repo;
    use crate::repo::root::RootKind;
    use crate::repo::testing::{deployment, path, repo, resources};

    fn plain(repo: &Repo) -> Vec<(&str, Option<&str>, usize)> {
        let roots = repo.roots.iter().filter(|root| root.kind == RootKind::Plain);
        roots
            .map(|root| {
                let environment =
                    root.environment.map(|index| repo.environments[index].name.as_str());
                (root.path.display(), environment, root.objects().len())
            })
            .collect()
    }

    #[test]
    fn an_environment_is_one_tree_and_the_rest_as_few_as_can_be() {
        let web = deployment("web", "auth");
        let list = "kind: List\napiVersion: v1\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: a}}\n- {apiVersion: v1, kind: Secret}\n";
        let repo = repo(&[
            (".github/workflows/test.yaml", "on: push\njobs: {}\n"),
            ("compose.yaml", "services: {}\n"),
            ("examples/a/web.yaml", &web),
            ("examples/b/c/list.yaml", list),
            ("production/deployment.yaml", &web),
            ("production/jobs/job.json", "{\"apiVersion\": \"v1\", \"kind\": \"Secret\"}"),
            ("staging/deployment.yaml", &web),
            ("tsconfig.json", "{ // comments\n}"),
        ]);
        assert_eq!(
            plain(&repo),
            [
                ("examples", None, 3),
                ("production", Some("production"), 2),
                ("staging", Some("staging"), 1)
            ]
        );
        assert!(repo.roots.iter().all(|root| root.status() == Status::Resolved));
    }

    #[test]
    fn a_repository_without_anything_else_is_one_tree() {
        let web = deployment("web", "auth");
        let repo = repo(&[("a/web.yaml", &web), ("b/c/web.yaml", &web)]);
        assert_eq!(plain(&repo), [(".", None, 2)]);
    }

    #[test]
    fn what_a_kustomization_holds_is_not_plain() {
        let web = deployment("web", "auth");
        let repo = repo(&[
            ("apps/kustomization.yaml", &resources(&["web.yaml", "../common/web.yaml"])),
            ("apps/forgotten.yaml", &web),
            ("apps/staging/web.yaml", &web),
            ("apps/web.yaml", &web),
            ("chart/Chart.yaml", "apiVersion: v2\nname: x\n"),
            ("chart/templates/web.yaml", "{{ if .Values.x }}\n"),
            ("common/web.yaml", &web),
        ]);
        assert_eq!(plain(&repo), [("apps/staging", Some("staging"), 1)]);
    }

    #[test]
    fn a_file_that_does_not_parse_fails_its_tree_and_no_other() {
        let web = deployment("web", "auth");
        let repo = repo(&[
            ("production/web.yaml", &web),
            ("staging/broken.yaml", "a: [\n"),
            ("staging/web.yaml", &web),
        ]);
        let root = repo.root_at(&path("staging")).unwrap();
        assert_eq!((root.status(), root.objects().len()), (Status::Failed, 1));
        assert_eq!(root.problems()[0].path, path("staging/broken.yaml"));
        assert!(root.problems()[0].place.is_some());
        assert_eq!(repo.root_at(&path("production")).unwrap().status(), Status::Resolved);
    }

    /// Flux builds without load restrictions, and so does what it builds; kubectl and Argo CD have them.
    #[test]
    fn flux_reads_files_above_a_kustomization() {
        let flux = |path: &str| {
            format!(
                "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: x}}\nspec: {{path: {path}}}\n"
            )
        };
        let argo = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {source: {path: apps/argo}}\n";
        let web = deployment("web", "auth");
        let above = resources(&["../web.yaml"]);
        let (reads, reads_base) =
            (resources(&["../web2.yaml", "base"]), resources(&["../../web.yaml"]));
        let web2 = deployment("web2", "auth");
        let flux = flux("./apps/flux");
        let files = [
            ("apps/argo/kustomization.yaml", above.as_str()),
            ("apps/flux/base/kustomization.yaml", &reads_base),
            ("apps/flux/kustomization.yaml", &reads),
            ("apps/nobody/kustomization.yaml", &above),
            ("apps/web.yaml", &web),
            ("apps/web2.yaml", &web2),
            ("clusters/flux.yaml", &flux),
            ("clusters/argo.yaml", argo),
        ];
        let told = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata: {kustomize.buildOptions: --enable-helm --load-restrictor LoadRestrictionsNone}\n";
        let lifted = [&files[..], &[("argocd/cm.yaml", told)]].concat();
        let (with, repo) = (repo(&lifted), repo(&files));
        assert_eq!(with.root_at(&path("apps/argo")).unwrap().status(), Status::Resolved);
        let status = |at| {
            let root = repo.root_at(&path(at)).unwrap();
            (root.status(), root.objects().len())
        };
        assert_eq!(status("apps/flux"), (Status::Resolved, 2));
        assert_eq!(status("apps/flux/base"), (Status::Resolved, 1));
        assert_eq!(status("apps/argo"), (Status::Failed, 0));
        assert_eq!(status("apps/nobody"), (Status::Failed, 0));
    }

    #[test]
    fn controllers_name_directories_and_namespaces() {
        let flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x}\nspec: {path: ./apps/base/extra, targetNamespace: shop}\n";
        let argo = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  destination: {namespace: tools}\n  sources:\n  - {path: more/tools}\n  - {path: '{{path}}'}\n";
        let web = deployment("web", "auth");
        let repo = repo(&[
            ("apps/base/extra/web.yaml", &web),
            ("apps/base/kustomization.yaml", "resources: []\n"),
            ("clusters/production/kustomization.yaml", &resources(&["flux.yaml"])),
            ("clusters/production/flux.yaml", flux),
            ("apps/base/extra/argo.yaml", argo),
            ("more/tools/web.yaml", &web),
            ("more/web.yaml", &web),
        ]);
        // What an object in production deploys belongs to production.
        let of = Some("production");
        assert_eq!(
            plain(&repo),
            [("apps/base/extra", of, 2), ("more", None, 1), ("more/tools", of, 1)]
        );
        let namespace = |at| repo.root_at(&path(at)).unwrap().namespace.as_deref();
        assert_eq!(namespace("apps/base/extra"), Some("shop"));
        assert_eq!(namespace("more/tools"), Some("tools"));
        assert_eq!(namespace("more"), None);
    }
}
