//! What to do so that the existing pull requests become the wanted ones.

use std::collections::BTreeSet;

use crate::forge::marker::{Kind, Marker, PullKey};
use crate::forge::pull::Pull;

/// A wanted pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Which pull request it is.
    pub key: PullKey,
    /// The new version, or the versions to remove, joined by `+`.
    pub version: String,
    /// Whether to open it if there is none: false while something blocks it for a few hours only, which keeps an
    /// existing one open.
    pub opens: bool,
}

/// A task to carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task<'p> {
    /// Close it: the version has changed, or it is no longer needed.
    Close {
        /// The pull request.
        pull: &'p Pull,
        /// What it is about.
        marker: &'p Marker,
        /// The index of the wanted one that supersedes it.
        newer: Option<usize>,
    },
    /// Bring it up to date.
    Keep {
        /// The pull request.
        pull: &'p Pull,
        /// The wanted one, an index.
        wanted: usize,
    },
    /// Open it, unless a person closed one for the same version.
    Open {
        /// The wanted one, an index.
        wanted: usize,
    },
}

/// The tasks for the keys in scope, in the order to carry them out: closing comes before opening on the same
/// branch.
#[must_use]
pub fn reconcile<'p>(
    wanted: &[Wanted],
    open: &'p [Pull],
    scope: &dyn Fn(&PullKey) -> bool,
    prefix: &str,
) -> Vec<Task<'p>> {
    let (mut close, mut rest, mut served) = (Vec::new(), Vec::new(), BTreeSet::new());
    for pull in open {
        let Some(marker) = &pull.marker else { continue };
        let key = &marker.key;
        // A marker copied to another branch is ignored.
        if !scope(key) || pull.branch != key.branch(prefix) {
            continue;
        }
        let meant = wanted.iter().position(|one| one.key == *key);
        let fits = |one: usize| key.kind == Kind::Prune || wanted[one].version == marker.version;
        match meant {
            Some(one) if fits(one) && served.insert(one) => {
                rest.push(Task::Keep { pull, wanted: one });
            }
            newer => close.push(Task::Close { pull, marker, newer }),
        }
    }
    let missing = (0..wanted.len()).filter(|one| !served.contains(one) && wanted[*one].opens);
    rest.extend(missing.map(|wanted| Task::Open { wanted }));
    close.extend(rest);
    close
}

/// The pull request for the same version that a person closed without merging it.
#[must_use]
pub fn declined<'p>(wanted: &Wanted, base: &str, closed: &'p [Pull]) -> Option<&'p Pull> {
    closed.iter().find(|pull| {
        let marker = pull.marker.as_ref();
        let same = marker.is_some_and(|marker| {
            marker.key == wanted.key && marker.version == wanted.version && !marker.closed
        });
        same && pull.base == base && !pull.is_merged && !pull.is_open
    })
}

#[cfg(test)]
mod tests {
    use super::{Task, Wanted, declined, reconcile};
    use crate::forge::marker::{Kind, Marker, PullKey};
    use crate::forge::pull::Pull;

    fn key(kind: Kind, family: &str) -> PullKey {
        let (tree, environment) = (String::new(), "production".to_owned());
        PullKey { kind, tree, environment, family: family.to_owned() }
    }

    fn wanted(family: &str, version: &str) -> Wanted {
        let key = key(Kind::Promote, family);
        Wanted { key, version: version.to_owned(), opens: true }
    }

    fn pull(kind: Kind, family: &str, version: &str) -> Pull {
        let key = key(kind, family);
        Pull {
            number: 1,
            url: String::new(),
            title: String::new(),
            body: String::new(),
            branch: key.branch("rotate/"),
            tip: String::new(),
            base: "main".to_owned(),
            is_open: true,
            is_merged: false,
            is_from_here: true,
            marker: Some(Marker { key, version: version.to_owned(), closed: false }),
        }
    }

    fn steps<'p>(wanted: &[Wanted], open: &'p [Pull]) -> Vec<Task<'p>> {
        let scope = |key: &PullKey| key.kind == Kind::Promote;
        reconcile(wanted, open, &scope, "rotate/")
    }

    fn close(pull: &Pull, newer: Option<usize>) -> Task<'_> {
        Task::Close { pull, marker: pull.marker.as_ref().unwrap(), newer }
    }

    #[test]
    fn what_is_missing_opens_and_what_is_there_is_kept() {
        let both = [wanted("a", "1"), wanted("b", "1")];
        let there = [pull(Kind::Promote, "b", "1")];
        let expected = [Task::Keep { pull: &there[0], wanted: 1 }, Task::Open { wanted: 0 }];
        assert_eq!(steps(&both, &there), expected);
    }

    #[test]
    fn another_version_takes_the_place() {
        let there = [pull(Kind::Promote, "a", "1")];
        let expected = [close(&there[0], Some(0)), Task::Open { wanted: 0 }];
        assert_eq!(steps(&[wanted("a", "2")], &there), expected);
        let later = Wanted { opens: false, ..wanted("a", "2") };
        assert_eq!(steps(&[later], &there), expected[..1]);
    }

    #[test]
    fn what_waits_keeps_the_one_that_is_there_and_opens_none() {
        let waits = Wanted { opens: false, ..wanted("a", "1") };
        let there = [pull(Kind::Promote, "a", "1")];
        assert_eq!(
            steps(std::slice::from_ref(&waits), &there),
            [Task::Keep { pull: &there[0], wanted: 0 }]
        );
        assert_eq!(steps(&[waits], &[]), []);
    }

    #[test]
    fn what_has_no_reason_closes_and_what_is_not_ours_stays() {
        let mut copied = pull(Kind::Promote, "a", "1");
        copied.branch = "feature".to_owned();
        let mut foreign = pull(Kind::Promote, "a", "1");
        foreign.marker = None;
        let there = [copied, foreign, pull(Kind::Bump, "a", "1"), pull(Kind::Promote, "gone", "1")];
        assert_eq!(steps(&[], &there), [close(&there[3], None)]);
    }

    #[test]
    fn a_removal_grows_in_place() {
        let more = Wanted { key: key(Kind::Prune, "a"), ..wanted("a", "1+2") };
        let there = [pull(Kind::Prune, "a", "1")];
        let all = |_: &PullKey| true;
        let made = reconcile(&[more], &there, &all, "rotate/");
        assert_eq!(made, [Task::Keep { pull: &there[0], wanted: 0 }]);
    }

    #[test]
    fn only_a_person_declines() {
        let asked = wanted("a", "1");
        let by_person = Pull { is_open: false, ..pull(Kind::Promote, "a", "1") };
        let open = pull(Kind::Promote, "a", "1");
        let mut by_us = by_person.clone();
        by_us.marker.as_mut().unwrap().closed = true;
        let merged = Pull { is_merged: true, ..by_person.clone() };
        let other = Pull { is_open: false, ..pull(Kind::Promote, "a", "2") };
        assert_eq!(declined(&asked, "main", &[open, by_us, merged, other]), None);
        assert_eq!(declined(&asked, "main", std::slice::from_ref(&by_person)), Some(&by_person));
    }
}
