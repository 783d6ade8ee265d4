//! What the roll-out of a new version costs: workloads that go down meanwhile, and those that cannot go back at once.

use std::collections::BTreeSet;

use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;

/// How many notes there are at most.
const MOST: usize = 10;

/// A note for each workload of an environment that a new name takes down, or that cannot go back from it at once.
pub(super) fn costs(after: &Repo, environment: EnvironmentId, name: &str) -> Vec<String> {
    let mut notes = BTreeSet::new();
    let roots = after.roots_of(environment).map(|(_, root)| root);
    for root in roots.filter(|root| root.references.iter().any(|one| one.secret() == name)) {
        for (object, outage, references) in root.outages() {
            if references.iter().any(|one| one.secret() == name) {
                let (kind, workload) = (object.kind(), object.name());
                notes.insert(format!(
                    "{kind} `{workload}` goes down while the change rolls out: {}",
                    outage.reason
                ));
            }
        }
        for slow in after.slow_returns(root) {
            if slow.references.iter().any(|one| one.secret() == name) {
                let (kind, workload) = (slow.object.kind(), slow.object.name());
                notes.insert(format!("{kind} `{workload}` cannot go back at once: {}", slow.why));
            }
        }
    }
    let rest = notes.len().saturating_sub(MOST);
    let rest = (rest > 0).then(|| {
        format!("{rest} more workloads go down or cannot go back at once; `rotate lint` lists them")
    });
    notes.into_iter().take(MOST).chain(rest).collect()
}
