//! What must hold before an environment may be promoted to a version, and when it will.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::repo::Repo;
use crate::repo::environment::{Environment, EnvironmentId};
use crate::repo::subject::{Family, Subject};
use crate::repo::usage::Running;
use crate::text::shell::command;
use crate::timeline::question::{Question, Questions};
use crate::timeline::window::{Opening, opening};
use crate::timeline::{Began, Dated, Timeline};

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GateKind {
    /// The version has run alone in the environment before for long enough.
    Soak,
    /// No hold in `rotate.yaml` keeps the environment where it is.
    Hold,
    /// It is one of the hours in which references may be moved.
    Window,
    /// The rules find no error in the environment.
    Lint,
    /// The environment did not leave the version for an older one before.
    Revert,
    /// Nothing in the tree keeps its references from being moved.
    Plan,
    /// The monitors of the family are quiet.
    Monitors,
}

impl GateKind {
    /// The name used on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Soak => "soak",
            Self::Hold => "hold",
            Self::Window => "window",
            Self::Lint => "lint",
            Self::Revert => "revert",
            Self::Plan => "plan",
            Self::Monitors => "monitors",
        }
    }
}

/// A gate, open or closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// What must hold.
    pub kind: GateKind,
    /// Whether it is open.
    pub is_open: bool,
    /// Its current state, as a lower-case phrase.
    pub text: String,
    /// When it opens by itself, if that is known.
    pub opens: Option<DateTime<Utc>>,
}

/// A version that an environment is about to be promoted to.
pub struct Candidate<'a> {
    /// The current tree.
    pub repo: &'a Repo,
    /// The history of the mainline; `None` outside Git.
    pub timeline: Option<&'a Timeline>,
    /// The environment: an index into the repository's.
    pub environment: EnvironmentId,
    /// The family.
    pub family: &'a Family,
    /// The 14 digits; `None` for a version that is about to be created.
    pub version: Option<&'a str>,
    /// The time that counts as now.
    pub now: DateTime<Utc>,
}

impl Candidate<'_> {
    /// Every gate that depends on the tree and its history; the caller adds the gate for the rules.
    #[must_use]
    pub fn gates(&self) -> Vec<Gate> {
        let mut gates = Vec::new();
        gates.extend(self.soak());
        gates.push(self.hold());
        gates.extend(self.window());
        gates
    }

    /// The gates of a promotion that was not requested by name: those above, and that the environment was not rolled
    /// back from the version before.
    #[must_use]
    pub fn promotion_gates(&self) -> Vec<Gate> {
        let mut gates = self.gates();
        // A hold says more, and is lifted by the same command.
        let is_held = gates.iter().any(|gate| gate.kind == GateKind::Hold && !gate.is_open);
        gates.extend(self.revert().filter(|_| !is_held));
        gates
    }

    /// What those gates ask of the history, or only the ones of a version requested by name.
    #[must_use]
    pub fn questions(&self, by_name: bool) -> Questions {
        let mut questions = Questions::new();
        let Some(version) = self.version else { return questions };
        let before = self.repo.before(self.environment, self.family);
        if let Some(from) = before.filter(|before| !before.environment.soak().is_zero()) {
            let subject = Subject::new(&from.environment.name, self.family);
            questions.insert(Question::Since(subject, Running::of(version)));
        }
        if !by_name && self.hold().is_open {
            let now = self.repo.running_of(self.environment, self.family);
            let subject = Subject::new(&self.here().name, self.family);
            questions.insert(Question::Left(subject, version.to_owned(), now));
        }
        questions
    }

    fn revert(&self) -> Option<Gate> {
        let (name, now) = (&self.here().name, self.repo.running_of(self.environment, self.family));
        let subject = Subject::new(name, self.family);
        let version = self.version?;
        let timeline = self.timeline?;
        let gate = |text| Gate { kind: GateKind::Revert, is_open: false, text, opens: None };
        let Some(after) = timeline.left(&subject, version, &now) else {
            let text = format!(
                "the clone is shallow, so whether {name} ran {version} and left it is not known: check out with `fetch-depth: 0`"
            );
            let hides = timeline.hides_a_return(&subject, version, &now);
            return hides.then(|| gate(text));
        };
        let names: Vec<&str> = now.names().filter(|name| *name != version).collect();
        let text = format!(
            "{name} ran {version} and went back to {} on {} ({}): `{}` moves back to it",
            names.join(" and "),
            moment(after.began.time()),
            after.began.by(),
            command("rotate bump", &[name, self.family], "")
        );
        Some(gate(text))
    }

    fn here(&self) -> &Environment {
        &self.repo.environments[self.environment]
    }

    fn soak(&self) -> Option<Gate> {
        let from = self.repo.before(self.environment, self.family)?.environment;
        let (timeline, version) = (self.timeline?, self.version?);
        let (soak, name) = (from.soak(), &from.name);
        let gate = |is_open, text, opens| Some(Gate { kind: GateKind::Soak, is_open, text, opens });
        if soak.is_zero() {
            return gate(true, format!("{name} requires no soak"), None);
        }
        let Some(era) = timeline.runs(&Subject::new(name, self.family), version) else {
            let text = format!(
                "{name} does not run {version} alone on {} yet: commit and merge it there first",
                timeline.mainline
            );
            return gate(false, text, None);
        };
        let (since, ran) = (era.began.time(), self.now - era.began.time());
        let by = era.began.by();
        let known = match era.began {
            Began::With(_) => format!("since {} ({by})", moment(since)),
            Began::Before(_) | Began::Earlier(_) => {
                format!("since before {} ({by})", moment(since))
            }
        };
        if ran >= soak {
            return gate(true, format!("{name} has run {version} {known}, {}", span(ran)), None);
        }
        if *era.began.dated() == Dated::Never {
            let text = format!(
                "{name} has run {version} since {by}: the soak begins with the next commit on {}",
                timeline.mainline
            );
            return gate(false, text, None);
        }
        let opens = since + soak;
        let text = format!(
            "{name} has run {version} {known}: {} of {}, ends at {}",
            span(ran),
            span(soak),
            moment(opens)
        );
        if matches!(era.began, Began::Before(_)) {
            let text = format!(
                "{text} at the latest; the clone is shallow: check out with `fetch-depth: 0`"
            );
            return gate(false, text, Some(opens));
        }
        gate(false, text, Some(opens))
    }

    fn hold(&self) -> Gate {
        let name = &self.here().name;
        let gate = |is_open, text| Gate { kind: GateKind::Hold, is_open, text, opens: None };
        let mut holds = self.repo.config.holds_on(name, self.family);
        match holds.find(|hold| Some(hold.version.as_str()) != self.version) {
            Some(hold) => {
                let why = hold.reason.as_ref().map_or_else(String::new, |why| format!(": {why}"));
                let since =
                    hold.since.map_or_else(String::new, |at| format!(" since {}", moment(at)));
                gate(false, format!("held at {}{since}{why}", hold.version))
            }
            None => gate(true, "no hold".to_owned()),
        }
    }

    fn window(&self) -> Option<Gate> {
        let window = self.here().declared.as_ref()?.window.as_ref()?;
        let gate = |is_open, text, opens| Gate { kind: GateKind::Window, is_open, text, opens };
        Some(match opening(window, self.now) {
            Opening::Open => gate(true, "inside the change window".to_owned(), None),
            Opening::Closed(Some(opens)) => gate(
                false,
                format!("outside the change window, which opens at {}", moment(opens)),
                Some(opens),
            ),
            Opening::Closed(None) => gate(false, "outside the change window".to_owned(), None),
        })
    }
}

/// A time for display: to the minute, in UTC.
#[must_use]
pub fn moment(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// A duration in its two largest units: `3d 4h`, `23h 59m`, `5m`.
#[must_use]
pub fn span(span: TimeDelta) -> String {
    let minutes = span.num_minutes().max(0);
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours, minutes) {
        (0, 0, minutes) => format!("{minutes}m"),
        (0, hours, 0) => format!("{hours}h"),
        (0, hours, minutes) => format!("{hours}h {minutes}m"),
        (days, 0, _) => format!("{days}d"),
        (days, hours, _) => format!("{days}d {hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::span;

    #[test]
    fn spans_are_short() {
        for (minutes, text) in
            [(0, "0m"), (59, "59m"), (60, "1h"), (1439, "23h 59m"), (1440, "1d"), (1505, "1d 1h")]
        {
            assert_eq!(span(TimeDelta::minutes(minutes)), text);
        }
        assert_eq!(span(TimeDelta::minutes(-5)), "0m");
    }
}
