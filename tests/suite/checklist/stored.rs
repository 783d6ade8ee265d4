//! The lines about values, ticked by what a store lists.

use super::{FIRST, Place, SECOND, STORE, external};
use crate::support::workload;

const STAGING: &str = "stored-staging-staging-auth";
const PRODUCTION: &str = "stored-production-production-auth";

/// `aws secretsmanager list-secret-version-ids` of a key: the stages of one version besides that of the first.
fn listed(key: &str, stages: &str) -> String {
    format!(
        "{{\"Versions\": [{{\"VersionId\": \"1a1b2c3d-0000-4000-8000-00000000000a\", \"VersionStages\": [\"{FIRST}\"], \"CreatedDate\": \
         \"2025-06-01T09:00:00+00:00\"}}, {{\"VersionId\": \"1a1b2c3d-0000-4000-8000-00000000000b\", \"VersionStages\": [{stages}], \
         \"CreatedDate\": 1753182000.5}}], \"Name\": \"{key}\", \"ARN\": \"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{key}-AbCdEf\"}}"
    )
}

/// Staging has moved to the second version.
fn moved() -> Place {
    let mut place = Place::new();
    place.at("2025-07-22T11:00:00Z");
    let _ = place.run(&["bump", "staging", "auth", "--commit"]).success();
    place.at("2025-07-24T11:00:00Z");
    place
}

impl Place {
    /// A file beside the repository.
    fn file(&self, name: &str, text: &str) -> String {
        let file = self.sandbox.root().parent().unwrap().join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    }

    fn listing(&self, environment: &str, stages: &str) -> String {
        let key = format!("{environment}/auth");
        let file = self.file(&format!("{environment}.json"), &listed(&key, stages));
        format!("{key}={file}")
    }
}

#[test]
fn a_value_that_is_listed_is_ticked() {
    let place = moved();
    let label = format!("\"{SECOND}\"");
    let staging = place.listing("staging", &label);
    let list = place.list(&["production", "auth", "--from-store", &staging]);
    let shown = "the listing shows it as version 1a1b2c3d-0000-4000-8000-00000000000b, made at 2025-07-22 11:00 UTC";
    list.is(STAGING, "done").notes(STAGING, shown);
    assert!(list.item(STAGING)["command"].is_null());
    // Of what no listing was given, nothing is said.
    let aws =
        "aws secretsmanager list-secret-version-ids --secret-id production/auth --region eu-west-1";
    list.asks(PRODUCTION, aws);
    list.is("put-production", "open");

    // What the store has before the move needs not be put there.
    let production = place.listing("production", &label);
    let both = ["--from-store", &staging, "--from-store", &production];
    let list = place.list(&[&["production", "auth"], &both[..]].concat());
    list.is(PRODUCTION, "done").is(STAGING, "done").lacks(&["put-production"]);
    list.is("moved-production", "open");
    let text = place.run(&[&["checklist", "production", "auth"], &both[..]].concat()).success();
    let line = format!("[x] The store has `{SECOND}` of `production/auth`.\n      {shown}\n");
    assert!(text.stdout.contains(&line), "{text}");

    // A key that is alone needs no name.
    let (_, file) = staging.split_once('=').unwrap();
    place.list(&["staging", "auth", "--from-store", file]).is(STAGING, "done");
}

#[test]
fn a_value_that_is_not_listed_is_open() {
    let place = moved();
    let command =
        "aws secretsmanager list-secret-version-ids --secret-id staging/auth --region eu-west-1";
    for (stages, words) in [
        ("\"AWSCURRENT\"".to_owned(), "AWS Secrets Manager does not have it"),
        (format!("\"AWSPENDING\", \"{SECOND}\""), "is deleted, disabled or pending"),
    ] {
        let listing = place.listing("staging", &stages);
        let list = place.list(&["staging", "auth", "--from-store", &listing]);
        list.asks(STAGING, command).notes(STAGING, words);
    }
}

#[test]
fn a_pin_is_ticked_by_its_number() {
    let mut place = Place::of_vault();
    place.commit("Begin");
    place.at("2025-07-22T11:00:00Z");
    for (destroyed, state, words) in [
        ("false", "done", "the listing shows it as version 4, made at"),
        ("true", "open", "deleted"),
    ] {
        let text = format!(
            "{{\"data\": {{\"current_version\": 4, \"versions\": {{\"4\": {{\"created_time\": \"2025-06-01T10:00:00.1Z\", \
             \"deletion_time\": \"\", \"destroyed\": {destroyed}}}}}}}}}"
        );
        let file = place.file("vault.json", &text);
        let list = place.list(&["staging", "auth", "--from-store", &file]);
        list.is(STAGING, state).notes(STAGING, words);
    }
}

#[test]
fn what_is_no_listing_is_refused() {
    let place = moved();
    let listing = place.listing("staging", "\"AWSCURRENT\"");
    let (_, file) = listing.split_once('=').unwrap();
    let half = place.file("half.json", "{\"Versions\": [{\"VersionId\": \"Pl4nted7");
    let gone = format!("{file}.gone");
    for (environment, given, words) in [
        (
            "production",
            file.to_owned(),
            &["which key is listed is unclear", "staging/auth=FILE"][..],
        ),
        ("staging", format!("stagin/auth={file}"), &["did you mean `staging/auth`?"]),
        ("production", format!("production/auth={file}"), &["it is a listing of `"]),
        ("staging", half, &["it ends in the middle of line 1", "list-secret-version-ids"]),
        ("staging", gone, &["cannot be read"]),
        ("staging", "vault".to_owned(), &["`vault` lists the versions of no key"]),
    ] {
        let arguments = ["checklist", environment, "auth", "--from-store", &given];
        let output = place.run(&arguments).status(2).says(words);
        assert!(!output.stderr.contains("Pl4nted7"), "{output}");
    }
    // A family without a version, and Secrets that no store fills.
    place.sandbox.write("staging/web.yaml", &workload("auth"));
    for version in [FIRST, SECOND] {
        std::fs::remove_file(place.sandbox.path(&format!("staging/auth-{version}.yaml"))).unwrap();
    }
    let arguments = ["checklist", "staging", "auth", "--from-store", file];
    let _ = place.run(&arguments).status(2).says(&["`auth` has no version yet", "leave out"]);
    place.sandbox.write("staging/web.yaml", &workload(&format!("auth-{SECOND}")));
    let words = [&*format!("no listing shows whether a store has {SECOND} of `auth`")];
    let _ = place.run(&arguments).status(2).says(&words);
}

/// Values in a listing reach no output.
#[test]
fn values_are_not_read() {
    let mut place = Place::without_git();
    let parameters = STORE.replace("SecretsManager", "ParameterStore");
    let stub = external("staging", FIRST)
        .replace(&format!("\"{FIRST}\""), &format!("\"v{FIRST}\""))
        .replace("staging/auth", "/staging/auth");
    place.sandbox.write("staging/store.yaml", &parameters);
    place.sandbox.write(&format!("staging/auth-{FIRST}.yaml"), &stub);
    place.commit("Begin");
    place.at("2025-07-22T11:00:00Z");
    let text = format!(
        "{{\"Parameters\": [{{\"Name\": \"/staging/auth\", \"Value\": \"Pl4nted7\", \"Version\": 3, \"Labels\": [\"v{FIRST}\"]}}]}}"
    );
    let file = place.file("history.json", &text);
    for format in ["text", "json", "markdown"] {
        let arguments = ["checklist", "staging", "auth", "--from-store", &file, "--format", format];
        let output = place.run(&arguments).success();
        let output = output.says(&["has values in it, which were not read"]);
        assert!(output.stdout.contains("shows it as version 3"), "{output}");
        assert!(!format!("{output}").contains("Pl4nted7"), "{output}");
    }
}
