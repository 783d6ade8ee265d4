//! `rotate promote`: every bump that is due, in every environment that takes versions over.

use chrono::{DateTime, Utc};

use crate::cli::args::{Format, Global};
use crate::cli::failure::Failure;
use crate::cli::gates::lint_gate;
use crate::cli::past::Opened;
use crate::cli::writing::Work;
use crate::cli::{Status, past, writing};
use crate::plan::batch::Batch;
use crate::plan::request::BumpRequest;
use crate::report::console::Console;
use crate::report::message;
use crate::report::promote::{Promote, Promotion, Waiting, markdown, text};
use crate::timeline::Timeline;
use crate::timeline::gate::Gate;
use crate::timeline::outlook::{Next, Standing, outlook};
use crate::timeline::walk::Depth;

/// Take every version that is due to the next environment
///
/// Due is what has run alone in the environment before for as long as its soak, is not held, comes
/// within the window, and leaves the rules without an error. What waits is listed with its reason.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only in this environment; none: in every one that takes versions over
    #[arg(value_name = "ENV")]
    environment: Option<String>,

    #[command(flatten)]
    writing: writing::Args,

    #[command(flatten)]
    past: past::Args,
}

/// Plans what is due, proves it, and writes it or shows it.
///
/// # Errors
/// When the tree or its history cannot be read, or what was planned cannot be written.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let format = global.one_of(&[Format::Text, Format::Json, Format::Markdown])?;
    let opened = args.past.open(global, console, args.writing.access())?;
    let timeline = args.past.timeline(&opened, Depth::Since)?;
    let Opened { session, repo, now } = opened;
    let mut standings = Promotions { standings: outlook(&repo, Some(&timeline), now), timeline };
    if let Some(name) = &args.environment {
        repo.environment(name)?;
        standings.standings.retain(|one| one.environment == *name);
    }
    let mut batch = Batch::new(&repo);
    let (work, waiting, failures) = standings.plan(&mut batch, now)?;
    let changes = batch.changes();
    args.writing.carry_out(&session, &work, &changes, console)?;
    let promotions: Vec<Promotion<'_>> = work
        .iter()
        .map(|one| Promotion {
            plan: &one.plan,
            standing: standings.of(&one.plan.environment, &one.plan.family),
        })
        .collect();
    let written = args.writing.writes();
    match format {
        Format::Json => {
            console.json(&Promote::new(&promotions, &waiting, written))?;
        }
        Format::Markdown => {
            console.result(&markdown(&promotions, &waiting, &standings.timeline))?;
        }
        _ => {
            args.writing.show(&session, &work, &changes, console)?;
            console.talk(text(&promotions, &waiting).trim_end());
        }
    }
    for failure in &failures {
        console.complain(&message::error(&failure.message, console));
    }
    let would = args.writing.check && !changes.is_empty();
    let status = failures.iter().map(|failure| failure.status).max();
    Ok(status.unwrap_or(if would { Status::Findings } else { Status::Done }))
}

/// How everything stands.
struct Promotions {
    standings: Vec<Standing>,
    timeline: Timeline,
}

/// What came of planning: what can be done, what waits, and what cannot be planned.
type Planned = (Vec<Work>, Vec<Waiting>, Vec<Failure>);

impl Promotions {
    fn of(&self, environment: &str, family: &str) -> Option<&Standing> {
        self.standings.iter().find(|one| one.environment == environment && one.family == family)
    }

    /// One plan a family that is due, in promotion order, each on the tree that the ones before would leave.
    fn plan(&self, batch: &mut Batch<'_>, now: DateTime<Utc>) -> Result<Planned, Failure> {
        let (mut work, mut waiting, mut failures) = (Vec::new(), Vec::new(), Vec::new());
        let names: Vec<String> =
            batch.repo().environments.iter().map(|one| one.name.clone()).collect();
        for name in names {
            for standing in self.standings.iter().filter(|one| one.environment == name) {
                let Next::Take { version, from, gates } = &standing.next else { continue };
                let mut shut: Vec<_> = gates.iter().filter(|gate| !gate.is_open).cloned().collect();
                if shut.is_empty() {
                    let request = BumpRequest {
                        environment: name.clone(),
                        family: standing.family.clone(),
                        version: Some(version.clone()),
                        back: None,
                        now,
                    };
                    match one(batch, &request) {
                        Ok(Ok(one)) => {
                            work.push(one);
                            continue;
                        }
                        Ok(Err(gate)) => shut.push(gate),
                        Err(failure) => {
                            failures.push(failure);
                            continue;
                        }
                    }
                }
                waiting.push(Waiting {
                    family: standing.family.clone(),
                    environment: name.clone(),
                    version: version.clone(),
                    from: from.clone(),
                    gates: shut,
                });
            }
        }
        Ok((work, waiting, failures))
    }
}

/// A bump, unless the rules would find errors afterwards: then the gate that this shuts.
fn one(batch: &mut Batch<'_>, request: &BumpRequest) -> Result<Result<Work, Gate>, Failure> {
    let plan = batch.preview(request)?;
    if let Some(after) = batch.after(&plan.changes) {
        let (environment, family) = (&request.environment, &request.family);
        let gate = lint_gate(batch.repo(), &after, environment, family, request.now)?;
        if let Some(gate) = gate {
            return Ok(Err(gate));
        }
    }
    batch.take(&plan.changes);
    Ok(Ok(Work { plan, settings: Vec::new(), remarks: Vec::new(), verb: "Promote" }))
}
