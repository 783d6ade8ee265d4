//! AWS Systems Manager Parameter Store.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::k8s::store::commands::{Addition, Commands, Key, Step};
use crate::k8s::store::definition::Definition;
use crate::k8s::store::listing::{Date, Dropped, Listed, Listing, Reader, json};
use crate::k8s::store::page::{Cleanup, Glance};
use crate::k8s::store::pin::{Versions, is_digits, is_version_number};
use crate::k8s::stores::shared::aws::{self, aws};
use crate::text::shell::option;

pub(super) static STORE: Definition = Definition {
    is_meant: aws::is_parameter_store,
    setting: Some("aws-parameter-store"),
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
        store: "AWS Parameter Store",
        prints: "take the label off; `delete-parameter` for a key of its own",
    }),
    ..aws::service("AWS Parameter Store", VERSIONS, GLANCE)
};

const VERSIONS: Versions = Versions {
    is_assigned: is_version_number,
    ..Versions::labels(
        "v",
        is_label_or_number,
        "requires a version number, or a label of at most 100 letters, digits, `.`, `-` and `_` that begins neither with a digit nor with `aws` or `ssm`",
    )
};

const GLANCE: &[Glance] = &[Glance {
    store: "AWS Parameter Store",
    pinned_by: "label `v20250723110000`",
    version_from: "`rotate`",
    commands: "yes",
}];

/// What leaves the values out of `get-parameter-history`.
const WITHOUT_VALUES: &str = "Parameters[].{Version:Version,Labels:Labels,Date:LastModifiedDate}";

fn is_label_or_number(pin: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let low = pin.to_ascii_lowercase();
    let reserved = low.starts_with("aws") || low.starts_with("ssm");
    let label = !pin.starts_with(|c: char| c.is_ascii_digit()) && !reserved;
    let fits = (1..=100).contains(&pin.len()) && pin.bytes().all(allowed);
    (fits && label) || is_version_number(pin)
}

fn create(key: &Key<'_>) -> Option<String> {
    let put = format!("ssm put-parameter{} --type SecureString", key.option("--name"));
    Some(format!("{} --value file:///dev/stdin", aws(key.at, &put)))
}

fn add(key: &Key<'_>, label: &str) -> Option<Addition> {
    let (own, label) = (key.option("--name"), option("--labels", label));
    let put = format!("ssm put-parameter{own} --type SecureString --overwrite");
    let name = format!("ssm label-parameter-version{own}{label}");
    Some(Addition {
        put: format!("{} --value file:///dev/stdin", aws(key.at, &put)),
        after: Some(Step {
            title: "Label the version that the last command created.".to_owned(),
            command: Some(aws(key.at, &name)),
        }),
    })
}

/// Without the query it would print the values.
fn list(key: &Key<'_>) -> Option<Vec<String>> {
    let list = aws::list(key, ["ssm", "get-parameter-history"], "--name");
    Some([list, ["--query", WITHOUT_VALUES].map(str::to_owned).to_vec()].concat())
}

/// What `get-parameter-history` prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    parameters: Vec<Version>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    version: u64,
    name: Option<String>,
    labels: Option<Vec<String>>,
    #[serde(alias = "LastModifiedDate")]
    date: Option<Date>,
    #[serde(default)]
    value: Dropped,
}

fn read(text: &str, _: DateTime<Utc>) -> Result<Listing, serde_json::Error> {
    let Answer { parameters, next_token } = if text.starts_with('[') {
        Answer { parameters: json(text)?, next_token: None }
    } else {
        json(text)?
    };
    let newest = parameters.iter().map(|one| one.version).max();
    let listed = |one: &Version| Listed {
        labels: one.labels.clone().unwrap_or_default(),
        is_current: Some(one.version) == newest,
        ..Listed::numbered(one.version, one.date.as_ref())
    };
    Ok(Listing {
        names: parameters.iter().filter_map(|one| one.name.clone()).collect(),
        versions: parameters.iter().map(listed).collect(),
        has_values: parameters.iter().any(|one| one.value.is_some()),
        is_cut: next_token.is_some_and(|token| !token.is_empty()),
    })
}

fn label(key: &Key<'_>, label: &str, version: &Listed) -> Option<String> {
    let (own, label) = (key.option("--name"), option("--labels", label));
    let command = aws(key.at, &format!("ssm label-parameter-version{own}{label}"));
    Some(format!("{command}{}", option("--parameter-version", &version.id)))
}

fn remove_key(key: &Key<'_>) -> Option<String> {
    Some(aws(key.at, &format!("ssm delete-parameter{}", key.option("--name"))))
}

/// Takes the label off: Parameter Store drops the oldest versions that have none.
fn remove_version(key: &Key<'_>, pin: &str) -> Step {
    let own = key.word();
    if is_digits(pin) {
        let title = format!(
            "The version {pin} of {own} cannot be removed by itself: it is dropped once there are a hundred newer ones."
        );
        return Step { title, command: None };
    }
    let find = aws(
        key.at,
        &format!("ssm get-parameter{}", option("--name", &format!("{}:{pin}", key.path))),
    );
    let take = aws(
        key.at,
        &format!(
            "ssm unlabel-parameter-version{}{}",
            key.option("--name"),
            option("--labels", pin)
        ),
    );
    let command =
        format!("{take} --parameter-version \"$({find} --output text --query Parameter.Version)\"");
    Step {
        title: format!(
            "Remove the label {pin} from {own}: old versions without a label are deleted automatically."
        ),
        command: Some(command),
    }
}

#[cfg(test)]
mod tests {
    use super::STORE;
    use crate::k8s::store::commands::tests::{add, key, remove_version};
    use crate::k8s::store::location::Location;

    #[test]
    fn labels_are_told_from_numbers_and_reserved_names() {
        for pin in ["awsone", "SSM1", "a b", "", "20250723110000"] {
            assert!(!(STORE.versions.takes)(pin), "{pin}");
        }
        assert!((STORE.versions.takes)("v20250723110000") && (STORE.versions.takes)("5"));
    }

    #[test]
    fn the_label_follows_the_value() {
        assert_eq!(
            add(&STORE, &Location::default(), "shop/auth", "v20250723110000")[1],
            "aws ssm label-parameter-version --name shop/auth --labels v20250723110000"
        );
    }

    #[test]
    fn labels_are_taken_off_and_keys_removed() {
        let at = Location::default();
        assert_eq!(
            remove_version(&STORE, &at, "shop/auth", "v20250102090000").unwrap(),
            "aws ssm unlabel-parameter-version --name shop/auth --labels v20250102090000 --parameter-version \"$(aws ssm get-parameter --name shop/auth:v20250102090000 --output text --query Parameter.Version)\""
        );
        assert_eq!(
            (STORE.commands.remove_key)(&key(&STORE, &at, "shop/auth")).unwrap(),
            "aws ssm delete-parameter --name shop/auth"
        );
    }
}
