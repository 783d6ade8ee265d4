//! What a new stub says of how often it is read and what becomes of its Secret, so that it passes our own rules.

use crate::plan::stub::document::{edited, read, set};
use crate::repo::operator::Serves;
use crate::yaml::edit::insert::insert_entry;
use crate::yaml::edit::remove::remove_entry;
use crate::yaml::edit::rewrite::rewrite;
use crate::yaml::node::Node;
use crate::yaml::path::Path;

/// The version of the API that everything new is written in.
const NEW: &str = "external-secrets.io/v1";
/// The versions before it.
const OLD: &[&str] = &["external-secrets.io/v1beta1", "external-secrets.io/v1alpha1"];

/// A stub in the API that its environment serves; the other half is what there is to note about it.
///
/// # Errors
/// With a phrase, when it cannot be edited.
pub(super) fn served(text: String, serves: Serves) -> Result<(String, Option<String>), String> {
    let old = read(&text, |root| {
        let api_version = root.get("apiVersion").and_then(Node::str).unwrap_or_default();
        OLD.iter().find(|old| **old == api_version).copied()
    })?;
    match (old, serves) {
        (Some(_), Serves::V1) => edited(&text, |root| Some(rewrite(root.get("apiVersion")?, NEW)))
            .map(|text| (text, None)),
        (Some(old), Serves::Unknown) => {
            let note = format!(
                "the new stub keeps {old}: nothing in the repository tells which version of the operator the environment runs"
            );
            Ok((text, Some(note)))
        }
        _ => Ok((text, None)),
    }
}

/// A stub that is made new, in the API of an operator that does not serve the new one yet.
///
/// # Errors
/// With a phrase, when it cannot be edited.
pub(super) fn before(text: String, serves: Serves) -> Result<String, String> {
    if !matches!(serves, Serves::Before) {
        return Ok(text);
    }
    let spec = Path::default().key("spec");
    let text = edited(&text, |root| Some(rewrite(root.get("apiVersion")?, OLD[0])))?;
    let text = edited(&text, |root| Some(remove_entry(root, &spec, "refreshPolicy")))?;
    set(text, &spec, "refreshInterval", "\"0\"")
}

/// A first stub: read once, immutable, and its Secret kept when the store loses the value.
///
/// # Errors
/// With a phrase, when it cannot be edited.
pub(super) fn fixed(text: String) -> Result<String, String> {
    let is_new = read(&text, |root| root.get("apiVersion").and_then(Node::str) == Some(NEW))?;
    let spec = Path::default().key("spec");
    let (policy, value) =
        if is_new { ("refreshPolicy", "CreatedOnce") } else { ("refreshInterval", "\"0\"") };
    let mut text = set(text, &spec, policy, value)?;
    if is_new {
        text = edited(&text, |root| {
            root.at(&["spec", "refreshInterval"])?;
            Some(remove_entry(root, &Path::default().key("spec"), "refreshInterval"))
        })?;
    }
    let owner = read(&text, |root| {
        let policy = root.at(&["spec", "target", "creationPolicy"]).and_then(Node::str);
        matches!(policy, None | Some("" | "Owner" | "Orphan"))
    })?;
    let has_target = read(&text, |root| root.at(&["spec", "target"]).is_some())?;
    if !has_target {
        let value = "immutable: true\ndeletionPolicy: Retain";
        return edited(&text, |root| Some(insert_entry(root, &spec, "target", value, None)));
    }
    let target = spec.key("target");
    if owner {
        text = set(text, &target, "immutable", "true")?;
        text = set(text, &target, "deletionPolicy", "Retain")?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{fixed, served};
    use crate::repo::operator::Serves;

    fn stub(api: &str, spec: &str) -> String {
        format!(
            "apiVersion: external-secrets.io/{api}\nkind: ExternalSecret\nmetadata:\n  name: auth\nspec:\n{spec}  dataFrom:\n    - extract:\n        key: a\n"
        )
    }

    #[test]
    fn a_first_stub_is_read_once_and_kept() {
        let hourly = stub(
            "v1",
            "  refreshInterval: 1h # often\n  target:\n    name: auth\n    deletionPolicy: Delete\n",
        );
        let wanted = "spec:\n  target:\n    name: auth\n    deletionPolicy: Retain\n    immutable: true\n  dataFrom:\n    - extract:\n        key: a\n  refreshPolicy: CreatedOnce\n";
        assert!(fixed(hourly.clone()).unwrap().ends_with(wanted), "{}", fixed(hourly).unwrap());
        let bare = fixed(stub("v1", "")).unwrap();
        assert!(bare.ends_with("  refreshPolicy: CreatedOnce\n  target:\n    immutable: true\n    deletionPolicy: Retain\n"), "{bare}");
        let old = fixed(stub("v1beta1", "  refreshInterval: 1h\n")).unwrap();
        assert!(
            old.contains("  refreshInterval: \"0\"\n") && !old.contains("refreshPolicy"),
            "{old}"
        );
        let merged = stub("v1", "  target: { creationPolicy: Merge }\n");
        assert!(!fixed(merged).unwrap().contains("immutable"));
    }

    #[test]
    fn the_api_is_what_is_served() {
        let old = stub("v1beta1", "");
        let (new, note) = served(old.clone(), Serves::V1).unwrap();
        assert!(new.starts_with("apiVersion: external-secrets.io/v1\n") && note.is_none(), "{new}");
        assert_eq!(served(old.clone(), Serves::Before).unwrap(), (old.clone(), None));
        let (same, note) = served(old.clone(), Serves::Unknown).unwrap();
        assert!(same == old && note.is_some());
    }
}
