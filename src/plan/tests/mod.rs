//! Bumps of small repositories in memory.

mod many;
mod overlays;
mod plain;
mod stubs;

use std::sync::Arc;

use crate::config::parse::parse;
use crate::plan::Plan;
use crate::plan::bump::plan;
use crate::plan::refusal::PlanError;
use crate::plan::request::BumpRequest;
use crate::repo::subject::Subject;
use crate::repo::{Repo, Scope};
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::tree::memory::MemoryTree;

/// The version that staging mints in these tests.
const V2: &str = "20250723110000";

fn repo(files: &[(&str, &str)]) -> Repo {
    let files = files.iter().map(|(path, text)| (TreePath::new(path).unwrap(), (*text).into()));
    Repo::load(Arc::new(MemoryTree::new(files)), None, Scope::Everything).unwrap()
}

fn configured(files: &[(&str, &str)], settings: &str) -> Repo {
    let source = Source::file(TreePath::new("rotate.yaml").unwrap(), settings);
    let config = parse(&source).unwrap();
    let files = files.iter().map(|(path, text)| (TreePath::new(path).unwrap(), (*text).into()));
    Repo::load(Arc::new(MemoryTree::new(files)), Some(config), Scope::Everything).unwrap()
}

fn request(environment: &str, family: &str, version: Option<&str>) -> BumpRequest {
    BumpRequest {
        pins: Vec::new(),
        held: Vec::new(),
        leave: Vec::new(),
        back: None,
        program: "rotate bump".to_owned(),
        subject: Subject::new(environment, family),
        version: version.map(str::to_owned),
        now: "2025-07-23T11:00:00Z".parse().unwrap(),
    }
}

fn bump(files: &[(&str, &str)], environment: &str, family: &str) -> Result<Plan, PlanError> {
    plan(&repo(files), &request(environment, family, None))
}

/// The text of a file after a plan.
fn after<'p>(plan: &'p Plan, path: &str) -> &'p str {
    let change = plan.changes.iter().find(|change| change.path.as_str() == path);
    change.map_or("unchanged", |change| change.after.as_deref().unwrap_or("removed"))
}

/// The files that a plan changes or makes.
fn changed(plan: &Plan) -> Vec<&str> {
    plan.changes.iter().map(|change| change.path.as_str()).collect()
}

/// Every reason of a refusal.
fn why(error: &PlanError) -> String {
    error.reasons().iter().map(|reason| reason.what.as_str()).collect::<Vec<_>>().join("; ")
}
