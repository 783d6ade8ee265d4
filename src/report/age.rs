//! How old what runs is, and when it has to be rotated.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::report::status::{SinceView, rfc3339};
use crate::timeline::age::{Age, Known};
use crate::timeline::gate::{moment, span};

/// How old a version is, and when it has to be rotated.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgeView {
    /// `max-age`, in seconds.
    pub max_age_seconds: i64,
    /// The version that counts: the oldest that runs; null where the age is not known.
    pub version: Option<String>,
    /// Since when it has run in the first environment that had it.
    pub since: Option<SinceView>,
    /// That environment.
    pub first_environment: Option<String>,
    /// When it is due, or was.
    pub due: Option<String>,
    /// Whether that has passed.
    pub overdue: bool,
    /// Why the age is not known.
    pub unknown: Option<String>,
}

impl AgeView {
    /// The view of an age.
    #[must_use]
    pub fn new(age: &Age, now: DateTime<Utc>) -> Self {
        let (known, unknown) = match &age.known {
            Known::Since { version, environment, began } => {
                (Some((version.clone(), environment.clone(), SinceView::new(began))), None)
            }
            Known::Nothing(why) => (None, Some(why.clone())),
        };
        let due = age.due().map(rfc3339);
        let overdue = age.is_overdue(now, TimeDelta::zero());
        let max_age_seconds = age.most.num_seconds();
        let Some((version, environment, since)) = known else {
            let (version, since, first_environment) = (None, None, None);
            return Self {
                max_age_seconds,
                version,
                since,
                first_environment,
                due,
                overdue,
                unknown,
            };
        };
        let (version, since) = (Some(version), Some(since));
        let first_environment = Some(environment);
        Self { max_age_seconds, version, since, first_environment, due, overdue, unknown }
    }
}

/// When the next rotation is due.
pub(super) fn due(age: &Age, now: DateTime<Utc>) -> String {
    let most = span(age.most);
    match (&age.known, age.due()) {
        (Known::Nothing(why), _) => format!("age not known ({why}); `max-age` is {most}"),
        (_, Some(due)) if due <= now => {
            format!(
                "rotation overdue for {}, since {} (`max-age` {most})",
                span(now - due),
                moment(due)
            )
        }
        (_, Some(due)) => {
            format!(
                "next rotation due in {}, at {} (`max-age` {most})",
                span(due - now),
                moment(due)
            )
        }
        (Known::Since { .. }, None) => format!("next rotation due never (`max-age` {most})"),
    }
}
