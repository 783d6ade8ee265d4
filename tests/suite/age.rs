//! How old versions are, when they are due, and what says so: `max-age`, `rotate status --due`, `overdue-rotation`.

use serde_json::Value;

use crate::support::{Sandbox, stub, workload};

const OLD: &str = "20250601090000";
const NEW: &str = "20250820090000";

/// Staging and production, in which a version began on two days.
fn repository(settings: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("rotate.yaml", settings);
    for environment in ["staging", "production"] {
        sandbox.write(&format!("{environment}/web.yaml"), &workload("auth"));
    }
    sandbox.commit_at("2025-05-01T09:00:00Z", "begin");
    let name = format!("auth-{OLD}");
    for (environment, time) in
        [("staging", "2025-06-01T09:00:00Z"), ("production", "2025-06-05T09:00:00Z")]
    {
        sandbox.write(&format!("{environment}/web.yaml"), &workload(&name));
        sandbox.write(&format!("{environment}/auth.yaml"), &stub(&name));
        sandbox.commit_at(time, "bump");
    }
    sandbox
}

const SETTINGS: &str = "environments:
- {name: staging, paths: [staging]}
- {name: production, paths: [production], max-age: 90d}
secrets:
  smtp: {max-age: 30d}
";

fn due(sandbox: &Sandbox, at: &str) -> Vec<Value> {
    let output = sandbox.rotate(&["status", "--due", "--format", "json", "--at", at]).success();
    let value: Value = serde_json::from_str(&output.stdout).unwrap();
    value["families"].as_array().unwrap().clone()
}

fn findings(sandbox: &Sandbox, at: &str) -> Vec<String> {
    let arguments = ["lint", "--rule", "overdue-rotation", "--format", "json", "--at", at];
    let output = sandbox.rotate(&arguments);
    let value: Value = serde_json::from_str(&output.stdout).unwrap();
    let all = value["findings"].as_array().unwrap().iter();
    all.map(|one| format!("{} | {}", one["message"], one["help"])).collect()
}

#[test]
fn a_version_is_as_old_as_in_its_first_environment() {
    let sandbox = repository(SETTINGS);
    let all = due(&sandbox, "2025-08-23T09:00:00Z");
    let [production] = &all[..] else { panic!("only production has a limit: {all:?}") };
    let age = &production["age"];
    assert_eq!(production["environment"], "production");
    assert_eq!(age["firstEnvironment"], "staging");
    assert_eq!(age["since"]["time"], "2025-06-01T09:00:00Z");
    assert_eq!(age["due"], "2025-08-30T09:00:00Z");
    assert_eq!((age["overdue"].as_bool(), &age["unknown"]), (Some(false), &Value::Null));
    let text = |at| sandbox.rotate(&["status", "--at", at]).success().stdout;
    let soon = text("2025-08-23T09:00:00Z");
    assert!(
        soon.contains("next rotation due in 7d, at 2025-08-30 09:00 UTC (`max-age` 90d)"),
        "{soon}"
    );
    let late = text("2025-09-01T09:00:00Z");
    assert!(late.contains("rotation overdue for 2d, since 2025-08-30 09:00 UTC"), "{late}");
    assert!(findings(&sandbox, "2025-08-30T08:59:00Z").is_empty());
    let found = findings(&sandbox, "2025-09-01T09:00:00Z");
    let [one] = &found[..] else { panic!("{found:?}") };
    assert!(
        one.contains("in use since 2025-06-01 (staging); it was due on 2025-08-30, 2d ago"),
        "{one}"
    );
    assert!(one.contains("`rotate bump staging auth`"), "{one}");
}

/// Where staging runs a newer version already, production only has to follow.
#[test]
fn what_is_behind_has_to_follow() {
    let sandbox = repository(SETTINGS);
    let name = format!("auth-{NEW}");
    sandbox.write("staging/web.yaml", &workload(&name)).write("staging/new.yaml", &stub(&name));
    sandbox.commit_at("2025-08-20T09:00:00Z", "bump");
    let found = findings(&sandbox, "2025-09-01T09:00:00Z");
    assert!(
        matches!(&found[..], [one] if one.contains("`rotate bump production auth`")),
        "{found:?}"
    );
    // What is not on the mainline has no age.
    sandbox.write("production/web.yaml", &workload(&name));
    assert!(findings(&sandbox, "2025-09-01T09:00:00Z").is_empty());
}

#[test]
fn a_family_has_a_limit_of_its_own_and_a_hold_silences_the_rule() {
    let family = SETTINGS.replace("smtp", "au*");
    let sandbox = repository(&family);
    let all = due(&sandbox, "2025-08-23T09:00:00Z");
    assert_eq!(
        all.iter().map(|one| &one["age"]["due"]).collect::<Vec<_>>(),
        ["2025-07-01T09:00:00Z"; 2]
    );
    assert_eq!(findings(&sandbox, "2025-08-23T09:00:00Z").len(), 2);
    let hold = format!("holds:\n- {{secret: auth, environment: production, version: \"{OLD}\"}}\n");
    sandbox.write("rotate.yaml", &format!("{family}{hold}"));
    let found = findings(&sandbox, "2025-08-23T09:00:00Z");
    assert!(matches!(&found[..], [one] if one.contains("in staging")), "{found:?}");
}

#[test]
fn the_age_of_a_plain_name_is_not_known() {
    let sandbox = repository(&SETTINGS.replace("smtp", "auth"));
    for environment in ["staging", "production"] {
        sandbox.write(&format!("{environment}/web.yaml"), &workload("auth"));
    }
    sandbox.commit_at("2025-08-01T09:00:00Z", "back");
    let all = due(&sandbox, "2026-08-23T09:00:00Z");
    assert_eq!(all[0]["age"]["unknown"], "a plain name has no version");
    assert_eq!(
        (&all[0]["age"]["due"], &all[0]["age"]["overdue"]),
        (&Value::Null, &Value::Bool(false))
    );
    let text = sandbox.rotate(&["status", "--due", "--at", "2026-08-23T09:00:00Z"]).success();
    assert!(
        text.stdout.contains("age not known (a plain name has no version); `max-age` is 30d"),
        "{text}"
    );
    assert!(findings(&sandbox, "2026-08-23T09:00:00Z").is_empty());
}
