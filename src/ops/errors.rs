//! The errors that the rules find before and after a change, and the gate that they close.

use std::cell::OnceCell;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::finding::{Finding, Level};
use crate::lint::rule::{Facts, History};
use crate::lint::rules::apply_order;
use crate::lint::run;
use crate::lint::selection::Selection;
use crate::ops::failure::Failure;
use crate::repo::Repo;
use crate::repo::subject::Subject;
use crate::text::shell::command;
use crate::text::source::Place;
use crate::timeline::gate::{Gate, GateKind};

/// The errors that the rules find in a tree, computed once.
pub struct Errors<'r> {
    repo: &'r Repo,
    now: DateTime<Utc>,
    /// The only rule that counts, if not all do.
    only: Option<&'static str>,
    found: OnceCell<Vec<Finding>>,
}

impl<'r> Errors<'r> {
    /// The errors of a tree; lint runs on first use.
    #[must_use]
    pub const fn of(repo: &'r Repo, now: DateTime<Utc>) -> Self {
        Self { repo, now, only: None, found: OnceCell::new() }
    }

    /// Those of the order of apply alone.
    pub(super) fn of_order(&self) -> Self {
        Self { only: Some(apply_order::RULE.id), ..Self::of(self.repo, self.now) }
    }

    /// Those in an environment.
    fn in_environment<'s>(
        &'s self,
        environment: &str,
    ) -> Result<impl Iterator<Item = &'s Finding>, Failure> {
        if self.found.get().is_none() {
            let mut selection = Selection::errors(&self.repo.config)?;
            selection.rules.retain(|(rule, _)| self.only.is_none_or(|only| only == rule.id));
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
const PARTIAL: [&str; 16] = [
    "apply-order",
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
    "shared-pin",
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
/// errors from the one that it is a copy of; where a rule knows the place there, it is named instead.
fn described(error: &Finding, before: &Repo) -> String {
    let is_there = |place: &Place| before.library.tree().source(place.source.path()).is_ok();
    let copied = error.related.iter().map(|related| &related.place);
    let mut copied = copied.filter(|place| error.rule == apply_order::RULE.id && is_there(place));
    let place = Some(&error.place).filter(|place| is_there(place));
    let place = place.or_else(|| copied.next()).unwrap_or(&error.place);
    let (file, line) = (place.source.path(), place.position().line);
    let is_new = !is_there(place);
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
