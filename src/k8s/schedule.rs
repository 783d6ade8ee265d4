//! Schedules of CronJobs: the longest time from one run to the next.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use croner::parser::{CronParser, Seconds, Year};

/// How many years are searched: enough to include a leap day.
const YEARS: i64 = 4;

/// The gaps found so far: four years are searched for each, and many CronJobs share a schedule.
static GAPS: LazyLock<Mutex<HashMap<String, Option<TimeDelta>>>> = LazyLock::new(Mutex::default);

/// The longest time between two runs; `None` when Kubernetes would refuse the schedule, or it never runs.
///
/// For schedules that run more than twice a day, the result is approximate.
#[must_use]
pub fn longest_gap(schedule: &str) -> Option<TimeDelta> {
    let gaps = || GAPS.lock().unwrap_or_else(PoisonError::into_inner);
    let known = gaps().get(schedule).copied();
    known.unwrap_or_else(|| {
        let gap = search(schedule);
        gaps().insert(schedule.to_owned(), gap);
        gap
    })
}

fn search(schedule: &str) -> Option<TimeDelta> {
    // A time zone before the fields (`TZ=`, `CRON_TZ=`) is refused: `spec.timeZone` is the place for it.
    let fields = schedule.trim();
    if !is_plain(fields) {
        return None;
    }
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed);
    let cron = parser.sloppy_ranges(true).build().parse(fields).ok()?;
    let mut at: DateTime<Utc> = DateTime::from_timestamp(BEGIN, 0)?;
    let end = at + TimeDelta::days(YEARS * 366);
    let mut longest = TimeDelta::zero();
    let mut run = None;
    while at < end {
        let next = cron.find_next_occurrence(&at, false).ok()?;
        let last = match run.filter(|run| *run == at) {
            Some(last) => last,
            None => cron.find_previous_occurrence(&at, true).ok()?,
        };
        longest = longest.max(next - last);
        at = next.max(at + TimeDelta::hours(12));
        run = Some(next);
    }
    Some(longest)
}

/// A day before a leap year: 2023-12-31.
const BEGIN: i64 = 1_703_980_800;

/// Whether the fields use only what Kubernetes supports: not the `L`, `W` and `#` of other crons.
fn is_plain(fields: &str) -> bool {
    const NICKNAMES: [&str; 7] =
        ["@annually", "@daily", "@hourly", "@midnight", "@monthly", "@weekly", "@yearly"];
    const NAMES: [&str; 19] = [
        "APR", "AUG", "DEC", "FEB", "FRI", "JAN", "JUL", "JUN", "MAR", "MAY", "MON", "NOV", "OCT",
        "SAT", "SEP", "SUN", "THU", "TUE", "WED",
    ];
    let sign = |c: char| matches!(c, '*' | '?' | '/' | ',' | '-') || c.is_ascii_digit();
    let is_name = |word: &str| NAMES.contains(&word.to_ascii_uppercase().as_str());
    let mut words = fields.split(|c: char| sign(c) || matches!(c, ' ' | '\t'));
    NICKNAMES.contains(&fields)
        || (fields.split_ascii_whitespace().count() == 5
            && words.all(|word| word.is_empty() || is_name(word)))
}

#[cfg(test)]
mod tests {
    use super::longest_gap;

    fn days(schedule: &str) -> Option<i64> {
        longest_gap(schedule).map(|gap| gap.num_days())
    }

    #[test]
    fn the_longest_wait_counts() {
        assert_eq!(days("0 3 1 * *"), Some(31));
        assert_eq!(days("@monthly"), Some(31));
        assert_eq!(days("@weekly"), Some(7));
        assert_eq!(days("@yearly"), Some(366));
        assert_eq!(days("30 2 * * *"), Some(1));
        assert_eq!(days("0 6 * * MON-FRI"), Some(3));
        assert_eq!(days("0 0 1 1,7 *"), Some(184));
        assert_eq!(days("0 0 29 2 *"), Some(1461));
        assert_eq!(days("0 0 31 * *"), Some(61));
        assert_eq!(days("0 0 1/7 * ?"), Some(7));
        assert_eq!(longest_gap("*/5 * * * *").map(|gap| gap.num_minutes()), Some(5));
        assert_eq!(days("*/5 * * 1 *"), Some(335));
        assert_eq!(days("0 0 1 * 0"), Some(7), "a day of the month or a day of the week");
    }

    #[test]
    fn what_kubernetes_refuses_has_no_gap() {
        for schedule in [
            "",
            "nightly",
            "0 3 1 *",
            "CRON_TZ=Europe/Berlin 0 3 1 * *",
            "TZ=UTC 0 3 1 * *",
            "0 0 3 1 * *",
            "0 0 L * *",
            "0 0 15W * *",
            "0 0 * * 5#2",
            "61 * * * *",
            "0 0 30 2 *",
            "${SCHEDULE}",
            "@every 1h",
            "0 3 1 * * # monthly",
        ] {
            assert_eq!(longest_gap(schedule), None, "{schedule}");
        }
    }
}
