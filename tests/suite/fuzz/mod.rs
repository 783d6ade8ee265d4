//! Examples, changed at random piece by piece, go through what reads and changes a tree. Each target says what must hold of any input.
//!
//! `FUZZ_SECONDS` runs each target for so long instead of once, `FUZZ_SEED` begins with another seed. `.ci/long` sets both.

mod mutate;
mod targets;

use std::cell::Cell;
use std::io::Write as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestCaseError, TestRunner};

use mutate::{Step, Tree, changed, seeds};

/// How many changed trees a round looks at.
const CASES: u32 = 32;
/// How long one case may take before it counts as endless.
const ENDLESS: Duration = Duration::from_secs(300);

/// The case that is being looked at, for a watchman.
static CURRENT: Mutex<Option<(Instant, String)>> = Mutex::new(None);

/// Prints a line whether or not the test's output is kept.
fn tell(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(any::<Step>(), 1..5)
}

/// Runs a target over changed seeds: one round, or as many as time allows.
fn fuzz(target: &str, holds: fn(&Tree, &Tree) -> usize) {
    let seeds = seeds(target);
    assert!(seeds.len() > 4, "{} seeds", seeds.len());
    let time = number("FUZZ_SECONDS").map(Duration::from_secs);
    let (begun, mut seed, mut cases) = (Instant::now(), number("FUZZ_SEED").unwrap_or(1), 0);
    let mut looked = 0;
    if time.is_some() {
        watch();
    }
    loop {
        if time.is_some() {
            tell(&format!("fuzz: {target}, seed {seed}, after {cases} cases"));
        }
        looked += round(target, &seeds, seed, holds);
        (seed, cases) = (seed + 1, cases + CASES);
        if time.is_none_or(|time| begun.elapsed() > time) {
            break;
        }
    }
    assert!(looked > 0, "there was nothing to look at");
    if time.is_some() {
        tell(&format!("fuzzed: {target}, {cases} cases, {looked} things looked at"));
    }
}

/// Looks at so many changed trees; returns how much there was in them.
fn round(target: &str, seeds: &[Tree], seed: u64, holds: fn(&Tree, &Tree) -> usize) -> usize {
    let looked = Cell::new(0);
    let config = ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 400,
        ..ProptestConfig::with_cases(CASES)
    };
    let run = |(pick, steps): (prop::sample::Index, Vec<Step>)| {
        let before = &seeds[pick.index(seeds.len())];
        let after = changed(before, seeds, &steps);
        *CURRENT.lock().unwrap() = Some((Instant::now(), told(before, &after)));
        let held = std::panic::catch_unwind(|| holds(before, &after));
        *CURRENT.lock().unwrap() = None;
        held.map(|count| looked.set(looked.get() + count)).map_err(|panic| {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
            TestCaseError::fail(format!("{said}\n{}", told(before, &after)))
        })
    };
    if let Err(error) = TestRunner::new(config).run(&(any::<prop::sample::Index>(), steps()), run) {
        panic!("{target}, FUZZ_SEED={seed}: {error}");
    }
    looked.get()
}

/// The files of a tree that differ from those of its seed.
fn told(before: &Tree, after: &Tree) -> String {
    let mut text = format!("changed from {}:\n", before.name);
    for (path, bytes) in &after.files {
        if before.files.get(path) != Some(bytes) {
            text.push_str(&format!("--- {path}\n{bytes}\n"));
        }
    }
    for path in before.files.keys().filter(|path| !after.files.contains_key(*path)) {
        text.push_str(&format!("--- {path} removed\n"));
    }
    text
}

/// Ends the process when a case does not end, since nothing else would tell which one it is.
fn watch() {
    std::thread::spawn(|| {
        loop {
            std::thread::sleep(Duration::from_secs(5));
            let current = CURRENT.lock().unwrap();
            if let Some((_, case)) = current.as_ref().filter(|(begun, _)| begun.elapsed() > ENDLESS)
            {
                tell(&format!("a case has no end, {case}"));
                std::process::abort();
            }
        }
    });
}

#[test]
fn any_tree_loads() {
    fuzz("trees", targets::loads);
}

#[test]
fn any_value_is_edited_alone() {
    fuzz("texts", targets::edits);
}

#[test]
fn any_kustomization_resolves_or_says_why() {
    fuzz("builds", targets::resolves);
}

#[test]
fn any_settings_are_read_or_refused() {
    fuzz("settings", targets::settings);
}

#[test]
fn any_tree_is_linted() {
    fuzz("lint", targets::lints);
}

#[test]
fn any_bump_changes_its_environment_alone() {
    fuzz("bumps", targets::bumps);
}
