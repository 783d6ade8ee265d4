//! What happened in a period, as `rotate evidence` tells it.

use rotate::report::evidence::EvidenceView;
use serde_json::Value;

use crate::contracts::{holds, kept};
use crate::support::{OLD, Output, Sandbox, repository};

/// Runs `rotate` as somebody at a time, with commits of that time.
fn at(sandbox: &Sandbox, who: &str, time: &str, arguments: &[&str]) -> Output {
    let mut command = sandbox.command(&[arguments, &["--commit", "--at", time][..]].concat());
    for (key, value) in [
        ("GIT_AUTHOR_NAME", who),
        ("GIT_AUTHOR_EMAIL", "a@example.com"),
        ("GIT_COMMITTER_NAME", "Bot"),
        ("GIT_COMMITTER_EMAIL", "bot@example.com"),
        ("GIT_AUTHOR_DATE", time),
        ("GIT_COMMITTER_DATE", time),
        ("GIT_CONFIG_NOSYSTEM", "1"),
    ] {
        command.env(key, value);
    }
    sandbox.finish(&mut command).success()
}

/// A rotation that was hurried, went back, and was repaired.
fn month() -> Sandbox {
    let sandbox = repository();
    sandbox.commit_at("2025-06-02T09:00:00Z", "begin");
    let _ = at(&sandbox, "Ada", "2025-07-01T09:00:00Z", &["bump", "staging", "auth-api-secrets"]);
    let hurried = [
        "bump",
        "production",
        "auth-api-secrets",
        "--override",
        "soak",
        "--reason",
        "the vendor calls",
    ];
    let _ = at(&sandbox, "Eve", "2025-07-01T12:00:00Z", &hurried);
    let back = ["rollback", "production", "auth-api-secrets", "--reason", "logins fail"];
    let _ = at(&sandbox, "Eve", "2025-07-01T13:00:00Z", &back);
    let _ = at(
        &sandbox,
        "Ada",
        "2025-07-03T09:00:00Z",
        &["bump", "production", "auth-api-secrets", "--lift-hold"],
    );
    sandbox
}

const NOW: &str = "2025-08-01T00:00:00Z";

fn evidence(sandbox: &Sandbox, more: &[&str]) -> Value {
    let all = ["evidence", "--format", "json", "--at", NOW];
    holds(&kept::<EvidenceView>("evidence.json"), &sandbox.rotate(&[&all, more].concat()).success())
}

#[test]
fn each_change_has_its_commit_soak_and_overrides() {
    let sandbox = month();
    let value = evidence(&sandbox, &[]);
    let changes = value["changes"].as_array().unwrap();
    let kinds: Vec<(&str, &str)> = changes
        .iter()
        .map(|one| (one["environment"].as_str().unwrap(), one["kind"].as_str().unwrap()))
        .collect();
    assert_eq!(
        kinds,
        [
            ("production", "first"),
            ("staging", "first"),
            ("staging", "rotation"),
            ("production", "rotation"),
            ("production", "rollback"),
            ("production", "rotation"),
        ]
    );
    let hurried = &changes[3];
    assert_eq!((&hurried["at"]["author"], &hurried["committer"]), (&"Eve".into(), &"Bot".into()));
    assert_eq!(hurried["from"], serde_json::json!([OLD.rsplit('-').next().unwrap()]));
    assert_eq!(hurried["soak"]["seconds"], 3 * 3_600);
    assert_eq!(
        (&hurried["soak"]["over"], &hurried["soak"]["wantedSeconds"]),
        (&false.into(), &86_400.into())
    );
    assert_eq!(hurried["overrides"][0]["gate"], "soak");
    let text = hurried["overrides"][0]["text"].as_str().unwrap();
    assert!(text.contains("3h of 1d") && text.ends_with("the vendor calls"), "{text}");
    assert_eq!(hurried["signature"]["state"], "none");
    assert_eq!(changes[4]["reason"], "logins fail");
    assert_eq!(changes[5]["soak"]["over"], true);
    assert_eq!(changes[2]["ageSeconds"], 29 * 86_400);
    let held: Vec<&Value> = value["holds"].as_array().unwrap().iter().collect();
    let events: Vec<&str> = held.iter().map(|one| one["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["set", "removed"]);
    assert_eq!(held[0]["reason"], "logins fail");
    let numbers = &value["numbers"];
    assert_eq!(
        (&numbers["rotations"], &numbers["rollbacks"], &numbers["overrides"], &numbers["holds"]),
        (&5.into(), &1.into(), &1.into(), &1.into())
    );
    assert_eq!(numbers["greatestAgeSeconds"], 31 * 86_400);
}

#[test]
fn a_period_and_a_part_are_shown() {
    let sandbox = month();
    let since = evidence(&sandbox, &["--since", "2025-07-01", "--until", "2025-07-01"]);
    assert_eq!(since["changes"].as_array().unwrap().len(), 3);
    assert_eq!(since["until"], "2025-07-01T23:59:59Z");
    let staging = evidence(&sandbox, &["--environment", "staging", "--family", "auth-api-secrets"]);
    assert_eq!(staging["changes"].as_array().unwrap().len(), 2);
    assert!(staging["holds"].as_array().unwrap().is_empty());
    let none = evidence(&sandbox, &["--since", "2025-07-20"]);
    assert_eq!(none["numbers"]["medianAgeSeconds"], Value::Null);
    let text = sandbox.rotate(&["evidence", "--at", NOW]).success().stdout;
    for words in [
        "rotations: 5, rollbacks: 1, overridden gates: 1, holds: 1",
        "soak was not over: 3h of 1d in staging",
        "reason: logins fail",
        "committed by Bot",
    ] {
        assert!(text.contains(words), "no {words}:\n{text}");
    }
    let page = sandbox.rotate(&["evidence", "--format", "markdown", "--at", NOW]).success().stdout;
    assert!(page.contains("| production | auth-api-secrets | rollback |"), "{page}");
}

/// What a merge brings in is noted by the commits that it merges.
#[test]
fn a_merge_has_the_notes_of_what_it_merges() {
    let sandbox = repository();
    sandbox.commit_at("2025-06-02T09:00:00Z", "begin");
    let time = "2025-07-01T09:00:00Z";
    let _ = sandbox.git_at(time, &["checkout", "--quiet", "-b", "change"]);
    let _ = at(&sandbox, "Ada", time, &["bump", "staging", "auth-api-secrets"]);
    let hurried = [
        "bump",
        "production",
        "auth-api-secrets",
        "--mainline",
        "change",
        "--override",
        "soak",
        "--reason",
        "x",
    ];
    let _ = at(&sandbox, "Ada", time, &hurried);
    let _ = sandbox.git_at(time, &["checkout", "--quiet", "main"]);
    let _ = sandbox.git_at(time, &["merge", "--quiet", "--no-ff", "-m", "Merge", "change"]);
    let value = evidence(&sandbox, &["--since", "2025-07-01"]);
    let changes = value["changes"].as_array().unwrap();
    let [one, two] = &changes[..] else { panic!("{changes:#?}") };
    assert_eq!(
        (&one["environment"], &one["overrides"][0]["gate"]),
        (&"production".into(), &"soak".into())
    );
    assert_eq!(
        (&two["environment"], &two["overrides"]),
        (&"staging".into(), &serde_json::json!([]))
    );
}

#[test]
fn what_cannot_be_is_refused() {
    let sandbox = month();
    for (arguments, words) in [
        (
            &["--since", "2025-08-01", "--until", "2025-07-01"][..],
            "the period ends before it begins",
        ),
        (&["--since", "July"], "write a day such as 2025-07-23"),
        (&["--family", "auth-api-secret"], "did you mean `auth-api-secrets`?"),
        (&["--environment", "prod-eu"], "there is no environment"),
    ] {
        let output = sandbox.rotate(&[&["evidence", "--at", NOW], arguments].concat()).status(2);
        let _ = output.says(&[words]);
    }
    let bare = Sandbox::empty();
    bare.write("staging/web.yaml", "kind: X\n");
    let _ = bare.rotate(&["evidence"]).status(2);
}
