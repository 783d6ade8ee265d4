//! What the uses and the makers of a secret tell about it.

use std::collections::BTreeSet;

use crate::k8s::references::keys::keys;
use crate::k8s::secret_name::family;
use crate::plan::next::supply::{SecretType, Value};
use crate::plan::refusal::Refusal;
use crate::plan::stub::pin::{Pinned, Reads};
use crate::plan::survey::{Item, Made};
use crate::text::path::TreePath;
use crate::text::source::Source as Text;
use crate::yaml::node::Node;
use crate::yaml::parse::parse;

/// What to do where something else than an ExternalSecret makes the secret.
pub(super) const OTHER_MAKER: &str =
    "make a secret of the new name first, then bump with `--version` and its digits";

/// The keys that references read of their secret.
pub(super) fn keys_of(items: &[&Item<'_>]) -> BTreeSet<String> {
    let read = items.iter().flat_map(|item| keys(&item.object().node, &item.reference.found));
    read.filter_map(|node| node.str().map(str::to_owned)).collect()
}

/// What the value behind an entry must be.
pub(super) fn value(pin: &Pinned, items: &[&Item<'_>]) -> Value {
    match &pin.reads {
        Reads::Text => Value::Text,
        Reads::Properties(keys) => Value::Object(keys.clone()),
        Reads::Everything => Value::Everything(keys_of(items)),
    }
}

/// The rows of what asks cert-manager for a certificate.
const BY_CERT_MANAGER: &[&str] = &["certificate", "certificate-gateway", "certificate-ingress"];
/// The type of a Secret that Kubernetes fills with a token.
const TOKEN: &str = "kubernetes.io/service-account-token";

/// Why a Secret of another name would stay empty or be made by nobody: a controller fills the one of this name.
pub(super) fn filled(made: &Made<'_>) -> Option<Refusal> {
    let (object, secret) = (made.object(), made.provider.secret());
    let kind = object.kind();
    let place = made.provider.near();
    if BY_CERT_MANAGER.contains(&made.provider.provided.row) {
        return Some(Refusal {
            what: format!(
                "cert-manager makes and renews `{secret}` for the {kind} `{}`",
                object.name()
            ),
            place,
            hint: format!(
                "leave it to cert-manager, which rotates it in place: `secrets.{}.managed: false` in rotate.yaml; for a version, make a second certificate and bump with `--version`",
                family(secret)
            ),
        });
    }
    let is_token = object.node.get("type").and_then(Node::str) == Some(TOKEN);
    (kind == "Secret" && is_token).then(|| Refusal {
        what: format!("Kubernetes fills `{secret}` with the token of a service account"),
        place,
        hint: format!("add a Secret of the new name with `type: {TOKEN}` and the same annotation, then bump with `--version` and its digits"),
    })
}

/// What the uses of a secret tell about its type.
pub(super) fn shape(items: &[&Item<'_>]) -> SecretType {
    let field = |item: &&&Item<'_>| item.reference.field();
    if items.iter().any(|item| field(&item).contains("imagePullSecrets")) {
        SecretType::Registry
    } else if items.iter().any(|item| field(&item).contains("tls[")) {
        SecretType::Tls
    } else {
        SecretType::Opaque
    }
}

/// The documents of a text; none where it does not parse.
pub(super) fn documents(text: &str) -> Vec<Node> {
    let stream = parse(&Text::file(TreePath::root(), text));
    stream.map_or_else(
        |_| Vec::new(),
        |stream| stream.documents.iter().map(|one| one.root.clone()).collect(),
    )
}
