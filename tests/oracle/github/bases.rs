//! Which branch pull requests go to, and what keeps a run from doing anything there.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::place::{SOAKED, hold, said};
use super::requests::{BRANCH, PROMOTE};
use super::run::World;

fn script(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_second_base_needs_branches_of_its_own() {
    let world = World::new();
    let version = world.place.version(72);
    let _ = world.run(PROMOTE).success();
    world.place.succeeds(world.place.git(&["push", "--quiet", "origin", "main:release"]));
    let (before, _) = (world.place.branches(), world.hub.asked());
    let release = ["promote", "--base", "release"];
    let run = world.run(&release).success();
    assert_eq!(run.told(), (vec![format!("auth {version} left")], false), "{}", run.said);
    for words in [BRANCH, "proposed to `main` by #1", "another `--branch-prefix`"] {
        assert!(run.reason().contains(words), "{words}\n{}", run.reason());
    }
    let writes = world.hub.writes();
    assert!(writes.is_empty() && world.place.branches() == before, "{writes:?}");

    let own = [&release[..], &["--branch-prefix", "for-release/"]].concat();
    let run = world.run(&own).success();
    assert_eq!(run.told(), (vec![format!("auth {version} opened")], true), "{}", run.said);
    let goes = |pull: &super::pulls::Pull| (pull.head.clone(), pull.base.clone());
    let both = [(BRANCH, "main"), ("for-release/production/auth", "release")]
        .map(|(head, base)| (head.to_owned(), base.to_owned()));
    assert_eq!(world.hub.open().iter().map(goes).collect::<Vec<_>>(), both);
    let _ = world.hub.asked();
    for arguments in [PROMOTE, &own] {
        let run = world.run(arguments).success();
        assert_eq!(run.told(), (vec![format!("auth {version} unchanged")], false));
        assert!(world.hub.writes().is_empty());
    }

    // Only one of them learns that staging went on.
    world.place.rotate_in_staging(SOAKED, 1);
    world.place.push();
    assert_eq!(world.run(PROMOTE).success().told().0, [format!("auth {version} superseded")]);
    assert_eq!(world.run(&own).success().told().0, [format!("auth {version} unchanged")]);
    assert_eq!(world.hub.open().iter().map(goes).collect::<Vec<_>>(), both[1..]);
}

/// What cannot be built says nothing of what is wanted.
#[test]
fn what_does_not_build_closes_nothing() {
    for (file, from, to) in [
        ("staging/auth.yaml", "kind: Deployment", "kind: [Deployment"),
        ("staging/kustomization.yaml", "resources:", "resources: {"),
        ("staging/kustomization.yaml", "  - auth.yaml", "  - aut.yaml"),
        ("production/kustomization.yaml", "resources:", "<<<<<<< HEAD\nresources:"),
    ] {
        let world = World::new();
        let version = world.place.version(72);
        let _ = world.run(PROMOTE).success();
        let (pulls, branch) = (world.hub.pulls().len(), world.commit(BRANCH));
        let text = world.place.read(file);
        assert!(text.contains(from), "{file}");
        world.place.write(file, &text.replacen(from, to, 1));
        world.place.commit(0, "Break it");
        world.place.push();
        let _ = world.hub.asked();
        let run = world.run(PROMOTE);
        assert_eq!(run.status, 2, "{file}\n{}", run.said);
        assert_eq!(run.told(), (vec![format!("auth {version} left")], false), "{}", run.said);
        let (directory, _) = file.split_once('/').unwrap();
        let why = format!("`{directory}` does not build");
        assert!(run.reason().contains(&why), "{}", run.reason());
        assert!(run.said.contains("::warning") && run.said.contains(&why), "{}", run.said);
        assert!(run.summary.contains("left"), "{}", run.summary);
        let writes = world.hub.writes();
        assert!(writes.is_empty() && world.commit(BRANCH) == branch, "{writes:?}");

        world.place.write(file, &text);
        world.place.commit(0, "Mend it");
        world.place.push();
        let run = world.run(PROMOTE).success();
        assert_eq!(run.told(), (vec![format!("auth {version} unchanged")], false), "{}", run.said);
        assert!(world.hub.writes().is_empty() && world.commit(BRANCH) == branch);
        assert_eq!((world.hub.open().len(), world.hub.pulls().len()), (1, pulls));
    }
}

/// Neither what is checked out nor what the clone remembers says where it goes.
#[test]
fn the_remote_says_which_branch_is_the_default() {
    let world = World::new();
    let bare = |arguments: &[&str]| {
        world.place.succeeds(world.place.git_in(&world.place.bare(), arguments))
    };
    let here = |arguments: &[&str]| world.place.succeeds(world.place.git(arguments));
    bare(&["branch", "trunk", "main"]);
    bare(&["symbolic-ref", "HEAD", "refs/heads/trunk"]);
    here(&["checkout", "--quiet", "-b", "feature"]);
    assert_eq!(here(&["for-each-ref", "refs/remotes/origin/HEAD"]), "");
    let run = world.run(PROMOTE).success();
    let version = world.place.version(72);
    assert_eq!(run.told(), (vec![format!("auth {version} opened")], true), "{}", run.said);
    assert_eq!((&run.pulls()[0]["base"], &*world.hub.open()[0].base), (&"trunk".into(), "trunk"));

    // The clone remembers another one, which is gone.
    here(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"]);
    bare(&["branch", "--quiet", "-D", "main"]);
    let run = world.run(PROMOTE).success();
    assert_eq!(run.told(), (vec![format!("auth {version} unchanged")], false), "{}", run.said);
    assert_eq!(run.pulls()[0]["base"], "trunk");
}

/// `gh` alone asks about `upstream`, of which the fork was made.
#[test]
fn a_fork_is_asked_about_itself() {
    let world = World::new();
    let here = |arguments: &[&str]| world.place.succeeds(world.place.git(arguments));
    let address = "https://github.localhost/example/shop.git";
    here(&["remote", "set-url", "origin", address]);
    here(&["remote", "add", "upstream", "https://github.localhost/else/shop.git"]);
    let run = || {
        let mut command = world.place.rotate_in(&world.place.root(), &world.hub, PROMOTE);
        command.args(["--pull-request", "--format", "github"]).env_remove("GH_REPO");
        // Where the branch goes, the pull request goes.
        command.env("GH_HOST", "github.elsewhere.example");
        // Git alone takes this for another name of a directory.
        command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_VALUE_0", address);
        command.env("GIT_CONFIG_KEY_0", format!("url.{}.insteadOf", world.place.bare().display()));
        world.finish(command).success().told()
    };
    let mut gh = Command::new("gh");
    gh.current_dir(world.place.root()).args(["api", "repos/{owner}/{repo}/pulls"]);
    world.place.alone(&mut gh);
    gh.envs(world.hub.variables()).env_remove("GH_REPO");
    assert!(!gh.output().unwrap().status.success());
    let asked = world.hub.asked().join("");
    assert!(asked.contains("/repos/else/shop/pulls"), "{asked}");

    let version = world.place.version(72);
    assert_eq!(run(), (vec![format!("auth {version} opened")], true));
    assert_eq!(run(), (vec![format!("auth {version} unchanged")], false));
    let asked = world.hub.asked();
    assert!(asked.iter().all(|one| one.contains("/repos/example/shop/")), "{asked:?}");
}

#[test]
fn a_base_that_goes_on_meanwhile_closes_nothing() {
    let world = World::new();
    let _ = world.run(PROMOTE).success();
    world.place.rotate_in_staging(SOAKED, 1);
    world.place.push();
    world.place.succeeds(world.place.git(&["commit", "--quiet", "--allow-empty", "-m", "More"]));
    world.place.succeeds(world.place.git(&["push", "--quiet", "origin", "HEAD:next"]));

    // Somebody pushes to main once this run has fetched it.
    let real = world.place.succeeds(world.place.git(&["--exec-path"]));
    let wrapper = world.place.path("bin/git");
    let (bare, moved) = (world.place.bare(), world.place.path("moved"));
    let (bare, moved) = (bare.display(), moved.display());
    script(
        &wrapper,
        &format!(
            "#!/bin/sh
case \"$*\" in *'ls-remote origin refs/heads/main')
  [ -e {moved} ] || {real}/git --git-dir {bare} update-ref refs/heads/main refs/heads/next
  touch {moved}
esac
exec {real}/git \"$@\"
"
        ),
    );
    let (before, _) = (world.commit(BRANCH), world.hub.asked());
    let run = world.run(PROMOTE);
    assert!(world.place.path("moved").exists(), "{}", run.said);
    assert_eq!((run.status, run.told()), (2, (Vec::new(), false)), "{}", run.said);
    for words in ["`main` changed during this run", "run it again"] {
        assert!(run.said.contains(words), "{words}\n{}", run.said);
    }
    let writes = world.hub.writes();
    assert!(writes.is_empty() && world.commit(BRANCH) == before, "{writes:?}");
    assert!(world.hub.open().len() == 1 && before.is_some());

    let run = world.run(PROMOTE).success();
    assert_eq!(run.told().0, [format!("auth {} superseded", world.place.version(72))]);
    assert!(world.hub.open().is_empty());
}

/// A hook that looks at what a person pushes has nothing to look at here.
#[test]
fn hooks_of_the_clone_do_not_run() {
    let world = World::new();
    let hooks = world.place.root().join(".git/hooks");
    script(&hooks.join("pre-push"), "#!/bin/sh\necho 'the tests fail'\nexit 1\n");
    let refused = world.place.git(&["push", "origin", "HEAD:refs/heads/mine"]).output().unwrap();
    assert!(!refused.status.success() && said(&refused).contains("the tests fail"));
    let run = world.run(PROMOTE).success();
    let version = world.place.version(72);
    assert_eq!(run.told(), (vec![format!("auth {version} opened")], true), "{}", run.said);
    assert_eq!(world.place.branch_names(), ["main", BRANCH]);
    // Nor when a branch goes.
    let another = world.place.clone("another");
    let git = |arguments: &[&str]| world.place.succeeds(world.place.git_in(&another, arguments));
    fs::write(another.join("rotate.yaml"), hold()).unwrap();
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "Hold it"]);
    git(&["push", "--quiet", "origin", "main"]);
    let run = world.run(PROMOTE).success();
    assert_eq!(run.told(), (vec![format!("auth {version} closed")], true), "{}", run.said);
    assert_eq!(world.place.branch_names(), ["main"]);
}

/// Who lets it go to another base has decided that.
#[test]
fn one_that_a_person_sent_elsewhere_is_left() {
    let world = World::new();
    let _ = world.run(PROMOTE).success();
    world.place.succeeds(world.place.git(&["push", "--quiet", "origin", "main:release"]));
    world.hub.edit(1, |pull| "release".clone_into(&mut pull.base));
    let (before, _) = (world.commit(BRANCH), world.hub.asked());
    for hours in [72, 1] {
        if hours == 1 {
            world.place.rotate_in_staging(SOAKED, hours);
            world.place.push();
        }
        let run = world.run_later(36 - hours / 2, &["promote", "--family", "auth"]).success();
        let told = vec![format!("auth {} left", world.place.version(hours))];
        assert_eq!(run.told(), (told, false), "{}", run.said);
        assert!(run.reason().contains("proposed to `release` by #1"), "{}", run.reason());
        let writes = world.hub.writes();
        assert!(writes.is_empty() && world.commit(BRANCH) == before, "{writes:?}");
    }
    assert_eq!(world.hub.open()[0].base, "release");
}
