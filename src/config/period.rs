//! Durations as people write them: `30m`, `24h`, `14d`, `1w`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer};

use crate::config::word;

/// A span of time in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Period(u32);

const UNITS: [(char, u32); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl Period {
    /// Parses numbers with units, longest unit first: `24h`, `1d12h`.
    ///
    /// # Errors
    /// When the text has another format, or is longer than a century.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is not a duration; write a number with a unit: `30m`, `24h`, `14d`, `1w`"
            )
        };
        let too_long = || format!("`{text}` is too long a duration");
        let (mut total, mut digits, mut last) = (0_u32, String::new(), u32::MAX);
        for c in text.chars() {
            if c.is_ascii_digit() {
                digits.push(c);
                continue;
            }
            let (_, seconds) = UNITS.into_iter().find(|(unit, _)| *unit == c).ok_or_else(wrong)?;
            if digits.is_empty() || seconds >= last {
                return Err(wrong());
            }
            let number: u32 = digits.parse().map_err(|_| too_long())?;
            total = number
                .checked_mul(seconds)
                .and_then(|part| total.checked_add(part))
                .ok_or_else(too_long)?;
            (last, digits) = (seconds, String::new());
        }
        if last == u32::MAX || !digits.is_empty() {
            return Err(wrong());
        }
        if total > 3_155_760_000 { Err(too_long()) } else { Ok(Self(total)) }
    }

    /// The number of seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit =
            UNITS[1..].iter().find(|(_, seconds)| self.0 > 0 && self.0.is_multiple_of(*seconds));
        match unit {
            Some((unit, seconds)) => write!(f, "{}{unit}", self.0 / seconds),
            None => f.write_str("0s"),
        }
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        word::parsed(deserializer, "a duration such as `24h`", Self::parse)
    }
}

impl JsonSchema for Period {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$",
            "minLength": 2,
            "examples": ["30m", "24h", "14d", "1w"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Period;

    #[test]
    fn reads_numbers_with_units() {
        let seconds = |text| Period::parse(text).map(Period::seconds);
        assert_eq!(seconds("30m"), Ok(1_800));
        assert_eq!(seconds("24h"), Ok(86_400));
        assert_eq!(seconds("1w"), Ok(604_800));
        assert_eq!(seconds("1d12h"), Ok(129_600));
        assert_eq!(seconds("0s"), Ok(0));
    }

    #[test]
    fn refuses_the_rest() {
        for text in
            ["", "24", "h", "1h1d", "1h1h", "1.5h", "-1h", "24 h", "99999999999h", "9999w", "ü"]
        {
            assert!(Period::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn is_shown_in_its_largest_whole_unit() {
        for text in ["30m", "36h", "14d", "90s", "0s"] {
            assert_eq!(Period::parse(text).unwrap().to_string(), text);
        }
    }
}
