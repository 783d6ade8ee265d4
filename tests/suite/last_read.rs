//! `rotate prune --from-store`: when the versions to be removed were last read, as AWS lists it.

use serde_json::Value;

use crate::prune::{LATE, V1, V3, sandbox};
use crate::support::{Output, Sandbox};
use crate::verify::dump::{Dump, STARTED};

const TITLE: &str =
    "Remove the label 20250101090000 from shop/auth: the version is then deleted automatically.";

/// A listing in which the first version was last read at a time.
fn listing(sandbox: &Sandbox, name: &str, read: &str) -> String {
    let text = format!(
        "{{\"Versions\": [{{\"VersionId\": \"1a1b2c3d-0000-4000-8000-00000000000a\", \"VersionStages\": [\"{V1}\"]{read}, \
         \"CreatedDate\": 1735722000}}, {{\"VersionId\": \"1a1b2c3d-0000-4000-8000-00000000000b\", \"VersionStages\": [\"AWSCURRENT\", \
         \"{V3}\"], \"LastAccessedDate\": \"2025-08-20T02:00:00+02:00\", \"CreatedDate\": 1741424400}}], \"Name\": \"shop/auth\"}}"
    );
    let file = sandbox.root().parent().unwrap().join(name);
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

fn last_read(time: &str) -> String {
    format!(", \"LastAccessedDate\": {time}")
}

const BASE: [&str; 6] = ["prune", "production", "--at", LATE, "--dry-run", "--format"];

/// The title of the step that removes the first version from the store.
#[track_caller]
fn title(output: &Output) -> String {
    let value: Value = serde_json::from_str(&output.stdout).unwrap();
    let steps = value["next"].as_array().unwrap();
    let is_removal = |step: &&Value| {
        let command = step["command"].as_str().unwrap_or_default();
        command.starts_with("aws secretsmanager update-secret-version-stage")
    };
    steps.iter().find(is_removal).unwrap_or_else(|| panic!("{output}"))["title"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_read_after_git_let_go_of_it_is_a_warning() {
    let sandbox = sandbox();
    for (time, rest) in [
        ("\"2025-03-01T00:00:00Z\"", " It was last read on 2025-03-01."),
        // Half past midnight in Berlin is the day before in UTC.
        ("\"2025-03-02T00:30:00+01:00\"", " It was last read on 2025-03-01."),
        ("1740700800.0", " It was last read on 2025-02-28."),
        (
            "\"2025-08-19T02:00:00+02:00\"",
            " It was last read on 2025-08-19, after production had stopped naming it on 2025-03-01: find out what still reads it before \
             you remove it. A stub that is refreshed makes the operator read it.",
        ),
    ] {
        let file = listing(&sandbox, "versions.json", &last_read(time));
        let output = sandbox.rotate(&[&BASE[..], &["json", "--from-store", &file]].concat());
        assert_eq!(title(&output.success()), format!("{TITLE}{rest}"), "{time}");
    }
    // Where the store does not tell, or is not asked, there is nothing to say.
    let file = listing(&sandbox, "versions.json", "");
    for more in [&["json", "--from-store", &file][..], &["json"]] {
        let output = sandbox.rotate(&[&BASE[..], more].concat()).success();
        assert_eq!(title(&output), TITLE);
    }
}

/// With a cluster, the pods count, and not when Git moved.
#[test]
fn a_read_after_the_last_pod_moved_is_a_warning() {
    let sandbox = sandbox();
    let file = listing(&sandbox, "versions.json", &last_read("\"2025-08-19T00:00:00Z\""));
    let later = "after the last pod had moved on 2025-08-18: find out what still reads it";
    for (started, words) in [
        (STARTED, "on 2025-08-19."),
        ("2025-08-18T23:59:59Z", later),
        ("2025-08-19T00:00:00Z", "19."),
    ] {
        let dump = Dump::of(&sandbox, "production");
        let text = Value::Array(dump.0).to_string().replace(STARTED, started);
        let mut dump = Dump(serde_json::from_str(&text).unwrap());
        // A pod that has nothing to do with it is newer.
        let mut other = dump.get("Pod", "web-5b8c-0").clone();
        other["metadata"]["name"] = "other".into();
        other["metadata"]["uid"] = "other".into();
        other["metadata"]["ownerReferences"] = Value::Array(Vec::new());
        other["spec"] = serde_json::json!({"containers": [{"name": "a"}]});
        other["status"]["startTime"] = STARTED.into();
        dump.0.push(other);
        let output = dump.given(&sandbox, &[&BASE[..], &["json", "--from-store", &file]].concat());
        let title = title(&output.success());
        let rest = title.strip_prefix(TITLE).unwrap_or_else(|| panic!("{title}"));
        assert!(
            rest.starts_with(" It was last read on 2025-08-19") && rest.contains(words),
            "{rest}"
        );
        assert_eq!(rest.contains("find out"), words == later, "{rest}");
    }
}

#[test]
fn the_checklist_says_it_too() {
    let sandbox = sandbox();
    let file = listing(&sandbox, "versions.json", &last_read("\"2025-08-19T00:00:00Z\""));
    let arguments = ["checklist", "production", "auth", "--at", LATE, "--from-store", &file];
    let output = sandbox.rotate(&arguments).success();
    for words in
        ["It was last read on 2025-08-19, after production", "the listing shows it as version"]
    {
        assert!(output.stdout.contains(words), "{output}");
    }
}

/// A listing that cannot be read ends the run before anything is removed.
#[test]
fn without_its_listing_nothing_is_removed() {
    let sandbox = sandbox();
    let before = sandbox.files();
    let file = listing(&sandbox, "versions.json", "");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, &text[..text.len() / 2]).unwrap();
    let other = listing(&sandbox, "other.json", "");
    let text = std::fs::read_to_string(&other).unwrap().replace("shop/auth", "shop/other");
    std::fs::write(&other, text).unwrap();
    for (given, words) in [
        (file.clone(), "it ends in the middle of line 1"),
        (other, "it is a listing of `shop/other`"),
        (format!("{file}.gone"), "cannot be read"),
        (format!("shop/aut={file}"), "did you mean `shop/auth`?"),
        ("gcloud".to_owned(), "`gcloud` lists the versions of no key"),
    ] {
        let arguments = ["prune", "production", "--at", LATE, "--from-store", &given];
        let _ = sandbox.rotate(&arguments).status(2).says(&[words]);
        assert!(sandbox.files() == before, "{given}");
    }
}
