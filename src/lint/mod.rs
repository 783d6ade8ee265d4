//! Rules run over a loaded repository: what they find, merged, sorted, and without what was allowed.

pub mod allow;
pub mod baseline;
mod clear_text;
mod fingerprint;
mod git_patterns;
mod judge;
pub mod rule;
pub mod rules;
mod running;
pub mod selection;
mod spot;
mod stubs;
mod versions;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::finding::Finding;
use crate::lint::allow::Allows;
use crate::lint::rule::Facts;
use crate::lint::selection::Selection;
use crate::text::path::TreePath;

/// What came of a run.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What was found, sorted by path and place.
    pub findings: Vec<Finding>,
    /// How many findings a comment silenced.
    pub allowed: usize,
}

/// Runs the selected rules.
#[must_use]
pub fn run(facts: &Facts<'_>, selection: &Selection) -> Outcome {
    let found: Vec<Vec<Finding>> = selection
        .rules
        .par_iter()
        .map(|(rule, level)| {
            let mut found = (rule.check)(facts);
            found.iter_mut().for_each(|finding| finding.level = *level);
            found
        })
        .collect();
    let merged = merge(facts, found.into_iter().flatten());
    let mut allows = Allows::of(facts.repo);
    let before = merged.len();
    let mut findings: Vec<Finding> =
        merged.into_iter().filter(|finding| !allows.takes(finding)).collect();
    let allowed = before - findings.len();
    findings.extend(allows.unused(selection));
    sort(&mut findings);
    fingerprint::give(&mut findings);
    Outcome { findings, allowed }
}

/// What tells one finding from another: rule, file, range, message.
type Key = (&'static str, TreePath, usize, usize, String);

/// One finding for what is wrong in several environments at the same place.
fn merge(facts: &Facts<'_>, found: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let mut merged: BTreeMap<Key, Finding> = BTreeMap::new();
    for finding in found {
        let (path, span) = (finding.place.source.path().clone(), finding.place.span);
        let key = (finding.rule, path, span.start, span.end, finding.message.clone());
        match merged.get_mut(&key) {
            Some(known) => known.environments.extend(finding.environments),
            None => {
                merged.insert(key, finding);
            }
        }
    }
    let order = |name: &String| facts.repo.environments.iter().position(|one| one.name == *name);
    let mut findings: Vec<Finding> = merged.into_values().collect();
    for finding in &mut findings {
        finding.environments.sort_by_key(order);
        finding.environments.dedup();
    }
    findings
}

fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let key = |one: &Finding| (one.place.span.start, one.place.span.end, one.rule);
        let paths = a.place.source.path().cmp(b.place.source.path());
        paths.then_with(|| key(a).cmp(&key(b))).then_with(|| a.message.cmp(&b.message))
    });
}
