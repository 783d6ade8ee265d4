//! Google Secret Manager.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::k8s::store::commands::{Addition, Commands, Key, Step, flag};
use crate::k8s::store::definition::Definition;
use crate::k8s::store::listing::{Date, Listed, Listing, Reader, arguments, json};
use crate::k8s::store::location::Location;
use crate::k8s::store::page::{Cleanup, Glance};
use crate::k8s::store::pin::{Versions, is_digits, is_version_number};
use crate::text::shell::word;

pub(super) static STORE: Definition = Definition {
    setting: Some("gcp-secret-manager"),
    locate: |provider| Location::read(provider, &[PROJECT, LOCATION]),
    is_certain: |provider| provider.text(PROJECT).is_some(),
    commands: Commands { create, add, list, remove_key, remove_version },
    reader: Some(Reader {
        program: "gcloud",
        as_json: (&["--format=json"], 0),
        // Aliases are on the secret, not on its versions.
        shows_labels: false,
        read,
        is_of,
        label: |_, _, _| None,
    }),
    cleanup: Some(Cleanup {
        store: "Google Secret Manager",
        prints: "remove the alias and destroy the version; `delete` for a key of its own",
    }),
    ..Definition::new("Google Secret Manager", &["gcpsm"], VERSIONS, GLANCE)
};

const VERSIONS: Versions = Versions {
    is_assigned: is_version_number,
    moving: &["latest"],
    ..Versions::labels(
        "v",
        is_alias_or_number,
        "requires a version number, or an alias of at most 63 letters, digits, `-` and `_` that begins with a letter and is neither `latest` nor `NEW`",
    )
};

const GLANCE: &[Glance] = &[Glance {
    store: "Google Secret Manager",
    pinned_by: "alias `v20250723110000`",
    version_from: "`rotate`",
    commands: "yes",
}];

const PROJECT: &str = "projectID";
/// The location of regional secrets.
const LOCATION: &str = "location";

fn is_alias_or_number(pin: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let taken = matches!(pin, "latest" | "NEW");
    let alias = pin.starts_with(|c: char| c.is_ascii_alphabetic()) && !taken;
    (alias && pin.len() <= 63 && pin.bytes().all(allowed)) || is_version_number(pin)
}

/// `gcloud secrets …`, in the store's project.
fn gcloud(at: &Location, command: &str) -> String {
    let project = flag("--project", at.get(PROJECT));
    format!("gcloud secrets {command}{project}{}", flag("--location", at.get(LOCATION)))
}

fn create(key: &Key<'_>) -> Option<String> {
    let create = gcloud(key.at, &format!("create {}", key.word()));
    Some(format!("{create} --replication-policy=automatic --data-file=-"))
}

fn add(key: &Key<'_>, alias: &str) -> Option<Addition> {
    Some(Addition {
        put: format!("{} --data-file=-", gcloud(key.at, &format!("versions add {}", key.word()))),
        after: Some(Step {
            title: "Add the alias to the version that the last command created.".to_owned(),
            command: Some(alias_newest(key, &word(alias))),
        }),
    })
}

/// Adds an alias to the newest version. The flag replaces all aliases, so existing ones are kept.
fn alias_newest(key: &Key<'_>, alias: &str) -> String {
    let known = gcloud(key.at, &format!("describe {}", key.word()));
    let newest = gcloud(key.at, &format!("versions list {}", key.word()));
    let update = gcloud(key.at, &format!("update {}", key.word()));
    format!(
        "aliases=\"$({known} --format='value(versionAliases.list())')\"\n\
         version=\"$({newest} --sort-by=~createTime --limit=1 --format='value(name.basename())')\"\n\
         {update} --update-version-aliases=\"{alias}=$version${{aliases:+,$aliases}}\""
    )
}

fn list(key: &Key<'_>) -> Option<Vec<String>> {
    let mut words =
        ["gcloud", "secrets", "versions", "list", &key.path].map(str::to_owned).to_vec();
    for (name, detail) in [("--project", PROJECT), ("--location", LOCATION)] {
        words.extend(key.at.get(detail).into_iter().flat_map(|value| arguments(name, value)));
    }
    Some(words)
}

/// What `versions list` prints of each version.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    /// `projects/PROJECT/secrets/SECRET/versions/NUMBER`.
    name: String,
    state: String,
    create_time: Option<Date>,
}

const NUMBER: &str = "/versions/";
const SECRET: &str = "/secrets/";

fn read(text: &str, _: DateTime<Utc>) -> Result<Listing, serde_json::Error> {
    let all: Vec<Version> = json(text)?;
    let (mut names, mut versions) = (BTreeSet::new(), Vec::new());
    for one in all {
        let (secret, number) = one.name.rsplit_once(NUMBER).unwrap_or_default();
        let number = number.parse::<u64>().ok().filter(|_| secret.contains(SECRET));
        let number = number.ok_or_else(|| serde::de::Error::custom("no version"))?;
        names.insert(secret.to_owned());
        let is_usable = one.state.eq_ignore_ascii_case("enabled");
        versions.push(Listed { is_usable, ..Listed::numbered(number, one.create_time.as_ref()) });
    }
    Ok(Listing { names, versions, ..Listing::default() })
}

/// Whether the project and the secret are those of a key; a project that is given by its number can be any.
fn is_of(key: &Key<'_>, name: &str) -> bool {
    let (place, secret) = name.rsplit_once(SECRET).unwrap_or_default();
    let project = place.split('/').nth(1).unwrap_or_default();
    let own = key.at.get(PROJECT).filter(|_| !is_digits(project));
    let path = key.path.rsplit_once(SECRET).map_or(&*key.path, |(_, secret)| secret);
    secret == path && own.is_none_or(|own| own == project)
}

fn remove_key(key: &Key<'_>) -> Option<String> {
    Some(format!("{} --quiet", gcloud(key.at, &format!("delete {}", key.word()))))
}

/// Destroys a version; one with an alias is looked up by it first.
fn remove_version(key: &Key<'_>, pin: &str) -> Step {
    let own = key.word();
    let destroy = |version: &str| {
        let destroy = gcloud(key.at, &format!("versions destroy {version}"));
        format!("{destroy} --secret={own} --quiet")
    };
    let command = if is_digits(pin) {
        destroy(pin)
    } else {
        let describe = gcloud(key.at, &format!("describe {own}"));
        let update = gcloud(key.at, &format!("update {own}"));
        format!(
            "version=\"$({describe} --format='value(versionAliases.{pin})')\"\n\
             {update} --remove-version-aliases={pin}\n{}",
            destroy("\"$version\"")
        )
    };
    Step::remove_version(key, pin, Some(command))
}

#[cfg(test)]
mod tests {
    use super::{LOCATION, PROJECT, STORE};
    use crate::k8s::store::commands::tests::{add, remove_version};
    use crate::k8s::store::location::Location;
    use crate::k8s::store::location::tests::located;

    #[test]
    fn aliases_are_told_from_numbers_and_reserved_names() {
        for pin in ["latest", "NEW", "1a", "a.b", "20250723110000"] {
            assert!(!(STORE.versions.takes)(pin), "{pin}");
        }
        assert!((STORE.versions.takes)("v20250723110000") && (STORE.versions.takes)("5"));
    }

    #[test]
    fn the_project_is_read_where_it_is_written() {
        let at = located(&STORE, "{ projectID: shop, location: europe-west1 }");
        assert_eq!((at.get(PROJECT), at.get(LOCATION)), (Some("shop"), Some("europe-west1")));
        assert_eq!(located(&STORE, "{ projectID: \"${PROJECT}\" }").get(PROJECT), None);
    }

    #[test]
    fn an_alias_keeps_the_others() {
        let at = located(&STORE, "{ projectID: shop }");
        assert_eq!(
            add(&STORE, &at, "shop/auth", "v20250723110000")[1],
            "aliases=\"$(gcloud secrets describe shop/auth --project shop --format='value(versionAliases.list())')\"\n\
             version=\"$(gcloud secrets versions list shop/auth --project shop --sort-by=~createTime --limit=1 --format='value(name.basename())')\"\n\
             gcloud secrets update shop/auth --project shop --update-version-aliases=\"v20250723110000=$version${aliases:+,$aliases}\""
        );
    }

    #[test]
    fn versions_are_destroyed() {
        assert_eq!(
            remove_version(&STORE, &Location::default(), "shop/auth", "7").unwrap(),
            "gcloud secrets versions destroy 7 --secret=shop/auth --quiet"
        );
    }
}
