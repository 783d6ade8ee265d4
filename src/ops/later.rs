//! What is wrong with what a bump writes, and what will keep the next environment from taking it: said now, while the change
//! is at hand, and not on the day of the promotion.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::ops::errors::{Errors, lint};
use crate::ops::failure::Failure;
use crate::plan::Plan;
use crate::plan::batch::Batch;
use crate::plan::refusal::PlanError;
use crate::plan::request::BumpRequest;
use crate::repo::Repo;
use crate::repo::environment::{Environment, EnvironmentId};
use crate::repo::subject::{Family, Subject};
use crate::text::shell::command;

/// Notes and commands for the next environment.
#[derive(Default)]
pub struct Later {
    /// Notes by family.
    pub notes: BTreeMap<Family, Vec<String>>,
    /// By family: that environment, and the command that takes the version there with the pins that its store gives.
    pub commands: BTreeMap<Family, (String, String)>,
}

impl Later {
    /// Records why the next environment cannot take a family's version, unless only a pin is missing.
    fn refused(&mut self, taking: Subject, error: PlanError) {
        let Subject { environment: next, family } = taking;
        if let Some(command) = error.with_pins() {
            let command = command.to_owned();
            self.commands.insert(family, (next, command));
            return;
        }
        let failure = Failure::from(error);
        let help = failure.message.also.first().unwrap_or(&failure.message).help.clone();
        let help = help.map_or_else(String::new, |help| format!("; {help}"));
        let text = failure.message.first_line();
        self.note(&family, format!("{next} cannot take this version later: {text}{help}"));
    }

    fn note(&mut self, family: &Family, note: String) {
        self.notes.entry(family.clone()).or_default().push(note);
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
    let Some(environment) = plans.first().map(|plan| &plan.subject.environment) else {
        return Ok(later);
    };
    let here = after.environment(environment)?;
    let (old, errors) = (Errors::of(before, now), Errors::of(after, now));
    // Elsewhere the gate has refused them.
    if after.is_first(here) {
        for plan in &plans {
            let gate = lint(&old, &errors, &plan.subject)?;
            if !gate.is_open {
                later.note(&plan.subject.family, gate.text);
            }
        }
    }
    let mut batch = Batch::new(after);
    let mut taken: Vec<Subject> = Vec::new();
    for plan in &plans {
        let Some(next) = next(after, here, &plan.subject.family) else { continue };
        if let Some(hold) = after.config.hold(&next.name, &plan.subject.family) {
            let note = format!(
                "{} is held at {}: `{}` will take this version there",
                next.name,
                hold.version,
                command(program, &[&next.name, &plan.subject.family], " --lift-hold")
            );
            later.note(&plan.subject.family, note);
        }
        let taking = Subject::new(&next.name, &plan.subject.family);
        let request = BumpRequest {
            subject: taking.clone(),
            version: Some(plan.version().to_owned()),
            pins: Vec::new(),
            held: Vec::new(),
            leave: Vec::new(),
            back: None,
            program: program.to_owned(),
            now,
        };
        match batch.plan(&request) {
            Ok(_) => taken.push(taking),
            Err(error) => later.refused(taking, error),
        }
    }
    let promoted = Errors::of(batch.repo(), now);
    for taking in taken {
        let gate = lint(&errors, &promoted, &taking)?;
        if !gate.is_open {
            let Subject { environment, family } = &taking;
            let note = format!("{environment} cannot take this version later: {}", gate.text);
            later.note(family, note);
        }
    }
    Ok(later)
}

/// The environment that takes a version of a family over from another.
fn next<'r>(repo: &'r Repo, here: EnvironmentId, family: &str) -> Option<&'r Environment> {
    let mut after = repo.environments.after(here).iter().filter(|one| one.versioned);
    after.find(|one| !repo.running_of(one.id, family).is_empty())
}
