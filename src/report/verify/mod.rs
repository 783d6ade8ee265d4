//! `rotate verify`: whether every pod of an environment runs what Git names.

pub mod json;
pub mod unread;

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use crate::cluster::word::Word;
use crate::ops::verify::Verified;
use crate::report::console::Paint;
use crate::report::status::{column, running};
use crate::report::workflow::command;
use crate::text::count::counted;
use crate::text::markdown::{code, plain};
use crate::text::visible::one_line;
use crate::timeline::gate::{moment, span};
use crate::verify::part::{Part, Remark, Role, users_of};

/// How many pods have moved; empty where it has none itself.
fn pods(part: &Part) -> String {
    match part.pods {
        None => String::new(),
        Some(pods) if pods.total == 0 && part.role == Role::Workload => "no pods".to_owned(),
        Some(pods) if part.role == Role::Unmanaged => counted(pods.total, "pod"),
        Some(pods) => format!("{} of {}", pods.moved, counted(pods.total, "pod")),
    }
}

/// Since when something has been so.
fn since(remark: &Remark, now: DateTime<Utc>) -> String {
    remark
        .since
        .map_or_else(String::new, |time| format!(", since {} ({})", moment(time), span(now - time)))
}

const fn paint(word: Word) -> Paint {
    match word {
        Word::Moved => Paint::Green,
        Word::NotChecked => Paint::Dim,
        Word::Rolling | Word::Terminating | Word::JobRunning => Paint::Yellow,
        _ => Paint::Red,
    }
}

/// The report for people.
#[must_use]
pub fn text(verified: &Verified, now: DateTime<Utc>, color: bool) -> String {
    let mut out = String::new();
    for proof in &verified.proof.families {
        let title = format!("{} in {}", proof.family, verified.environment);
        let title = Paint::Bold.on(&one_line(&title), color);
        let _ = writeln!(out, "{title}  {}", one_line(&running(&proof.running)));
        let words = proof.parts.iter().flat_map(|part| {
            let own = part.remarks.iter().map(|remark| remark.word.as_str().len());
            own.chain(std::iter::once(part.word().as_str().len())).collect::<Vec<_>>()
        });
        let width = column(words);
        for part in &proof.parts {
            let word = part.word();
            let label = paint(word).on(&format!("{word:width$}"), color);
            let pods = pods(part);
            let pods = if pods.is_empty() { pods } else { format!("  {pods}") };
            let _ = writeln!(out, "  {label}  {}{pods}", one_line(&part.named()));
            for remark in part.sorted() {
                let other = if remark.word == word { "" } else { remark.word.as_str() };
                let said = one_line(&remark.text);
                let _ = writeln!(out, "  {other:width$}    {said}{}", since(remark, now));
                if let Some(next) = remark.next.as_ref().filter(|_| !remark.word.is_fine()) {
                    let _ = writeln!(out, "  {:width$}      {}", "", one_line(next));
                }
            }
        }
        for (version, users) in &proof.old {
            let users = format!("{version} is still used by {}", users_of(users));
            let _ = writeln!(out, "  {}", one_line(&users));
        }
        for cost in &proof.costs {
            let _ = writeln!(out, "  rollback: {}", one_line(cost));
        }
        out.push('\n');
    }
    for note in &verified.notes {
        let _ = writeln!(out, "note: {}", one_line(note));
    }
    let _ = writeln!(out, "{}", one_line(&verdict(verified)));
    out
}

/// The last line: whether all has moved.
fn verdict(verified: &Verified) -> String {
    let parts = verified.proof.families.iter().flat_map(|family| &family.parts);
    let parts: Vec<&Part> = parts.collect();
    let waits = parts.iter().filter(|part| !part.word().is_fine()).count();
    let workloads = parts.iter().filter(|part| part.role == Role::Workload).count();
    let pods: usize = parts
        .iter()
        .filter(|part| part.role == Role::Workload)
        .filter_map(|part| part.pods)
        .map(|pods| pods.total)
        .sum();
    let unread = unread::verdict(&verified.proof.unread);
    if let Some(unread) = unread.filter(|_| waits == 0) {
        unread
    } else if waits == 0 {
        format!(
            "complete: {}, {}, all with what Git names in {}",
            counted(workloads, "workload"),
            counted(pods, "pod"),
            verified.environment
        )
    } else {
        let have = if waits == 1 { "has" } else { "have" };
        let all = counted(parts.len(), "object");
        format!("not complete: {waits} of {all} {have} not moved")
    }
}

/// The report as Markdown, for a pull request or a wiki.
#[must_use]
pub fn markdown(verified: &Verified, now: DateTime<Utc>) -> String {
    let mut out = String::new();
    for proof in &verified.proof.families {
        let (family, environment) = (plain(&proof.family), plain(&verified.environment));
        let _ =
            writeln!(out, "## {family} in {environment}: {}\n", plain(&running(&proof.running)));
        out.push_str("| state | object | pods | reason |\n| --- | --- | --- | --- |\n");
        for part in &proof.parts {
            let said = part.sorted().into_iter().map(|remark| {
                let next = remark.next.as_ref().filter(|_| !remark.word.is_fine());
                let next = next.map_or_else(String::new, |next| format!(" {}", code(next)));
                format!("{}{}{next}", plain(&remark.text), since(remark, now))
            });
            let said: Vec<String> = said.collect();
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} |",
                part.word(),
                plain(&part.named()),
                pods(part),
                said.join("<br>")
            );
        }
        out.push('\n');
        for (version, users) in &proof.old {
            let _ =
                writeln!(out, "- {} is still used by {}", plain(version), plain(&users_of(users)));
        }
        for cost in &proof.costs {
            let _ = writeln!(out, "- Rollback: {}", plain(cost));
        }
        if !proof.old.is_empty() || !proof.costs.is_empty() {
            out.push('\n');
        }
    }
    for note in &verified.notes {
        let _ = writeln!(out, "- {}", plain(note));
    }
    let _ = writeln!(out, "\n{}", plain(&verdict(verified)));
    out
}

/// An annotation for each object that is not where Git has it.
#[must_use]
pub fn annotations(verified: &Verified) -> String {
    let mut out = String::new();
    for proof in &verified.proof.families {
        for part in proof.parts.iter().filter(|part| !part.word().is_fine()) {
            let Some(first) = part.sorted().into_iter().next() else { continue };
            let title = format!("{} {}", proof.family, part.word());
            let text = format!("{}: {}", part.named(), first.text);
            out.push_str(&command("error", &title, &text));
        }
    }
    out.push_str(&unread::annotations(&verified.proof.unread));
    out
}
