//! What is done with an example: each family alone through all environments, back and on again; then all together; then removal.

use std::collections::BTreeSet;
use std::path::Path;

use crate::difference;
use crate::followed::bench::Bench;
use crate::followed::cloud::Cloud;
use crate::followed::desk::{Desk, Layout, PLAIN};
use crate::followed::follow::{Follower, Then};
use crate::followed::ledger::Ledger;
use crate::followed::stubs::{self, Entry, Line};
use crate::followed::told::{Step, items, word};
use crate::tree;

/// An example, how it is laid out, and which of its families are moved.
pub(super) struct Life {
    pub(super) example: &'static str,
    pub(super) layout: Layout,
    /// Families beside those that have stubs.
    pub(super) more: &'static [&'static str],
    /// What cannot be moved in staging.
    pub(super) refused: &'static [&'static str],
    /// What has no way back in production.
    pub(super) forward: &'static [&'static str],
    /// Whether the rules find fault with it as it is.
    pub(super) is_faulty: bool,
    /// Whether each family is moved alone first.
    pub(super) singly: bool,
    /// Where not all: the families.
    pub(super) only: Option<&'static [&'static str]>,
    /// So many commands of each program are followed at least.
    pub(super) followed: &'static [(&'static str, usize)],
}

/// Every family of an example at the root of its repository.
pub(super) const LIFE: Life = Life {
    example: "",
    layout: PLAIN,
    more: &[],
    refused: &[],
    forward: &[],
    is_faulty: false,
    singly: true,
    only: None,
    followed: &[],
};

/// Lives through an example.
pub(super) fn live(life: &Life) {
    live_in(&tree::example(life.example), life);
}

/// Lives through a tree.
pub(super) fn live_in(tree: &Path, life: &Life) {
    let cloud = Cloud::start();
    let bench = Bench::new(cloud.endpoint());
    let desk = Desk::of(&bench, tree, life.layout);
    let first = stubs::lines(&desk.tree());
    let mut all = Follower::new(desk, Ledger::new(&cloud, &first), life.is_faulty);
    let families = families(&first, life);
    for family in families.iter().filter(|_| life.singly) {
        alone(&mut all, family, life);
    }
    together(&mut all, &families, life);
    let grown = stubs::lines(&all.desk.tree());
    all.ledger.provides(&grown.difference(&first).cloned().collect());
    prune(&mut all, &grown);
    for (program, least) in life.followed {
        let count = all.followed.get(*program).copied().unwrap_or_default();
        assert!(count >= *least, "only {count} commands of {program}: {:?}", all.followed);
    }
}

/// The families that staging has.
fn families(lines: &BTreeSet<Line>, life: &Life) -> BTreeSet<String> {
    if let Some(only) = life.only {
        return only.iter().map(|family| (*family).to_owned()).collect();
    }
    let staging = lines.iter().filter(|line| line.environment == "staging");
    let own = staging.filter_map(|line| difference::split(&line.secret)).map(|(family, _)| family);
    own.chain(life.more.iter().copied()).map(str::to_owned).collect()
}

/// One family: staging, production, the way back, and on again.
fn alone(all: &mut Follower<'_>, family: &str, life: &Life) {
    let at = all.desk.at();
    let bumped = all.does(&format!("bump staging {family} {at}"), Then::Go);
    let refused = life.refused.contains(&family);
    let told = match bumped {
        Ok(told) => told,
        Err(said) if refused => return assert!(said.contains("cannot be moved"), "{said}"),
        Err(said) => panic!("{family}: {said}"),
    };
    assert!(!refused, "{family} is moved");
    if told.next.iter().all(|step| !is_rotate(step)) || life.forward.contains(&family) {
        return; // production does not have it, or there is nothing to go back to
    }
    back(all, family);
    let regardless = if life.is_faulty { "--override lint --reason known" } else { "" };
    let lift = format!("bump production {family} --lift-hold {} {regardless}", all.desk.at());
    all.does(&lift, Then::Go).unwrap();
    assert_eq!(held(all, family), None, "{family}");
    let settings = all.desk.git(&["diff", "HEAD~2", "--stat", "--", "*rotate.yaml"]);
    assert_eq!(settings, "", "{family}: a hold that was lifted leaves something behind");
}

/// The way back holds: `promote` leaves it alone.
fn back(all: &mut Follower<'_>, family: &str) {
    let at = all.desk.at();
    let back = format!("rollback production {family} --reason \"it's slow\" {at}");
    let told = all.does(&back, Then::Go).or_else(|said| {
        // Where there is more than one way back, or only the plain name, the refusal says what to type.
        let plain = said.contains(&format!("rotate rollback production {family} --to plain"));
        let to = said.split_once("`--to` takes one of: ").map(|(_, list)| list.lines().next());
        let to = to.flatten().and_then(|list| list.rsplit(", ").next()).unwrap_or("plain");
        assert!(plain || to != "plain", "{said}");
        all.does(&format!("{back} --to {to}"), Then::Go)
    });
    let told = told.unwrap();
    let to = told.deeds[0].to.as_deref().unwrap();
    let version = difference::split(to).map_or("plain", |(_, version)| version);
    assert_eq!(held(all, family).as_deref(), Some(version), "{family}");
    all.desk.wait(7);
    let promote = all.desk.asks(&format!("promote --dry-run {}", all.desk.at()));
    let due = items(&promote["promotions"]).any(|one| word(&one["family"]) == family);
    assert!(!due, "{family}: {promote:#}");
}

/// The version that a hold keeps production on.
fn held(all: &Follower<'_>, family: &str) -> Option<String> {
    let status = all.desk.asks("status");
    let own = |one: &&serde_json::Value| {
        word(&one["family"]) == family && word(&one["environment"]) == "production"
    };
    let own = items(&status["families"]).find(own).unwrap();
    own["hold"]["version"].as_str().map(str::to_owned)
}

/// All families at once: staging, and what is due then, which `bump --all` and `promote` agree on.
fn together(all: &mut Follower<'_>, families: &BTreeSet<String>, life: &Life) {
    all.desk.wait(7);
    let names: Vec<&str> = families.iter().map(String::as_str).collect();
    let names: Vec<&str> = names.into_iter().filter(|name| !life.refused.contains(name)).collect();
    let every = life.refused.is_empty() && life.only.is_none();
    let which = if every { "--all".to_owned() } else { names.join(" ") };
    let at = all.desk.at();
    let told = all.does(&format!("bump staging {which} {at}"), Then::Look).unwrap();
    assert_eq!(told.deeds.len(), names.len());
    all.desk.wait(7);
    let at = all.desk.at();
    let bumped = all.tries(&format!("bump production --all {at}"));
    let promoted = all.does(&format!("promote {at}"), Then::Go).unwrap();
    let values = |steps: &[Step]| -> Vec<Step> {
        let values = steps.iter().take_while(|step| !step.title.starts_with("Commit"));
        values.cloned().collect()
    };
    assert_eq!(values(&bumped.next), values(&promoted.next));
}

/// What nothing needs any more goes from Git and from its store, and nothing else does.
fn prune(all: &mut Follower<'_>, grown: &BTreeSet<Line>) {
    all.desk.wait(200);
    for environment in ["staging", "production"] {
        let at = all.desk.at();
        all.does(&format!("prune {environment} {at}"), Then::Go).unwrap();
    }
    let left = stubs::lines(&all.desk.tree());
    let entries = |lines: &BTreeSet<Line>| -> BTreeSet<Entry> {
        lines.iter().filter_map(|line| line.entry.clone()).collect()
    };
    let gone: BTreeSet<Entry> = entries(grown).difference(&entries(&left)).cloned().collect();
    let (told, done): (BTreeSet<Entry>, _) =
        gone.into_iter().partition(|entry| all.ledger.owes(entry));
    assert_eq!(all.ledger.removed, done, "beside {told:?}");
}

fn is_rotate(step: &Step) -> bool {
    step.command.as_deref().is_some_and(|command| command.starts_with("rotate "))
}
