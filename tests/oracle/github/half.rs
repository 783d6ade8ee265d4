//! What is refused halfway, and what is not to be touched though it lies beside it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::itself::foreign;
use super::place::{Place, SOAKED, hold};
use super::pulls::Pull;
use super::requests::{BRANCH, PROMOTE};
use super::run::World;

fn commit(place: &Place, file: &str, text: &str) {
    place.write(file, text);
    place.commit(0, "Change something");
    place.push();
}

/// A rule of the repository lets nobody delete a branch.
#[test]
fn what_is_closed_is_told_though_its_branch_stays() {
    let world = World::new();
    let _ = world.run(PROMOTE).success();
    let hook = world.place.bare().join("hooks/update");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    let text = "#!/bin/sh\ncase $3 in 0000*) echo 'no branch may go'; exit 1 ;; esac\n";
    fs::write(&hook, text).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    commit(&world.place, "rotate.yaml", &hold());
    let run = world.run(PROMOTE);
    assert!(run.status == 2 && run.said.contains("no branch may go"), "{}", run.said);
    assert_eq!(run.told(), (vec![format!("auth {} closed", world.place.version(72))], true));
    assert!(world.hub.open().is_empty());
    // The branch is no hindrance to the next one.
    fs::remove_file(world.place.root().join("rotate.yaml")).unwrap();
    world.place.commit(0, "Hold it no more");
    world.place.push();
    let run = world.run(PROMOTE).success();
    assert_eq!(run.told(), (vec![format!("auth {} opened", world.place.version(72))], true));
}

#[test]
fn what_is_pushed_is_told_though_the_text_is_refused() {
    let world = World::new();
    let _ = world.run(PROMOTE).success();
    world.hub.edit(1, |pull| {
        let more = 65_536 - pull.body.chars().count();
        pull.body += &"w".repeat(more);
    });
    let worker = world.place.read("production/auth.yaml").replace("name: auth\n", "name: worker\n");
    world.place.write("production/worker.yaml", &worker);
    let list = "production/kustomization.yaml";
    let text =
        world.place.read(list).replace("  - auth.yaml\n", "  - auth.yaml\n  - worker.yaml\n");
    commit(&world.place, list, &text);
    let before = world.commit(BRANCH);
    let run = world.run(PROMOTE);
    assert!(run.status == 2 && run.said.contains("too long"), "{}", run.said);
    assert_eq!(run.told(), (vec![format!("auth {} updated", world.place.version(72))], true));
    assert_ne!(world.commit(BRANCH), before);
}

/// Git would take the tags along, where somebody has set it up so.
#[test]
fn nothing_but_the_branch_is_pushed() {
    let world = World::new();
    for arguments in [
        &["config", "push.followTags", "true"][..],
        &["tag", "--annotate", "--message", "Mine", "mine"],
    ] {
        world.place.succeeds(world.place.git(arguments));
    }
    let _ = world.run(PROMOTE).success();
    assert_eq!(world.place.succeeds(world.place.git_in(&world.place.bare(), &["tag"])), "");
}

/// Deleting a branch closes whatever is proposed from it.
#[test]
fn a_branch_that_somebody_proposes_elsewhere_stays() {
    let world = World::new();
    let _ = world.run(PROMOTE).success();
    world.place.succeeds(world.place.git(&["push", "--quiet", "origin", "main:release"]));
    let theirs = foreign(BRANCH, Some("example/shop"), "Mine");
    let number = world.hub.add(Pull { base: "release".to_owned(), ..theirs });
    world.place.rotate_in_staging(SOAKED, 1);
    world.place.push();
    let before = world.commit(BRANCH);
    let run = world.run(PROMOTE).success();
    assert_eq!(run.told(), (vec![format!("auth {} superseded", world.place.version(72))], true));
    let open: Vec<u64> = world.hub.open().iter().map(|pull| pull.number).collect();
    assert_eq!((open, world.commit(BRANCH)), (vec![number], before));
}

#[test]
fn what_was_not_wanted_on_one_base_may_be_on_another() {
    let world = World::new();
    let version = world.place.version(72);
    let _ = world.run(PROMOTE).success();
    world.place.succeeds(world.place.git(&["push", "--quiet", "origin", "main:release"]));
    world.hub.close(1);
    for (base, action) in [("main", "declined"), ("release", "opened")] {
        let run = world.run(&["promote", "--base", base]).success();
        assert_eq!(run.told().0, [format!("auth {version} {action}")]);
    }
}

/// Without the first comment, nobody can tell what is whose.
#[test]
fn words_before_a_text_without_its_beginning_stay() {
    let world = World::new();
    let _ = world.run(PROMOTE).success();
    world.hub.edit(1, |pull| {
        pull.body = pull.body.replace("<!-- rotate -->", "OPS-13, and more words\n");
    });
    let (text, _) = (world.hub.open()[0].body.clone(), world.hub.asked());
    let run = world.run(PROMOTE).success();
    assert_eq!(run.told(), (vec![format!("auth {} left", world.place.version(72))], false));
    assert!(run.reason().contains("has lost its identifying comment"), "{}", run.reason());
    assert!(world.hub.writes().is_empty() && world.hub.open()[0].body == text);
}

/// GitHub has a button that puts a branch on top of its base.
#[test]
fn a_rebased_branch_goes_with_its_version() {
    let world = World::new();
    let _ = world.run(PROMOTE).success();
    let file = "production/auth.yaml";
    let text = world.place.read(file).replace("replicas: 2", "replicas: 3");
    commit(&world.place, file, &text);
    let clone = world.place.clone("theirs");
    for arguments in [
        &["checkout", "--quiet", BRANCH][..],
        &["rebase", "--quiet", "origin/main"],
        &["push", "--quiet", "--force", "origin", BRANCH],
    ] {
        world.place.succeeds(world.place.git_in(&clone, arguments));
    }
    let (old, new) = (world.place.version(72), world.place.version(1));
    let run = world.run(PROMOTE).success();
    assert_eq!(run.told(), (vec![format!("auth {old} unchanged")], false));
    world.place.rotate_in_staging(SOAKED, 1);
    world.place.push();
    let run = world.run(PROMOTE).success();
    assert_eq!(run.told(), (vec![format!("auth {old} superseded")], true));
    assert_eq!(world.place.branch_names(), ["main"]);
    let run = world.run_later(36, &["promote", "--family", "auth"]).success();
    assert_eq!(run.told(), (vec![format!("auth {new} opened")], true));
}
