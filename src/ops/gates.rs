//! Gates: the conditions for an environment to take a version, and how a person overrides them.

use std::cell::OnceCell;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::finding::{Finding, Level};
use crate::lint::rule::{Facts, History};
use crate::lint::run;
use crate::lint::selection::Selection;
use crate::ops::failure::{Failure, Status};
use crate::ops::message::Message;
use crate::ops::session::Session;
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
        Ok(Self { overrides, timeline, has_history, now })
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
        let gates = if by_name { candidate.gates() } else { candidate.promotion_gates() };
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

    /// Refuses a change after which the rules find errors that concern the family, or that were not there before; what
    /// was overridden.
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
        if after.before(index, &subject.family).is_none() {
            return Ok(Vec::new());
        }
        let (before, after) = (Errors::of(before, self.now), Errors::of(after, self.now));
        let gate = lint_change(&before, &after, subject)?;
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

/// The errors that the rules find in a tree, computed once.
pub struct Errors<'r> {
    repo: &'r Repo,
    now: DateTime<Utc>,
    found: OnceCell<Vec<Finding>>,
}

impl<'r> Errors<'r> {
    /// The errors of a tree; lint runs on first use.
    #[must_use]
    pub const fn of(repo: &'r Repo, now: DateTime<Utc>) -> Self {
        Self { repo, now, found: OnceCell::new() }
    }

    /// Those in an environment.
    fn in_environment<'s>(
        &'s self,
        environment: &str,
    ) -> Result<impl Iterator<Item = &'s Finding>, Failure> {
        if self.found.get().is_none() {
            let selection = Selection::errors(&self.repo.config)?;
            let history = History::none();
            let facts = Facts::new(self.repo, None, &history, self.now);
            let mut findings = run(&facts, &selection).findings;
            findings.retain(|finding| finding.level == Level::Error);
            // Nothing else can have set it.
            let _ = self.found.set(findings);
        }
        let found = self.found.get().into_iter().flatten();
        let environment = environment.to_owned();
        Ok(found.filter(move |finding| finding.environments.contains(&environment)))
    }

    /// Those in an environment that concern a family, or that were not there before.
    ///
    /// # Errors
    /// When the settings name an unknown rule.
    pub fn new_since(
        &self,
        before: &Errors<'_>,
        subject: &Subject,
    ) -> Result<Vec<&Finding>, Failure> {
        let mut errors: Vec<&Finding> = self.in_environment(&subject.environment)?.collect();
        if errors.is_empty() {
            return Ok(errors);
        }
        let known: Vec<&Finding> = before.in_environment(&subject.environment)?.collect();
        let same = |a: &Finding, b: &Finding| {
            a.rule == b.rule
                && a.message == b.message
                && a.place.source.path() == b.place.source.path()
        };
        errors.retain(|error| {
            error.families.contains(&*subject.family)
                || !known.iter().any(|known| same(known, error))
        });
        Ok(errors)
    }
}

/// Whether a change of one family surely brings no error, as far as [`PARTIAL`] rules can tell from the build roots that it
/// concerns: what the others say of themselves and of each other stays the same.
fn is_clean(before: &Errors<'_>, after: &Errors<'_>, subject: &Subject) -> Result<bool, Failure> {
    let selection = Selection::errors(&after.repo.config)?;
    let is_partial = selection.rules.iter().all(|(rule, _)| PARTIAL.contains(&rule.id));
    let source = |errors: &Errors<'_>| errors.repo.config.source.as_ref().map(Arc::as_ptr);
    if !is_partial || source(before) != source(after) {
        return Ok(false);
    }
    let Some((old, new)) = Repo::parts(before.repo, after.repo, &subject.family) else {
        return Ok(false);
    };
    let (old, new) = (Errors::of(&old, before.now), Errors::of(&new, after.now));
    Ok(new.new_since(&old, subject)?.is_empty())
}

/// The rules whose errors on a build root and a family depend only on the roots that have the same text or name the same
/// family. Without the others they may find more, but not less.
const PARTIAL: [&str; 14] = [
    "changed-in-place",
    "dangling-reference",
    "duplicate-provider",
    "invalid-version",
    "missing-key",
    "mixed-versions",
    "numeric-version",
    "plaintext-secret",
    "removed-api-version",
    "removed-too-soon",
    "skipped-environment",
    "unresolved",
    "unused-setting",
    "version-mismatch",
];

/// The gate of the rules after a change of one family alone: all of the tree is looked through only where a part of it has
/// errors.
///
/// # Errors
/// When the settings name an unknown rule.
pub fn lint_change(
    before: &Errors<'_>,
    after: &Errors<'_>,
    subject: &Subject,
) -> Result<Gate, Failure> {
    if is_clean(before, after, subject)? {
        return Ok(opened(subject));
    }
    lint(before, after, subject)
}

/// Where an error is, what it is and what repairs it, on one line. A file that is not there `before` is a new stub, which has its
/// errors from the one that it is a copy of.
fn described(error: &Finding, before: &Repo) -> String {
    let (file, line) = (error.place.source.path(), error.place.position().line);
    let is_new = before.library.tree().source(file).is_err();
    let repair = match (&error.fix, &error.help) {
        _ if is_new => "; fix the stub that it is copied from, then bump again".to_owned(),
        (Some(_), _) => {
            format!("; `{}` fixes it", command("rotate lint --fix", &[file.as_str()], ""))
        }
        (None, Some(help)) => format!("; {help}"),
        (None, None) => String::new(),
    };
    format!("{file}:{line}: {}{repair}", error.message)
}

/// The gate of the rules: shut by errors in the environment that concern the family, or that a change brings in. What was
/// wrong before with other families keeps none back.
///
/// # Errors
/// When the settings name an unknown rule.
pub fn lint(before: &Errors<'_>, after: &Errors<'_>, subject: &Subject) -> Result<Gate, Failure> {
    let errors = after.new_since(before, subject)?;
    let Some(first) = errors.first() else { return Ok(opened(subject)) };
    let many = match errors.len() {
        1 => "a lint error".to_owned(),
        many => format!("{many} lint errors, the first"),
    };
    Ok(lint_gate(false, format!("{many}: {}", described(first, before.repo))))
}

fn opened(subject: &Subject) -> Gate {
    lint_gate(true, format!("no lint errors in {} after the change", subject.environment))
}

const fn lint_gate(is_open: bool, text: String) -> Gate {
    Gate { kind: GateKind::Lint, is_open, text, opens: None }
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
            GateKind::Revert | GateKind::Plan => {
                format!("run `{}` for details", command("rotate bump", &[environment, family], ""))
            }
            GateKind::Hold => format!(
                "`{}` removes it; `--override hold --reason \"…\"` keeps it",
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
