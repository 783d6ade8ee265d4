//! Which version a family moves to: minted, taken over, or asked for by name.

use chrono::{DateTime, Utc};

use crate::k8s::secret_name::{Version, split};
use crate::plan::refusal::Refusal;
use crate::repo::environment::Unplaced;
use crate::text::shell::{command, option};
use crate::text::source::Place;

/// A name of the family that a reference has.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// The name.
    pub(super) name: String,
    /// The reference, as people say it.
    pub(super) what: String,
    /// Where the name is written.
    pub(super) place: Option<Place>,
}

/// The environment whose version is taken over.
#[derive(Debug, Clone)]
pub(super) struct Before {
    /// Its name.
    pub(super) environment: String,
    /// The names its references have.
    pub(super) seen: Vec<Seen>,
    /// The version that what has the plain name there can join.
    pub(super) join: Option<String>,
}

/// Why a version cannot be used.
#[derive(Debug, Clone)]
pub(super) struct Unfit {
    /// The version, as far as there is one.
    pub(super) version: String,
    /// What is wrong, a lower-case phrase.
    pub(super) reason: String,
    /// What to type instead.
    pub(super) help: String,
    /// The relevant places.
    pub(super) reasons: Vec<Refusal>,
}

/// What bears on the choice.
pub(super) struct Question<'q> {
    /// The family.
    pub(super) family: &'q str,
    /// The version that was asked for.
    pub(super) asked: Option<&'q str>,
    /// The names that the references have here.
    pub(super) here: &'q [Seen],
    /// The environment before, where there is one that names the family.
    pub(super) before: Option<&'q Before>,
    /// Whether the environment is the first versioned one.
    pub(super) first: bool,
    /// An environment without a place in the promotion order that may come before this one, where this is the last one.
    pub(super) unplaced: Option<&'q Unplaced>,
    /// The current time.
    pub(super) now: DateTime<Utc>,
}

impl Question<'_> {
    /// The version to move to.
    pub(super) fn answer(&self) -> Result<Version, Unfit> {
        let asked = self.asked.map(|text| self.read(text)).transpose()?;
        let version = match (self.before, asked) {
            (Some(before), asked) => self.taken_over(before, asked)?,
            (None, Some(version)) => self.begun(version)?,
            (None, None) if self.first => self.begun(Version::from_time(self.now))?,
            (None, None) => return Err(self.nobody_before()),
        };
        self.is_newer(version)
    }

    /// The version to go back to, which was asked for.
    pub(super) fn went_back(&self) -> Result<Version, Unfit> {
        self.read(self.asked.unwrap_or_default())
    }

    fn read(&self, text: &str) -> Result<Version, Unfit> {
        let help = format!(
            "versions are 14 digits, a UTC date and time such as {}",
            Version::from_time(self.now)
        );
        let digits = split(text).filter(|(family, _)| *family == self.family);
        let digits = digits.map_or(text, |(_, digits)| digits);
        let Some(version) = Version::new(digits) else {
            return Err(unfit(text, "it is not a valid date and time", help));
        };
        if version.time() > self.now {
            return Err(unfit(text, "it is in the future", help));
        }
        Ok(version)
    }

    fn taken_over(&self, before: &Before, asked: Option<Version>) -> Result<Version, Unfit> {
        let environment = &before.environment;
        let mut names: Vec<&str> = before.seen.iter().map(|seen| seen.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let only = if let [name] = names[..] { split(name) } else { None };
        let Some(version) = only.and_then(|(_, digits)| Version::new(digits)) else {
            let reason = match names[..] {
                [name] => format!("{environment} runs `{name}`, which is not a version"),
                _ => format!("{environment} runs several: {}", names.join(", ")),
            };
            let join = before.join.as_ref().map(|join| option("--version", join));
            let help =
                command("rotate bump", &[environment, self.family], &join.unwrap_or_default());
            let version = asked.as_ref().map_or_else(|| names.join(", "), Version::to_string);
            return Err(Unfit {
                reasons: places(&before.seen, &help),
                ..unfit(&version, reason, help)
            });
        };
        match asked {
            Some(asked) if asked != version => {
                let reason = format!("{environment} runs {version}");
                let help =
                    format!("omit `--version` to use {version}, or bump {environment} first");
                Err(Unfit {
                    reasons: places(&before.seen, &help),
                    ..unfit(asked.as_str(), reason, help)
                })
            }
            _ => Ok(version),
        }
    }

    fn nobody_before(&self) -> Unfit {
        let version = Version::from_time(self.now);
        let reason =
            "no earlier environment references the family, so there is no version to promote";
        unfit(version.as_str(), reason, format!("`--version {version}` begins one here"))
    }

    /// A version that no environment had before, unless one may come before that is not known.
    fn begun(&self, version: Version) -> Result<Version, Unfit> {
        let Some(unplaced) = self.unplaced else { return Ok(version) };
        let help = "list it under `environments` in rotate.yaml, before or after this one; if there is no such file, `rotate init` writes it";
        Err(unfit(version.as_str(), unplaced.to_string(), help.to_owned()))
    }

    fn is_newer(&self, version: Version) -> Result<Version, Unfit> {
        let newer: Vec<Seen> = self
            .here
            .iter()
            .filter(|seen| split(&seen.name).is_some_and(|(_, digits)| digits > version.as_str()))
            .cloned()
            .collect();
        let Some(one) = newer.first() else { return Ok(version) };
        let reason = format!("it is not newer than `{}`, which runs here", one.name);
        let help = "to go back to an older version, roll back".to_owned();
        Err(Unfit { reasons: places(&newer, &help), ..unfit(version.as_str(), reason, help) })
    }
}

fn unfit(version: &str, reason: impl Into<String>, help: String) -> Unfit {
    Unfit { version: version.to_owned(), reason: reason.into(), help, reasons: Vec::new() }
}

fn places(seen: &[Seen], hint: &str) -> Vec<Refusal> {
    let one = |seen: &Seen| Refusal {
        what: format!("{} names `{}`", seen.what, seen.name),
        place: seen.place.clone(),
        hint: hint.to_owned(),
    };
    seen.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::{Before, Question, Seen, Unfit};

    fn now() -> DateTime<Utc> {
        "2025-07-23T11:00:00Z".parse().unwrap()
    }

    fn seen(names: &[&str]) -> Vec<Seen> {
        let one = |name: &&str| Seen { name: (*name).into(), what: "a field".into(), place: None };
        names.iter().map(one).collect()
    }

    fn ask(
        asked: Option<&str>,
        here: &[&str],
        before: Option<&[&str]>,
        first: bool,
    ) -> Result<String, Unfit> {
        let before = before.map(|names| Before {
            environment: "staging".into(),
            seen: seen(names),
            join: None,
        });
        let here = seen(here);
        let question = Question {
            family: "auth",
            asked,
            here: &here,
            before: before.as_ref(),
            first,
            unplaced: None,
            now: now(),
        };
        question.answer().map(|version| version.to_string())
    }

    #[test]
    fn the_first_environment_mints_and_later_ones_take_over() {
        assert_eq!(ask(None, &["auth"], None, true).unwrap(), "20250723110000");
        let one = "auth-20250701000000";
        assert_eq!(ask(None, &["auth"], Some(&[one, one]), false).unwrap(), "20250701000000");
        assert_eq!(
            ask(Some("20250701000000"), &["auth"], Some(&[one]), false).unwrap(),
            "20250701000000"
        );
        assert_eq!(
            ask(Some("auth-20250701000000"), &["auth"], None, true).unwrap(),
            "20250701000000"
        );
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for (text, word) in [
            ("2025", "not a valid date"),
            ("20250230000000", "not a valid date"),
            ("20250723110001", "future"),
        ] {
            let unfit = ask(Some(text), &["auth"], None, true).unwrap_err();
            assert!(unfit.reason.contains(word), "{}", unfit.reason);
        }
    }

    #[test]
    fn nothing_goes_back() {
        let unfit =
            ask(Some("20250101000000"), &["auth-20250701000000", "auth"], None, true).unwrap_err();
        assert!(unfit.reason.contains("not newer"), "{}", unfit.reason);
        assert_eq!(unfit.reasons.len(), 1);
        let same = ask(Some("20250701000000"), &["auth-20250701000000"], None, true);
        assert_eq!(same.unwrap(), "20250701000000");
    }

    #[test]
    fn production_takes_only_what_all_of_staging_runs() {
        let mixed =
            ask(None, &["auth"], Some(&["auth-20250701000000", "auth"]), false).unwrap_err();
        assert_eq!(mixed.reasons.len(), 2);
        assert!(mixed.reason.contains("several"), "{}", mixed.reason);
        let plain = ask(Some("20250701000000"), &["auth"], Some(&["auth"]), false).unwrap_err();
        assert!(plain.reason.contains("not a version"), "{}", plain.reason);
        let other = ask(Some("20250702000000"), &["auth"], Some(&["auth-20250701000000"]), false);
        assert!(other.unwrap_err().reason.contains("runs 20250701000000"));
        assert!(ask(None, &["auth"], None, false).is_err());
    }
}
