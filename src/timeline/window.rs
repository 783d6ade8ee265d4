//! The hours of the week in which references may be changed.

use chrono::{DateTime, Utc};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::config::environment::{Day, Window};

/// How many days ahead to look for the next opening: a week, plus the days that a clock change may take.
const AHEAD: usize = 9;

/// Whether the window is open, and when it opens next if it is not. An unknown time zone counts as UTC.
#[must_use]
pub fn opening(window: &Window, now: DateTime<Utc>) -> Opening {
    let zone = TimeZone::get(&window.timezone).unwrap_or(TimeZone::UTC);
    let Ok(today) = Timestamp::from_second(now.timestamp()).map(|now| zone.to_datetime(now).date())
    else {
        return Opening::Closed(None);
    };
    // A window that spans midnight may have started the day before.
    let first = today.yesterday().unwrap_or(today);
    let mut next = None;
    for date in first.series(1.day()).take(AHEAD + 1) {
        if !window.days.iter().any(|day| weekday(*day) == date.weekday()) {
            continue;
        }
        let Some((from, to)) = hours(window, &zone, date) else { continue };
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
    /// The window is open.
    Open,
    /// The window is closed; the time it opens next, if it ever does.
    Closed(Option<DateTime<Utc>>),
}

/// The window of a day, in UTC.
fn hours(window: &Window, zone: &TimeZone, date: Date) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let (from, to) = (window.from.minutes(), window.to.minutes());
    let at = |date: Date, minutes: u16| {
        let local = date.at(0, 0, 0, 0).checked_add(i64::from(minutes).minutes()).ok()?;
        // A minute skipped in spring is as far after the gap; of a minute that occurs twice, the first counts.
        let found = zone.to_ambiguous_timestamp(local).compatible().ok()?;
        DateTime::from_timestamp(found.as_second(), 0)
    };
    let last = if to > from { date } else { date.tomorrow().ok()? };
    Some((at(date, from)?, at(last, to)?))
}

const fn weekday(day: Day) -> Weekday {
    match day {
        Day::Mon => Weekday::Monday,
        Day::Tue => Weekday::Tuesday,
        Day::Wed => Weekday::Wednesday,
        Day::Thu => Weekday::Thursday,
        Day::Fri => Weekday::Friday,
        Day::Sat => Weekday::Saturday,
        Day::Sun => Weekday::Sunday,
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
        let opens = |zone: &str, from: &str, now: &str, opens: &str| {
            let window =
                window(&format!("days: [sun], from: \"{from}\", to: \"12:00\", timezone: {zone}"));
            assert_eq!(opening(&window, time(now)), Opening::Closed(Some(time(opens))), "{zone}");
        };
        // The minute does not exist on the day the clock is put forward.
        opens("Europe/Berlin", "02:30", "2025-03-30T00:00:00Z", "2025-03-30T01:30:00Z");
        // It occurs twice on the day the clock is put back: the first one counts.
        opens("Europe/Berlin", "02:30", "2025-10-26T00:00:00Z", "2025-10-26T00:30:00Z");
        // Where the clock is put forward by half an hour, or by two.
        opens("Australia/Lord_Howe", "02:15", "2026-10-03T15:00:00Z", "2026-10-03T15:45:00Z");
        opens("Antarctica/Troll", "01:30", "2026-03-29T00:00:00Z", "2026-03-29T01:30:00Z");
        let always = window("from: \"00:00\", to: \"24:00\"");
        assert_eq!(opening(&always, time("2025-03-30T00:00:00Z")), Opening::Open);
    }
}
