//! What is due, planned: for `rotate promote`.

use chrono::{DateTime, Utc};

use crate::ops::errors::{Errors, lint_change};
use crate::ops::failure::Failure;
use crate::ops::gates::Gates;
use crate::ops::rotation::Rotation;
use crate::ops::watching::not_asked;
use crate::plan::batch::Batch;
use crate::plan::commit::{Remark, Verb};
use crate::plan::refusal::PlanError;
use crate::plan::remaining::remaining;
use crate::plan::request::{BumpRequest, Line};
use crate::plan::stored::stored;
use crate::repo::Repo;
use crate::repo::subject::Subject;
use crate::timeline::gate::{Gate, GateKind};
use crate::timeline::outlook::{Next, Standing};

/// The result of planning: what can be done, what waits, and what cannot be planned.
#[derive(Default)]
pub struct Planned {
    /// What can be done.
    pub due: Vec<Rotation>,
    /// The versions that wait.
    pub waiting: Vec<Waiting>,
    /// What waits for some hours, until monitors are quiet, or until an error is mended: planned all the same, since what
    /// is proposed of it already goes on being right.
    pub late: Vec<Rotation>,
    /// What cannot be planned, and why.
    pub failures: Vec<(Subject, Failure)>,
}

/// A version that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The family, and the environment that would take it.
    pub subject: Subject,
    /// The 14 digits.
    pub version: String,
    /// The environment that runs it.
    pub from: String,
    /// The closed gates.
    pub gates: Vec<Gate>,
}

/// How the plans of one run are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Together {
    /// Each on the tree that results from the ones before.
    OnTop,
    /// Each on the unchanged tree.
    Apart,
}

/// How a run plans.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// How its plans are combined.
    pub together: Together,
    /// How `rotate bump` is called for the tree.
    pub program: &'a str,
    /// The current time.
    pub now: DateTime<Utc>,
    /// Lines that contain an old name and are left unchanged.
    pub leave: &'a [Line],
    /// Pins of values whose stores assign them.
    pub pins: &'a [String],
    /// The gates that may be overridden; if `None`, all must be open.
    pub gates: Option<&'a Gates<'a>>,
    /// Whether nothing is said of monitors: they are asked, or nobody reads the notes.
    pub is_watched: bool,
}

/// One plan a family that is due, in promotion order; on top of each other the last environment comes first, so that each takes
/// what the one before it runs now, and not what that takes in the same run.
#[must_use]
pub fn plan(batch: &mut Batch<'_>, standings: &[Standing], ask: Ask<'_>) -> Planned {
    let mut planned = Planned::default();
    let names: Vec<String> = batch.repo().environments.iter().map(|one| one.name.clone()).collect();
    let mut order: Vec<&String> = names.iter().collect();
    if ask.together == Together::OnTop {
        order.reverse();
    }
    for name in order {
        for standing in standings.iter().filter(|one| one.subject.environment == *name) {
            if let Next::Take { version, from, gates } = &standing.next {
                let take = Take { standing, version, from, gates, ask };
                take.add_to(&mut planned, batch);
            }
        }
    }
    let place = |subject: &Subject| names.iter().position(|name| *name == subject.environment);
    planned.waiting.sort_by_key(|one| place(&one.subject));
    planned.failures.sort_by_key(|(subject, _)| place(subject));
    planned
}

/// Asks of every version that could be taken now whether it could be planned, and whether the rules let it through, so that
/// what is called due is what a bump would do.
///
/// # Errors
/// When the settings name an unknown rule.
pub fn judge(
    repo: &Repo,
    standings: &mut [Standing],
    program: &str,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let ask = Ask {
        together: Together::Apart,
        program,
        now,
        leave: &[],
        pins: &[],
        gates: None,
        is_watched: true,
    };
    let (batch, errors) = (Batch::new(repo), Errors::of(repo, now));
    for standing in standings.iter_mut().filter(|one| one.next.is_due()) {
        let Next::Take { version, from, gates } = &standing.next else { continue };
        let take = Take { standing, version, from, gates, ask };
        let more = match take.due(&batch, &errors) {
            Ok((due, _)) => due.gates.into_iter().skip(gates.len()).collect(),
            Err(reason) => vec![reason.gate()],
        };
        if let Next::Take { gates, .. } = &mut standing.next {
            gates.extend(more);
        }
    }
    Ok(())
}

/// Why a version that could be taken is not due.
enum NotDue {
    /// It waits for a pin that somebody must give.
    Unpinned(Gate),
    /// It cannot be planned.
    Failed(Failure),
}

impl NotDue {
    /// The closed gate.
    fn gate(self) -> Gate {
        match self {
            Self::Unpinned(gate) => gate,
            Self::Failed(failure) => shut(failure.message.first_line()),
        }
    }
}

fn shut(text: String) -> Gate {
    Gate { kind: GateKind::Plan, is_open: false, text, opens: None }
}

impl From<Failure> for NotDue {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<PlanError> for NotDue {
    fn from(error: PlanError) -> Self {
        match error.with_pins() {
            Some(command) => Self::Unpinned(shut(format!(
                "the store assigns the value's version, which must be given: `{command}`"
            ))),
            None => Self::Failed(error.into()),
        }
    }
}

/// A version that could be taken.
struct Take<'a> {
    standing: &'a Standing,
    version: &'a str,
    from: &'a str,
    gates: &'a [Gate],
    ask: Ask<'a>,
}

impl Take<'_> {
    fn add_to(&self, planned: &mut Planned, batch: &mut Batch<'_>) {
        let (mut remarks, mut shut) = self.overridden(self.gates);
        let by_itself = |gate: &Gate| matches!(gate.kind, GateKind::Window | GateKind::Monitors);
        let passes_by_itself = shut.iter().all(by_itself);
        let is_planned = match self.ask.together {
            Together::OnTop => shut.is_empty(),
            Together::Apart => passes_by_itself,
        };
        if !is_planned {
            planned.waiting.push(self.waiting(shut));
            return;
        }
        let due = {
            let errors = Errors::of(batch.repo(), self.ask.now);
            self.due(batch, &errors)
        };
        let (mut due, after) = match due {
            Ok(due) => due,
            Err(NotDue::Unpinned(gate)) => {
                planned.waiting.push(self.waiting(vec![gate]));
                return;
            }
            Err(NotDue::Failed(failure)) => {
                planned.failures.push((self.standing.subject.clone(), failure));
                return;
            }
        };
        let (more, errors) = self.overridden(&due.gates[self.gates.len()..]);
        remarks.extend(more);
        shut.extend(errors);
        if shut.is_empty() {
            if self.ask.together == Together::OnTop {
                batch.take_known(&due.plan.changes, after);
            }
            due.remarks = remarks;
            planned.due.push(due);
        } else {
            planned.waiting.push(self.waiting(shut));
            planned.late.push(due);
        }
    }

    /// What overrides say of shut gates, and those that stay shut.
    fn overridden(&self, gates: &[Gate]) -> (Vec<Remark>, Vec<Gate>) {
        let shut: Vec<Gate> = gates.iter().filter(|gate| !gate.is_open).cloned().collect();
        match self.ask.gates {
            Some(gates) => gates.overridden(shut),
            None => (Vec::new(), shut),
        }
    }

    /// What is to be done, and the tree after it where it changes.
    fn due(
        &self,
        batch: &Batch<'_>,
        errors: &Errors<'_>,
    ) -> Result<(Rotation, Option<Repo>), NotDue> {
        let subject = &self.standing.subject;
        let request = BumpRequest {
            subject: subject.clone(),
            version: Some(self.version.to_owned()),
            pins: self.ask.pins.to_vec(),
            held: Vec::new(),
            leave: self.ask.leave.to_vec(),
            back: None,
            program: self.ask.program.to_owned(),
            now: self.ask.now,
        };
        let (mut plan, after) = batch.preview(&request)?;
        if !self.ask.is_watched && !plan.is_empty() {
            plan.notes.extend(not_asked(batch.repo(), subject));
        }
        let repo = after.as_ref().unwrap_or_else(|| batch.repo());
        let mut gates = self.gates.to_vec();
        gates.push(lint_change(errors, &Errors::of(repo, self.ask.now), subject)?);
        let index = repo.environment(&subject.environment);
        let stored = index.map(|index| stored(repo, index, &subject.family, self.version));
        let rotation = Rotation {
            remaining: remaining(repo, &plan),
            stored: stored.unwrap_or_default(),
            plan,
            settings: Vec::new(),
            remarks: Vec::new(),
            verb: Verb::Promote,
            from: Some(self.from.to_owned()),
            gates,
        };
        Ok((rotation, after))
    }

    fn waiting(&self, gates: Vec<Gate>) -> Waiting {
        Waiting {
            subject: self.standing.subject.clone(),
            version: self.version.to_owned(),
            from: self.from.to_owned(),
            gates,
        }
    }
}
