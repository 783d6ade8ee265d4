//! AWS Secrets Manager.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::k8s::store::commands::{Addition, Commands, Key, Step};
use crate::k8s::store::definition::Definition;
use crate::k8s::store::listing::{Date, Listed, Listing, Reader, json};
use crate::k8s::store::page::{Cleanup, Glance};
use crate::k8s::store::pin::Versions;
use crate::k8s::stores::shared::aws::{self, aws};
use crate::text::shell::option;

pub(super) static STORE: Definition = Definition {
    is_meant: |provider| !aws::is_parameter_store(provider),
    setting: Some("aws-secrets-manager"),
    replicates: true,
    commands: Commands { create, add, list, remove_key, remove_version },
    reader: Some(Reader {
        program: "aws",
        as_json: aws::AS_JSON,
        shows_labels: true,
        read,
        is_of: aws::is_of,
        label,
    }),
    cleanup: Some(Cleanup {
        store: "AWS Secrets Manager",
        prints: "take the label off; `delete-secret` with a recovery window for a key of its own",
    }),
    ..aws::service("AWS Secrets Manager", VERSIONS, GLANCE)
};

const VERSIONS: Versions = Versions {
    is_assigned: |pin| pin.starts_with(ID),
    assigned_prefix: ID,
    moving: MOVING,
    // Of the 20 labels of a secret, AWS itself takes three.
    label_room: Some(17),
    ..Versions::labels(
        "",
        is_stage,
        "requires a staging label of 1 to 256 characters other than AWSCURRENT, AWSPREVIOUS, AWSPENDING and `latest`, or `uuid/<VersionId>`",
    )
};

const GLANCE: &[Glance] = &[Glance {
    store: "AWS Secrets Manager",
    pinned_by: "staging label `20250723110000`",
    version_from: "`rotate`",
    commands: "yes",
}];

/// How the operator wants the ID of a version.
const ID: &str = "uuid/";
const MOVING: &[&str] = &["AWSCURRENT", "AWSPENDING", "AWSPREVIOUS", "latest"];

fn is_stage(pin: &str) -> bool {
    match pin.strip_prefix(ID) {
        Some(id) => (32..=64).contains(&id.len()),
        None => !MOVING.contains(&pin) && (1..=256).contains(&pin.chars().count()),
    }
}

fn create(key: &Key<'_>) -> Option<String> {
    let create = format!("secretsmanager create-secret{}", key.option("--name"));
    Some(format!("{} --secret-string file:///dev/stdin", aws(key.at, &create)))
}

fn add(key: &Key<'_>, label: &str) -> Option<Addition> {
    let put = format!("secretsmanager put-secret-value{}", key.option("--secret-id"));
    let (put, label) = (aws(key.at, &put), option("--version-stages", label));
    let put = format!("{put} --secret-string file:///dev/stdin{label}");
    Some(Addition { put, after: None })
}

fn list(key: &Key<'_>) -> Option<Vec<String>> {
    Some(aws::list(key, ["secretsmanager", "list-secret-version-ids"], "--secret-id"))
}

/// What `list-secret-version-ids` prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    versions: Vec<Version>,
    name: Option<String>,
    #[serde(rename = "ARN")]
    arn: Option<String>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    version_id: String,
    #[serde(default)]
    version_stages: Vec<String>,
    created_date: Option<Date>,
    last_accessed_date: Option<Date>,
}

fn read(text: &str, _: DateTime<Utc>) -> Result<Listing, serde_json::Error> {
    let Answer { versions, name, arn, next_token } = json(text)?;
    let listed = |one: Version| {
        let Version { version_id, version_stages, created_date, last_accessed_date } = one;
        let has = |stage: &str| version_stages.iter().any(|one| one == stage);
        let is_current = has("AWSCURRENT");
        let created = created_date.as_ref().and_then(Date::time);
        // Until a rotation is finished, nothing accepts the pending value.
        let is_usable = is_current || !has("AWSPENDING");
        let version = Listed::dated(format!("{ID}{version_id}"), created);
        let read = last_accessed_date.as_ref().and_then(Date::time);
        Listed { labels: version_stages, read, is_usable, is_current, ..version }
    };
    let mut versions: Vec<Listed> = versions.into_iter().map(listed).collect();
    let current = versions.iter().find(|one| one.is_current).and_then(|one| one.created);
    for one in &mut versions {
        // What was current after what is current now was taken back.
        let is_previous = one.labels.iter().any(|stage| stage == "AWSPREVIOUS");
        one.is_usable &= !(is_previous && current.is_some() && one.created > current);
    }
    Ok(Listing {
        names: name.into_iter().chain(arn).collect(),
        versions,
        has_values: false,
        is_cut: next_token.is_some_and(|token| !token.is_empty()),
    })
}

fn label(key: &Key<'_>, label: &str, version: &Listed) -> Option<String> {
    let id = version.id.strip_prefix(ID).unwrap_or(&version.id);
    let update = format!("secretsmanager update-secret-version-stage{}", key.option("--secret-id"));
    let (stage, id) = (option("--version-stage", label), option("--move-to-version-id", id));
    Some(format!("{}{stage}{id}", aws(key.at, &update)))
}

fn remove_key(key: &Key<'_>) -> Option<String> {
    let delete = format!("secretsmanager delete-secret{}", key.option("--secret-id"));
    Some(format!("{} --recovery-window-in-days 30", aws(key.at, &delete)))
}

/// Takes the label off: AWS removes what has no label, and only by itself.
fn remove_version(key: &Key<'_>, pin: &str) -> Step {
    let (own, id) = (key.word(), key.option("--secret-id"));
    if pin.starts_with(ID) {
        let title = format!(
            "Remove all labels from version {pin} of {own}, if it has any: it is then deleted automatically."
        );
        return Step { title, command: None };
    }
    let find = aws(key.at, &format!("secretsmanager list-secret-version-ids{id}"));
    let take = format!("secretsmanager update-secret-version-stage{id}");
    let take = aws(key.at, &take);
    let stage = option("--version-stage", pin);
    let command = format!(
        "{take}{stage} --remove-from-version-id \"$({find} --output text --query \"Versions[?contains(VersionStages, '{pin}')].VersionId\")\""
    );
    Step {
        title: format!(
            "Remove the label {pin} from {own}: the version is then deleted automatically."
        ),
        command: Some(command),
    }
}

#[cfg(test)]
mod tests {
    use super::STORE;
    use crate::k8s::store::commands::tests::{add, remove_version};
    use crate::k8s::store::location::Location;
    use crate::k8s::store::location::tests::located;

    #[test]
    fn labels_that_move_or_do_not_exist_are_refused() {
        for pin in ["", "AWSCURRENT", "latest", "uuid/123"] {
            assert!(!(STORE.versions.takes)(pin), "{pin}");
        }
        assert!((STORE.versions.takes)(&format!("uuid/{}", "a".repeat(36))));
        assert!((STORE.versions.takes)("20250723110000"));
    }

    #[test]
    fn a_value_is_put_under_its_label() {
        let at = located(&STORE, "{ region: eu-west-1, prefix: prod- }");
        assert_eq!(at.get("region"), Some("eu-west-1"));
        assert_eq!(
            add(&STORE, &at, "shop/auth", "20250723110000"),
            [
                "aws secretsmanager put-secret-value --secret-id prod-shop/auth --region eu-west-1 --secret-string file:///dev/stdin --version-stages 20250723110000"
            ]
        );
    }

    #[test]
    fn labels_are_taken_off() {
        let at = Location::default();
        assert_eq!(
            remove_version(&STORE, &at, "shop/auth", "20250102090000").unwrap(),
            "aws secretsmanager update-secret-version-stage --secret-id shop/auth --version-stage 20250102090000 --remove-from-version-id \"$(aws secretsmanager list-secret-version-ids --secret-id shop/auth --output text --query \"Versions[?contains(VersionStages, '20250102090000')].VersionId\")\""
        );
        assert_eq!(remove_version(&STORE, &at, "shop/auth", "uuid/1-2"), None);
    }
}
