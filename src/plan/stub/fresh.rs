//! A stub made new from `rotate.yaml`, as the operator's documentation recommends.

use crate::config::secrets::Remote;
use crate::plan::spell::{quoted, scalar};
use crate::plan::stub::copy::read_back;
use crate::plan::stub::pin::{Pinned, Pinning};

/// Writes the first stub of a family from what `rotate.yaml` says of its store and key.
///
/// # Errors
/// With a phrase that says why it cannot be done.
pub(super) fn fresh(
    settings: &Remote,
    environment: &str,
    family: &str,
    version: &str,
    namespace: Option<&str>,
    pinning: &Pinning,
) -> Result<(String, Vec<Pinned>), String> {
    let missing =
        |field: &str| format!("`secrets.{family}.remote.{field}` is not set in rotate.yaml");
    let store = settings.store.as_ref().ok_or_else(|| missing("store"))?;
    let key = settings.key.as_deref().ok_or_else(|| missing("key"))?;
    let name = scalar(&format!("{family}-{version}"));
    let key = pinning.key(&Remote::spell(key, environment, family));
    let store_name = Remote::spell(&store.name, environment, family);
    let namespace =
        namespace.map_or_else(String::new, |name| format!("  namespace: {}\n", scalar(name)));
    let pin = match pinning {
        Pinning::Label(label) => format!("version: {}", quoted(label)),
        _ => String::new(),
    };
    let mut text = format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: {name}\n{namespace}spec:\n  refreshPolicy: CreatedOnce\n  secretStoreRef:\n    kind: {}\n    name: {}\n  target:\n    name: {name}\n    creationPolicy: Owner\n    deletionPolicy: Retain\n    immutable: true\n",
        store.kind.as_str(),
        scalar(&store_name),
    );
    let pin = if pin.is_empty() { pin } else { format!("        {pin}\n") };
    let key = scalar(&key);
    match settings.properties.as_deref().unwrap_or_default() {
        [] => text.push_str(&format!("  dataFrom:\n    - extract:\n        key: {key}\n{pin}")),
        properties => {
            text.push_str("  data:\n");
            for property in properties {
                let property = scalar(property);
                text.push_str(&format!("    - secretKey: {property}\n      remoteRef:\n        key: {key}\n        property: {property}\n{pin}"));
            }
        }
    }
    let pins = read_back(&text, family, version)?;
    Ok((text, pins))
}
