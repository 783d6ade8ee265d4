//! Gates: the conditions for an environment to take a version, and how a person overrides them.

use chrono::{DateTime, Utc};

use crate::ops::errors::{Errors, lint, lint_change};
use crate::ops::failure::{Failure, Status};
use crate::ops::message::Message;
use crate::ops::session::Session;
use crate::ops::watching::{Watch, not_asked};
use crate::plan::Plan;
use crate::plan::commit::Remark;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::subject::{Family, Subject};
use crate::text::shell::command;
use crate::timeline::Timeline;
use crate::timeline::gate::{Candidate, Gate, GateKind};
use crate::timeline::question::Questions;
use crate::timeline::walk::Depth;

/// What a person overrides, and why.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// The gates.
    pub gates: Vec<GateKind>,
    /// The reason.
    pub reason: Option<String>,
}

/// The gates of one run.
pub struct Gates<'a> {
    overrides: &'a Overrides,
    timeline: Option<Timeline>,
    /// Whether there is a history, which may not have been read.
    has_history: bool,
    /// What monitors say; `None` if they are not asked.
    watch: Option<&'a Watch>,
    now: DateTime<Utc>,
}

/// What the gates of a family in an environment ask of the history.
#[must_use]
pub fn questions(
    repo: &Repo,
    subject: &Subject,
    (asked, by_name): (Option<&str>, bool),
    now: DateTime<Utc>,
) -> Questions {
    let (family, timeline) = (&subject.family, None);
    let Ok(environment) = repo.environment(&subject.environment) else { return Questions::new() };
    let Some(version) = version(repo, environment, family, asked) else { return Questions::new() };
    let version = Some(version.as_str());
    if repo.running_of(environment, family).only() == version {
        // Nothing would change.
        return Questions::new();
    }
    Candidate { repo, timeline, environment, family, version, now }.questions(by_name)
}

/// The version that an environment takes: the one asked for, or that of the environment before; `None` if it is to be
/// created.
fn version(
    repo: &Repo,
    environment: EnvironmentId,
    family: &Family,
    asked: Option<&str>,
) -> Option<String> {
    let before = || repo.before(environment, family)?.running.only().map(str::to_owned);
    asked.map(str::to_owned).or_else(before)
}

impl<'a> Gates<'a> {
    /// Reads the history of a branch, where there is Git and anything is asked of it.
    ///
    /// # Errors
    /// When there is Git and it cannot be read.
    pub fn open(
        overrides: &'a Overrides,
        session: &Session,
        repo: &Repo,
        (mainline, depth): (Option<&str>, Depth),
        now: DateTime<Utc>,
    ) -> Result<Self, Failure> {
        let has_history = session.has_git() && !session.is_unborn();
        let timeline = match depth {
            _ if !has_history => None,
            Depth::Asked(questions) if questions.is_empty() => {
                // A branch that is unknown is refused all the same.
                session.required_git()?.line(mainline)?;
                None
            }
            depth => Some(session.timeline(repo, mainline, (depth, now))?),
        };
        Ok(Self { overrides, timeline, has_history, watch: None, now })
    }

    /// The same gates, with that for monitors.
    #[must_use]
    pub fn watching(self, watch: Option<&'a Watch>) -> Self {
        Self { watch, ..self }
    }

    /// What monitors say; `None` if they are not asked.
    #[must_use]
    pub const fn watch(&self) -> Option<&'a Watch> {
        self.watch
    }

    /// What to say where the monitors of a family could have been asked and were not.
    #[must_use]
    pub fn not_asked(&self, repo: &Repo, subject: &Subject) -> Option<String> {
        if self.watch.is_some() { None } else { not_asked(repo, subject) }
    }

    /// The mainline's history; `None` without Git, or if nothing is asked of it.
    #[must_use]
    pub const fn timeline(&self) -> Option<&Timeline> {
        self.timeline.as_ref()
    }

    /// Consumes the gates and returns the mainline's history.
    #[must_use]
    pub fn into_timeline(self) -> Option<Timeline> {
        self.timeline
    }

    /// Refuses a family if its gates in an environment are closed; returns what was overridden.
    ///
    /// # Errors
    /// When a gate is closed and not overridden.
    pub fn pass(
        &self,
        repo: &Repo,
        subject: &Subject,
        asked: Option<&str>,
        (lifts_hold, by_name): (bool, bool),
    ) -> Result<Vec<Remark>, Failure> {
        let family = &subject.family;
        let Ok(index) = repo.environment(&subject.environment) else { return Ok(Vec::new()) };
        let version = version(repo, index, family, asked);
        let version = version.as_deref();
        if version.is_some() && repo.running_of(index, family).only() == version {
            // Nothing would change.
            return Ok(Vec::new());
        }
        let candidate = Candidate {
            repo,
            timeline: self.timeline.as_ref(),
            environment: index,
            family,
            version,
            now: self.now,
        };
        let mut gates = if by_name { candidate.gates() } else { candidate.promotion_gates() };
        gates.extend(self.watch.map(|watch| watch.gate(repo, index, family)));
        let mut shut: Vec<Gate> = gates.into_iter().filter(|gate| !gate.is_open).collect();
        shut.retain(|gate| !(lifts_hold && gate.kind == GateKind::Hold));
        let mut remarks = self.judge(subject, shut)?;
        if let (Some(from), false) = (repo.before(index, family), self.has_history) {
            let name = &from.environment.name;
            let text = format!("there is no Git history to show how long {name} has run it");
            remarks.push(Remark { trailer: "Rotate-Note", text });
        }
        Ok(remarks)
    }

    /// Refuses more traffic for a version while a hold keeps the family at another one, or outside the change window; returns
    /// what was overridden.
    ///
    /// # Errors
    /// When a gate is closed and not overridden.
    pub fn pass_now(
        &self,
        repo: &Repo,
        subject: &Subject,
        version: &str,
    ) -> Result<Vec<Remark>, Failure> {
        let environment = repo.environment(&subject.environment)?;
        let (family, version, now) = (&subject.family, Some(version), self.now);
        let candidate = Candidate { repo, timeline: None, environment, family, version, now };
        let shut = candidate.gates().into_iter().filter(|gate| !gate.is_open);
        self.judge(subject, shut.collect())
    }

    /// Refuses a change after which the rules find errors that concern the family, or that were not there before; what
    /// was overridden. In the first environment, only those of the order of apply count.
    ///
    /// # Errors
    /// When there are any, and the gate is not overridden.
    pub fn pass_lint(
        &self,
        before: &Repo,
        after: &Repo,
        subject: &Subject,
    ) -> Result<Vec<Remark>, Failure> {
        let Ok(index) = after.environment(&subject.environment) else { return Ok(Vec::new()) };
        let is_first = after.before(index, &subject.family).is_none();
        let (before, after) = (Errors::of(before, self.now), Errors::of(after, self.now));
        // Where versions begin, an error may wait, but no rotation gets past a wrong order.
        let gate = if is_first {
            lint(&before.of_order(), &after.of_order(), subject)?
        } else {
            lint_change(&before, &after, subject)?
        };
        self.judge(subject, if gate.is_open { Vec::new() } else { vec![gate] })
    }

    /// Every gate of a version, for a reviewer: those that were passed are open or overridden.
    ///
    /// # Errors
    /// When the settings name an unknown rule.
    pub fn all(&self, before: &Repo, after: &Repo, plan: &Plan) -> Result<Vec<Gate>, Failure> {
        let subject = &plan.subject;
        let index = before.environment(&subject.environment)?;
        let timeline = self.timeline.as_ref();
        let version = Some(plan.version());
        let candidate = Candidate {
            repo: before,
            timeline,
            environment: index,
            family: &subject.family,
            version,
            now: self.now,
        };
        let mut gates = candidate.gates();
        let of_monitors = self.watch.map(|watch| watch.gate(before, index, &subject.family));
        gates.extend(of_monitors);
        let (before, after) = (Errors::of(before, self.now), Errors::of(after, self.now));
        gates.push(lint_change(&before, &after, subject)?);
        Ok(gates)
    }

    /// Splits closed gates into the remarks of their overrides and the gates that stay closed.
    #[must_use]
    pub fn overridden(&self, shut: Vec<Gate>) -> (Vec<Remark>, Vec<Gate>) {
        let is_overridden = |gate: &Gate| self.overrides.gates.contains(&gate.kind);
        let (over, shut): (Vec<Gate>, Vec<Gate>) = shut.into_iter().partition(is_overridden);
        let reason = self.overrides.reason.clone().unwrap_or_default();
        let remark = |gate: Gate| Remark {
            trailer: "Rotate-Override",
            text: format!("{} ({}): {reason}", gate.kind.word(), gate.text),
        };
        (over.into_iter().map(remark).collect(), shut)
    }

    fn judge(&self, subject: &Subject, shut: Vec<Gate>) -> Result<Vec<Remark>, Failure> {
        let (remarks, shut) = self.overridden(shut);
        if shut.is_empty() { Ok(remarks) } else { Err(refusal(subject, &shut)) }
    }
}

fn refusal(subject: &Subject, shut: &[Gate]) -> Failure {
    let Subject { environment, family } = subject;
    let text = format!("`{family}` cannot be moved in `{environment}` yet; nothing was written");
    let also = shut.iter().map(|gate| {
        let word = gate.kind.word();
        let help = match gate.kind {
            GateKind::Soak | GateKind::Window => {
                format!("wait, or proceed anyway with `--override {word} --reason \"…\"`")
            }
            GateKind::Monitors => "wait until they are quiet, or proceed anyway with `--override monitors --reason \"…\"`".to_owned(),
            GateKind::Revert | GateKind::Plan => {
                format!("run `{}` for details", command("rotate bump", &[environment, family], ""))
            }
            GateKind::Hold => format!(
                "`{}` removes it and bumps; `--override hold --reason \"…\"` keeps it",
                command("rotate bump", &[environment, family], " --lift-hold")
            ),
            GateKind::Lint => {
                "`rotate lint` shows them; or proceed anyway with `--override lint --reason \"…\"`"
                    .to_owned()
            }
        };
        Message::new(format!("{word}: {}", gate.text)).help(help)
    });
    let message = Message { also: also.collect(), ..Message::new(text) };
    Failure { status: Status::Findings, message: Box::new(message) }
}
