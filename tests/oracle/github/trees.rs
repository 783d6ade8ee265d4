//! Several trees in one repository: each run looks after its own.

use std::slice::from_ref;

use super::place::{FIRST, Place};
use super::run::{Run, World};

/// A run in a tree below the repository's root.
fn run(world: &World, tree: &str, hours: i64, arguments: &[&str]) -> Run {
    world.run_later(hours, &[&["-C", tree], arguments].concat())
}

fn branch(tree: &str, family: &str) -> String {
    format!("rotate/{tree}+production/{family}")
}

/// Trees with a family each that has soaked in staging, `hours` ago and an hour later.
fn world(trees: [(&str, &str); 2], hours: i64) -> World {
    let place =
        Place::with_trees(&trees.each_ref().map(|(tree, family)| (*tree, from_ref(family))));
    for ((tree, family), later) in trees.iter().zip(0..) {
        place.rotate_in_staging_of(tree, family, hours - later);
    }
    place.push();
    World::of(place)
}

/// Holds the only change of a branch against what it should be.
#[track_caller]
fn changes_only(world: &World, tree: &str, family: &str, version: &str) {
    let mut changed = world.place.changed(&branch(tree, family));
    changed.sort();
    let file = |what: &str| format!("{tree}/production/{what}.yaml");
    let expected = [
        format!("A {}", file(&format!("externalsecret-{family}-{version}"))),
        format!("M {}", file("kustomization")),
        format!("M {}", file(family)),
    ];
    let mut expected: Vec<String> = expected.to_vec();
    expected.sort();
    assert_eq!(changed, expected);
}

/// Opens one for each tree, and then nothing more.
#[track_caller]
fn open_both(world: &World, trees: [(&str, &str); 2], hours: i64) {
    for ((tree, family), later) in trees.iter().zip(0..) {
        let version = world.place.version(hours - later);
        let told = run(world, tree, 0, &["promote"]).success().told();
        assert_eq!(told, (vec![format!("{family} {version} opened")], true));
        changes_only(world, tree, family, &version);
    }
    let mut names = vec!["main".to_owned()];
    names.extend(trees.map(|(tree, family)| branch(tree, family)));
    names.sort();
    assert_eq!(world.place.branch_names(), names);
    let before = world.place.branches();
    let _ = world.hub.asked();
    for ((tree, family), later) in trees.iter().zip(0..) {
        let version = world.place.version(hours - later);
        let told = run(world, tree, 0, &["promote"]).success().told();
        assert_eq!(told, (vec![format!("{family} {version} unchanged")], false));
        let writes = world.hub.writes();
        assert!(writes.is_empty() && world.place.branches() == before, "{writes:?}");
    }
}

#[test]
fn trees_with_families_of_their_own() {
    let trees = [("a", "auth"), ("b", "billing")];
    let world = world(trees, 72);
    open_both(&world, trees, 72);

    let pulls = world.hub.open();
    assert_eq!(pulls.len(), 2);
    for (pull, (tree, family)) in pulls.iter().zip(trees) {
        let rollback = format!("rotate -C {tree} rollback production {family} --reason");
        let prune = format!("`rotate -C {tree} prune production {family}`");
        let file = format!("`{tree}/production/{family}.yaml`");
        for words in [&rollback, &prune, &file, &format!("\"tree\":\"{tree}\"")] {
            assert!(pull.body.contains(words), "{words}\n---\n{}", pull.body);
        }
        let bare = format!("`production/{family}.yaml");
        for words in [&bare, "`production/kustomization", "rotate rollback", "rotate prune"] {
            assert!(!pull.body.contains(words), "{words}\n---\n{}", pull.body);
        }
    }
}

/// The same names say nothing of whose a pull request is.
#[test]
fn trees_with_families_of_the_same_name() {
    let trees = [("a", "auth"), ("b", "auth")];
    let world = world(trees, 72);
    open_both(&world, trees, 72);

    // What becomes of one tree is nothing to the other one.
    let (old, new) = (world.place.version(72), world.place.version(1));
    world.place.rotate_in_staging_of("a", "auth", 1);
    world.place.push();
    let others = world.commit(&branch("b", "auth"));
    let told = run(&world, "b", 0, &["promote"]).success().told();
    assert_eq!(told, (vec![format!("auth {} unchanged", world.place.version(71))], false));
    assert_eq!(world.hub.open().len(), 2);
    let told = run(&world, "a", 0, &["promote"]).success().told();
    assert_eq!(told, (vec![format!("auth {old} superseded")], true));
    assert_eq!(world.place.branch_names(), ["main".to_owned(), branch("b", "auth")]);
    let told = run(&world, "a", 36, &["promote"]).success().told();
    assert_eq!(told, (vec![format!("auth {new} opened")], true));
    changes_only(&world, "a", "auth", &new);
    assert_eq!(world.commit(&branch("b", "auth")), others);
    let open: Vec<u64> = world.hub.open().iter().map(|pull| pull.number).collect();
    assert_eq!(open, [2, 3]);

    // A person does not want it in one tree: it is merged in the other.
    world.hub.close(2);
    world.hub.merge(3);
    let told = run(&world, "b", 36, &["promote"]).success().told();
    assert_eq!(told, (vec![format!("auth {} declined", world.place.version(71))], false));
    let told = run(&world, "a", 36, &["promote"]).success().told();
    assert_eq!(told, (Vec::new(), false));
    world.place.pull();
    assert!(world.place.read("a/production/auth.yaml").contains(&new));
    assert!(world.place.read("b/production/auth.yaml").contains(FIRST));
}

/// Bumps, and a tree in a directory of a directory, whose name the branch spells with a dot.
#[test]
fn bumps_of_the_same_family_in_two_trees() {
    let trees: [(&str, &[&str]); 2] = [("clusters/eu", &["auth"]), ("clusters/us", &["auth"])];
    let world = World::of(Place::with_trees(&trees));
    for (hours, (tree, _)) in (0..).zip(trees) {
        let told = run(&world, tree, hours, &["bump", "staging", "--all"]).success().told();
        assert_eq!(told, (vec![format!("auth {} opened", world.place.version(-hours))], true));
    }
    let branches = ["eu", "us"].map(|name| format!("rotate/bump/clusters.{name}+staging/auth"));
    assert_eq!(world.place.branch_names()[1..], branches);
    let _ = world.hub.asked();
    // A version is minted once, and each tree knows its own.
    for (hours, (tree, _)) in (0..).zip(trees) {
        let told = run(&world, tree, 5, &["bump", "staging", "--all"]).success().told();
        assert_eq!(told, (vec![format!("auth {} unchanged", world.place.version(-hours))], false));
    }
    assert!(world.hub.writes().is_empty() && world.hub.open().len() == 2);
}
