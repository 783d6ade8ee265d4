//! What others do meanwhile: people, strangers, another run, and GitHub itself.

use std::path::PathBuf;
use std::thread;

use super::hub::Hub;
use super::itself::foreign;
use super::place::SOAKED;
use super::requests::{BRANCH, PROMOTE, is_right};
use super::run::World;

#[test]
fn what_was_merged_is_done() {
    let world = World::new();
    let _ = world.run(PROMOTE).success();
    world.hub.merge(1);
    let _ = world.hub.asked();
    let run = world.run(PROMOTE).success();
    assert_eq!(run.output("changed"), "false", "{}", run.said);
    assert!(world.hub.open().is_empty() && world.hub.writes().is_empty());
    // The program saw main as the remote has it, not as this clone does.
    assert!(!world.place.read("production/auth.yaml").contains(&world.place.version(72)));
    world.place.pull();
    assert!(world.place.read("production/auth.yaml").contains(&world.place.version(72)));
}

#[test]
fn a_branch_with_commits_of_others_is_left() {
    let world = World::new();
    let _ = world.run(PROMOTE).success();
    let clone = world.place.clone("theirs");
    let theirs = |arguments: &[&str]| world.place.succeeds(world.place.git_in(&clone, arguments));
    theirs(&["checkout", "--quiet", BRANCH]);
    std::fs::write(clone.join("production/NOTES.md"), "Think of the cache\n").unwrap();
    theirs(&["add", "--all"]);
    theirs(&["commit", "--quiet", "--message", "One more thing"]);
    theirs(&["push", "--quiet", "origin", BRANCH]);
    let before = world.commit(BRANCH);
    let _ = world.hub.asked();
    let run = world.run(PROMOTE).success();
    let old = world.place.version(72);
    assert_eq!(run.told(), (vec![format!("auth {old} left")], false));
    let writes = world.hub.writes();
    assert!(writes.is_empty() && world.hub.open().len() == 1, "{writes:?}");

    // The pull request goes with its version; what they wrote stays.
    world.place.rotate_in_staging(SOAKED, 1);
    world.place.push();
    let run = world.run(PROMOTE).success();
    assert_eq!(run.told(), (vec![format!("auth {old} superseded")], true));
    assert!(world.hub.open().is_empty());
    let run = world.run_later(36, &["promote", "--family", "auth"]).success();
    assert_eq!(run.told(), (vec![format!("auth {} left", world.place.version(1))], false));
    assert_eq!(world.commit(BRANCH), before);
}

/// The branch is made anew where what main has become would not let it be merged, and only there.
#[test]
fn a_branch_can_always_be_merged() {
    let world = World::new();
    let _ = world.run(PROMOTE).success();
    let (file, version) = ("production/auth.yaml", world.place.version(72));
    for (from, to, action) in [
        ("replicas: 2", "replicas: 3", "unchanged"),
        ("- secretRef:", "- secretRef: # the only one", "updated"),
    ] {
        world.place.write(file, &world.place.read(file).replace(from, to));
        world.place.commit(0, "Change what is beside it");
        world.place.push();
        let run = world.run(PROMOTE).success();
        assert_eq!(run.told().0, [format!("auth {version} {action}")]);
        assert_eq!(world.hub.open().len(), 1);
    }
    world.hub.merge(1);
    world.place.pull();
    let text = world.place.read(file);
    for words in ["replicas: 3", "# the only one", &version] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

/// Runs it twice at once: both read before one writes, and both push before the remote takes the first.
#[track_caller]
fn twice(world: &World, clones: &[PathBuf; 2]) {
    world.hub.together(2);
    world.place.pushes_together(2);
    let runs = thread::scope(|scope| {
        let runs = clones.each_ref().map(|clone| scope.spawn(|| world.run_in(clone, 0, PROMOTE)));
        runs.map(|run| run.join().unwrap())
    });
    world.place.pushes_apart();
    for run in &runs {
        assert_eq!(run.status, 0, "{}", run.said);
    }
}

#[test]
fn two_runs_at_once_leave_one_pull_request() {
    let world = World::new();
    let clones = [world.place.clone("one"), world.place.clone("two")];
    twice(&world, &clones);
    assert_eq!(world.hub.pulls().len(), 1);
    is_right(&world.place, &world.hub.open()[0]);
    let run = world.run(PROMOTE).success();
    assert_eq!(run.output("changed"), "false", "{}", run.said);

    // The branch has to be made anew.
    let file = "production/auth.yaml";
    let text = world.place.read(file).replace("- secretRef:", "- secretRef: # the only one");
    world.place.write(file, &text);
    world.place.commit(0, "Change what is beside it");
    world.place.push();
    let before = world.commit(BRANCH);
    twice(&world, &clones);
    assert!(world.hub.open().len() == 1 && world.commit(BRANCH) != before);

    // It has to go.
    world.place.rotate_in_staging(SOAKED, 1);
    world.place.push();
    twice(&world, &clones);
    assert!(world.hub.open().is_empty() && world.place.branch_names() == ["main"]);
    assert_eq!(world.hub.pulls().len(), 1);
}

/// Anybody can open a pull request from a fork, with the same branch and the same words.
#[test]
fn what_comes_from_a_fork_is_not_trusted() {
    let world = World::new();
    let _ = world.run(PROMOTE).success();
    let body = world.hub.open()[0].body.clone();
    world.place.succeeds(world.place.git(&["push", "--quiet", "origin", "--delete", BRANCH]));

    // GitHub as it was before, but for what strangers did.
    let world = World { hub: Hub::start(&world.place.bare()), ..world };
    world.hub.add(foreign(BRANCH, Some("mallory/shop"), &body));
    world.hub.add(foreign(BRANCH, None, &body));
    let refused = world.hub.add(foreign(BRANCH, Some("mallory/shop"), &body));
    world.hub.close(refused);
    let run = world.run(PROMOTE).success();
    assert_eq!(run.told(), (vec![format!("auth {} opened", world.place.version(72))], true));
    assert_eq!(run.pulls()[0]["number"], 4);

    world.place.rotate_in_staging(SOAKED, 1);
    world.place.push();
    let run = world.run(PROMOTE).success();
    assert!(run.told().0[0].ends_with(" superseded"), "{:?}", run.told());
    let open: Vec<u64> = world.hub.open().iter().map(|pull| pull.number).collect();
    assert_eq!(open, [1, 2]);
    assert!(world.hub.open().iter().all(|pull| pull.comments.is_empty() && pull.body == body));
}

#[test]
fn what_github_refuses_is_told() {
    let world = World::new();
    let mut command = world.place.rotate_in(&world.place.root(), &world.hub, PROMOTE);
    command.args(["--pull-request", "--format", "github"]).env("GH_TOKEN", "wrong");
    let run = world.finish(command);
    assert!(run.status == 2 && run.said.contains("Bad credentials"), "{}", run.said);
    assert_eq!(world.place.branch_names(), ["main"]);

    let strict = World::new();
    strict.hub.permit(false);
    let run = strict.run(PROMOTE);
    assert!(run.status == 2, "{}", run.said);
    for words in
        ["is not permitted to create or approve pull requests", "Settings, Actions, General"]
    {
        assert!(run.said.contains(words), "{words}\n{}", run.said);
    }

    // The pull request is there, whoever looks at it.
    let run = world.run(&[PROMOTE, &["--reviewer", "nobody"]].concat()).success();
    assert!(run.said.contains("Reviews may only be requested from collaborators"), "{}", run.said);
    assert_eq!(world.hub.open().len(), 1);
}

/// A job that forgets `fetch-depth: 0` cannot know since when a version runs.
#[test]
fn a_shallow_clone_closes_nothing() {
    let world = World::new();
    let _ = world.run(PROMOTE).success();
    let _ = world.hub.asked();
    let clone = world.place.path("shallow");
    let from = format!("file://{}", world.place.bare().display());
    let arguments = ["clone", "--quiet", "--depth=1", &from, clone.to_str().unwrap()];
    world.place.succeeds(world.place.git(&arguments));
    let run = world.run_in(&clone, 0, PROMOTE);
    let writes = world.hub.writes();
    assert!(writes.is_empty() && world.hub.open().len() == 1, "{writes:?}\n{}", run.said);
}

/// A run that ends between the push and the pull request leaves a branch alone.
#[test]
fn what_was_left_half_done_is_finished() {
    let world = World::new();
    world.hub.permit(false);
    assert_eq!(world.run(PROMOTE).status, 2);
    assert_eq!(world.place.branch_names(), ["main", BRANCH]);
    assert!(world.hub.pulls().is_empty());
    world.hub.permit(true);
    let run = world.run(PROMOTE).success();
    assert_eq!(run.told(), (vec![format!("auth {} opened", world.place.version(72))], true));
    is_right(&world.place, &world.hub.open()[0]);
}
