//! The gate for monitors: whether those of a family are quiet, as far as inputs tell.

use std::collections::BTreeSet;
use std::io::BufRead;

use crate::cluster::fault::{Fault, Why};
use crate::cluster::monitors::{Form, Seen, States, read};
use crate::config::monitors::MonitorKind;
use crate::ops::failure::Failure;
use crate::ops::message::Message;
use crate::repo::Repo;
use crate::repo::environment::{Environment, EnvironmentId};
use crate::repo::monitors::{Alert, Monitor, nothing_watches};
use crate::repo::subject::{Family, Subject};
use crate::text::count::counted;
use crate::text::few::few;
use crate::timeline::gate::{Gate, GateKind};
use crate::timeline::outlook::{Next, Standing};

/// What is read, in words.
const FORMS: &str = "`kubectl get datadogmonitors -A -o json`, `GET /api/v1/monitor` of Datadog, `GET /api/v2/alerts` of Alertmanager (`amtool alert -o json`) and `GET /api/v1/alerts` of Prometheus are read";

/// An input, opened.
pub struct Source {
    /// The file, or what stands for standard input.
    pub name: String,
    /// The environment that it is of; all if none is named.
    pub environment: Option<String>,
    /// What it holds.
    pub stream: Box<dyn BufRead>,
}

/// What all inputs say.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// Each input, with the environment that it is of.
    inputs: Vec<(Option<String>, States)>,
}

impl Watch {
    /// Reads all inputs.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn read(sources: Vec<Source>) -> Result<Self, Failure> {
        let mut inputs = Vec::new();
        for Source { name, environment, stream } in sources {
            let states = read(&name, stream).map_err(|fault| unread(&fault))?;
            inputs.push((environment, states));
        }
        Ok(Self { inputs })
    }

    /// Checks that the environments that inputs are of exist.
    ///
    /// # Errors
    /// When one does not.
    pub fn check(&self, repo: &Repo) -> Result<(), Failure> {
        for name in self.inputs.iter().filter_map(|(name, _)| name.as_ref()) {
            repo.environment(name)?;
        }
        Ok(())
    }

    /// The gate for a family that an environment is about to move.
    #[must_use]
    pub fn gate(&self, repo: &Repo, environment: EnvironmentId, family: &Family) -> Gate {
        let mut shut: BTreeSet<String> = BTreeSet::new();
        let mut warns: BTreeSet<String> = BTreeSet::new();
        let mut quiet = 0;
        let all = environments(repo, environment, family);
        for one in &all {
            let monitors = telling(repo, one.id, family);
            if monitors.is_empty() && repo.requires_monitors(one.id) {
                shut.insert(unwatched(repo, one, family));
            }
            for monitor in monitors {
                match self.state(&monitor, one, family) {
                    State::Quiet => quiet += 1,
                    State::Warns(text) => drop(warns.insert(text)),
                    State::Shut(text) => drop(shut.insert(text)),
                }
            }
        }
        if shut.is_empty() && warns.is_empty() && quiet == 0 {
            shut.extend(all.iter().map(|one| unwatched(repo, one, family)));
        }
        let said =
            |texts: &BTreeSet<String>| few(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let (is_open, text) = match (shut.is_empty(), warns.is_empty()) {
            (false, _) => (false, said(&shut)),
            (true, false) => (true, said(&warns)),
            (true, true) if quiet == 1 => (true, "1 monitor is quiet".to_owned()),
            (true, true) => (true, format!("{} are quiet", counted(quiet, "monitor"))),
        };
        Gate { kind: GateKind::Monitors, is_open, text, opens: None }
    }

    /// Adds the gate to every version that could be taken.
    pub fn add_to(&self, repo: &Repo, standings: &mut [Standing]) {
        for Standing { subject, next, .. } in standings {
            if let (Next::Take { gates, .. }, Ok(environment)) =
                (next, repo.environment(&subject.environment))
            {
                gates.push(self.gate(repo, environment, &subject.family));
            }
        }
    }

    /// What inputs of these forms say of an environment; `None` if there is no such input.
    fn of(&self, environment: &str, forms: &[Form]) -> Option<Vec<(Form, &Seen)>> {
        let is_of = |named: &Option<String>| named.as_ref().is_none_or(|name| name == environment);
        let mut inputs = self
            .inputs
            .iter()
            .filter(|(named, states)| is_of(named) && forms.contains(&states.form))
            .peekable();
        inputs.peek()?;
        let seen = inputs.flat_map(|(_, one)| one.seen.iter().map(|seen| (one.form, seen)));
        Some(seen.collect())
    }

    fn state(&self, monitor: &Monitor<'_>, environment: &Environment, family: &Family) -> State {
        let object = monitor.object();
        let who = format!("{} `{}` in {}", object.kind(), object.name(), environment.name);
        if monitor.kind == MonitorKind::Prometheus {
            let Some(alerts) = self.of(&environment.name, &[Form::Alerts]) else {
                return State::Shut(format!("no input has the alerts of {who}"));
            };
            return fires(&monitor.alerts(family), &alerts).map_or(State::Quiet, |alert| {
                State::Shut(format!("the alert `{alert}` of {who} fires"))
            });
        }
        let Some(seen) = self.of(&environment.name, &[Form::Objects, Form::Datadog]) else {
            return State::Shut(format!("no input has the state of {who}"));
        };
        let states = seen.iter().filter(|(form, seen)| is_it(monitor, *form, seen));
        let states: Vec<&str> = states.map(|(_, seen)| seen.state.as_str()).collect();
        if states.is_empty() {
            return State::Shut(format!("{who} is missing in the input"));
        }
        let bad = states.iter().find(|state| !matches!(**state, "OK" | "Warn"));
        match bad {
            Some(&"") => State::Shut(format!("{who} has no state yet")),
            Some(state) => State::Shut(format!("{who} is in the state {state}")),
            None if states.contains(&"Warn") => {
                State::Warns(format!("{who} is in the state Warn, which does not close the gate"))
            }
            None => State::Quiet,
        }
    }
}

/// What a monitor says.
enum State {
    Quiet,
    Warns(String),
    Shut(String),
}

/// The environments whose monitors count: the one that a version comes from, and the one that takes it.
fn environments<'r>(
    repo: &'r Repo,
    environment: EnvironmentId,
    family: &Family,
) -> Vec<&'r Environment> {
    let before = repo.before(environment, family).map(|before| before.environment);
    before.into_iter().chain([&repo.environments[environment]]).collect()
}

/// The monitors of a family whose state an input can tell, and that watch what runs.
fn telling<'r>(repo: &'r Repo, environment: EnvironmentId, family: &Family) -> Vec<Monitor<'r>> {
    let running = repo.running_of(environment, family);
    let mut monitors = repo.monitors_of(environment, family);
    monitors.retain(|one| one.kind != MonitorKind::Analysis && one.is_current(&running));
    monitors
}

/// Why no monitor of an environment can tell of a family.
fn unwatched(repo: &Repo, environment: &Environment, family: &Family) -> String {
    let name = &environment.name;
    let running = repo.running_of(environment.id, family);
    let monitors = repo.monitors_of(environment.id, family);
    if monitors.iter().any(|one| one.is_current(&running)) {
        return format!(
            "in {name}, only an AnalysisTemplate watches `{family}`, which has no state of its own"
        );
    }
    nothing_watches(name, family, !monitors.is_empty())
}

/// What to say where monitors could have been asked and were not; `None` if there is nothing to ask.
#[must_use]
pub fn not_asked(repo: &Repo, subject: &Subject) -> Option<String> {
    let Subject { environment, family } = subject;
    let id = repo.environment(environment).ok()?;
    let all = environments(repo, id, family);
    let can = |one: &&&Environment| {
        repo.requires_monitors(one.id) || !telling(repo, one.id, family).is_empty()
    };
    let names: Vec<&str> = all.iter().filter(can).map(|one| one.name.as_str()).collect();
    (!names.is_empty()).then(|| {
        let names = names.join(" and ");
        format!("the monitors of `{family}` in {names} were not asked: `--monitors FILE` does")
    })
}

/// Whether an entry of an input is a monitor of Git. One object can be deployed to several clusters, so the name that Datadog
/// has for it must be the same where both are known.
fn is_it(monitor: &Monitor<'_>, form: Form, seen: &Seen) -> bool {
    let title = monitor.datadog_name();
    if form == Form::Datadog {
        return title == Some(seen.name.as_str());
    }
    let identity = monitor.identity();
    let same = |one: Option<&str>, other: Option<&str>| {
        one.zip(other).is_none_or(|(one, other)| one == other)
    };
    *identity.name == *seen.name
        && same(identity.namespace.as_deref(), seen.namespace.as_deref())
        && same(title, seen.title.as_deref())
}

/// The first of some alerts that fires: one of its name, with its fixed labels.
fn fires<'a>(alerts: &[Alert<'a>], seen: &[(Form, &Seen)]) -> Option<&'a str> {
    let is_firing = |one: &Seen| !matches!(one.state.as_str(), "pending" | "inactive");
    let is_it = |alert: &Alert<'_>, one: &Seen| {
        let mut labels = alert.labels.iter();
        one.name == alert.name
            && labels.all(|(key, value)| one.labels.get(*key).is_none_or(|own| own == value))
    };
    let fires =
        |alert: &&Alert<'a>| seen.iter().any(|(_, one)| is_firing(one) && is_it(alert, one));
    alerts.iter().find(fires).map(|alert| alert.name)
}

fn unread(fault: &Fault) -> Failure {
    let text = format!("{}: {fault}", "the states of monitors cannot be read");
    let message = Message { path: Some(fault.place()), ..Message::new(text) };
    let help = match fault.why {
        Why::System(_) => "name a file that can be read, or `-` for standard input".to_owned(),
        _ => FORMS.to_owned(),
    };
    Failure::usage(message.help(help))
}
