//! What is due, planned: for `rotate promote`.

use chrono::{DateTime, Utc};

use crate::cli::change::Change;
use crate::cli::failure::Failure;
use crate::cli::gates::lint;
use crate::cli::writing::Work;
use crate::plan::batch::Batch;
use crate::plan::remaining::remaining;
use crate::plan::request::BumpRequest;
use crate::report::promote::Waiting;
use crate::timeline::gate::{Gate, GateKind};
use crate::timeline::outlook::{Next, Standing};

/// What came of planning: what can be done, what waits, and what cannot be planned.
#[derive(Default)]
pub struct Planned {
    /// What can be done.
    pub due: Vec<Change>,
    /// What waits.
    pub waiting: Vec<Waiting>,
    /// What waits for some hours, or until an error is mended: planned all the same, since what is proposed of it
    /// already goes on being right.
    pub late: Vec<Change>,
    /// What cannot be planned: the environment, the family, and why.
    pub failures: Vec<(String, String, Failure)>,
}

/// How plans of one run go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Together {
    /// Each on the tree that the ones before would leave.
    OnTop,
    /// Each alone.
    Apart,
}

/// One plan a family that is due, in promotion order.
#[must_use]
pub fn plan(
    batch: &mut Batch<'_>,
    standings: &[Standing],
    together: Together,
    (program, now): (&str, DateTime<Utc>),
) -> Planned {
    let mut planned = Planned::default();
    let names: Vec<String> = batch.repo().environments.iter().map(|one| one.name.clone()).collect();
    for name in &names {
        for standing in standings.iter().filter(|one| one.environment == *name) {
            if let Next::Take { version, from, gates } = &standing.next {
                let take = Take { standing, version, from, gates, together, program, now };
                take.add_to(&mut planned, batch);
            }
        }
    }
    planned
}

/// A version that could be taken.
struct Take<'a> {
    standing: &'a Standing,
    version: &'a str,
    from: &'a str,
    gates: &'a [Gate],
    together: Together,
    program: &'a str,
    now: DateTime<Utc>,
}

impl Take<'_> {
    fn add_to(&self, planned: &mut Planned, batch: &mut Batch<'_>) {
        let shut: Vec<Gate> = self.gates.iter().filter(|gate| !gate.is_open).cloned().collect();
        let passes_by_itself = shut.iter().all(|gate| gate.kind == GateKind::Window);
        let is_planned = match self.together {
            Together::OnTop => shut.is_empty(),
            Together::Apart => passes_by_itself,
        };
        if !is_planned {
            planned.waiting.push(self.waiting(shut));
            return;
        }
        match self.due(batch) {
            Err(failure) => {
                let Standing { environment, family, .. } = self.standing;
                planned.failures.push((environment.clone(), family.clone(), failure));
            }
            Ok(due) if due.gates.iter().all(|gate| gate.is_open) => {
                if self.together == Together::OnTop {
                    batch.take(&due.work.plan.changes);
                }
                planned.due.push(due);
            }
            Ok(due) => {
                let shut = due.gates.iter().filter(|gate| !gate.is_open).cloned().collect();
                planned.waiting.push(self.waiting(shut));
                planned.late.push(due);
            }
        }
    }

    fn due(&self, batch: &Batch<'_>) -> Result<Change, Failure> {
        let (environment, family) = (&self.standing.environment, &self.standing.family);
        let request = BumpRequest {
            environment: environment.clone(),
            family: family.clone(),
            version: Some(self.version.to_owned()),
            back: None,
            program: self.program.to_owned(),
            now: self.now,
        };
        let plan = batch.preview(&request)?;
        let after = batch.after(&plan.changes);
        let repo = after.as_ref().unwrap_or_else(|| batch.repo());
        let mut gates = self.gates.to_vec();
        gates.push(lint(batch.repo(), repo, environment, family, self.now)?);
        Ok(Change {
            remaining: remaining(repo, &plan),
            work: Work { plan, settings: Vec::new(), remarks: Vec::new(), verb: "Promote" },
            from: Some(self.from.to_owned()),
            gates,
        })
    }

    fn waiting(&self, gates: Vec<Gate>) -> Waiting {
        Waiting {
            family: self.standing.family.clone(),
            environment: self.standing.environment.clone(),
            version: self.version.to_owned(),
            from: self.from.to_owned(),
            gates,
        }
    }
}
