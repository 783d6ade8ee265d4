//! Rules run over a loaded repository: what they find, merged, sorted, and without what was allowed.

pub mod allow;
pub mod baseline;
mod clear_text;
mod credentials;
mod disused;
mod family_usage;
mod fingerprint;
mod git_patterns;
#[cfg(test)]
mod growth;
pub mod judge;
mod kin;
mod lag;
mod leak;
mod places;
pub mod reads;
pub mod rule;
pub mod rules;
mod running;
pub mod selection;
mod settling;
mod spelled;
mod stubs;
mod versions;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::finding::Finding;
use crate::lint::allow::Allows;
use crate::lint::judge::Coverage;
use crate::lint::rule::Facts;
use crate::lint::selection::Selection;
use crate::text::path::TreePath;

/// The result of a run.
#[derive(Debug, Default)]
pub struct Findings {
    /// What was found, sorted by path and place.
    pub findings: Vec<Finding>,
    /// What a comment silenced.
    pub allowed: Vec<Finding>,
    /// Which references could be judged.
    pub coverage: Coverage,
}

/// Runs the selected rules.
#[must_use]
pub fn run(facts: &Facts<'_>, selection: &Selection) -> Findings {
    let found: Vec<Vec<Finding>> = selection
        .rules
        .par_iter()
        .map(|(rule, level)| {
            let mut found = (rule.check)(facts);
            if let Some(level) = level {
                found.iter_mut().for_each(|finding| finding.level = *level);
            }
            found
        })
        .collect();
    let merged = merge(facts, found.into_iter().flatten());
    let mut allows = Allows::of(facts.repo);
    let (allowed, mut findings): (Vec<Finding>, Vec<Finding>) =
        merged.into_iter().partition(|finding| allows.takes(finding));
    findings.extend(allows.unused(selection));
    sort(&mut findings);
    fingerprint::give(facts.repo, &mut findings);
    let generated = facts.faults().generated.len();
    let coverage = Coverage { generated, ..facts.judgements().coverage.clone() };
    Findings { findings, allowed, coverage }
}

/// Where a finding of a rule is: rule, file, range.
type MergeKey = (&'static str, TreePath, usize, usize);

/// One finding for what is wrong in several environments at the same place, in the words of the first: a namespace or
/// a prefix may make the words differ.
fn merge(facts: &Facts<'_>, found: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let order = |name: &str| facts.repo.environments.iter().position(|one| one.name == name);
    let mut usages: BTreeMap<MergeKey, BTreeMap<Option<usize>, Vec<Finding>>> = BTreeMap::new();
    for finding in found {
        let (path, span) = (finding.place.source.path().clone(), finding.place.span());
        let environment = finding.environments.first().and_then(|name| order(name));
        let usage = usages.entry((finding.rule, path, span.start, span.end)).or_default();
        usage.entry(environment).or_default().push(finding);
    }
    let merged = usages.into_values().flat_map(|usage| merge_spot(usage.into_values()));
    let mut merged: Vec<Finding> = merged.collect();
    for finding in &mut merged {
        finding.environments.sort_by_key(|name| order(name));
        finding.environments.dedup();
    }
    merged
}

/// The findings of one place, environment by environment.
fn merge_spot(environments: impl Iterator<Item = Vec<Finding>>) -> Vec<Finding> {
    let mut merged: Vec<Finding> = Vec::new();
    for mut findings in environments {
        findings.sort_by(|a, b| a.message.cmp(&b.message));
        findings.dedup_by(|a, b| a.message == b.message);
        // What is said in the same words elsewhere finds its like first.
        let (same, other): (Vec<_>, Vec<_>) = findings
            .into_iter()
            .partition(|finding| merged.iter().any(|known| known.message == finding.message));
        for finding in same.into_iter().chain(other) {
            let is_free = |known: &Finding| {
                !known.environments.is_empty()
                    && !known.environments.iter().any(|one| finding.environments.contains(one))
            };
            let like = merged.iter().position(|known| known.message == finding.message);
            let like = like.or_else(|| {
                let free = merged.iter().position(is_free);
                free.filter(|_| !finding.environments.is_empty())
            });
            match like {
                Some(index) => {
                    // What is a remark in one environment may be a warning in another.
                    merged[index].level = merged[index].level.max(finding.level);
                    merged[index].environments.extend(finding.environments);
                    merged[index].families.extend(finding.families);
                }
                None => merged.push(finding),
            }
        }
    }
    merged
}

fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let key = |one: &Finding| (one.place.span().start, one.place.span().end, one.rule);
        let paths = a.place.source.path().cmp(b.place.source.path());
        paths.then_with(|| key(a).cmp(&key(b))).then_with(|| a.message.cmp(&b.message))
    });
}
