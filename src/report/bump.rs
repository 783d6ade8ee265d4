//! A plan as `--format json` shows it: schema `rotate.bump/v1`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::plan::from_store::Newest;
use crate::plan::{FileChange, Left, MoveKind, Moved, NextStep, Plan, Stub};
use crate::repo::sensitive;
use crate::report::promote::WaitingView;
use crate::report::shift::RouteView;
use crate::report::status::rfc3339;
use crate::text::source::Place;

/// What `rotate bump --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bump {
    /// `rotate.bump/v1`; of a rollback `rotate.rollback/v1`.
    pub schema: &'static str,
    /// Whether the files were written.
    pub written: bool,
    /// One plan a family.
    pub plans: Vec<PlanView>,
    /// The files of settings that are written beside what the plans change: with a hold more or without one.
    pub settings: Vec<FileView>,
    /// What waits, where all that is due was asked for.
    pub waiting: Vec<WaitingView>,
    /// What is left to a person, in order; one commit for all plans.
    pub next: Vec<NextView>,
    /// What the stores have, where `--from-store` chose the version or the pin.
    pub from_store: Vec<StoredView>,
}

/// One family's plan.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanView {
    /// The family.
    pub family: String,
    /// The environment.
    pub environment: String,
    /// The names that the references have now.
    pub from: Vec<String>,
    /// The name that they get.
    pub to: String,
    /// The references that move.
    pub moved: Vec<MovedView>,
    /// The traffic that goes back instead of references, where two colours run two versions.
    pub routes: Vec<RouteView>,
    /// The stubs that are made.
    pub stubs: Vec<StubView>,
    /// What stays as it is, and why.
    pub left: Vec<LeftView>,
    /// The files that are written.
    pub files: Vec<FileView>,
    /// What is left to a person; where several plans change something, without the commit, which is one for all.
    pub next: Vec<NextView>,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

/// A reference that moves.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MovedView {
    /// The build root.
    pub root: String,
    /// The object's API version.
    pub api_version: String,
    /// The object's kind.
    pub kind: String,
    /// The object's namespace, where one is set.
    pub namespace: Option<String>,
    /// The object's name.
    pub name: String,
    /// The field.
    pub field: String,
    /// The name it has.
    pub from: String,
    /// The name it gets.
    pub to: String,
    /// `in-place`, `patch`, `added` or `set` (a key in the environment's own values file).
    pub how: &'static str,
    /// Whether nothing but its value tells that it names the secret.
    pub by_value: bool,
    /// Where the present name is written.
    pub origin: PlaceView,
    /// The file that is changed for it.
    pub file: String,
}

/// A stub that is made.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StubView {
    /// The new file.
    pub file: String,
    /// The kustomization that lists it.
    pub listed_in: Option<String>,
    /// The namespace, where Git sets one.
    pub namespace: Option<String>,
    /// The stub it is copied from.
    pub copied_from: Option<PlaceView>,
}

/// What stays as it is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeftView {
    /// The object and field.
    pub what: String,
    /// Where the name is written.
    pub origin: Option<PlaceView>,
    /// Why it stays.
    pub reason: String,
    /// What to do about it.
    #[serde(rename = "wayOut")]
    pub hint: String,
}

/// A file that is written.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileView {
    /// The file.
    pub path: String,
    /// Whether it is new.
    pub new: bool,
    /// Whether it goes.
    pub removed: bool,
    /// The text of a new file. One that exists may hold what must not be printed.
    pub text: Option<String>,
}

/// A thing for a person to do.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NextView {
    /// What to do.
    pub title: String,
    /// What to type.
    pub command: Option<String>,
}

/// The newest version of a key in its store.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoredView {
    /// The family.
    pub family: String,
    /// The key, as stubs name it.
    pub key: String,
    /// The store.
    pub store: &'static str,
    /// What the store itself calls the version; `null` where none can be used.
    pub id: Option<String>,
    /// The 14 digits of its label, if it has one.
    pub version: Option<String>,
    /// Whether the family moves to it.
    pub new: bool,
    /// The time of the first commit that names it, if it is not new.
    pub since: Option<String>,
    /// That commit.
    pub commit: Option<String>,
}

/// A range of a file. Bytes count from 0, lines and columns from 1.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlaceView {
    /// The file.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
    /// The first byte.
    pub start: usize,
    /// The byte behind the last one.
    pub end: usize,
}

impl Bump {
    /// The view of several plans and of the settings that change with them.
    #[must_use]
    pub fn new(plans: &[&Plan], settings: &[FileChange], next: &[NextStep], written: bool) -> Self {
        Self {
            schema: "rotate.bump/v1",
            written,
            plans: views(plans, next),
            settings: settings.iter().map(FileView::from).collect(),
            waiting: Vec::new(),
            next: next.iter().map(NextView::from).collect(),
            from_store: Vec::new(),
        }
    }
}

impl Bump {
    /// The view of a way back, under a name of its own.
    #[must_use]
    pub fn rollback(
        plan: &Plan,
        settings: &[FileChange],
        next: &[NextStep],
        written: bool,
    ) -> Self {
        Self { schema: "rotate.rollback/v1", ..Self::new(&[plan], settings, next, written) }
    }
}

/// The views of plans, of which `next` is left to a person.
#[must_use]
pub fn views(plans: &[&Plan], next: &[NextStep]) -> Vec<PlanView> {
    let only = plans.iter().filter(|plan| !plan.is_empty()).count() == 1;
    let view = |plan: &&Plan| {
        let own = if only && !plan.is_empty() { next } else { &plan.next };
        PlanView { next: own.iter().map(NextView::from).collect(), ..PlanView::from(*plan) }
    };
    plans.iter().map(view).collect()
}

impl From<&Plan> for PlanView {
    fn from(plan: &Plan) -> Self {
        Self {
            family: plan.subject.family.to_string(),
            environment: plan.subject.environment.clone(),
            from: plan.from.clone(),
            to: plan.to.clone(),
            moved: plan.moved.iter().map(MovedView::from).collect(),
            routes: plan.shifted.iter().map(RouteView::new).collect(),
            stubs: plan.stubs.iter().map(StubView::from).collect(),
            left: plan.left.iter().map(LeftView::from).collect(),
            files: plan.changes.iter().map(FileView::from).collect(),
            next: plan.next.iter().map(NextView::from).collect(),
            notes: plan.notes.clone(),
        }
    }
}

impl From<&Moved> for MovedView {
    fn from(moved: &Moved) -> Self {
        let object = &moved.object;
        Self {
            root: moved.root.display().to_owned(),
            api_version: object.api_version.to_string(),
            kind: object.kind.to_string(),
            namespace: object.namespace.as_deref().map(str::to_owned),
            name: object.name.to_string(),
            field: moved.field.clone(),
            from: moved.from.clone(),
            to: moved.to.clone(),
            how: match moved.how {
                MoveKind::InPlace => "in-place",
                MoveKind::Patch => "patch",
                MoveKind::Added => "added",
                MoveKind::Set => "set",
            },
            by_value: moved.by_value,
            origin: PlaceView::from(&moved.place),
            file: moved.file.display().to_owned(),
        }
    }
}

impl From<&Stub> for StubView {
    fn from(stub: &Stub) -> Self {
        Self {
            file: stub.file.display().to_owned(),
            listed_in: stub.listed_in.as_ref().map(|path| path.display().to_owned()),
            namespace: stub.namespace.clone(),
            copied_from: stub.copied_from.as_ref().map(PlaceView::from),
        }
    }
}

impl From<&Left> for LeftView {
    fn from(left: &Left) -> Self {
        Self {
            what: left.what.clone(),
            origin: left.place.as_ref().map(PlaceView::from),
            reason: left.reason.clone(),
            hint: left.hint.clone(),
        }
    }
}

impl From<&FileChange> for FileView {
    fn from(change: &FileChange) -> Self {
        Self {
            path: change.path.display().to_owned(),
            new: change.before.is_none(),
            removed: change.after.is_none(),
            text: change
                .after
                .as_ref()
                .filter(|_| change.before.is_none())
                .and_then(|text| sensitive::shown_text(&change.path, text)),
        }
    }
}

impl From<&Newest> for StoredView {
    fn from(newest: &Newest) -> Self {
        Self {
            family: newest.family.to_string(),
            key: newest.key.clone(),
            store: newest.store,
            id: newest.id.clone(),
            version: newest.version.clone(),
            new: newest.is_new,
            since: newest.seen.as_ref().map(|seen| rfc3339(seen.time)),
            commit: newest.seen.as_ref().map(|seen| seen.commit.clone()),
        }
    }
}

impl From<&NextStep> for NextView {
    fn from(step: &NextStep) -> Self {
        Self { title: step.title.clone(), command: step.command.clone() }
    }
}

impl From<&Place> for PlaceView {
    fn from(place: &Place) -> Self {
        let place = place.near_in_file();
        let position = place.position();
        Self {
            file: place.source.path().display().to_owned(),
            line: position.line,
            column: position.column,
            start: place.span().start,
            end: place.span().end,
        }
    }
}
