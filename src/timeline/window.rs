//! The hours of a week in which references may be moved.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, TimeDelta, TimeZone as _, Utc, Weekday};
use chrono_tz::Tz;

use crate::config::environment::{Day, Window};

/// How many days ahead an opening is looked for: a week, and the days that a change of the clock may take.
const AHEAD: u64 = 9;

/// Whether the window is open, and when it opens next if it is not. A time zone that nobody knows counts as UTC.
#[must_use]
pub fn opening(window: &Window, now: DateTime<Utc>) -> Opening {
    let zone: Tz = window.timezone.parse().unwrap_or(Tz::UTC);
    let today = now.with_timezone(&zone).date_naive();
    // A window that goes past midnight may have begun the day before.
    let first = today.checked_sub_days(Days::new(1)).unwrap_or(today);
    let mut next = None;
    for date in first.iter_days().take(AHEAD as usize + 1) {
        if !window.days.iter().any(|day| weekday(*day) == date.weekday()) {
            continue;
        }
        let Some((from, to)) = hours(window, zone, date) else { continue };
        if from <= now && now < to {
            return Opening::Open;
        }
        if from > now {
            next = next.or(Some(from));
        }
    }
    Opening::Closed(next)
}

/// Whether a window is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// It is.
    Open,
    /// It is not, and opens next then, if it ever does.
    Closed(Option<DateTime<Utc>>),
}

/// The window of a day, in UTC.
fn hours(window: &Window, zone: Tz, date: NaiveDate) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let (from, to) = (window.from.minutes(), window.to.minutes());
    let at = |date: NaiveDate, minutes: u16| {
        let midnight = date.and_hms_opt(0, 0, 0)?;
        let local = midnight.checked_add_signed(TimeDelta::minutes(i64::from(minutes)))?;
        let found = zone.from_local_datetime(&local);
        // A minute that the clock skips in spring: the hour after it.
        let found = found.earliest().or_else(|| {
            zone.from_local_datetime(&local.checked_add_signed(TimeDelta::hours(1))?).earliest()
        })?;
        Some(found.with_timezone(&Utc))
    };
    let last = if to > from { date } else { date.succ_opt()? };
    Some((at(date, from)?, at(last, to)?))
}

const fn weekday(day: Day) -> Weekday {
    match day {
        Day::Mon => Weekday::Mon,
        Day::Tue => Weekday::Tue,
        Day::Wed => Weekday::Wed,
        Day::Thu => Weekday::Thu,
        Day::Fri => Weekday::Fri,
        Day::Sat => Weekday::Sat,
        Day::Sun => Weekday::Sun,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::{Opening, opening};
    use crate::config::environment::Window;
    use crate::config::parse::parse;
    use crate::text::path::TreePath;
    use crate::text::source::Source;

    fn window(text: &str) -> Window {
        let text = format!(
            "environments:\n  - {{ name: production, paths: [production], window: {{ {text} }} }}\n"
        );
        let source = Source::file(TreePath::new("rotate.yaml").unwrap(), text);
        parse(&source).unwrap().environments[0].window.clone().unwrap()
    }

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn opens_and_closes_in_its_own_time_zone() {
        let hours = window(
            "days: [mon, tue, wed, thu], from: \"09:00\", to: \"16:00\", timezone: Europe/Berlin",
        );
        // A Wednesday in summer: 9 o'clock is 7 in UTC.
        assert_eq!(opening(&hours, time("2025-07-23T07:00:00Z")), Opening::Open);
        assert_eq!(
            opening(&hours, time("2025-07-23T06:59:59Z")),
            Opening::Closed(Some(time("2025-07-23T07:00:00Z")))
        );
        assert_eq!(
            opening(&hours, time("2025-07-24T14:00:00Z")),
            Opening::Closed(Some(time("2025-07-28T07:00:00Z")))
        );
        // A Wednesday in winter.
        assert_eq!(opening(&hours, time("2025-12-03T08:00:00Z")), Opening::Open);
    }

    #[test]
    fn may_go_past_midnight_and_over_a_change_of_the_clock() {
        let night = window("days: [sat], from: \"22:00\", to: \"04:00\", timezone: Europe/Berlin");
        assert_eq!(opening(&night, time("2025-07-26T21:00:00Z")), Opening::Open);
        assert_eq!(opening(&night, time("2025-07-27T01:59:00Z")), Opening::Open);
        let closed = opening(&night, time("2025-07-27T02:00:00Z"));
        assert_eq!(closed, Opening::Closed(Some(time("2025-08-02T20:00:00Z"))));
        // The minute does not exist on the day on which the clock is put forward.
        let skipped =
            window("days: [sun], from: \"02:30\", to: \"12:00\", timezone: Europe/Berlin");
        let closed = opening(&skipped, time("2025-03-30T00:00:00Z"));
        assert_eq!(closed, Opening::Closed(Some(time("2025-03-30T01:30:00Z"))));
        let always = window("from: \"00:00\", to: \"24:00\"");
        assert_eq!(opening(&always, time("2025-03-30T00:00:00Z")), Opening::Open);
    }
}
