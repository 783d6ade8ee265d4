//! Phrases of the list.

use chrono::{DateTime, Utc};

use crate::config::environment::{Day, TimeOfDay, Window};
use crate::ops::checklist::{Proof, State};
use crate::repo::usage::Running;
use crate::timeline::gate::moment;
use crate::timeline::{Began, Era};

/// Why nothing is known of the past where there is no Git.
const NO_HISTORY: &str = "there is no Git history to tell";
/// Why something is not known in a shallow clone.
pub(super) const SHALLOW: &str = "the clone is shallow: check out with `fetch-depth: 0`";

/// What is open where a reference has no provider.
pub(super) const UNPROVIDED: &str = "nothing in the tree provides it";

/// What cannot be known without a history.
pub(super) fn without_history() -> State {
    State::Unknown(NO_HISTORY.to_owned())
}

/// When something began: `since 2025-07-23 11:00 UTC (1234567)`.
pub(super) fn since(began: &Began) -> String {
    format!("since {}{} ({})", before(began), moment(began.time()), began.by())
}

/// The same of something that happens once: `at 2025-07-23 11:00 UTC (1234567)`.
pub(super) fn at(began: &Began) -> String {
    let word = if began.is_exact() { "at" } else { "before" };
    format!("{word} {} ({})", moment(began.time()), began.by())
}

/// A time in which something ran, which has ended.
pub(super) fn from_to(began: &Began, ended: &Began) -> String {
    let (from, to) = (moment(began.time()), moment(ended.time()));
    format!("from {}{from} ({}) to {to} ({})", before(began), began.by(), ended.by())
}

const fn before(began: &Began) -> &'static str {
    if began.is_exact() { "" } else { "before " }
}

/// What has run since an era began.
pub(super) fn runs_since(era: &Era) -> Proof {
    Proof { text: since(&era.began), since: Some(era.began.clone()) }
}

/// Names in a sentence.
pub(super) fn names(running: &Running) -> String {
    let names: Vec<&str> = running.names().collect();
    names.join(" and ")
}

/// A text as code in a sentence: it cannot end the code.
pub(super) fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'"))
}

/// The hours of a week: `mon, tue 09:00 to 16:00 Europe/Berlin`.
pub(super) fn hours(window: &Window) -> String {
    let names: Vec<&str> = window.days.iter().map(|day| name(*day)).collect();
    let days = if names.len() < 7 { names.join(", ") } else { "every day".to_owned() };
    let at = |time: TimeOfDay| format!("{:02}:{:02}", time.hour, time.minute);
    format!("{days} {} to {} {}", at(window.from), at(window.to), window.timezone)
}

const fn name(day: Day) -> &'static str {
    match day {
        Day::Mon => "mon",
        Day::Tue => "tue",
        Day::Wed => "wed",
        Day::Thu => "thu",
        Day::Fri => "fri",
        Day::Sat => "sat",
        Day::Sun => "sun",
    }
}

/// A state that passes at a time, or has.
pub(super) fn until(time: DateTime<Utc>, note: impl Into<String>) -> State {
    let note = note.into();
    let gap = if note.is_empty() { "" } else { ", " };
    State::Waiting(Some(time), format!("{note}{gap}until {}", moment(time)))
}
