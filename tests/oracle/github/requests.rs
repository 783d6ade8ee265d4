//! The life of a pull request, seen from the remote's branches and from GitHub.

use super::hub::BOT;
use super::place::{FIRST, FRESH, Place, SOAKED, hold};
use super::pulls::Pull;
use super::run::World;

pub(super) const BRANCH: &str = "rotate/production/auth";
pub(super) const PROMOTE: &[&str] = &["promote"];

/// Holds a new pull request, its branch and its text against what should be there.
#[track_caller]
pub(super) fn is_right(place: &Place, pull: &Pull) {
    let version = place.version(72);
    assert_eq!((&*pull.head, &*pull.base, &*pull.user), (BRANCH, "main", BOT));
    assert!(pull.title.contains("auth") && pull.title.contains("production"), "{}", pull.title);
    assert!(pull.title.contains(&version), "{}", pull.title);

    let stub = format!("production/externalsecret-auth-{version}.yaml");
    let changed = place.changed(BRANCH);
    let expected =
        [&format!("A {stub}"), "M production/auth.yaml", "M production/kustomization.yaml"];
    let mut sorted: Vec<&str> = changed.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    let deployment = place.show(BRANCH, "production/auth.yaml");
    assert!(deployment.contains(&format!("name: auth-{version}")), "{deployment}");
    let format = "--format=%an <%ae>%n%P%n%B";
    let logged = place.git_in(&place.bare(), &["log", "-1", format, BRANCH]);
    let logged = place.succeeds(logged);
    let main = place.succeeds(place.git_in(&place.bare(), &["rev-parse", "main"]));
    let bot = "github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>";
    let promote = format!("Promote auth in production to {version}");
    for line in [bot, &main, &promote, &format!("Rotate-Version: {version}")] {
        assert!(logged.lines().any(|one| one == line), "{line}\n{logged}");
    }

    let since = place.ago(72).format("%Y-%m-%d %H:%M UTC").to_string();
    let logged =
        ["log", "main", "--first-parent", "-1", "--format=%h", "--abbrev=9", "--grep=Bump auth "];
    let commit = place.succeeds(place.git_in(&place.bare(), &logged));
    for words in [
        &*format!("`auth-{FIRST}` → `auth-{version}`"),
        &since,
        &commit,
        "| soak | open |",
        "| hold | open |",
        "| lint | open |",
        "`production/auth.yaml`",
        &format!("`{stub}`"),
        "- [ ] ",
        "Watch production for",
        "- [ ] Keep the old stub for rollbacks until the next rotation",
        "`rotate prune production auth`",
        "rotate rollback production auth --reason",
        "```mermaid\n",
        &format!("the store under production/auth as {version}"),
        &format!("\"version\":\"{version}\""),
    ] {
        assert!(pull.body.contains(words), "{words}\n---\n{}", pull.body);
    }
    let last = pull.body.trim_end().lines().last().unwrap_or_default();
    assert!(last.starts_with("<!-- rotate: {") && last.ends_with("} -->"), "{last}");
}

#[test]
fn labels_reviewers_and_a_draft() {
    let world = World::new();
    let flags = ["--label", "secrets,rotation", "--label", "third", "--reviewer", "kim"];
    let more = ["--reviewer", "example/platform", "--draft", "--branch-prefix", "keys/"];
    let run = world.run(&[PROMOTE, &["production"], &flags, &more].concat()).success();
    let open = world.hub.open();
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0].head, "keys/production/auth");
    assert_eq!(open[0].labels, ["secrets", "rotation", "third"]);
    assert_eq!(
        (&open[0].reviewers[..], &open[0].teams[..]),
        (&["kim".to_owned()][..], &["platform".to_owned()][..])
    );
    assert!(open[0].draft);
    let pull = &run.pulls()[0];
    assert_eq!(pull["branch"], "keys/production/auth");
    assert_eq!((&pull["number"], &pull["base"]), (&1.into(), &"main".into()));
    assert_eq!(pull["url"], "https://github.localhost/example/shop/pull/1");
    assert_eq!(pull["environment"], "production");
}

#[test]
fn a_dry_run_only_reads() {
    let world = World::new();
    let before = world.place.branches();
    let run = world.run(&[PROMOTE, &["--dry-run"]].concat()).success();
    let version = world.place.version(72);
    assert_eq!(run.told(), (vec![format!("auth {version} opened")], true));
    assert!(run.pulls()[0]["number"].is_null());
    assert!(world.hub.writes().is_empty());
    assert_eq!(world.place.branches(), before);
}

#[test]
fn a_second_run_changes_nothing() {
    let world = World::new();
    let version = world.place.version(72);
    let first = world.run(PROMOTE).success();
    assert_eq!(first.told(), (vec![format!("auth {version} opened")], true));
    assert!(first.summary.contains("billing"), "{}", first.summary);
    assert!(first.report.contains("auth"), "{}", first.report);
    is_right(&world.place, &world.hub.open()[0]);
    let before = world.place.branches();
    assert_eq!(world.place.branch_names(), ["main", BRANCH]);
    assert!(!world.hub.writes().is_empty());

    // Another runner, a minute later: another clone, on no branch.
    let clone = world.place.clone("other");
    world.place.succeeds(world.place.git_in(&clone, &["checkout", "--quiet", "--detach"]));
    for directory in [world.place.root(), clone] {
        let run = world.run_in(&directory, 0, PROMOTE).success();
        assert_eq!(run.told(), (vec![format!("auth {version} unchanged")], false));
        let writes = world.hub.writes();
        assert!(writes.is_empty(), "{writes:?}");
        assert_eq!(world.place.branches(), before);
        let status = world.place.git_in(&directory, &["status", "--porcelain"]);
        assert_eq!(world.place.succeeds(status), "", "the work tree is not touched");
    }
}

#[test]
fn a_newer_version_supersedes() {
    let world = World::new();
    let _ = world.run(PROMOTE).success();
    world.place.rotate_in_staging(SOAKED, 1);
    world.place.push();
    let (old, new) = (world.place.version(72), world.place.version(1));

    let run = world.run(PROMOTE).success();
    assert_eq!(run.told(), (vec![format!("auth {old} superseded")], true));
    let pulls = world.hub.pulls();
    assert!(!pulls[0].open && pulls[0].comments.len() == 1, "{pulls:?}");
    assert!(pulls[0].comments[0].contains(&new), "{}", pulls[0].comments[0]);
    assert_eq!((pulls.len(), world.place.branch_names()), (1, vec!["main".to_owned()]));

    // A day and a half later both families have soaked.
    let run = world.run_later(36, PROMOTE).success();
    let billing = world.place.version(2);
    let told = vec![format!("auth {new} opened"), format!("billing {billing} opened")];
    assert_eq!(run.told(), (told, true));
    let open = world.hub.open();
    assert_eq!(open.len(), 2);
    assert!(open.iter().any(|pull| pull.head == BRANCH && pull.title.contains(&new)), "{open:?}");
    world.hub.judge();
}

#[test]
fn what_a_person_closed_stays_closed() {
    let world = World::new();
    let version = world.place.version(72);
    let _ = world.run(PROMOTE).success();
    world.hub.close(1);
    let _ = world.hub.asked();
    let delete = ["push", "--quiet", "origin", "--delete", BRANCH];
    for deleted in [false, true] {
        if deleted {
            world.place.succeeds(world.place.git(&delete));
        }
        let run = world.run(PROMOTE).success();
        assert_eq!(run.told(), (vec![format!("auth {version} declined")], false), "{}", run.said);
        let writes = world.hub.writes();
        assert!(writes.is_empty() && world.hub.open().is_empty(), "{writes:?}");
    }
    // It was this version that was not wanted.
    world.place.rotate_in_staging(SOAKED, 1);
    world.place.push();
    let _ = world.run(PROMOTE).success();
    let run = world.run_later(36, &["promote", "--family", "auth"]).success();
    assert_eq!(run.told(), (vec![format!("auth {} opened", world.place.version(1))], true));
}

/// What rotate closed itself may come again.
#[test]
fn a_version_that_comes_back_is_opened_again() {
    let world = World::new();
    let version = world.place.version(72);
    let _ = world.run(PROMOTE).success();
    world.place.write("rotate.yaml", &hold());
    world.place.commit(0, "Hold it");
    world.place.push();
    let run = world.run(PROMOTE).success();
    assert_eq!(run.told(), (vec![format!("auth {version} closed")], true), "{}", run.said);
    assert_eq!(world.place.branch_names(), ["main"]);
    let pulls = world.hub.pulls();
    assert!(!pulls[0].open && pulls[0].comments[0].contains("held"), "{pulls:?}");
    assert!(run.summary.contains("a freeze"), "{}", run.summary);

    std::fs::remove_file(world.place.root().join("rotate.yaml")).unwrap();
    world.place.commit(0, "Hold it no more");
    world.place.push();
    let run = world.run(PROMOTE).success();
    assert_eq!(run.told(), (vec![format!("auth {version} opened")], true), "{}", run.said);
    assert_eq!(world.hub.open().len(), 1);
}

/// Somebody promoted it by hand meanwhile.
#[test]
fn a_reason_that_is_gone_closes_it() {
    let world = World::new();
    let _ = world.run(PROMOTE).success();
    let by_hand = ["promote", "production", "--family", "auth", "--commit"];
    let mut command = world.place.rotate_in(&world.place.root(), &world.hub, &by_hand);
    command.env("GIT_AUTHOR_NAME", "Robin").env("GIT_AUTHOR_EMAIL", "robin@example.com");
    command.env("GIT_COMMITTER_NAME", "Robin").env("GIT_COMMITTER_EMAIL", "robin@example.com");
    world.place.succeeds(command);
    world.place.push();
    let run = world.run(PROMOTE).success();
    assert_eq!(run.told().0, [format!("auth {} closed", world.place.version(72))]);
    let pull = &world.hub.pulls()[0];
    assert!(!pull.open && pull.comments.len() == 1, "{pull:?}");
    assert_eq!(world.place.branch_names(), ["main"]);
}

#[test]
fn bumps_and_removals_have_pull_requests_of_their_own() {
    let world = World::new();
    let bump = ["bump", "staging", FRESH];
    let run = world.run(&bump).success();
    let version = world.place.version(0);
    assert_eq!(run.told(), (vec![format!("billing {version} opened")], true));
    assert_eq!(world.place.branch_names(), ["main", "rotate/bump/staging/billing"]);
    let _ = world.hub.asked();
    // A version is minted once, and not anew in each run.
    let run = world.run_later(3, &bump).success();
    assert_eq!(run.told(), (vec![format!("billing {version} unchanged")], false));
    assert!(world.hub.writes().is_empty());
    // A promotion is another matter.
    let _ = world.run(PROMOTE).success();
    assert_eq!(world.hub.open().len(), 2);

    world.place.rotate_in_staging(SOAKED, 1);
    world.place.push();
    let run = world.run_later(24 * 40, &["prune", "staging"]).success();
    assert_eq!(run.told(), (vec![format!("auth {FIRST} opened")], true), "{}", run.said);
    let branch = "rotate/prune/staging/auth";
    let stub = format!("D staging/externalsecret-auth-{FIRST}.yaml");
    assert_eq!(world.place.changed(branch), [&stub, "M staging/kustomization.yaml"]);
    assert_eq!(world.hub.open().len(), 3);
    let run = world.run_later(24 * 40, &["prune", "staging"]).success();
    assert_eq!(run.told(), (vec![format!("auth {FIRST} unchanged")], false), "{}", run.said);
}
