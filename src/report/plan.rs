//! What a writing command did or would do.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::plan::{FileChange, MoveKind, Moved, NextStep, Plan};
use crate::repo::sensitive;
use crate::report::console::{Console, Paint};
use crate::report::diff;
use crate::report::shift::{objects, parts};

/// How many places that stay are listed.
const MOST: usize = 20;

/// The unified diff of all files, values of Secrets covered.
#[must_use]
pub fn diff(changes: &[FileChange], color: bool) -> String {
    let mut out = String::new();
    for change in changes {
        let before = change.before.as_ref().map(sensitive::shown);
        let after = change.after.as_ref().map(|text| sensitive::shown_text(&change.path, text));
        let path = change.path.as_str();
        if matches!(before, Some(None)) || matches!(after, Some(None)) {
            out.push_str(&diff::withheld(path, before.is_some(), after.is_some(), color));
            continue;
        }
        let (before, after) = (before.flatten(), after.flatten());
        out.push_str(&diff::unified(path, before.as_deref(), after.as_deref(), color));
    }
    out
}

/// What moves, what is created, what is left unchanged, and the remaining manual steps.
#[must_use]
pub fn summary(plan: &Plan, written: bool, color: bool) -> String {
    let mut out = String::new();
    let from = if plan.from.is_empty() { "nothing".to_owned() } else { plan.from.join(", ") };
    let heading = format!("{}: {from} -> {}", plan.subject.environment, plan.to);
    let _ = writeln!(out, "{}", Paint::Bold.on(&heading, color));
    if plan.is_empty() {
        let why = match plan.shifted.is_empty() {
            true => "every reference already names it",
            false => "the colour that names it already has all of the traffic",
        };
        let _ = writeln!(out, "  nothing to do: {why}");
    }
    let rows = plan.shifted.iter().zip(objects(&plan.shifted));
    for (row, object) in rows.filter(|(row, _)| row.before != row.after) {
        let (before, after) = (parts(row.before), parts(row.after));
        let _ = writeln!(out, "  {object}: {before} to {after}");
    }
    let verb = if written { "moved" } else { "would move" };
    for (kind, how) in [
        (MoveKind::InPlace, "in place"),
        (MoveKind::Patch, "with a guarded patch, because the file is shared"),
        (
            MoveKind::Added,
            "by adding the new name next to the old one, because both versions run for a while",
        ),
        (
            MoveKind::Set,
            "by a key in the environment's own values file, because the file is shared",
        ),
    ] {
        let count = plan.count(kind);
        if count > 0 {
            let _ = writeln!(out, "  {verb} {} {how}", references(count));
        }
    }
    for set in set_in(plan) {
        let _ = writeln!(out, "  set in {set}");
    }
    for moved in by_value(plan) {
        let _ = writeln!(out, "  by value: {moved}");
    }
    for stub in &plan.stubs {
        let listed =
            stub.listed_in.as_ref().map_or(String::new(), |by| format!(", listed in {by}"));
        let _ = writeln!(out, "  stub {}{listed}", stub.file);
    }
    for left in plan.left.iter().take(MOST) {
        let _ = writeln!(out, "  left: {} ({})", left.what, left.reason);
        let _ = writeln!(out, "        {}", left.hint);
    }
    if plan.left.len() > MOST {
        let more = plan.left.len() - MOST;
        let _ = writeln!(out, "  left: {more} more places; `--format json` lists them all");
    }
    for note in &plan.notes {
        let _ = writeln!(out, "  note: {note}");
    }
    out
}

/// The remaining manual steps.
#[must_use]
pub fn next_steps(next: &[NextStep], color: bool) -> String {
    let mut out = String::new();
    for (index, step) in next.iter().enumerate() {
        let _ = writeln!(out, "{}. {}", index + 1, step.title);
        for line in step.command.iter().flat_map(|command| command.lines()) {
            let _ = writeln!(out, "     {}", Paint::Green.on(line, color));
        }
    }
    out
}

/// Where nothing but a value tells that the secret is named, each place once.
fn by_value(plan: &Plan) -> BTreeSet<String> {
    let found = plan.moved.iter().filter(|moved| moved.by_value);
    let describe = |moved: &Moved| {
        let place = moved.place.near_in_file();
        let (file, line) = (place.source.path(), place.position().line);
        let object = match &*moved.object.kind {
            "" => String::new(),
            kind => format!("{kind} `{}`, ", moved.object.name),
        };
        format!("{file}:{line} ({object}{})", moved.field)
    };
    found.map(describe).collect()
}

/// Which values file takes a key instead of which shared one, each once.
fn set_in(plan: &Plan) -> BTreeSet<String> {
    let set = plan.moved.iter().filter(|moved| moved.how == MoveKind::Set);
    let describe = |moved: &Moved| {
        let place = moved.place.near_in_file();
        let (shared, line) = (place.source.path(), place.position().line);
        format!("{} over {shared}:{line} ({})", moved.file, moved.field)
    };
    set.map(describe).collect()
}

fn references(count: usize) -> String {
    if count == 1 { "1 reference".to_owned() } else { format!("{count} references") }
}

/// Shows the remaining manual steps; `when` follows the heading.
pub fn show_next(next: &[NextStep], when: &str, console: &Console) {
    let steps = next_steps(next, console.color_err);
    if !steps.is_empty() {
        console.talk(&format!("\nNext{when}:\n{steps}"));
    }
}
