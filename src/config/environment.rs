//! Environments as declared in `rotate.yaml`, and the directory names that identify one by convention.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::config::glob::PathGlob;
use crate::config::monitors::Monitored;
use crate::config::pairs::{self, Step};
use crate::config::period::Period;
use crate::config::word;
use crate::text::path::TreePath;

/// A named step in the promotion order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// The name that commands take
    #[serde(deserialize_with = "word::environment")]
    #[schemars(regex(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$"))]
    pub name: String,
    /// What belongs to it: each pattern matches a leading part of a path, directory by directory; `**` stands for any number of them
    #[serde(deserialize_with = "word::not_empty")]
    #[schemars(length(min = 1))]
    pub paths: Vec<PathGlob>,
    /// Whether references must name a version; `false` allows plain names
    #[serde(default = "yes")]
    pub versioned: bool,
    /// How long a version must have run here before the next environment may take it
    #[serde(default)]
    pub soak: Option<Period>,
    /// How long a version that nothing references is kept
    #[serde(default)]
    pub retention: Option<Period>,
    /// How old a version may become, counted from when it began to run in its first environment
    #[serde(default, rename = "max-age")]
    pub max_age: Option<Period>,
    /// When references may be moved
    #[serde(default)]
    pub window: Option<Window>,
    /// The steps by which traffic moves to the new version of a pair, in percent; each lasts as long as `soak`, or its own
    #[serde(default, deserialize_with = "pairs::steps")]
    #[schemars(length(min = 1))]
    pub shift: Vec<Step>,
    /// Whether every versioned family needs a monitor
    #[serde(default)]
    pub monitors: Option<Monitored>,
}

const fn yes() -> bool {
    true
}

impl Environment {
    /// Whether a path belongs to the environment.
    #[must_use]
    pub fn owns(&self, path: &TreePath) -> bool {
        self.paths.iter().any(|glob| glob.matches_prefix(path))
    }
}

/// The hours of a week in which references may be moved.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The days; every day by default
    #[serde(default = "Day::all", deserialize_with = "word::not_empty")]
    #[schemars(length(min = 1))]
    pub days: Vec<Day>,
    /// The first minute, `HH:MM`
    pub from: TimeOfDay,
    /// The minute it ends, `HH:MM`; earlier than `from`: on the next day
    pub to: TimeOfDay,
    /// The time zone, such as `Europe/Berlin`; UTC by default
    #[serde(default = "utc", deserialize_with = "word::timezone")]
    pub timezone: String,
}

fn utc() -> String {
    "UTC".to_owned()
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Day {
    fn all() -> Vec<Self> {
        vec![Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun]
    }
}

/// A minute of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay {
    /// The hour, 0 to 24; 24 only with minute 0.
    pub hour: u8,
    /// The minute, 0 to 59.
    pub minute: u8,
}

impl TimeOfDay {
    fn parse(text: &str) -> Result<Self, String> {
        let number = |digits: &str| {
            let fits = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            if fits { digits.parse::<u8>().ok() } else { None }
        };
        let time = text.split_once(':').and_then(|(hour, minute)| {
            let time = Self { hour: number(hour)?, minute: number(minute)? };
            let fits = time.minute < 60 && (time.hour < 24 || time == Self { hour: 24, minute: 0 });
            fits.then_some(time)
        });
        time.ok_or_else(|| format!("`{text}` is no time of day; write `\"09:00\"`"))
    }

    /// The number of minutes since midnight.
    #[must_use]
    pub fn minutes(self) -> u16 {
        u16::from(self.hour) * 60 + u16::from(self.minute)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        word::parsed(deserializer, "a time of day such as `09:00`", Self::parse)
    }
}

impl JsonSchema for TimeOfDay {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "TimeOfDay".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$" })
    }
}

/// The promotion order of environments found by convention, with the words that identify each.
const WORDS: [(&str, &[&str]); 3] = [
    ("development", &["dev", "development"]),
    ("staging", &["stage", "staging", "stg"]),
    ("production", &["prod", "production", "prd"]),
];

/// Words for environments whose place in the promotion order differs from one team to another.
const UNPLACED: [(&str, &[&str]); 11] = [
    ("acc", &["acc", "acceptance"]),
    ("demo", &["demo"]),
    ("int", &["int", "integration"]),
    ("live", &["live"]),
    ("nonprod", &["nonprod", "non-prod", "nonproduction", "non-production"]),
    ("preprod", &["preprod", "pre-prod", "preproduction", "pre-production"]),
    ("qa", &["qa"]),
    ("sandbox", &["sandbox", "sbx"]),
    ("sit", &["sit"]),
    ("test", &["test", "testing", "tst"]),
    ("uat", &["uat"]),
];

/// The words that never mean a step before production.
const ASIDE: [&str; 2] = ["demo", "sandbox"];

/// What a word in the name of a directory or file stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// An environment: its place in the promotion order, and its name.
    Environment(usize, &'static str),
    /// An environment that has no place by convention, such as `qa`.
    Unplaced(&'static str),
}

/// The lengths of the words that begin with each letter, a bit for each: this rules out nearly all other words.
const LENGTHS: [u32; 26] = {
    let mut lengths = [0; 26];
    let mut at = 0;
    while at < WORDS.len() {
        lengths = note(lengths, WORDS[at].1);
        at += 1;
    }
    at = 0;
    while at < UNPLACED.len() {
        lengths = note(lengths, UNPLACED[at].1);
        at += 1;
    }
    lengths
};

const fn note(mut lengths: [u32; 26], words: &[&str]) -> [u32; 26] {
    let mut at = 0;
    while at < words.len() {
        lengths[(words[at].as_bytes()[0] - b'a') as usize] |= 1 << words[at].len();
        at += 1;
    }
    lengths
}

/// Whether a word, in any case, has the first letter and the length of one that stands for something.
fn may_stand(word: &str) -> bool {
    let letter = word.bytes().next().and_then(|first| first.to_ascii_lowercase().checked_sub(b'a'));
    let lengths = letter.and_then(|letter| LENGTHS.get(usize::from(letter)));
    lengths.is_some_and(|lengths| word.len() < 32 && lengths >> word.len() & 1 == 1)
}

/// What a word stands for, in lower case; `pre-prod` and the like count as one.
#[must_use]
pub fn word_of(word: &str) -> Option<Word> {
    if !may_stand(word) {
        return None;
    }
    let placed = environment_of_word(word).map(|(order, name)| Word::Environment(order, name));
    let unplaced = || UNPLACED.iter().find(|(_, words)| words.contains(&word));
    placed.or_else(|| unplaced().map(|(name, _)| Word::Unplaced(name)))
}

/// Whether an environment that has no place by convention may come before production.
#[must_use]
pub fn may_come_before(unplaced: &str) -> bool {
    !ASIDE.contains(&unplaced)
}

/// The environment that a directory name identifies, in any case, with its position in the promotion order.
#[must_use]
pub fn environment_of_word(word: &str) -> Option<(usize, &'static str)> {
    if !may_stand(word) {
        return None;
    }
    WORDS
        .iter()
        .enumerate()
        .find(|(_, (_, words))| words.iter().any(|known| known.eq_ignore_ascii_case(word)))
        .map(|(order, (name, _))| (order, *name))
}

#[cfg(test)]
mod tests {
    use super::{UNPLACED, WORDS, Word, environment_of_word, word_of};

    #[test]
    fn knows_the_usual_words() {
        assert_eq!(environment_of_word("stg"), Some((1, "staging")));
        assert_eq!(environment_of_word("prd"), Some((2, "production")));
        assert_eq!(environment_of_word("products"), None);
        assert_eq!(environment_of_word("Prod"), Some((2, "production")));
        assert_eq!(word_of("pre-prod"), Some(Word::Unplaced("preprod")));
        for (name, words) in WORDS.iter().chain(&UNPLACED) {
            for word in *words {
                let known = match word_of(word) {
                    Some(Word::Environment(_, known) | Word::Unplaced(known)) => known,
                    None => "",
                };
                assert_eq!(known, *name, "{word}");
            }
        }
        for word in ["", "staging-staging-staging-staging-staging", "Ü", "{ev"] {
            assert_eq!((word_of(word), environment_of_word(word)), (None, None), "{word}");
        }
    }
}
