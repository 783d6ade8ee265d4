//! Comments that silence a finding: `# rotate: allow[rule] reason`, on the line or the line above.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use regex::Regex;

use crate::finding::Finding;
use crate::lint::rules::{by_id, unused_setting};
use crate::lint::selection::{Selection, UnknownRule};
use crate::repo::Repo;
use crate::text::path::TreePath;
use crate::text::source::{Place, Source};
use crate::text::span::Span;
use crate::text::work;

/// What every such comment holds.
const MARK: &str = "rotate: allow";

static COMMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"#[ \t]*rotate:[ \t]*allow[ \t]*\[([^\]\r\n]*)\][ \t]*([^\r\n]*)").ok()
});

/// Every comment of a repository, and which of them silenced something.
#[derive(Debug, Default)]
pub struct Allows {
    by_file: BTreeMap<TreePath, Vec<Allow>>,
    /// The positions of those that can silence something: by file, and then by rule and line.
    by_line: BTreeMap<TreePath, BTreeMap<(String, usize), Vec<usize>>>,
}

/// One rule of one comment.
#[derive(Debug)]
struct Allow {
    rule: String,
    place: Place,
    /// The line that it speaks of.
    meant: usize,
    has_reason: bool,
    used: bool,
}

impl Allows {
    /// The comments of every file that was read.
    #[must_use]
    pub fn of(repo: &Repo) -> Self {
        let mut files: BTreeSet<&TreePath> = repo.manifests().collect();
        for root in &repo.roots {
            files.extend(root.files());
            files.extend(root.problems().iter().map(|problem| &problem.path));
        }
        let mut allows = Self::default();
        for file in files {
            let Ok(source) = repo.library.tree().source(file) else { continue };
            let found = comments(&source);
            if !found.is_empty() {
                allows.by_file.insert(file.clone(), found);
            }
        }
        if let Some(source) = &repo.config.source {
            allows.by_file.insert(source.path().clone(), comments(source));
        }
        for (file, found) in &allows.by_file {
            let lines = allows.by_line.entry(file.clone()).or_default();
            for (at, allow) in found.iter().enumerate().filter(|(_, allow)| allow.has_reason) {
                lines.entry((allow.rule.clone(), allow.meant)).or_default().push(at);
            }
        }
        allows
    }

    /// Whether a comment with a reason silences the finding.
    pub fn takes(&mut self, finding: &Finding) -> bool {
        let Some(allows) = self.by_file.get_mut(finding.place.source.path()) else { return false };
        let Some(lines) = self.by_line.get(finding.place.source.path()) else { return false };
        let line = finding.place.position().line;
        let Some(found) = lines.get(&(finding.rule.to_owned(), line)) else { return false };
        for at in found {
            work::step();
            allows[*at].used = true;
        }
        true
    }

    /// A finding for each comment that silenced nothing although its rule ran, or that silences nothing as it is written.
    #[must_use]
    pub fn unused(&self, selection: &Selection) -> Vec<Finding> {
        let Some(level) = selection.level(unused_setting::RULE.id) else { return Vec::new() };
        let all = self.by_file.values().flatten().filter(|allow| !allow.used);
        let found = all.filter_map(|allow| {
            let (message, help) = fault(allow, selection)?;
            let mut finding = unused_setting::RULE.finding(&allow.place, message).help(help);
            finding.level = level;
            Some(finding)
        });
        found.collect()
    }
}

/// What is wrong with a comment that was not used.
fn fault(allow: &Allow, selection: &Selection) -> Option<(String, String)> {
    let rule = &allow.rule;
    if by_id(rule).is_none() {
        let unknown = UnknownRule { id: rule.clone(), place: None };
        return Some((unknown.to_string(), unknown.help()));
    }
    if !allow.has_reason {
        let help = format!("say why: `# rotate: allow[{rule}] REASON`");
        return Some((format!("`allow[{rule}]` silences nothing without a reason"), help));
    }
    // Rules that did not run could have found something.
    selection.level(rule)?;
    let help = "take the comment out, or put it on the line of the finding or the line above";
    Some((format!("`allow[{rule}]` silences nothing"), help.to_owned()))
}

/// The next line that holds more than a comment: comments may stand one above the other.
fn line_below(source: &Source, line: usize) -> usize {
    let mut below = line + 1;
    while source.slice(source.line_span(below)).trim_start().starts_with('#') {
        work::step();
        below += 1;
    }
    below
}

fn comments(source: &Arc<Source>) -> Vec<Allow> {
    let text = source.text();
    let Some(comment) = COMMENT.as_ref().filter(|_| text.contains(MARK)) else {
        return Vec::new();
    };
    let mut allows = Vec::new();
    // The last comment that has a line to itself, and the line that it speaks of.
    let mut last: Option<(usize, usize)> = None;
    for found in comment.captures_iter(text) {
        let (Some(whole), Some(rules), Some(reason)) = (found.get(0), found.get(1), found.get(2))
        else {
            continue;
        };
        let place = Place::new(
            Arc::clone(source),
            Span::new(whole.start(), whole.end() - (whole.len() - whole.as_str().trim_end().len())),
        );
        let line = place.position().line;
        let before = source.slice(Span::new(source.line_span(line).start, whole.start()));
        let meant = match last {
            _ if !before.trim().is_empty() => line,
            // All lines in between are comments.
            Some((from, to)) if from < line && line < to => to,
            _ => {
                let below = line_below(source, line);
                last = Some((line, below));
                below
            }
        };
        allows.extend(rules.as_str().split(',').map(|rule| Allow {
            rule: rule.trim().to_owned(),
            place: place.clone(),
            meant,
            has_reason: !reason.as_str().trim().is_empty(),
            used: false,
        }));
    }
    allows
}
