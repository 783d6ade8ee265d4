//! Stubs of old versions that nothing names any more.

use std::collections::BTreeSet;

use crate::finding::{Finding, Level};
use crate::k8s::found::Role;
use crate::k8s::secret_name::Version;
use crate::lint::disused::past;
use crate::lint::judge::deployed;
use crate::lint::rule::{Asker, Facts, Fixes, Rule};
use crate::repo::Repo;
use crate::repo::deployed::{Starts, may_hide};
use crate::repo::environment::Environment;
use crate::repo::family::FamilyState;
use crate::repo::inventory::{Provider, Reference};
use crate::repo::mentions::Mentions;
use crate::repo::root::Root;
use crate::repo::subject::Subject;
use crate::text::shell::command;
use crate::timeline::Timeline;
use crate::timeline::unused::{followed, kept_until};

/// The rule.
pub static RULE: Rule = Rule {
    id: "unused-stub",
    level: Level::Info,
    fixes: Fixes::Never,
    summary: "a stub that nothing references and whose retention is over: `rotate prune`",
    docs: "
### What it finds

A versioned ExternalSecret that no reference in the repository names, in an environment that has moved on: a later
version is in use there, and this one has been unused for the environment's `retention` (14 days where nothing is set).
Since when is read from Git, as by `rotate prune`; without the history, the date of the next version counts. The newest
version stays, and so does the one before each version in use, since that is the way back. A grant (`resourceNames` of a
Role) needs no stub. A hold keeps its version. A mention in any other text that Git has (scripts, documents, comments,
values of charts) keeps the stub too, and so does a name that is filled in only when it is deployed and could be this one.

### Why it matters

Each stub costs calls to the store, a label there and a Secret in the cluster that somebody can read. A value that nobody
uses should go.

### Example

```yaml
metadata:
  name: auth-api-secrets-20250102090000   # 20250402090000 and 20250723110000 came after it
```

### Repair

`rotate prune ENV FAMILY`.
",
    check,
};

/// A stub that may be too old.
struct Candidate<'r> {
    environment: &'r Environment,
    family: &'r str,
    version: &'r str,
    providers: Vec<(&'r Root, &'r Provider)>,
}

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let repo = facts.repo;
    let references = deployed(repo).flat_map(|(root, _)| &root.references);
    let named: BTreeSet<&str> =
        references.filter(|one| needs(one)).map(Reference::secret).collect();
    let starts = Starts::of(named.iter().copied());
    let mut candidates = Vec::new();
    for environment in &repo.environments {
        for (family, state) in repo.families_of(environment.id) {
            if starts.may_name(family) {
                continue;
            }
            let old = old(facts, environment, family, state);
            let unnamed = |version: &&str| !named.contains(&*format!("{family}-{version}"));
            candidates.extend(old.into_iter().filter(unnamed).filter_map(|version| {
                let providers = stubs(repo, state, version)?;
                Some(Candidate { environment, family, version, providers })
            }));
        }
    }
    let versions: BTreeSet<&str> = candidates.iter().map(|one| one.version).collect();
    let mentions = Mentions::of(repo, &versions);
    // What a value of a manifest means is known: if it named the secret, it would be a reference.
    let is_kept = |one: &Candidate<'_>| {
        mentions.of_version(one.family, one.version).any(|mention| !mention.is_resolved)
    };
    candidates.retain(|one| !is_kept(one));
    let versions = candidates.iter().map(|one| (one.subject(), one.version.to_owned()));
    let past = past(facts, Asker::Unused, versions);
    let unused = candidates.iter().filter(|one| one.is_unused(facts, past));
    unused.flat_map(|one| findings(one, past.is_some())).collect()
}

impl Candidate<'_> {
    fn subject(&self) -> Subject {
        Subject::new(&self.environment.name, self.family)
    }

    /// Whether `prune` would say that it is not needed, by the history where that is known and else by the digits.
    fn is_unused(&self, facts: &Facts<'_>, past: Option<&Timeline>) -> bool {
        let (repo, id, subject) = (facts.repo, self.environment.id, self.subject());
        let (Ok(kept), Some(state)) =
            (repo.retention(id, self.family), repo.family(id, self.family))
        else {
            return false;
        };
        let made = || state.stubs.keys().map(String::as_str);
        let others = made().chain(state.versions.keys().map(String::as_str));
        let since = match past {
            Some(past) => {
                let now = repo.running_of(id, self.family);
                let ways = past.ways_back(&subject, &now, &made().collect());
                if ways.versions.contains(self.version) {
                    return false;
                }
                past.unused(&subject, self.version, others)
            }
            None => followed(self.version, others),
        };
        since.is_some_and(|(since, _)| kept_until(since, kept.span) <= facts.now)
    }
}

/// The versions of an environment that are older than what is in use and what came before that, their retention over.
fn old<'s>(
    facts: &Facts<'_>,
    environment: &Environment,
    family: &str,
    state: &'s FamilyState,
) -> Vec<&'s str> {
    let held = facts.repo.config.holds_on(&environment.name, family);
    let held = held.map(|hold| hold.version.as_str());
    let needed = state
        .versions
        .iter()
        .filter(|(_, names)| names.iter().any(|id| needs(facts.repo.reference(*id).1)));
    let used: BTreeSet<&str> = needed.map(|(version, _)| version.as_str()).chain(held).collect();
    let Some(current) = used.last() else { return Vec::new() };
    let before = |version: &str| state.stubs.keys().rfind(|one| one.as_str() < version);
    let ways_back: BTreeSet<&str> =
        used.iter().filter_map(|version| before(version)).map(String::as_str).collect();
    let is_over = |version: &str| {
        let others = state.stubs.keys().chain(state.versions.keys()).map(String::as_str);
        // It was in use until the next one was made, if not longer.
        followed(version, others)
            .is_some_and(|(since, _)| kept_until(since, environment.retention()) <= facts.now)
    };
    let stubs = state.stubs.keys().map(String::as_str);
    stubs
        .filter(|version| {
            Version::new(version).is_some()
                && version < current
                && !used.contains(version)
                && !ways_back.contains(version)
                && is_over(version)
        })
        .collect()
}

/// Whether a reference needs its secret; one that grants access to it does not.
fn needs(reference: &Reference) -> bool {
    reference.found.role != Role::Grant
}

/// The stubs of a version; `None` when something else makes it too, or nobody can tell who names it.
fn stubs<'r>(
    repo: &'r Repo,
    state: &'r FamilyState,
    version: &str,
) -> Option<Vec<(&'r Root, &'r Provider)>> {
    let made = state.stubs.get(version)?.iter().map(|id| repo.provider(*id));
    let made: Vec<(&Root, &Provider)> = made.collect();
    let known = made.iter().all(|(root, provider)| {
        let namespace = root.namespace_of_provider(provider);
        provider.provided.row == "external-secret" && !may_hide(repo, root.environment, namespace)
    });
    known.then_some(made)
}

fn findings(candidate: &Candidate<'_>, is_proved: bool) -> Vec<Finding> {
    let Candidate { environment, family, version, providers } = candidate;
    let prune = command("rotate prune", &[&environment.name, family], "");
    let (over, help) = if is_proved {
        ("and its retention is over", format!("`{prune}`"))
    } else {
        let over = "and judging by the date of the next version, its retention is over";
        (over, format!("`{prune}` also asks the history"))
    };
    let message = format!("nothing names `{family}-{version}` any more, {over}");
    let places = providers.iter().filter_map(|(_, provider)| provider.near());
    let finding =
        places.map(|place| RULE.finding(&place, message.clone()).help(help.clone()).about(*family));
    finding.map(|finding| finding.in_environment(environment.name.clone())).collect()
}
