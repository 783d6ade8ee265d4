//! Holds in every spelling that the settings can have.

use super::{NewHold, lift, put};
use crate::config::parse::parse;
use crate::plan::FileChange;
use crate::repo::subject::Subject;
use crate::repo::testing::{deployment, path, tree};
use crate::repo::{Repo, Scope};
use crate::tree::Tree as _;

fn repo(settings: Option<&str>) -> Repo {
    let web = deployment("web", "auth-20250602090000");
    let mut files = vec![("production/web.yaml", web.as_str())];
    files.extend(settings.map(|text| ("rotate.yaml", text)));
    let tree = tree(&files);
    let config = settings.map(|_| parse(&tree.source(&path("rotate.yaml")).unwrap()).unwrap());
    Repo::load(tree, config, Scope::Everything).unwrap()
}

fn content(change: &FileChange) -> &str {
    change.after.as_deref().unwrap()
}

fn hold(version: &str, reason: Option<&str>) -> NewHold {
    NewHold {
        subject: Subject::new("production", "auth"),
        version: version.to_owned(),
        reason: reason.map(str::to_owned),
        since: "2025-08-20T11:00:00Z".parse().unwrap(),
    }
}

const WRITTEN: &str = "holds:
  - secret: \"auth\"
    version: \"20250602090000\"
    environment: \"production\"
    reason: \"logins: 401\"
    since: 2025-08-20T11:00:00Z
";

#[test]
fn writes_a_hold_and_takes_it_out_again() {
    let new = put(&repo(None), &hold("20250602090000", Some("logins: 401"))).unwrap();
    assert!(new.before.is_none());
    assert_eq!(content(&new), WRITTEN);
    let settings =
        "# Ours.\nexternal:\n  - { name: pull, namespace: \"*\", reason: by hand } # later\n";
    let change = put(&repo(Some(settings)), &hold("20250602090000", Some("logins: 401"))).unwrap();
    assert_eq!(content(&change), format!("{settings}{WRITTEN}"));
    let held = repo(Some(content(&change)));
    let lifted = lift(&held, &Subject::new("production", "auth")).unwrap().unwrap();
    assert_eq!(content(&lifted), settings);
    assert!(lift(&held, &Subject::new("staging", "auth")).unwrap().is_none());
}

#[test]
fn a_hold_is_replaced_where_it_is() {
    let other = "  # another one\n  - { secret: other, version: \"20250101000000\", environment: production }\n";
    let text = format!("{WRITTEN}{other}");
    let change = put(&repo(Some(&text)), &hold("20250601000000", None)).unwrap();
    let wanted = text.replace("20250602090000", "20250601000000");
    assert_eq!(content(&change), wanted);
    // Comments and layout stay; what is missing is added.
    let text = "holds: # ours\n- { environment: production, secret: auth, version: '20250602090000' } # ask first\n";
    let change = put(&repo(Some(text)), &hold("plain", Some("it \"fails\""))).unwrap();
    assert_eq!(
        content(&change),
        "holds: # ours\n- { environment: production, secret: auth, version: 'plain', reason: \"it \\\"fails\\\"\", since: \"2025-08-20T11:00:00Z\" } # ask first\n"
    );
}

#[test]
fn the_first_reason_is_kept() {
    for (first, next, kept) in [
        (Some("slow"), Some("it leaks"), Some("slow; it leaks")),
        (Some("slow"), Some("slow"), Some("slow")),
        (Some("slow"), None, Some("slow")),
        (None, Some("it leaks"), Some("it leaks")),
        (None, None, None),
        (Some("do not deploy: 401"), Some("deploy"), Some("do not deploy: 401; deploy")),
        (Some("slow; it leaks"), Some("it leaks"), Some("slow; it leaks")),
        (Some("slow; a; b"), Some("a; b"), Some("slow; a; b")),
        (Some(""), Some("more"), Some("more")),
        (Some("lines\n"), Some("more"), Some("lines; more\n")),
    ] {
        assert_eq!(super::reason(first, next).as_deref(), kept);
    }
}

/// What a rollback with the reason `more` makes of a text.
fn put_into(text: &str) -> Result<String, String> {
    let repo = repo(Some(text));
    let change = put(&repo, &hold("20250602090000", Some("more")));
    change.map(|change| content(&change).to_owned()).map_err(|error| {
        assert!(error.help().unwrap().contains("`--no-hold`"));
        error.to_string()
    })
}

fn lifted(text: &str) -> Result<Option<String>, String> {
    let change = lift(&repo(Some(text)), &Subject::new("production", "auth"))
        .map_err(|error| error.to_string())?;
    Ok(change.unwrap().after)
}

#[test]
fn several_holds_on_one_family_become_one_and_are_lifted_together() {
    let other = "- { secret: other, version: plain, environment: production }\n";
    let text = format!(
        "holds:\n- {{ secret: auth, version: plain, environment: production, reason: one }}\n{other}\
         - {{ secret: auth, version: \"20250101000000\", environment: production, reason: two }}\n"
    );
    let after = put_into(&text).unwrap();
    let own = "- { secret: auth, version: 20250602090000, environment: production, reason: one; two; more, since: \"2025-08-20T11:00:00Z\" }\n";
    assert_eq!(after, format!("holds:\n{own}{other}"));
    assert_eq!(lifted(&text).unwrap().unwrap(), format!("holds:\n{other}"));
    assert_eq!(lifted(&text.replace(other, "")).unwrap(), None);
    let same = "holds:\n- &h { secret: auth, version: plain, environment: production }\n- *h\n";
    assert_eq!(lifted(same).unwrap(), None);
}

#[test]
fn what_another_hold_reads_through_an_alias_stays() {
    let shared = "holds:\n- { secret: other, environment: production, version: &v plain, reason: &r frozen }\n";
    let text =
        format!("{shared}- {{ secret: auth, environment: production, version: *v, reason: *r }}\n");
    let own = "- { secret: auth, environment: production, version: \"20250602090000\", reason: \"frozen; more\", since: \"2025-08-20T11:00:00Z\" }\n";
    assert_eq!(put_into(&text).unwrap(), format!("{shared}{own}"));
    assert_eq!(lifted(&text).unwrap().unwrap(), shared);
    // The other way round, the text of the other one would change or be gone.
    let text =
        text.replace("other", "x").replace("auth", "other").replace("secret: x", "secret: auth");
    let refused = "rotate.yaml: the hold's `version` is also read in line 3, through the alias `*v`; write the value itself there first";
    assert_eq!(put_into(&text).unwrap_err(), format!("a hold cannot be written into {refused}"));
    let refused = refused.replace("the hold's `version`", "a part of the hold");
    assert_eq!(lifted(&text).unwrap_err(), format!("a hold cannot be removed from {refused}"));
}

#[test]
fn every_text_that_is_read_takes_a_hold() {
    let new = WRITTEN.replace("logins: 401", "more");
    for text in [
        "# ours\n",
        "---\n# ours\n",
        "%YAML 1.2\n---\n# ours\n",
        "%YAML 1.2\n---\nexternal:\n  - { name: pull }\n",
    ] {
        let after = put_into(text).unwrap();
        assert_eq!(after, format!("{text}{new}"));
        assert_eq!(lifted(&after).unwrap().unwrap(), text);
    }
    assert_eq!(put_into("# ours").unwrap(), format!("# ours\n{new}"));
    assert_eq!(put_into("# ours\r\n").unwrap(), format!("# ours\n{new}").replace('\n', "\r\n"));
    let rest = "  version: plain\n";
    let since = "  since: 2025-08-20T11:00:00Z\n";
    for (before, after) in [
        (
            "reason: |\n    logins fail\n    at night\n",
            "reason: |\n    logins fail\n    at night; more\n",
        ),
        ("reason: >-\n    logins\n    fail\n", "reason: >-\n    logins fail; more\n"),
        ("reason: >\n    a\n      b\n", "reason: \"a\\n  b; more\\n\"\n"),
        ("reason:\n", "reason: more\n"),
        ("reason: # why\n", "reason: more # why\n"),
        ("reason: ~\n", "reason: more\n"),
        ("reason: ''\n", "reason: 'more'\n"),
    ] {
        let item = format!("holds:\n- secret: auth\n  environment: production\n{rest}  ");
        let version = "  version: 20250602090000\n";
        let wanted = format!("{}{after}{since}", item.replace(rest, version));
        assert_eq!(put_into(&format!("{item}{before}")).unwrap(), wanted);
    }
}

#[test]
fn comments_stay_when_the_last_setting_goes() {
    let text =
        "# ours\n\nholds:\n- { secret: auth, environment: production, version: plain }\n# end\n";
    assert_eq!(lifted(text).unwrap().unwrap(), "# ours\n\n# end\n");
    assert_eq!(
        lifted("# ours\n{ holds: [{ secret: auth, environment: production, version: plain }] }\n")
            .unwrap()
            .unwrap(),
        "# ours\n{}\n"
    );
}
