//! What is wrong with what a bump writes, and what will keep the next environment from taking it: said now, while the change
//! is at hand, and not on the day of the promotion.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::ops::failure::Failure;
use crate::ops::gates::{Errors, lint};
use crate::plan::Plan;
use crate::plan::batch::Batch;
use crate::plan::refusal::PlanError;
use crate::plan::request::BumpRequest;
use crate::repo::Repo;
use crate::repo::environment::{Environment, EnvironmentId};

/// Notes and commands for the next environment.
#[derive(Default)]
pub struct Later {
    /// Notes by family.
    pub notes: BTreeMap<String, Vec<String>>,
    /// By family: that environment, and the command that takes the version there with the pins that its store gives.
    pub commands: BTreeMap<String, (String, String)>,
}

impl Later {
    /// Records why the next environment cannot take a family's version, unless only a pin is missing.
    fn refused(&mut self, family: &str, next: &str, error: PlanError) {
        if let Some(command) = error.with_pins() {
            let command = (next.to_owned(), command.to_owned());
            self.commands.insert(family.to_owned(), command);
            return;
        }
        let failure = Failure::from(error);
        let help = failure.message.also.first().unwrap_or(&failure.message).help.clone();
        let help = help.map_or_else(String::new, |help| format!("; {help}"));
        let text = failure.message.first_line();
        self.note(family, format!("{next} cannot take this version later: {text}{help}"));
    }

    fn note(&mut self, family: &str, note: String) {
        self.notes.entry(family.to_owned()).or_default().push(note);
    }
}

/// What there is to say of plans of one environment, all of which `after` has.
///
/// # Errors
/// When the settings name an unknown rule.
pub fn notes(
    before: &Repo,
    after: &Repo,
    plans: &[&Plan],
    (program, now): (&str, DateTime<Utc>),
) -> Result<Later, Failure> {
    let mut later = Later::default();
    let plans: Vec<&Plan> = plans.iter().copied().filter(|plan| !plan.is_empty()).collect();
    let Some(environment) = plans.first().map(|plan| plan.environment.as_str()) else {
        return Ok(later);
    };
    let here = after.environment(environment)?;
    let (old, errors) = (Errors::of(before, now), Errors::of(after, now));
    // Elsewhere the gate has refused them.
    if after.is_first(here) {
        for plan in &plans {
            let gate = lint(&old, &errors, environment, &plan.family)?;
            if !gate.is_open {
                later.note(&plan.family, gate.text);
            }
        }
    }
    let mut batch = Batch::new(after);
    let mut taken: Vec<(&Plan, &Environment)> = Vec::new();
    for plan in &plans {
        let Some(next) = next(after, here, &plan.family) else { continue };
        if let Some(hold) = after.config.hold(&next.name, &plan.family) {
            let note = format!(
                "{} is held at {}: `{program} bump {} {} --lift-hold` will take this version there",
                next.name, hold.version, next.name, plan.family
            );
            later.note(&plan.family, note);
        }
        let request = BumpRequest {
            environment: next.name.clone(),
            family: plan.family.clone(),
            version: Some(plan.version().to_owned()),
            pins: Vec::new(),
            leave: Vec::new(),
            back: None,
            program: program.to_owned(),
            now,
        };
        match batch.plan(&request) {
            Ok(_) => taken.push((*plan, next)),
            Err(error) => {
                later.refused(&plan.family, &next.name, error);
            }
        }
    }
    let promoted = Errors::of(batch.repo(), now);
    for (plan, next) in taken {
        let gate = lint(&errors, &promoted, &next.name, &plan.family)?;
        if !gate.is_open {
            let note = format!("{} cannot take this version later: {}", next.name, gate.text);
            later.note(&plan.family, note);
        }
    }
    Ok(later)
}

/// The environment that takes a version of a family over from another.
fn next<'r>(repo: &'r Repo, here: EnvironmentId, family: &str) -> Option<&'r Environment> {
    let mut after = repo.environments.after(here).iter().filter(|one| one.versioned);
    after.find(|one| !repo.running_of(one.id, family).is_empty())
}
