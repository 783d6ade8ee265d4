//! What a person must make where no stub can be written: which file, and what must list it.

use crate::k8s::encryption::{is_encrypted, is_sealed};
use crate::k8s::resource::kind_of;
use crate::plan::refusal::Refusal;
use crate::plan::stub::describe::OTHER_MAKER;
use crate::plan::stub::naming::file_name;
use crate::plan::stub::planner::Planner;
use crate::plan::survey::{Item, Made, Survey};
use crate::repo::root::Root;
use crate::text::path::TreePath;
use crate::text::shell::{command, option};
use crate::yaml::node::Node;

impl Planner<'_> {
    /// Why a secret of another name cannot be had from the maker of the old one; `None` where the values of a plain
    /// Secret are in Git.
    pub(super) fn by_hand(&self, made: &Made<'_>) -> Option<Refusal> {
        let (object, secret) = (made.object(), made.provider.secret());
        let kind = kind_of(&object.node);
        let (what, hint) = if is_encrypted(&object.node) {
            let tool = if is_sealed(&object.node) { "kubeseal" } else { "sops" };
            (
                format!(
                    "the {kind} `{}` is encrypted, and its name is part of what is sealed",
                    object.name()
                ),
                self.sealed(made, tool),
            )
        } else if object.generated.is_some() {
            let file = made.provider.near().map(|place| place.source.path().clone());
            let files = file.map(|file| self.kustomizations(&file)).unwrap_or_default();
            let (file, note) = match &files[..] {
                [] => ("its kustomization".to_owned(), ""),
                [one] => (format!("`{one}`"), ""),
                [one, ..] => (
                    format!("`{one}`"),
                    " (and likewise in the environment's other kustomizations)",
                ),
            };
            (
                format!("a `secretGenerator` makes `{secret}` from values in Git"),
                format!(
                    "under `secretGenerator` in {file}{note} add `name: {}` with `options: {{disableNameSuffixHash: true}}` and the new values, and leave the old one; then {}",
                    self.name,
                    self.bump_again()
                ),
            )
        } else if matches!(kind, "Secret" | "List" | "") {
            return None;
        } else {
            let what = format!(
                "the {kind} `{}` always makes this secret under its current name",
                object.name()
            );
            (what, OTHER_MAKER.to_owned())
        };
        Some(Refusal { what, place: made.provider.near(), hint })
    }

    /// The file that holds a sealed value of the new version, beside the old one.
    fn sealed(&self, made: &Made<'_>, tool: &str) -> String {
        let origin = made.object().node.origin.as_ref().map(|origin| origin.near_in_file());
        let Some(old) = origin.map(|near| near.source.path().clone()) else {
            return OTHER_MAKER.to_owned();
        };
        let name = file_name(&old, made.provider.secret(), self.name);
        let (directory, listed) = if self.repo.is_exclusive_to(self.environment, &old) {
            (old.parent(), self.listing(made.root, &old))
        } else {
            let files = self.kustomizations(&old);
            let Some(file) = files.into_iter().next() else { return OTHER_MAKER.to_owned() };
            (file.parent(), Some((file, "resources")))
        };
        let new = directory.join(&name).unwrap_or(old);
        let listed = listed.map_or_else(String::new, |(file, field)| {
            format!(", list it under `{field}` in `{file}`")
        });
        format!("make `{}` with {tool} in `{new}`{listed}, then {}", self.name, self.bump_again())
    }

    /// The kustomizations in which something new stands that a file has for other environments, too; the file itself where it is
    /// a kustomization of this environment alone.
    fn kustomizations(&self, file: &TreePath) -> Vec<TreePath> {
        if self.repo.is_exclusive_to(self.environment, file) {
            return vec![file.clone()];
        }
        let nearest = self.repo.nearest_exclusive(self.environment, file).directories;
        let layers = nearest.iter().filter_map(|at| self.repo.resolver.layer(at));
        layers.map(|layer| layer.file.clone()).collect()
    }

    /// Why the namespace that a name is looked for in is not known: a chart of the tree is not rendered and may hand the name on to
    /// another namespace, where a stub of the family is.
    pub(super) fn handed_on(
        &self,
        survey: &Survey<'_>,
        namespace: &Option<String>,
    ) -> Option<Refusal> {
        let items = survey.uses_in(namespace.as_deref());
        let chart = &items.first()?.root.path;
        let is_value = |item: &&Item<'_>| {
            !item.root.is_real(item.reference.object) && self.repo.may_render(&item.root.path)
        };
        let stubs = survey.providers.iter().filter(|made| made.root.environment.is_some());
        let mut stubs = stubs.filter(|made| kind_of(&made.object().node) == "ExternalSecret");
        let stub = stubs.next().filter(|_| items.iter().all(is_value))?;
        let (environment, program) = (&self.repo.environments[self.environment].name, self.program);
        let options = option("--version", self.version.as_str()) + " --helm";
        let bump = command(program, &[environment, self.family], &options);
        Some(Refusal {
            what: format!(
                "the values of the chart `{chart}` name the secret, and where the chart uses it is known only when it is rendered; its stub is in another namespace{}",
                stub.namespace().map_or_else(String::new, |name| format!(", `{name}`"))
            ),
            place: items.first().and_then(|item| item.reference.near()),
            hint: format!("have the chart rendered, with the `helm` on the path: `{bump}`"),
        })
    }

    fn bump_again(&self) -> String {
        let environment = &self.repo.environments[self.environment].name;
        let version = option("--version", self.version.as_str());
        format!("`{}`", command(self.program, &[environment, self.family], &version))
    }

    /// The file and the field that bring a file into a root: a kustomization's `resources`, or the `files` of KSOPS.
    fn listing(&self, root: &Root, file: &TreePath) -> Option<(TreePath, &'static str)> {
        let layers = root.directories().iter().filter_map(|at| self.repo.resolver.layer(at));
        let listed =
            layers.filter(|layer| layer.resources.contains(file)).map(|one| one.file.clone());
        let resources = listed.map(|listed| (listed, "resources")).next();
        resources.or_else(|| self.generators(root, file).map(|listed| (listed, "files")))
    }

    /// The generator of KSOPS that decrypts a file.
    fn generators(&self, root: &Root, file: &TreePath) -> Option<TreePath> {
        let items = |node: &Node, key: &str| node.get(key).map_or(&[][..], Node::items).to_vec();
        let leads = |directory: &TreePath, item: &Node| directory.join(item.str()?);
        root.kustomizations().find_map(|kustomization| {
            let directory = kustomization.parent();
            let stream = self.repo.library.stream(kustomization).ok()?;
            let entries = items(&stream.documents.first()?.root, "generators");
            let mut plugins = entries.iter().filter_map(|entry| leads(&directory, entry));
            plugins.find(|plugin| {
                let stream = self.repo.library.stream(plugin);
                stream.is_ok_and(|stream| {
                    let files = stream.documents.iter().flat_map(|one| items(&one.root, "files"));
                    files.into_iter().any(|one| leads(&directory, &one).as_ref() == Some(file))
                })
            })
        })
    }
}
