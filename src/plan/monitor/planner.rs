//! The plan: which monitors there are to be, where their files are, and the proof of the planned tree.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::monitors::{MonitorKind, Template};
use crate::k8s::secret_name::check;
use crate::kustomize::model::object::Object;
use crate::plan::batch::overlay;
use crate::plan::draft::Draft;
use crate::plan::monitor::builtin;
use crate::plan::monitor::fill::{Values, has, typos};
use crate::plan::monitor::object::{Filled, is_per_version};
use crate::plan::monitor::place::Site;
use crate::plan::monitor::{MonitorRequest, Monitors, State, Written};
use crate::plan::overlay::manifest;
use crate::plan::prune::proof::{Change, broken, prove};
use crate::plan::refusal::{PlanError, Refusal, environment};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::root::Root;
use crate::repo::subject::{Family, Subject};
use crate::text::edit::Edit;
use crate::text::nearest::nearest;
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::text::span::Span;
use crate::yaml::node::Node;

/// Plans the monitors and proves them on the planned tree.
///
/// # Errors
/// When the environment or the family is unknown or has no version there, a template cannot be filled in, a file cannot be
/// written or listed, or the planned tree does not resolve to what was meant.
pub fn plan(repo: &Repo, request: &MonitorRequest<'_>) -> Result<Monitors, PlanError> {
    let environment = environment(repo, &request.subject.environment)?;
    let found = &repo.environments[environment];
    let subject = Subject::new(&found.name, Family::of(&request.subject.family));
    if !found.versioned {
        return Err(PlanError::Unversioned(found.name.clone()));
    }
    let planner = Planner { repo, environment, subject, kind: request.kind };
    planner.check()?;
    planner.plan()
}

pub(super) struct Planner<'p> {
    pub(super) repo: &'p Repo,
    pub(super) environment: EnvironmentId,
    pub(super) subject: Subject,
    kind: MonitorKind,
}

impl Planner<'_> {
    fn check(&self) -> Result<(), PlanError> {
        let family = &*self.subject.family;
        let all = self.repo.all_families_of(self.environment);
        let Some(state) = all.get(family) else {
            let nearest = nearest(family, all.keys().copied()).map(Family::from);
            let known = all.into_keys().map(Family::from).collect();
            return Err(PlanError::UnknownFamily { subject: self.subject.clone(), nearest, known });
        };
        if !self.repo.config.secret(family).is_managed() {
            let what = "rotate.yaml says to leave the family alone".to_owned();
            return Err(self.refused(what, "remove `managed: false` from it"));
        }
        if state.stubs.is_empty() {
            let what = format!("nothing in {} provides a version of it", self.subject.environment);
            return Err(self.refused(what, "bump it first: a monitor is written beside the stub"));
        }
        Ok(())
    }

    pub(super) fn refused(&self, what: String, hint: &str) -> PlanError {
        self.refused_at(vec![Refusal { what, place: None, hint: hint.to_owned() }])
    }

    pub(super) fn refused_at(&self, reasons: Vec<Refusal>) -> PlanError {
        PlanError::Unwatched { subject: self.subject.clone(), reasons }
    }

    fn unproved(&self, differences: Vec<String>) -> PlanError {
        PlanError::Unproved { subject: self.subject.clone(), differences }
    }

    /// The version that runs, or the newest one.
    fn version(&self) -> String {
        let running = self.repo.running_of(self.environment, &self.subject.family);
        let newest = || {
            let state = self.repo.family(self.environment, &self.subject.family);
            state.and_then(|state| state.stubs.keys().next_back().cloned())
        };
        running.versions.last().cloned().or_else(newest).unwrap_or_default()
    }

    fn plan(&self) -> Result<Monitors, PlanError> {
        let version = self.version();
        let mut draft = Draft::default();
        let mut done = Monitors {
            subject: self.subject.clone(),
            kind: self.kind,
            monitors: Vec::new(),
            changes: Vec::new(),
            notes: Vec::new(),
        };
        let declared = self.repo.config.monitors.iter();
        let declared: Vec<(&str, &Template)> = declared
            .filter(|(_, template)| template.kind == self.kind)
            .map(|(name, template)| (name.as_str(), template))
            .collect();
        done.notes.extend(declared.iter().flat_map(|(name, template)| misspelled(name, template)));
        let labels = self.rule_labels(&declared, &mut done.notes);
        let by_hand = self.by_hand();
        for site in self.sites(&version)? {
            let own = builtin::workloads(
                self.repo,
                self.environment,
                (&self.subject.family, site.namespace.as_deref()),
            );
            let address = self.repo.prometheus_namespace(self.environment);
            let given = builtin::template(self.kind, &own, site.namespace.as_deref(), address);
            let templates: Vec<(&str, &Template, bool)> = if declared.is_empty() {
                vec![(builtin::NAME, &given, false)]
            } else {
                declared.iter().map(|(name, template)| (*name, *template, true)).collect()
            };
            if declared.is_empty() && self.kind == MonitorKind::Analysis && address.is_none() {
                done.notes.push(format!(
                    "nothing in the repository shows where Prometheus is; check `address`, which is {}",
                    given.address.as_deref().unwrap_or_default()
                ));
            }
            for (name, template, is_declared) in templates {
                let filled = self.filled((name, template), &version, (&site, &labels))?;
                let declared = is_declared.then(|| name.to_owned());
                let one = self.write(&filled, &site, declared, &mut draft)?;
                done.monitors.push(one);
            }
        }
        let files: BTreeSet<&TreePath> = done.monitors.iter().map(|one| &one.file).collect();
        done.notes.extend(
            by_hand
                .iter()
                .filter(|(_, file)| !files.contains(file))
                .map(|(who, file)| format!("{who} in {file} watches the family already")),
        );
        done.notes.dedup();
        done.changes = draft.finish().map_err(|fault| self.unproved(vec![fault]))?;
        self.prove(&done, &files.into_iter().cloned().collect())?;
        Ok(done)
    }

    /// The labels by which Prometheus selects rules.
    fn rule_labels(
        &self,
        declared: &[(&str, &Template)],
        notes: &mut Vec<String>,
    ) -> Vec<(String, String)> {
        if self.kind != MonitorKind::Prometheus {
            return Vec::new();
        }
        let labels = self.repo.rule_labels(self.environment);
        let has_own =
            !declared.is_empty() && declared.iter().all(|(_, one)| !one.object_labels.is_empty());
        if labels.is_none() && !has_own {
            notes.push(
                "nothing in the repository shows by which labels your Prometheus selects its rules (`ruleSelector`); if it asks for any, set them as `objectLabels` of a template under `monitors` in rotate.yaml"
                    .to_owned(),
            );
        }
        labels.unwrap_or_default()
    }

    /// The monitors of this kind that watch the family now, each with its file.
    fn by_hand(&self) -> Vec<(String, TreePath)> {
        let monitors = self.repo.monitors_of(self.environment, &self.subject.family).into_iter();
        let monitors = monitors.filter(|one| one.kind == self.kind && one.version().is_none());
        let known = monitors.filter_map(|one| {
            let file = one.place()?.source.path().clone();
            Some((format!("{} `{}`", one.object().kind(), one.object().name()), file))
        });
        known.collect()
    }

    /// A template with its values.
    fn filled<'f>(
        &'f self,
        (name, template): (&'f str, &'f Template),
        version: &'f str,
        (site, labels): (&'f Site, &'f [(String, String)]),
    ) -> Result<Filled<'f>, PlanError> {
        if site.namespace.is_none() && template.texts().any(|text| has(text, "namespace")) {
            let what = format!(
                "the template `{name}` has {{{{namespace}}}}, and nothing in Git sets the namespace of the secret"
            );
            let hint = "set `namespace` in the kustomization, or spell it in the template";
            return Err(self.refused(what, hint));
        }
        let Subject { environment, family } = &self.subject;
        let namespace = site.namespace.as_deref();
        let filled = Filled {
            name,
            template,
            values: Values { family, environment, version, namespace },
            selected_by: labels,
            own_namespace: site.own_namespace.as_deref(),
        };
        let object = filled.object_name();
        if check(&object).is_err() {
            let what = format!("`{object}` is too long for the name of an object");
            return Err(self.refused(what, "give the template a shorter name in rotate.yaml"));
        }
        if let Some(label) = filled.refused_label() {
            let what = format!(
                "`{label}` cannot be a label: its name and its value have at most 63 letters, digits, `-`, `_` and `.`"
            );
            return Err(self.refused(what, "correct `objectLabels` of the template in rotate.yaml"));
        }
        Ok(filled)
    }

    fn write(
        &self,
        filled: &Filled<'_>,
        site: &Site,
        template: Option<String>,
        draft: &mut Draft,
    ) -> Result<Written, PlanError> {
        let refused = |what: String| {
            self.refused(
                what,
                "move the file away, or correct the kustomization that is to list it",
            )
        };
        let (name, text) = (filled.object_name(), filled.document());
        let stem = format!("{}-{name}", self.kind.word());
        let (short, long) = (
            format!("{stem}.yaml"),
            site.namespace.as_ref().map(|one| format!("{stem}-{one}.yaml")),
        );
        let there = self.there(site, &[Some(&short), long.as_ref()], filled);
        let (file, state) = match there {
            Some((file, before)) if before.text() == text => (file, State::Unchanged),
            Some((file, before)) => {
                let span = Span::new(0, before.text().len());
                draft.edit(&before, Edit { span, text });
                (file, State::Updated)
            }
            None => {
                let place = (short.as_str(), long.as_deref());
                let file = manifest::create((self.repo, draft), &site.directory, place, text);
                (file.map_err(refused)?, State::New)
            }
        };
        let layer = |at: &TreePath| self.repo.resolver.layer(at);
        for (directory, beside) in &site.lists {
            let is_listed = layer(directory).is_some_and(|layer| layer.resources.contains(&file));
            if !is_listed {
                let beside = beside.as_ref();
                manifest::list((self.repo, draft), directory, beside, &file).map_err(refused)?;
            }
        }
        let version = is_per_version(filled.template).then(|| filled.values.version.to_owned());
        Ok(Written {
            name,
            version,
            namespace: site.namespace.clone(),
            template,
            listed_in: site.lists.first().and_then(|(at, _)| Some(layer(at)?.file.clone())),
            file,
            state,
        })
    }

    /// The file of a monitor that an earlier run has written.
    fn there(
        &self,
        site: &Site,
        names: &[Option<&String>],
        filled: &Filled<'_>,
    ) -> Option<(TreePath, Arc<Source>)> {
        names.iter().flatten().find_map(|name| {
            let file = site.directory.join(name)?;
            let source = self.repo.library.tree().source(&file).ok()?;
            let stream = self.repo.library.stream(&file).ok()?;
            let [document] = &stream.documents[..] else { return None };
            let text = |keys: &[&str]| document.root.at(keys).and_then(Node::str);
            let is_it = text(&["kind"]) == Some(self.kind.object())
                && text(&["metadata", "name"]) == Some(&filled.object_name())
                && text(&["metadata", "namespace"]) == site.own_namespace.as_deref();
            is_it.then_some((file, source))
        })
    }

    /// Resolves the planned tree: there are the monitors, and nothing else differs.
    fn prove(&self, done: &Monitors, files: &BTreeSet<TreePath>) -> Result<(), PlanError> {
        if done.changes.is_empty() {
            return Ok(());
        }
        let changed: BTreeSet<TreePath> =
            done.changes.iter().map(|change| change.path.clone()).collect();
        let after = self.repo.reload(Arc::new(overlay(self.repo, &done.changes)), &changed);
        let after = after.map_err(|error| self.unproved(vec![error.to_string()]))?;
        let broken = broken(self.repo, &after);
        if !broken.is_empty() {
            return Err(self.refused_at(broken));
        }
        let is_meant = |root: &Root, object: &Object| {
            let file = object.node.origin.as_ref().map(|origin| origin.near_in_file());
            root.environment.is_none_or(|id| id == self.environment)
                && object.kind() == self.kind.object()
                && file.is_some_and(|place| files.contains(place.source.path()))
        };
        let change = Change { gone: &BTreeSet::new(), is_meant: &is_meant };
        let mut faults = prove(self.repo, &after, &change);
        let there: BTreeSet<TreePath> = after
            .monitors_of(self.environment, &self.subject.family)
            .iter()
            .filter_map(|one| Some(one.place()?.source.path().clone()))
            .collect();
        let missing = files.iter().filter(|file| !there.contains(*file));
        faults.extend(missing.map(|file| format!("{file}: no build would have its monitor")));
        if faults.is_empty() { Ok(()) } else { Err(self.unproved(faults)) }
    }
}

/// The words of a template that look like placeholders and are none.
fn misspelled(name: &str, template: &Template) -> Vec<String> {
    let texts = template.texts().flat_map(typos);
    let note = |(word, own): (&str, &str)| {
        format!(
            "`{{{{{word}}}}}` in the template `{name}` stays as it is; did you mean `{{{{{own}}}}}`?"
        )
    };
    texts.map(note).collect()
}
