//! Secrets that are never in Git by design, although references name them.

use crate::k8s::found::Found;
use crate::yaml::node::Node;

/// Catalogue fields that name a secret created in the cluster during installation.
#[derive(Debug)]
pub struct ByHand {
    /// Rows of the catalogue.
    pub rows: &'static [&'static str],
    /// The field.
    pub path: &'static str,
    /// Which objects it applies to.
    pub when: When,
    /// Why, and where this is documented.
    pub source: &'static str,
}

/// Which objects use a secret that is created by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Every object.
    Always,
    /// The one created by `flux bootstrap`: named after its namespace, its secret named `flux-system` or like itself.
    Bootstrap,
}

/// The fields.
pub const FIELDS: &[ByHand] = &[
    ByHand {
        rows: &["flux-kustomization"],
        path: "spec.decryption.secretRef.name",
        when: When::Always,
        source: "Flux, Manage Kubernetes secrets with SOPS: the key that opens the files is put into the cluster by hand",
    },
    ByHand {
        rows: &[
            "flux-git-repository",
            "flux-oci-repository",
            "flux-bucket",
            "flux-helm-repository",
        ],
        path: "spec.secretRef.name",
        when: When::Bootstrap,
        source: "Flux, flux bootstrap: `--secret-name` (default `flux-system`) is made in the cluster, its source is called like the namespace",
    },
];

/// Secrets that installation files offer to take: who wants their own certificates makes them by hand, nobody else does.
/// Istio: manifests/charts/istio-control/istio-discovery/templates/deployment.yaml and its gateways; Install, Plug in CA Certificates.
pub const OFFERED: &[&str] = &[
    "cacerts",
    "istio-egressgateway-ca-certs",
    "istio-egressgateway-certs",
    "istio-ingressgateway-ca-certs",
    "istio-ingressgateway-certs",
    "istio-kubeconfig",
    "istiod-tls",
];

/// Whether a reference names a secret that is created in the cluster by hand or during installation.
#[must_use]
pub fn is_by_hand(object: &Node, namespace: Option<&str>, found: &Found) -> bool {
    if found.optional && OFFERED.contains(&&*found.secret) {
        return true;
    }
    let path = found.path.to_string();
    let name = object.at(&["metadata", "name"]).and_then(Node::str);
    FIELDS.iter().filter(|one| one.rows.contains(&found.row) && one.path == path).any(|one| {
        let own = name == Some(&*found.secret) || found.secret == "flux-system";
        one.when == When::Always || (own && (name == namespace || name == Some("flux-system")))
    })
}
