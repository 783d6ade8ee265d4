//! Names that end in 14 digits which are no version: no date and time, or one that is still to come.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::finding::{Finding, Level};
use crate::k8s::found::Role;
use crate::k8s::secret_name::{Version, check as check_name, family, split};
use crate::lint::family_usage::{Manner, families, manner};
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::lint::running::running;
use crate::text::source::Place;

/// The rule.
pub static RULE: Rule = Rule {
    id: "invalid-version",
    level: Level::Error,
    fixes: Fixes::Never,
    summary: "a name that ends in 14 digits that are not a valid date, or a date in the future",
    docs: "
### What it finds

A reference or something that makes a secret, in an environment, whose name ends in a hyphen and 14 digits that do not
spell a UTC date and time, or spell one that is still to come; five minutes are allowed for clock skew. Digits that are no
date are reported where they look like one (a year and mostly possible months, days, hours), or where the family has real
versions. Others are somebody's number: `client-00000000000042` is a name like any other.

### Why it matters

Versions are ordered by their digits, and soak and retention are calculated from them. One in the future stays the
newest for ever: the next rotation makes an older one. One that is no date is taken for no version at all.

### Example

```yaml
- secretRef: { name: auth-20251301000000 }   # a 13th month
- secretRef: { name: auth-23072025110000 }   # the day first
```

### Repair

Make a version with `rotate bump ENV FAMILY`, which takes the time in UTC.
",
    check,
};

/// How far a clock may be ahead of ours.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let repo = facts.repo;
    let known = families(repo);
    let mut findings = Vec::new();
    for (root, environment) in running(repo) {
        let Some(environment) = environment.map(|index| &repo.environments[index]) else {
            continue;
        };
        let references = root.references.iter().filter_map(|one| {
            let guessed = one.found.role == Role::Mention;
            (manner(root, one) != Manner::Mention).then_some((one.secret(), one.near(), guessed))
        });
        let providers = root.providers.iter().map(|one| (one.secret(), one.near(), false));
        for (name, place, guessed) in references.chain(providers) {
            let fault = fault(name, guessed, &known, facts.now);
            let managed = || repo.config.secret(split(name).map_or(name, |one| one.0)).is_managed();
            let (Some(fault), Some(place)) = (fault.filter(|_| managed()), place) else { continue };
            findings.push(fault.finding(name, &place).in_environment(&environment.name));
        }
    }
    findings
}

/// What is wrong with the digits of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    NoDate,
    Future,
}

impl Fault {
    fn finding(self, name: &str, place: &Place) -> Finding {
        let (message, help) = match self {
            Self::NoDate => (
                format!("`{name}` ends in 14 digits that are not a valid date and time"),
                "versions are a date and time in UTC, the year first: YYYYMMDDHHMMSS",
            ),
            Self::Future => (
                format!("`{name}` has a version in the future"),
                "a version is the time at which it was created, in UTC",
            ),
        };
        RULE.finding(place, message).about(family(name)).help(help)
    }
}

/// What is wrong with a name; `guessed` when nothing but its digits says that it is a secret's.
fn fault(name: &str, guessed: bool, known: &BTreeSet<&str>, now: DateTime<Utc>) -> Option<Fault> {
    let (family, digits) = split(name).filter(|_| check_name(name).is_ok())?;
    let is_known = known.contains(family);
    match Version::new(digits) {
        Some(version) => (version.time() > now + TOLERANCE).then_some(Fault::Future),
        None if is_known || (!guessed && looks_like_date(digits)) => Some(Fault::NoDate),
        None => None,
    }
}

/// Whether digits that are no date were probably meant for one: a year of this century, and three of month, day, hour,
/// minute and second that are possible.
fn looks_like_date(digits: &str) -> bool {
    let part = |at: usize| digits.get(at..at + 2).and_then(|text| text.parse::<u8>().ok());
    let possible = [(4, 1, 12), (6, 1, 31), (8, 0, 23), (10, 0, 59), (12, 0, 59)];
    let fits = |(at, least, most): &(usize, u8, u8)| {
        part(*at).is_some_and(|number| (*least..=*most).contains(&number))
    };
    digits.starts_with("20") && possible.iter().filter(|range| fits(range)).count() >= 3
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Fault, fault};

    #[test]
    fn tells_versions_gone_wrong_from_numbers() {
        let known = BTreeSet::from(["auth"]);
        let now = "2025-08-20T11:00:00Z".parse().unwrap();
        let fault = |name, guessed| fault(name, guessed, &known, now);
        for name in ["auth-23072025110000", "auth-00000000000000", "web-20251301000000"] {
            assert_eq!(fault(name, false), Some(Fault::NoDate), "{name}");
        }
        for name in [
            "auth-20250723110000",
            "auth-20250820110500",
            "client-00000000000042",
            "client-20239876543210",
            "web-2025130100000",
            "Web-20251301000000",
            "web",
        ] {
            assert_eq!(fault(name, false), None, "{name}");
        }
        assert_eq!(fault("web-20250820110501", false), Some(Fault::Future));
        assert_eq!(fault("web-20251301000000", true), None);
    }
}
