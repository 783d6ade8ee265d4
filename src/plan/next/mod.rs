//! The remaining manual steps: the values, the commit, the wait, the next environment.

pub(super) mod put;
pub(super) mod remove;
pub(super) mod still;
pub(super) mod supply;

use std::collections::BTreeSet;

use crate::plan::next::supply::Supply;
use crate::plan::{NextStep, Stage};
use crate::text::shell::command;

/// What follows once a version has run.
pub(super) struct After<'a> {
    /// How `rotate bump` is called.
    pub(super) program: &'a str,
    /// The next environment.
    pub(super) environment: &'a str,
    /// How long to wait, as shown to the user.
    pub(super) soak: String,
    /// Whether a hold keeps the family there at another version.
    pub(super) is_held: bool,
}

/// The steps in order, without the commit: the values, the wait, the next environment.
pub(super) fn steps(
    supplies: &BTreeSet<Supply>,
    family: &str,
    environment: &str,
    after: Option<&After<'_>>,
) -> Vec<NextStep> {
    let mut steps: Vec<NextStep> = supplies.iter().flat_map(put::steps).collect();
    if let Some(After { program, environment: next, soak, is_held }) = after {
        let (lift, flag) = match is_held {
            true => (format!("lift the hold in {next} and "), " --lift-hold"),
            false => (String::new(), ""),
        };
        steps.push(NextStep {
            title: format!("Watch {environment} for {soak}, then {lift}promote the version."),
            command: Some(command(program, &[next, family], flag)),
            stage: Stage::Then,
        });
    }
    steps
}

/// A step before the commit.
fn value(title: impl Into<String>, command: Option<String>) -> NextStep {
    NextStep { title: title.into(), command, stage: Stage::Values }
}

/// A step after the commit.
pub(super) fn then(title: impl Into<String>, command: Option<String>) -> NextStep {
    NextStep { title: title.into(), command, stage: Stage::Then }
}
