//! The stand-in is as GitHub is, seen from `gh`.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::hub::{BOT, Hub, TOKEN, now};
use super::place::Place;
use super::pulls::{Pull, REPOSITORY};

/// A pull request as others open it.
pub(super) fn foreign(head: &str, from: Option<&str>, body: &str) -> Pull {
    Pull {
        number: 0,
        title: "Something else".to_owned(),
        body: body.to_owned(),
        open: true,
        draft: false,
        merged: false,
        head: head.to_owned(),
        from: from.map(str::to_owned),
        sha: "0123456789012345678901234567890123456789".to_owned(),
        base: "main".to_owned(),
        base_sha: "0123456789012345678901234567890123456789".to_owned(),
        user: "robin".to_owned(),
        labels: Vec::new(),
        reviewers: Vec::new(),
        teams: Vec::new(),
        comments: Vec::new(),
        created: now(),
        closed: None,
    }
}

struct Gh<'p> {
    place: &'p Place,
    hub: Hub,
}

impl Gh<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(super::gh());
        command.arg("api").args(arguments).current_dir(self.place.path("home"));
        self.place.alone(&mut command);
        command.envs(self.hub.variables());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Whether it succeeded, and what it said.
    fn run(&self, mut command: Command, sent: &Value) -> (bool, Value, String) {
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(sent.to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        let body = serde_json::from_slice(&output.stdout);
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success(), body.unwrap_or(Value::String(printed)), complaint)
    }

    fn get(&self, path: &str) -> (bool, Value, String) {
        self.run(self.command(&[path]), &json!(""))
    }

    fn send(&self, method: &str, path: &str, sent: &Value) -> (bool, Value, String) {
        self.run(self.command(&["--method", method, path, "--input", "-"]), sent)
    }

    #[track_caller]
    fn refused(&self, method: &str, path: &str, sent: &Value, words: &str) {
        let (success, body, said) = self.send(method, path, sent);
        assert!(!success, "{body}");
        let said = format!("{said}{body}");
        assert!(said.contains(words), "{said}");
    }
}

const PULLS: &str = "repos/{owner}/{repo}/pulls";

fn with_branches(place: &Place, names: &[&str]) {
    place.succeeds(place.git(&["commit", "--quiet", "--allow-empty", "--message", "More"]));
    for name in names {
        let to = format!("HEAD:refs/heads/{name}");
        place.succeeds(place.git(&["push", "--quiet", "origin", &to]));
    }
}

#[test]
fn a_pull_request_from_begin_to_end() {
    let place = Place::new();
    let gh = Gh { hub: Hub::start(&place.bare()), place: &place };
    with_branches(&place, &["topic"]);
    let new = json!({ "title": "T", "head": "topic", "base": "main", "body": "B", "draft": true });
    let (success, opened, said) = gh.send("POST", PULLS, &new);
    assert!(success, "{said}");
    assert_eq!(opened["number"], 1);
    assert_eq!(opened["head"]["repo"]["full_name"], REPOSITORY);
    assert_eq!(opened["html_url"], "https://github.localhost/example/shop/pull/1");
    assert_eq!(opened["user"]["login"], BOT);
    gh.refused("POST", PULLS, &new, "A pull request already exists for example:topic.");

    let one = format!("{PULLS}/1");
    let issue = "repos/{owner}/{repo}/issues/1";
    assert!(gh.send("PATCH", &one, &json!({ "title": "Better", "body": "New" })).0);
    let comments = format!("{issue}/comments");
    assert!(gh.send("POST", &comments, &json!({ "body": "Said" })).0);
    let (_, labels, _) = gh.send("POST", &format!("{issue}/labels"), &json!({ "labels": ["a"] }));
    assert_eq!(labels[0]["name"], "a");
    let reviewers = format!("{one}/requested_reviewers");
    let asked = json!({ "reviewers": ["kim"], "team_reviewers": ["platform"] });
    assert!(gh.send("POST", &reviewers, &asked).0);
    gh.refused("POST", &reviewers, &json!({ "reviewers": ["nobody"] }), "not a collaborator");
    assert!(gh.send("PATCH", &one, &json!({ "state": "closed" })).0);

    let pull = &gh.hub.pulls()[0];
    assert_eq!((&*pull.title, &*pull.body, pull.open, pull.draft), ("Better", "New", false, true));
    assert_eq!(
        (&pull.comments[..], &pull.labels[..]),
        (&["Said".to_owned()][..], &["a".to_owned()][..])
    );
    assert_eq!((&*pull.reviewers[0], &*pull.teams[0]), ("kim", "platform"));
    assert_eq!(gh.get(&format!("{PULLS}?state=open")).1, json!([]));
    let (_, closed, _) = gh.get(&format!("{PULLS}?state=closed&head=example:topic&per_page=30"));
    assert_eq!(closed[0]["number"], 1);
    assert!(closed[0].get("merged").is_none(), "a list does not say it");
}

#[test]
fn what_github_refuses() {
    let place = Place::new();
    let gh = Gh { hub: Hub::start(&place.bare()), place: &place };
    with_branches(&place, &["topic"]);
    let new = |head: &str, base: &str| json!({ "title": "T", "head": head, "base": base });
    gh.refused("POST", PULLS, &new("nowhere", "main"), "HTTP 422");
    gh.refused("POST", PULLS, &new("main", "main"), "No commits between main and main");
    gh.refused("PATCH", &format!("{PULLS}/7"), &json!({ "title": "T" }), "HTTP 404");
    gh.refused("POST", "repos/else/where/pulls", &new("topic", "main"), "HTTP 404");
    let long = json!({ "title": "T", "head": "topic", "base": "main", "body": "b".repeat(70_000) });
    gh.refused("POST", PULLS, &long, "is too long");
    let mut stranger = gh.command(&[PULLS]);
    stranger.env("GH_TOKEN", format!("not-{TOKEN}"));
    let (success, _, said) = gh.run(stranger, &json!(""));
    assert!(!success && said.contains("HTTP 401"), "{said}");
    gh.hub.judge();
}

/// The stand-in sees what its real model would let pass or answer otherwise.
#[test]
fn what_github_does_not_describe() {
    let place = Place::new();
    let gh = Gh { hub: Hub::start(&place.bare()), place: &place };
    let number = gh.hub.add(foreign("topic", Some("other/shop"), ""));
    let one = format!("{PULLS}/{number}");
    for (method, path, sent, fault) in [
        ("PATCH", &*one, json!({ "titel": "T" }), "body: no field `titel`"),
        ("PATCH", &one, json!({ "state": "shut" }), "is not one of"),
        ("PATCH", &one, json!({ "title": 7 }), "is not of type \"string\""),
        ("POST", PULLS, json!({ "title": "T" }), "\"head\" is a required property"),
        ("POST", "repos/{owner}/{repo}/pull", json!({}), "no such path and method"),
        ("DELETE", &one, json!({}), "no such path and method"),
    ] {
        gh.send(method, path, &sent);
        let faults = gh.hub.faults().join("\n");
        assert!(faults.contains(fault), "{method} {path}: {faults}");
    }
    for (query, fault) in [
        ("state=opened", "is not one of"),
        ("sate=open", "no query parameter `sate`"),
        ("per_page=many", "is not of type \"integer\""),
    ] {
        gh.get(&format!("{PULLS}?{query}"));
        let faults = gh.hub.faults().join("\n");
        assert!(faults.contains(fault), "{query}: {faults}");
    }
}

#[test]
fn many_pull_requests_are_given_by_the_page() {
    let place = Place::new();
    let gh = Gh { hub: Hub::start(&place.bare()), place: &place };
    for index in 0..5 {
        gh.hub.add(foreign(&format!("topic-{index}"), Some("other/shop"), ""));
    }
    gh.hub.add(foreign("gone", None, ""));
    let path = format!("{PULLS}?state=open&base=main&per_page=4");
    let (_, all, _) = gh.run(gh.command(&[&path, "--paginate"]), &json!(""));
    let numbers: Vec<u64> =
        all.as_array().unwrap().iter().filter_map(|one| one["number"].as_u64()).collect();
    assert_eq!(numbers, [6, 5, 4, 3, 2, 1]);
    assert_eq!(gh.hub.asked().len(), 2);
    assert!(all[0]["head"]["repo"].is_null() && !all[1]["head"]["repo"].is_null());
    let (_, none, _) = gh.get(&format!("{PULLS}?state=open&base=other"));
    assert_eq!(none, json!([]));
    let (_, one, _) = gh.get(&format!("{PULLS}?head=other:topic-3"));
    assert_eq!(one.as_array().unwrap().len(), 1);
}

#[test]
fn a_pull_request_goes_with_its_branch() {
    let place = Place::new();
    let gh = Gh { hub: Hub::start(&place.bare()), place: &place };
    with_branches(&place, &["kept", "dropped"]);
    for head in ["kept", "dropped"] {
        assert!(gh.send("POST", PULLS, &json!({ "title": "T", "head": head, "base": "main" })).0);
    }
    place.succeeds(place.git(&["push", "--quiet", "origin", "--delete", "dropped"]));
    let open: Vec<u64> = gh.hub.open().iter().map(|pull| pull.number).collect();
    assert_eq!(open, [1]);
    gh.hub.merge(1);
    let merged = &gh.get(&format!("{PULLS}/1")).1;
    assert!(merged["merged"] == true && merged["merged_at"].is_string(), "{merged}");
    place.pull();
    assert_eq!(place.succeeds(place.git(&["log", "-1", "--format=%s"])), "Merge pull request #1");
}
