//! Which keys a provided secret has, as far as the object shows.

use crate::k8s::providers::table::Keys;
use crate::yaml::node::Node;

/// The keys of a secret that `object` provides; `beside` is the mapping that holds its name.
///
/// An object without any keys leaves them to others, such as a controller that fills in an empty Secret.
pub fn keys(rule: Keys, object: &Node, beside: Option<&Node>) -> Option<Vec<String>> {
    let found = match rule {
        Keys::Unknown => None,
        Keys::Are(keys) => Some(keys.iter().map(|key| (*key).to_owned()).collect()),
        Keys::OfData => of_data(object),
        Keys::OfStub => of_stub(object.at(&["spec", "externalSecretSpec"]).or(object.get("spec"))?),
        Keys::OfSeal => {
            let template = object.at(&["spec", "template", "data"]);
            Some(together(&[object.at(&["spec", "encryptedData"]), template]))
        }
        Keys::OfCertificate => of_certificate(object.get("spec")?),
        Keys::Beside => {
            let items = beside?.get("data")?.items();
            Some(items.iter().filter_map(|item| text(item.get("key")?)).collect())
        }
    };
    found.filter(|keys: &Vec<String>| !keys.is_empty())
}

fn of_data(object: &Node) -> Option<Vec<String>> {
    let kind = object.get("type").and_then(Node::str).unwrap_or_default();
    let copied = object
        .at(&["metadata", "annotations"])
        .is_some_and(|map| map.entries().iter().any(|entry| is_filled_in(entry.key.str())));
    // A controller fills these in.
    if copied
        || matches!(kind, "kubernetes.io/service-account-token" | "bootstrap.kubernetes.io/token")
    {
        return None;
    }
    // SOPS leaves the keys readable.
    Some(together(&[object.get("data"), object.get("stringData")]))
}

/// Whether an annotation says that a controller writes the data, or copies it from another secret.
fn is_filled_in(annotation: Option<&str>) -> bool {
    const MARKS: &[&str] = &[
        "reflector.v1.k8s.emberstack.com/reflects",
        "replicator.v1.mittwald.de/replicate-from",
        "kubernetes.io/service-account.name",
    ];
    annotation.is_some_and(|key| {
        MARKS.contains(&key) || key.starts_with("secret-generator.v1.mittwald.de/")
    })
}

/// An ExternalSecret's keys: those of its template if that replaces the data, else those of its entries.
fn of_stub(spec: &Node) -> Option<Vec<String>> {
    let template = spec.at(&["target", "template"]);
    let policy = spec.at(&["target", "creationPolicy"]).and_then(Node::str).unwrap_or("Owner");
    let from = template.and_then(|template| template.get("templateFrom"));
    if from.is_some_and(|from| !from.items().is_empty())
        || matches!(policy, "Merge" | "CreateOrMerge" | "None")
    {
        return None;
    }
    let data = template.and_then(|template| template.get("data"));
    let merges = template.and_then(|t| t.get("mergePolicy")).and_then(Node::str) == Some("Merge");
    if data.is_some_and(|data| !data.entries().is_empty()) && !merges {
        return Some(together(&[data]));
    }
    if spec.get("dataFrom").is_some_and(|from| !from.items().is_empty()) {
        return None;
    }
    let entries = spec.get("data").map_or(&[][..], Node::items);
    let mut keys: Vec<_> = entries.iter().filter_map(|item| text(item.get("secretKey")?)).collect();
    keys.extend(together(&[data]));
    Some(keys)
}

fn of_certificate(spec: &Node) -> Option<Vec<String>> {
    let more = ["keystores", "additionalOutputFormats"];
    let plain = more.iter().all(|key| spec.get(key).is_none());
    plain.then(|| ["tls.crt", "tls.key", "ca.crt"].map(str::to_owned).to_vec())
}

fn together(maps: &[Option<&Node>]) -> Vec<String> {
    let entries = maps.iter().flatten().flat_map(|map| map.entries());
    entries.filter_map(|entry| text(&entry.key)).collect()
}

fn text(node: &Node) -> Option<String> {
    node.str().map(str::to_owned)
}
