//! Since when what runs where: histories that are built here, read through the library and through `rotate status` and
//! `rotate history`.

use std::fs;
#[cfg(unix)]
use std::sync::Arc;

use rotate::config::parse::parse;
use rotate::config::settings::Config;
#[cfg(unix)]
use rotate::disk::tree::DiskTree;
use rotate::git::repository::Git;
use rotate::repo::subject::Subject;
use rotate::repo::usage::Running;
use rotate::repo::{Repo, Scope};
use rotate::text::path::TreePath;
use rotate::text::source::Source;
use rotate::timeline::question::{Question, Questions};
use rotate::timeline::walk::Depth;
use rotate::timeline::{Began, Timeline};
use serde_json::Value;

use crate::support::{NOW, Output, Sandbox, commit};

const ONE: &str = "20250601000000";
const TWO: &str = "20250701000000";

fn now() -> chrono::DateTime<chrono::Utc> {
    NOW.parse().unwrap()
}

/// The time of a day of August 2025.
fn day(number: u32) -> String {
    format!("2025-08-{number:02}T10:00:00Z")
}

fn deployment(name: &str, image: &str, secret: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: {name} }}\nspec:\n  template:\n    spec:\n      \
         containers:\n        - name: app\n          image: registry.example/{name}:{image}\n          envFrom:\n            \
         - secretRef: {{ name: {secret} }}\n"
    )
}

/// Commits everything at a time; gives the commit's id.
fn commit_at(sandbox: &Sandbox, time: &str, message: &str) -> String {
    commit(&sandbox.root(), time, message)
}

/// A workload that names a version of `auth`.
fn web(version: &str) -> String {
    deployment("web", "1.0.0", &format!("auth-{version}"))
}

/// What `rotate status` knows of `auth` in an environment, held against what the library knows.
#[track_caller]
fn status(sandbox: &Sandbox, environment: &str, mainline: Option<&str>) -> Value {
    let mut arguments = vec!["status", "--format", "json", "--at", NOW];
    arguments.extend(mainline.map(|branch| ["--mainline", branch]).iter().flatten());
    let output = sandbox.rotate(&arguments).success();
    let value: Value = serde_json::from_str(&output.stdout).unwrap();
    let all = value["families"].as_array().unwrap();
    let mut own = all.iter().filter(|one| one["environment"] == environment);
    let since =
        own.find(|one| one["family"] == "auth").unwrap_or_else(|| panic!("{output}"))["since"]
            .clone();

    let git = Git::required(&sandbox.root()).unwrap().rooted(&sandbox.root()).unwrap();
    let settings = fs::read_to_string(sandbox.path("rotate.yaml")).ok();
    let settings = settings.map_or_else(Config::default, |text| {
        parse(&Source::file(TreePath::new("rotate.yaml").unwrap(), text)).unwrap()
    });
    let subject = Subject::new(environment, "auth");
    let standing =
        all.iter().find(|one| one["environment"] == environment && one["family"] == "auth");
    let versions = standing.unwrap()["versions"].as_array().unwrap().iter();
    let running = Running {
        versions: versions.map(|one| one.as_str().unwrap().to_owned()).collect(),
        plain: standing.unwrap()["plain"] == true,
    };
    let asked = Questions::from([Question::Since(subject.clone(), running)]);
    let timeline = Timeline::read(&git, mainline, &settings, (Depth::Asked(asked), now())).unwrap();
    assert_eq!(value["mainline"], timeline.mainline);
    if !since.is_null() {
        let era = timeline.now(&subject).unwrap();
        assert_eq!(since["commit"], era.began.commit().id);
        assert_eq!(since["exact"], matches!(era.began, Began::With(_)));
    }
    since
}

/// The commit with which what an environment runs of `auth` began.
#[track_caller]
fn since(sandbox: &Sandbox, environment: &str) -> String {
    let since = status(sandbox, environment, None);
    assert_eq!(since["exact"], true, "{since}");
    since["commit"].as_str().unwrap().to_owned()
}

/// What an environment ran of `auth`, the newest first, each with the day it began on.
#[track_caller]
fn eras(sandbox: &Sandbox, environment: &str) -> Vec<(String, u32)> {
    let output = sandbox.rotate(&["history", "auth", "--format", "json", "--at", NOW]).success();
    let value: Value = serde_json::from_str(&output.stdout).unwrap();
    let eras = value["environments"].as_array().unwrap();
    let life = eras.iter().find(|one| one["environment"] == environment);
    let eras = life.unwrap_or_else(|| panic!("{output}"))["eras"].as_array().unwrap();
    let era = |era: &Value| {
        let versions = era["versions"].as_array().unwrap().iter();
        let mut names: Vec<&str> = versions.map(|one| one.as_str().unwrap()).collect();
        names.extend((era["plain"] == true).then_some("plain"));
        (names.join(" "), era["from"]["time"].as_str().unwrap()[8..10].parse().unwrap())
    };
    eras.iter().map(era).collect()
}

fn era(versions: &str, day: u32) -> (String, u32) {
    (versions.to_owned(), day)
}

/// A repository that runs the first version since the first of August, and the second since the second.
fn two_versions() -> (Sandbox, String) {
    let sandbox = Sandbox::empty();
    sandbox.write("staging/web.yaml", &web(ONE));
    commit_at(&sandbox, &day(1), "Begin");
    sandbox.write("staging/web.yaml", &web(TWO));
    let moved = commit_at(&sandbox, &day(2), "Rotate");
    (sandbox, moved)
}

#[test]
fn what_is_unrelated_does_not_reset() {
    let (sandbox, moved) = two_versions();
    sandbox.write("README.md", "More\n");
    commit_at(&sandbox, &day(3), "Write more");
    sandbox.write("staging/web.yaml", &deployment("web", "1.0.1", &format!("auth-{TWO}")));
    commit_at(&sandbox, &day(4), "Set the image");
    sandbox.write("staging/other.yaml", &deployment("other", "1", "other-20250101000000"));
    commit_at(&sandbox, &day(5), "Add another");
    assert_eq!(since(&sandbox, "staging"), moved);
    assert_eq!(eras(&sandbox, "staging"), [era(TWO, 2), era(ONE, 1)]);
}

#[test]
fn a_base_that_only_production_uses_is_productions() {
    let sandbox = Sandbox::empty();
    sandbox.write("base/kustomization.yaml", "resources: [web.yaml]\n");
    sandbox.write("base/web.yaml", &web(ONE));
    sandbox.write("own/kustomization.yaml", "resources: [../base, cron.yaml]\n");
    sandbox.write("own/cron.yaml", &deployment("cron", "1", &format!("auth-{ONE}")));
    sandbox.write("overlays/staging/kustomization.yaml", "resources: [../../base]\n");
    sandbox.write("overlays/production/kustomization.yaml", "resources: [../../own]\n");
    let begin = commit_at(&sandbox, &day(1), "Begin");
    sandbox.write("own/cron.yaml", &deployment("cron", "1", &format!("auth-{TWO}")));
    let own = commit_at(&sandbox, &day(2), "Move production's own");
    assert_eq!((since(&sandbox, "staging"), since(&sandbox, "production")), (begin, own));
    sandbox.write("base/web.yaml", &web(TWO));
    let base = commit_at(&sandbox, &day(3), "Move what both share");
    assert_eq!((since(&sandbox, "staging"), since(&sandbox, "production")), (base.clone(), base));
    let mixed = format!("{ONE} {TWO}");
    assert_eq!(eras(&sandbox, "production"), [era(TWO, 3), era(&mixed, 2), era(ONE, 1)]);
    assert_eq!(eras(&sandbox, "staging"), [era(TWO, 3), era(ONE, 1)]);
}

#[test]
fn patches_count() {
    let sandbox = Sandbox::empty();
    let patch = |environment: &str, version: &str| {
        let text = format!(
            "resources: [../../base]\npatches:\n  - target: {{ kind: Deployment }}\n    patch: |-\n      - op: replace\n        \
             path: /spec/template/spec/containers/0/envFrom/0/secretRef/name\n        value: auth-{version}\n"
        );
        sandbox.write(&format!("overlays/{environment}/kustomization.yaml"), &text);
    };
    sandbox.write("base/kustomization.yaml", "resources: [web.yaml]\n");
    sandbox.write("base/web.yaml", &deployment("web", "1.0.0", "auth"));
    patch("staging", ONE);
    patch("production", ONE);
    let begin = commit_at(&sandbox, &day(1), "Begin");
    patch("staging", TWO);
    let moved = commit_at(&sandbox, &day(2), "Rotate");
    sandbox.write("base/web.yaml", &deployment("web", "1.0.1", "auth"));
    commit_at(&sandbox, &day(3), "Set the image");
    assert_eq!((since(&sandbox, "staging"), since(&sandbox, "production")), (moved, begin));
}

#[test]
fn a_merge_counts_when_it_is_merged() {
    let sandbox = Sandbox::empty();
    sandbox.write("staging/web.yaml", &web(ONE));
    commit_at(&sandbox, &day(1), "Begin");
    sandbox.git_at(&day(1), &["checkout", "--quiet", "-b", "feature"]);
    sandbox.write("staging/web.yaml", &web(TWO));
    commit_at(&sandbox, &day(2), "Rotate");
    sandbox.git_at(&day(2), &["checkout", "--quiet", "main"]);
    sandbox.write("README.md", "More\n");
    commit_at(&sandbox, &day(3), "Write more");
    sandbox.git_at(&day(4), &["merge", "--quiet", "--no-ff", "--message", "Merge", "feature"]);
    let merge = sandbox.git_at(NOW, &["rev-parse", "HEAD"]);
    assert_eq!(since(&sandbox, "staging"), merge.trim());
    assert_eq!(eras(&sandbox, "staging"), [era(TWO, 4), era(ONE, 1)]);
}

#[test]
fn a_revert_begins_anew() {
    let (sandbox, moved) = two_versions();
    sandbox.git_at(&day(3), &["revert", "--no-edit", &moved]);
    let revert = sandbox.git_at(NOW, &["rev-parse", "HEAD"]);
    assert_eq!(since(&sandbox, "staging"), revert.trim());
    assert_eq!(eras(&sandbox, "staging"), [era(ONE, 3), era(TWO, 2), era(ONE, 1)]);
}

#[test]
fn moved_files_go_on() {
    let (sandbox, moved) = two_versions();
    sandbox.git_at(NOW, &["mv", "staging/web.yaml", "staging/renamed.yaml"]);
    commit_at(&sandbox, &day(3), "Rename");
    fs::create_dir(sandbox.path("staging/apps")).unwrap();
    sandbox.git_at(NOW, &["mv", "staging/renamed.yaml", "staging/apps/api.yaml"]);
    commit_at(&sandbox, &day(4), "Move");
    assert_eq!(since(&sandbox, "staging"), moved);
}

/// Without settings, `stg` and `staging` are words for the same.
#[test]
fn another_word_for_an_environment_goes_on() {
    let sandbox = Sandbox::empty();
    sandbox.write("stg/web.yaml", &web(ONE));
    commit_at(&sandbox, &day(1), "Begin");
    sandbox.write("stg/web.yaml", &web(TWO));
    let moved = commit_at(&sandbox, &day(2), "Rotate");
    sandbox.git_at(NOW, &["mv", "stg", "staging"]);
    commit_at(&sandbox, &day(3), "Rename");
    assert_eq!(since(&sandbox, "staging"), moved);
    assert_eq!(eras(&sandbox, "staging"), [era(TWO, 2), era(ONE, 1)]);
}

fn declared(environments: &[(&str, &str)]) -> String {
    let mut text = "environments:\n".to_owned();
    for (name, path) in environments {
        text.push_str(&format!("  - name: {name}\n    paths: [{path}]\n"));
    }
    text
}

#[test]
fn an_environment_that_is_renamed_with_its_settings_goes_on() {
    for name in ["qa", "quality"] {
        let sandbox = Sandbox::empty();
        sandbox.write("rotate.yaml", &declared(&[("qa", "qa"), ("live", "live")]));
        sandbox.write("live/web.yaml", &web(ONE));
        sandbox.write("qa/web.yaml", &web(ONE));
        let begin = commit_at(&sandbox, &day(1), "Begin");
        sandbox.write("qa/web.yaml", &web(TWO));
        let moved = commit_at(&sandbox, &day(2), "Rotate");
        sandbox.git_at(NOW, &["mv", "qa", "quality"]);
        sandbox.write("rotate.yaml", &declared(&[(name, "quality"), ("live", "live")]));
        commit_at(&sandbox, &day(3), "Rename");
        assert_eq!((since(&sandbox, name), since(&sandbox, "live")), (moved, begin), "{name}");
        assert_eq!(eras(&sandbox, name), [era(TWO, 2), era(ONE, 1)]);
    }
}

/// Nothing is known of the time in which an environment was a part of another one.
#[test]
fn an_environment_begins_when_it_is_declared() {
    let sandbox = Sandbox::empty();
    sandbox.write("rotate.yaml", &declared(&[("live", "live")]));
    sandbox.write("live/eu/web.yaml", &web(ONE));
    sandbox.write("live/us/web.yaml", &web(ONE));
    commit_at(&sandbox, &day(1), "Begin");
    sandbox.write("rotate.yaml", &declared(&[("eu", "live/eu"), ("us", "live/us")]));
    let declared = commit_at(&sandbox, &day(2), "Split");
    assert_eq!((since(&sandbox, "eu"), since(&sandbox, "us")), (declared.clone(), declared));
}

#[test]
fn settings_that_came_late_hold_for_the_time_before() {
    let sandbox = Sandbox::empty();
    sandbox.write("live/web.yaml", &web(ONE));
    commit_at(&sandbox, &day(1), "Begin");
    sandbox.write("live/web.yaml", &web(TWO));
    let moved = commit_at(&sandbox, &day(2), "Rotate");
    sandbox.write("rotate.yaml", &declared(&[("live", "live")]));
    commit_at(&sandbox, &day(3), "Declare");
    assert_eq!(since(&sandbox, "live"), moved);
    assert_eq!(eras(&sandbox, "live"), [era(TWO, 2), era(ONE, 1)]);
}

#[test]
fn a_family_comes_goes_and_comes_back() {
    let sandbox = Sandbox::empty();
    sandbox.write("staging/other.yaml", &deployment("other", "1", "other-20250101000000"));
    commit_at(&sandbox, &day(1), "Begin");
    sandbox.write("staging/web.yaml", &web(ONE));
    commit_at(&sandbox, &day(2), "Add");
    fs::remove_file(sandbox.path("staging/web.yaml")).unwrap();
    commit_at(&sandbox, &day(3), "Remove");
    assert_eq!(eras(&sandbox, "staging"), [era("", 3), era(ONE, 2)]);
    sandbox.write("staging/web.yaml", &web(ONE));
    let back = commit_at(&sandbox, &day(4), "Take back");
    assert_eq!(since(&sandbox, "staging"), back);
    assert_eq!(eras(&sandbox, "staging"), [era(ONE, 4), era("", 3), era(ONE, 2)]);
}

#[test]
fn a_commit_that_does_not_parse_neither_begins_nor_ends_anything() {
    let (sandbox, moved) = two_versions();
    sandbox.write("staging/web.yaml", "a: [\n");
    commit_at(&sandbox, &day(3), "Break");
    sandbox.write("staging/web.yaml", &web(TWO));
    commit_at(&sandbox, &day(4), "Mend");
    assert_eq!(since(&sandbox, "staging"), moved);
    // The newest one may be broken too, and the oldest.
    sandbox.write("staging/broken.yaml", "a: [\n");
    commit_at(&sandbox, &day(5), "Break again");
    assert_eq!(eras(&sandbox, "staging"), [era(TWO, 2), era(ONE, 1)]);
    let sandbox = Sandbox::empty();
    sandbox.write("staging/web.yaml", "a: [\n");
    commit_at(&sandbox, &day(1), "Begin broken");
    sandbox.write("staging/web.yaml", &web(ONE));
    let mended = commit_at(&sandbox, &day(2), "Mend");
    assert_eq!(since(&sandbox, "staging"), mended);
}

#[test]
fn what_never_builds_hides_nothing_else() {
    let broken = Sandbox::empty();
    for (number, version) in [(1, ONE), (2, TWO)] {
        let text = "resources: [gone.yaml]\n";
        broken.write("broken/staging/kustomization.yaml", text);
        broken.write("web/staging/web.yaml", &web(version));
        commit_at(&broken, &day(number), "Go on");
    }
    let moved = broken.git_at(NOW, &["rev-parse", "HEAD"]);
    assert_eq!(since(&broken, "staging"), moved.trim());
    // What breaks with the newest commit ran before.
    let (sandbox, _) = two_versions();
    sandbox.write("staging/web.yaml", "a: [\n");
    commit_at(&sandbox, &day(3), "Break");
    assert_eq!(eras(&sandbox, "staging"), [era(TWO, 2), era(ONE, 1)]);
}

#[test]
fn mixed_versions_are_an_era_of_their_own() {
    let sandbox = Sandbox::empty();
    let write = |name: &str, version: &str| {
        let text = deployment(name, "1", &format!("auth-{version}"));
        sandbox.write(&format!("staging/{name}.yaml"), &text);
    };
    write("a", ONE);
    write("b", ONE);
    commit_at(&sandbox, &day(1), "Begin");
    write("a", TWO);
    commit_at(&sandbox, &day(2), "Rotate half of it");
    write("b", TWO);
    let whole = commit_at(&sandbox, &day(3), "Rotate the rest");
    assert_eq!(since(&sandbox, "staging"), whole);
    let mixed = format!("{ONE} {TWO}");
    assert_eq!(eras(&sandbox, "staging"), [era(TWO, 3), era(&mixed, 2), era(ONE, 1)]);
}

#[test]
fn a_shallow_clone_knows_no_beginning() {
    let (sandbox, _) = two_versions();
    sandbox.write("production/web.yaml", &web(ONE));
    commit_at(&sandbox, "2025-08-20T01:00:00Z", "Add production");
    let url = format!("file://{}", sandbox.root().display());
    sandbox.git_at(NOW, &["clone", "--quiet", "--depth", "1", &url, "../clone"]);
    let status = ["-C", "../clone", "status", "--format", "json", "--at", NOW];
    let output = sandbox.rotate(&status).success();
    let value: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(value["families"][0]["since"]["exact"], false, "{output}");
    let text = sandbox.rotate(&["-C", "../clone", "status", "--at", NOW]).success();
    assert!(text.stdout.contains("before 2025-08-20 01:00 UTC"), "{text}");
    let bump = ["-C", "../clone", "bump", "production", "auth", "--dry-run", "--at", NOW];
    let _ = sandbox.rotate(&bump).status(1).says(&["soak", "shallow", "fetch-depth: 0"]);
    let history = sandbox.rotate(&["-C", "../clone", "history", "auth", "--at", NOW]).success();
    assert!(history.stdout.contains("before 2025-08-20 01:00 UTC"), "{history}");
}

#[test]
fn a_detached_head_and_a_linked_work_tree_have_a_history() {
    let (sandbox, moved) = two_versions();
    sandbox.write("README.md", "More\n");
    commit_at(&sandbox, &day(3), "Write more");
    sandbox.git_at(NOW, &["checkout", "--quiet", "--detach"]);
    assert_eq!(since(&sandbox, "staging"), moved);
    sandbox.git_at(NOW, &["worktree", "add", "--quiet", "../linked", "main"]);
    commit(&sandbox.path("../linked"), &day(4), "Nothing new");
    let linked = ["-C", "../linked", "status", "--format", "json", "--at", NOW];
    let output = sandbox.rotate(&linked).success();
    assert!(output.stdout.contains(&moved), "{output}");
}

#[test]
fn what_has_no_history_says_so() {
    let sandbox = Sandbox::empty();
    sandbox.write("staging/web.yaml", &web(ONE));
    let _ = sandbox.rotate(&["status"]).status(2).says(&["not in a Git repository"]);
    sandbox.git_at(NOW, &["init", "--quiet"]);
    let _ = sandbox.rotate(&["status"]).status(2).says(&["has no commits yet"]);
    let _ = sandbox.rotate(&["history", "auth"]).status(2).says(&["has no commits yet"]);
    sandbox.git_at(NOW, &["init", "--quiet", "--bare", "../bare.git"]);
    let bare = sandbox.rotate(&["-C", "../bare.git", "status"]).status(2);
    let _ = bare.says(&["is a bare Git repository", "git clone"]);
    commit_at(&sandbox, &day(1), "Begin");
    let unknown = sandbox.rotate(&["status", "--mainline", "nowhere"]).status(2);
    let _ = unknown.says(&["unknown branch or commit `nowhere`"]);
}

/// What every environment ran of every family, read beside the tree that is checked out; the mainline alone must say the
/// same.
#[cfg(unix)]
#[track_caller]
fn alike(sandbox: &Sandbox) -> String {
    let root = sandbox.root();
    let git = Git::required(&root).unwrap().rooted(&root).unwrap();
    let tree = DiskTree::open(&root, |path, directory| git.is_ignored(path, directory)).unwrap();
    let repo = Repo::load(Arc::new(tree), None, Scope::Everything).unwrap();
    let shared = Timeline::read_from(&git, None, &repo, (Depth::Everything, now())).unwrap();
    let alone = Timeline::read(&git, None, &Config::default(), (Depth::Everything, now())).unwrap();
    assert_eq!(shared.eras, alone.eras);
    format!("{:?}", shared.eras)
}

/// Which file is read may change without any file changing.
#[cfg(unix)]
#[test]
fn a_link_to_another_version_is_a_rotation() {
    let sandbox = Sandbox::empty();
    sandbox.write("staging/kustomization.yaml", "resources: [current/web.yaml]\n");
    sandbox.write("staging/one/web.yaml", &web(ONE));
    sandbox.write("staging/two/web.yaml", &web(TWO));
    std::os::unix::fs::symlink("one", sandbox.path("staging/current")).unwrap();
    commit_at(&sandbox, &day(1), "Begin");
    fs::remove_file(sandbox.path("staging/current")).unwrap();
    std::os::unix::fs::symlink("two", sandbox.path("staging/current")).unwrap();
    let rotation = commit_at(&sandbox, &day(2), "Rotate");
    let root = sandbox.root();
    let git = Git::required(&root).unwrap().rooted(&root).unwrap();
    let depth = (Depth::Everything, now());
    let timeline = Timeline::read(&git, None, &Config::default(), depth).unwrap();
    let eras = timeline.eras(&Subject::new("staging", "auth"));
    let ran: Vec<_> = eras.iter().map(|era| era.running.only().unwrap()).collect();
    assert_eq!(ran, [TWO, ONE]);
    assert_eq!(eras[0].began.commit().id, rotation);
}

#[cfg(unix)]
#[test]
fn what_is_not_committed_is_no_history() {
    let sandbox = Sandbox::empty();
    let resources = |names: &str| format!("resources: [{names}]\n");
    sandbox.write(".gitignore", "here\n");
    sandbox.write("base/kustomization.yaml", &resources("web.yaml"));
    sandbox.write("base/web.yaml", &web(ONE));
    for environment in ["staging", "production"] {
        let text = resources("../base") + "configMapGenerator: [{name: c, envs: [c.env]}]\n";
        sandbox.write(&format!("{environment}/kustomization.yaml"), &text);
        sandbox.write(&format!("{environment}/c.env"), "A=auth-20250601000000\n");
    }
    sandbox.write("staging/more/kustomization.yaml", &resources("../../here"));
    sandbox.write("other/kustomization.yaml", &resources("x.yaml"));
    sandbox.write("other/x.yaml", &deployment("x", "1", &format!("other-{ONE}")));
    commit_at(&sandbox, &day(1), "Begin");
    sandbox.write("base/web.yaml", &web(TWO));
    commit_at(&sandbox, &day(2), "Rotate");
    let clean = alike(&sandbox);
    assert!(clean.contains(ONE) && clean.contains(TWO));
    sandbox.write("staging/c.env", "A=auth-20250801000000\n");
    assert_eq!(alike(&sandbox), clean);
    sandbox.write("base/web.yaml", &web("20250801000000"));
    assert_eq!(alike(&sandbox), clean);
    // What Git ignores, with a link and without.
    std::os::unix::fs::symlink("other", sandbox.path("here")).unwrap();
    assert_eq!(alike(&sandbox), clean);
    fs::remove_file(sandbox.path("here")).unwrap();
    sandbox.write("here/kustomization.yaml", &resources("x.yaml"));
    sandbox.write("here/x.yaml", &deployment("x", "1", &format!("other-{ONE}")));
    assert_eq!(alike(&sandbox), clean);
    fs::remove_file(sandbox.path("production/kustomization.yaml")).unwrap();
    assert_eq!(alike(&sandbox), clean);
}

#[test]
fn a_submodule_has_a_history_of_its_own() {
    let (sandbox, moved) = two_versions();
    let url = sandbox.root().display().to_string();
    sandbox.git_at(NOW, &["init", "--quiet", "../whole"]);
    sandbox.git_at(NOW, &["-C", "../whole", "submodule", "--quiet", "add", &url, "part"]);
    sandbox.git_at(NOW, &["-C", "../whole", "commit", "--quiet", "--message", "Take it in"]);
    let status = ["-C", "../whole/part", "status", "--format", "json", "--at", NOW];
    let output = sandbox.rotate(&status).success();
    assert!(output.stdout.contains(&moved), "{output}");
}

#[test]
fn the_mainline_is_what_the_remote_says_or_what_is_named() {
    let (sandbox, moved) = two_versions();
    let url = sandbox.root().display().to_string();
    sandbox.git_at(NOW, &["clone", "--quiet", &url, "../clone"]);
    let clone =
        |arguments: &[&str]| sandbox.git_at(NOW, &[&["-C", "../clone"], arguments].concat());
    clone(&["checkout", "--quiet", "-b", "feature"]);
    fs::write(sandbox.path("../clone/staging/web.yaml"), web(ONE)).unwrap();
    let back = commit(&sandbox.path("../clone"), &day(3), "Go back");
    let status = |more: &[&str]| -> Output {
        let status = ["-C", "../clone", "status", "--format", "json", "--at", NOW];
        sandbox.rotate(&[&status[..], more].concat()).success()
    };
    let value: Value = serde_json::from_str(&status(&[]).stdout).unwrap();
    assert_eq!(value["mainline"], "origin/main");
    assert_eq!(value["families"][0]["since"], Value::Null, "not on the mainline yet");
    let named = status(&["--mainline", "feature"]);
    assert!(named.stdout.contains(&back), "{named}");
    clone(&["checkout", "--quiet", "--detach", "origin/main"]);
    let named = status(&["--mainline", "main"]);
    assert!(named.stdout.contains(&moved), "{named}");
    assert_eq!(super::timeline::status(&sandbox, "staging", Some("main"))["commit"], moved);
}

#[test]
fn a_history_reads_well_in_every_format() {
    let (sandbox, moved) = two_versions();
    sandbox.write("production/web.yaml", &web(ONE));
    let added = commit_at(&sandbox, &day(3), "Add | production");
    let history = |arguments: &[&str]| {
        let history = ["history", "auth", "--at", "2025-08-04T12:30:00Z"];
        let mut output = sandbox.rotate(&[&history[..], arguments].concat()).success().stdout;
        for (id, name) in [(&moved, "[MOVED]  "), (&added, "[ADDED]  ")] {
            output = output.replace(&id[..9], name);
        }
        let first = sandbox.git_at(NOW, &["rev-list", "--max-parents=0", "HEAD"]);
        output.replace(&first[..9], "[FIRST]  ")
    };
    assert_eq!(
        history(&[]),
        "auth on main

staging
  20250701000000  2025-08-02 10:00 UTC to now                      2d 2h  [MOVED]    Test
  20250601000000  2025-08-01 10:00 UTC to 2025-08-02 10:00 UTC        1d  [FIRST]    Test

production
  20250601000000  2025-08-03 10:00 UTC to now                      1d 2h  [ADDED]    Test
"
    );
    let chart = "gantt
    title auth on main
    dateFormat YYYY-MM-DD HH:mm:ss
    axisFormat %Y-%m-%d
    section staging
    20250601000000 :done, 2025-08-01 10:00:00, 2025-08-02 10:00:00
    20250701000000 :active, 2025-08-02 10:00:00, 2025-08-04 12:30:00
    section production
    20250601000000 :active, 2025-08-03 10:00:00, 2025-08-04 12:30:00
";
    assert_eq!(history(&["--format", "mermaid"]), chart);
    let markdown = history(&["--format", "markdown", "--environment", "prod"]);
    let (start, table) = markdown.split_once("\n```\n\n").unwrap();
    assert!(start.starts_with("```mermaid\ngantt\n"), "{start}");
    assert_eq!(
        table,
        "| environment | version | from | to | for | commit | author |
| --- | --- | --- | --- | --- | --- | --- |
| production | 20250601000000 | 2025-08-03 10:00 UTC | now | 1d 2h | [ADDED]   Add \\| production | Test |
"
    );
}

#[test]
fn a_family_that_nobody_named_is_an_error() {
    let (sandbox, _) = two_versions();
    sandbox.write("staging/web.yaml", &deployment("web", "1", "other-20250101000000"));
    sandbox.write("production/web.yaml", &deployment("web", "1", "other-20250101000000"));
    commit_at(&sandbox, &day(3), "Name another");
    let gone = sandbox.rotate(&["history", "auht"]).status(2);
    let _ = gone.says(&["nothing on main ever named a secret `auht`", "did you mean `auth`?"]);
    let elsewhere = sandbox.rotate(&["history", "auth", "--environment", "production"]).status(2);
    let _ = elsewhere.says(&["nothing in production ever named `auth`", "it was named in staging"]);
    let unknown = sandbox.rotate(&["history", "auth", "--environment", "prodction"]).status(2);
    let _ = unknown.says(&["there is no environment `prodction`", "did you mean `production`?"]);
    let format = sandbox.rotate(&["history", "auth", "--format", "sarif"]).status(2);
    let _ = format.says(&["invalid value 'sarif'", "mermaid"]);
}
