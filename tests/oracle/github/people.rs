//! What people do to the commits, the texts and the titles of pull requests.

use std::fs;
use std::path::PathBuf;

use super::place::{SOAKED, hold};
use super::requests::{BRANCH, PROMOTE};
use super::run::World;

/// A clone of somebody else, in which the branch is checked out.
fn theirs(world: &World) -> PathBuf {
    let clone = world.place.clone("theirs");
    world.place.succeeds(world.place.git_in(&clone, &["checkout", "--quiet", BRANCH]));
    clone
}

/// A file of the branch, written anew by somebody else, added to the commit that is there or to one of its own.
fn commit_theirs(world: &World, how: &[&str]) -> Option<String> {
    let clone = theirs(world);
    let file = clone.join("production/auth.yaml");
    let text = fs::read_to_string(&file).unwrap().replace("replicas: 2", "replicas: 4");
    fs::write(file, text).unwrap();
    let commit = [&["commit", "--quiet", "--all"], how].concat();
    world.place.succeeds(world.place.git_in(&clone, &commit));
    let push = ["push", "--quiet", "--force", "origin", BRANCH];
    world.place.succeeds(world.place.git_in(&clone, &push));
    let _ = world.hub.asked();
    world.commit(BRANCH)
}

#[test]
fn an_amended_commit_is_somebodys() {
    let world = World::new();
    let (old, new) = (world.place.version(72), world.place.version(1));
    let _ = world.run(PROMOTE).success();
    let message = |commit: &str| {
        world.place.succeeds(
            world.place.git_in(&world.place.bare(), &["log", "-1", "--format=%B", commit]),
        )
    };
    let words = message(BRANCH);
    let amended = commit_theirs(&world, &["--amend", "--no-edit"]);
    assert_eq!(message(BRANCH), words);
    let run = world.run(PROMOTE).success();
    assert_eq!(run.told(), (vec![format!("auth {old} left")], false), "{}", run.said);
    assert!(run.reason().contains("commits by others"), "{}", run.reason());
    assert!(run.said.contains("::warning"), "{}", run.said);
    assert!(world.hub.writes().is_empty());
    assert_eq!(world.commit(BRANCH), amended);

    // The pull request goes with its version; what they wrote stays, until they take it away.
    world.place.rotate_in_staging(SOAKED, 1);
    world.place.push();
    let run = world.run(PROMOTE).success();
    assert_eq!(run.told(), (vec![format!("auth {old} superseded")], true));
    assert!(world.hub.open().is_empty() && world.hub.pulls()[0].comments.len() == 1);
    assert_eq!(world.commit(BRANCH), amended);
    let only_auth = ["promote", "--family", "auth"];
    let run = world.run_later(36, &only_auth).success();
    assert_eq!(run.told(), (vec![format!("auth {new} left")], false));
    assert!(run.reason().contains("delete the branch"), "{}", run.reason());
    assert_eq!(world.commit(BRANCH), amended);
    world.place.succeeds(world.place.git(&["push", "--quiet", "origin", "--delete", BRANCH]));
    let run = world.run_later(36, &only_auth).success();
    assert_eq!(run.told(), (vec![format!("auth {new} opened")], true));
}

/// Who only gives the commit other words has not changed what it does.
#[test]
fn other_words_for_the_same_change_are_no_reason_to_leave_it() {
    let world = World::new();
    let _ = world.run(PROMOTE).success();
    let clone = theirs(&world);
    for arguments in [
        &["commit", "--quiet", "--amend", "--message", "chore: the words that we want"][..],
        &["push", "--quiet", "--force", "origin", BRANCH],
    ] {
        world.place.succeeds(world.place.git_in(&clone, arguments));
    }
    let (amended, _) = (world.commit(BRANCH), world.hub.asked());
    let run = world.run(PROMOTE).success();
    assert_eq!(run.told(), (vec![format!("auth {} unchanged", world.place.version(72))], false));
    assert!(world.hub.writes().is_empty() && world.commit(BRANCH) == amended);
}

#[test]
fn what_people_write_around_the_text_stays() {
    let world = World::new();
    let version = world.place.version(72);
    let _ = world.run(PROMOTE).success();
    let box_of = |text: &str| {
        format!("- [{text}] The dashboards and alerts of the affected workloads are open.")
    };
    let (empty, ticked) = (box_of(" "), box_of("x"));
    let (before, after) =
        ("Ticket OPS-12, see **above**\r\n\r\n", "\r\n\r\nPreview: <!-- bot -->\r\nup");
    world.hub.edit(1, |pull| {
        // As a browser sends it.
        let ours = pull.body.replace('\n', "\r\n").replace(&empty, &ticked);
        assert!(ours.contains(&ticked));
        pull.body = format!("{before}{ours}{after}");
        pull.title = "[OPS-12] New key for auth".to_owned();
    });
    let _ = world.hub.asked();
    let run = world.run(PROMOTE).success();
    assert_eq!(run.told(), (vec![format!("auth {version} unchanged")], false), "{}", run.said);
    assert!(world.hub.writes().is_empty());

    // A second workload comes to use it: the text has one line more.
    let worker = world.place.read("production/auth.yaml").replace("name: auth\n", "name: worker\n");
    world.place.write("production/worker.yaml", &worker);
    let list = world.place.read("production/kustomization.yaml");
    let list = list.replace("  - auth.yaml\n", "  - auth.yaml\n  - worker.yaml\n");
    world.place.write("production/kustomization.yaml", &list);
    world.place.commit(0, "Add a worker");
    world.place.push();
    for (action, changed) in [("updated", true), ("unchanged", false)] {
        let run = world.run(PROMOTE).success();
        assert_eq!(run.told(), (vec![format!("auth {version} {action}")], changed));
        let pull = &world.hub.open()[0];
        assert_eq!(pull.title, "[OPS-12] New key for auth");
        assert!(pull.body.starts_with(before) && pull.body.ends_with(after), "{}", pull.body);
        for (words, times) in
            [("`production/worker.yaml`", 1), (&*ticked, 1), (&*empty, 0), ("### What changes", 1)]
        {
            assert_eq!(pull.body.matches(words).count(), times, "{words}\n{}", pull.body);
        }
    }

    // It is closed with all of that, and still known as one that no person closed.
    world.place.write("rotate.yaml", &hold());
    world.place.commit(0, "Hold it");
    world.place.push();
    let _ = world.run(PROMOTE).success();
    let pull = &world.hub.pulls()[0];
    assert!(!pull.open && pull.body.starts_with(before) && pull.body.ends_with(after), "{pull:?}");
    fs::remove_file(world.place.root().join("rotate.yaml")).unwrap();
    world.place.commit(0, "Hold it no more");
    world.place.push();
    let run = world.run(PROMOTE).success();
    assert_eq!(run.told(), (vec![format!("auth {version} opened")], true), "{}", run.said);
}

/// What is proved is ticked for as long as it is; what a person ticked stays.
#[test]
fn a_tick_goes_with_its_proof_unless_a_person_made_it() {
    let world = World::new();
    let version = world.place.version(72);
    let _ = world.run(PROMOTE).success();
    let line = |id: &str| {
        let body = world.hub.open()[0].body.clone();
        let is_meant = |line: &&str| line.contains(&format!("<!-- rotate-item: {id}"));
        body.lines().find(is_meant).unwrap_or_else(|| panic!("{id}\n{body}")).to_owned()
    };
    let proved =
        "- [x] Nothing holds staging at another version. <!-- rotate-item: hold-staging proved -->";
    let (pods, soak) = (line("pods-staging"), line("soak-production"));
    assert_eq!(line("hold-staging"), proved);
    assert!(pods.starts_with("- [ ] Every pod in staging runs "), "{pods}");
    assert!(soak.starts_with("- [x] staging has run ") && soak.ends_with(" proved -->"), "{soak}");
    let ticked = pods.replace("[ ]", "[x]");
    world.hub.edit(1, |pull| pull.body = pull.body.replace(&pods, &ticked));
    let held = hold().replace("production", "staging");
    for (settings, hold) in [(Some(&held), "- [ ] "), (None, proved)] {
        match settings {
            Some(text) => world.place.write("rotate.yaml", text),
            None => fs::remove_file(world.place.root().join("rotate.yaml")).unwrap(),
        }
        world.place.commit(0, "Change the settings");
        world.place.push();
        for (action, changed) in [("updated", true), ("unchanged", false)] {
            let run = world.run(PROMOTE).success();
            assert_eq!(run.told(), (vec![format!("auth {version} {action}")], changed));
            assert!(line("hold-staging").starts_with(hold), "{}", line("hold-staging"));
            assert_eq!(
                (line("pods-staging"), line("soak-production")),
                (ticked.clone(), soak.clone())
            );
        }
    }
    // Hours later, it says the same.
    let run = world.run_later(5, &["promote", "--family", "auth"]).success();
    assert_eq!(run.told(), (vec![format!("auth {version} unchanged")], false), "{}", run.said);
}

#[test]
fn a_text_without_its_marker_is_left() {
    let world = World::new();
    let _ = world.run(PROMOTE).success();
    let whole = world.hub.open()[0].body.clone();
    world.hub.edit(1, |pull| "We know best.".clone_into(&mut pull.body));
    let (before, _) = (world.commit(BRANCH), world.hub.asked());
    let is_left = |hours: i64, version: &str| {
        let run = world.run_later(hours, &["promote", "--family", "auth"]).success();
        assert_eq!(run.told(), (vec![format!("auth {version} left")], false), "{}", run.said);
        assert!(run.reason().contains("#1 has lost its identifying comment"), "{}", run.reason());
        assert_eq!(run.pulls()[0]["number"], 1);
        let writes = world.hub.writes();
        assert!(writes.is_empty() && world.commit(BRANCH) == before, "{writes:?}");
        assert_eq!(world.hub.open()[0].body, "We know best.");
    };
    is_left(0, &world.place.version(72));

    // Staging goes on: nothing happens before the newer version has soaked, and nothing then.
    world.place.rotate_in_staging(SOAKED, 1);
    world.place.push();
    let run = world.run(PROMOTE).success();
    assert_eq!(run.told(), (Vec::new(), false), "{}", run.said);
    assert!(world.hub.writes().is_empty());
    is_left(36, &world.place.version(1));

    // Put back, it is the older one again, whose place the newer one takes.
    world.hub.edit(1, |pull| pull.body = whole);
    let run = world.run_later(36, &["promote", "--family", "auth"]).success();
    let told = [(72, "superseded"), (1, "opened")]
        .map(|(hours, what)| format!("auth {} {what}", world.place.version(hours)));
    assert_eq!(run.told().0.len(), 2);
    assert!(told.iter().all(|one| run.told().0.contains(one)), "{:?}", run.told());
}

/// A reviewer added a commit; what becomes of the branch depends on whether it was taken.
#[test]
fn a_branch_that_was_squashed_is_written_anew() {
    for is_taken in [true, false] {
        let world = World::new();
        let _ = world.run(PROMOTE).success();
        let reviewed = commit_theirs(&world, &["--message", "More of them"]);
        if is_taken {
            world.hub.squash(1);
            world.place.pull();
        } else {
            world.hub.close(1);
        }
        let run = world.run(PROMOTE).success();
        let told = if is_taken {
            Vec::new()
        } else {
            vec![format!("auth {} declined", world.place.version(72))]
        };
        assert_eq!(run.told(), (told, false), "{}", run.said);
        world.place.rotate_in_staging(SOAKED, 1);
        world.place.push();
        let _ = world.hub.asked();
        let run = world.run_later(36, &["promote", "--family", "auth"]).success();
        let what = if is_taken { "opened" } else { "left" };
        let told = vec![format!("auth {} {what}", world.place.version(1))];
        assert_eq!(run.told(), (told, is_taken), "{}", run.said);
        assert_eq!(world.commit(BRANCH) == reviewed, !is_taken);
        assert_eq!(world.hub.open().len(), usize::from(is_taken));
        if is_taken {
            let text = world.place.show(BRANCH, "production/auth.yaml");
            assert!(
                text.contains("replicas: 4") && text.contains(&world.place.version(1)),
                "{text}"
            );
            let changed = world.place.changed(BRANCH);
            assert_eq!(changed.len(), 3, "{changed:?}");
        } else {
            assert!(world.hub.writes().is_empty());
        }
    }
}

/// Production took it, and somebody took it back without a hold.
#[test]
fn a_version_that_was_taken_back_says_so() {
    let world = World::new();
    let version = world.place.version(72);
    let _ = world.run(PROMOTE).success();
    assert!(!world.hub.open()[0].body.contains("ran this version before"));
    world.hub.merge(1);
    world.place.pull();
    let revert = ["revert", "--no-edit", "--mainline", "1", "HEAD"];
    world.place.succeeds(world.place.git(&revert));
    world.place.push();
    let run = world.run_later(1, &["promote", "--family", "auth"]).success();
    assert!(world.hub.open().is_empty(), "it came back by itself: {}", run.said);
    // By name it is taken again.
    let run = world.run_later(1, &["bump", "production", "auth"]).success();
    assert_eq!(run.told(), (vec![format!("auth {version} opened")], true), "{}", run.said);
    let open = world.hub.open();
    assert_eq!((open.len(), open[0].number), (1, 2));
    let words = "**production ran this version before and was rolled back** at ";
    let told = open[0].body.lines().find_map(|line| line.strip_prefix(words));
    let told = told.unwrap_or_else(|| panic!("{words}\n{}", open[0].body));
    assert!(told.contains("by ") && told.contains("Robin: Revert"), "{told}");
    // It can be merged, though its commit was once.
    assert_eq!(world.place.changed("rotate/bump/production/auth").len(), 3);
    world.hub.merge(2);
    world.place.pull();
    assert!(world.place.read("production/auth.yaml").contains(&version));
}
