//! The monitors that watch a rotation, written.

use crate::ops::change::Change;
use crate::ops::failure::Failure;
use crate::ops::leave::refuse_unread;
use crate::ops::outcome::Context;
use crate::ops::writing::Mode;
use crate::plan::batch::Batch;
use crate::plan::commit::Message;
use crate::plan::monitor::{MonitorRequest, Monitors, plan};
use crate::plan::{FileChange, NextStep};
use crate::repo::subject::{Family, Subject};

pub use crate::config::monitors::MonitorKind as Kind;

/// The request.
pub struct Request {
    /// The environment, as it was typed.
    pub environment: String,
    /// The family.
    pub family: Family,
    /// The kind of the monitors.
    pub kind: Kind,
}

/// What was written, or would be.
pub struct Written {
    /// The plan.
    pub plan: Monitors,
    /// All files.
    pub files: Vec<FileChange>,
    /// The remaining manual steps.
    pub next: Vec<NextStep>,
}

/// Plans the monitors, proves them, and writes them.
///
/// # Errors
/// When the tree cannot be read, the monitors cannot be planned, or they cannot be written.
pub fn run(request: &Request, context: &Context<'_>) -> Result<Written, Failure> {
    let Context { session, writing, events, .. } = *context;
    if matches!(writing.mode, Mode::Commit(_)) {
        session.required_git()?;
    }
    let repo = context.repo()?;
    refuse_unread(session, &repo, repo.environment(&request.environment)?)?;
    let subject = Subject::new(&request.environment, &request.family);
    let plan = plan(&repo, &MonitorRequest { subject: &subject, kind: request.kind })?;
    let mut batch = Batch::new(&repo);
    batch.take(&plan.changes);
    let (files, change) = (batch.changes(), Change::from(&plan));
    let next = writing.carry_out(session, &[change], (&files, batch.repo()), events)?;
    Ok(Written { plan, files, next })
}

impl From<&Monitors> for Change {
    fn from(plan: &Monitors) -> Self {
        let versions = plan.versions();
        let message = Message::of_monitors(&plan.subject, &versions);
        Self::of_versions(&plan.subject, &versions, &plan.changes, message, &[])
    }
}
