//! The fields that kustomize's steps change by default: short tables, expanded.

use std::sync::Arc;

use crate::kustomize::fields::config::{Config, NameReference};
use crate::kustomize::fields::field_spec::FieldSpec;

/// Where each kind keeps its pod spec: version, kind, path.
const WORKLOADS: &[(&str, &str, &str)] = &[
    ("v1", "Pod", "spec"),
    ("", "PodTemplate", "template/spec"),
    ("", "Deployment", "spec/template/spec"),
    ("", "ReplicaSet", "spec/template/spec"),
    ("", "DaemonSet", "spec/template/spec"),
    ("", "StatefulSet", "spec/template/spec"),
    ("", "Job", "spec/template/spec"),
    ("", "CronJob", "spec/jobTemplate/spec/template/spec"),
];

/// The kinds whose service accounts, claims and priorities follow a changed name.
const SCHEDULED: &[(&str, &str)] = &[
    ("Pod", "spec"),
    ("StatefulSet", "spec/template/spec"),
    ("Deployment", "spec/template/spec"),
    ("ReplicationController", "spec/template/spec"),
    ("CronJob", "spec/jobTemplate/spec/template/spec"),
    ("Job", "spec/template/spec"),
    ("DaemonSet", "spec/template/spec"),
];

const CONFIG_MAP_IN_POD: &[&str] = &[
    "volumes/configMap/name",
    "containers/env/valueFrom/configMapKeyRef/name",
    "initContainers/env/valueFrom/configMapKeyRef/name",
    "containers/envFrom/configMapRef/name",
    "initContainers/envFrom/configMapRef/name",
    "volumes/projected/sources/configMap/name",
];

const SECRET_IN_POD: &[&str] = &[
    "volumes/secret/secretName",
    "containers/env/valueFrom/secretKeyRef/name",
    "initContainers/env/valueFrom/secretKeyRef/name",
    "containers/envFrom/secretRef/name",
    "initContainers/envFrom/secretRef/name",
    "imagePullSecrets/name",
    "volumes/projected/sources/secret/name",
];

/// What is named: group, version, kind; and by which fields: group, version, kind, path.
type Named = (
    (&'static str, &'static str, &'static str),
    &'static [(&'static str, &'static str, &'static str, &'static str)],
);

const RBAC: &str = "rbac.authorization.k8s.io";
const WEBHOOKS: &str = "admissionregistration.k8s.io";

const NAMED: &[Named] = &[
    (("", "", "Deployment"), &[("", "", "HorizontalPodAutoscaler", "spec/scaleTargetRef/name")]),
    (
        ("", "", "ReplicationController"),
        &[("", "", "HorizontalPodAutoscaler", "spec/scaleTargetRef/name")],
    ),
    (("", "", "ReplicaSet"), &[("", "", "HorizontalPodAutoscaler", "spec/scaleTargetRef/name")]),
    (("", "", "StatefulSet"), &[("", "", "HorizontalPodAutoscaler", "spec/scaleTargetRef/name")]),
    (
        ("", "v1", "ConfigMap"),
        &[
            ("", "", "Node", "spec/configSource/configMap"),
            ("", "", "Role", "rules/resourceNames"),
            ("", "", "ClusterRole", "rules/resourceNames"),
            (
                "",
                "",
                "Ingress",
                r"metadata/annotations/nginx.ingress.kubernetes.io\/fastcgi-params-configmap",
            ),
        ],
    ),
    (
        ("", "v1", "Secret"),
        &[
            ("", "", "Ingress", "spec/tls/secretName"),
            ("", "", "Ingress", r"metadata/annotations/ingress.kubernetes.io\/auth-secret"),
            ("", "", "Ingress", r"metadata/annotations/nginx.ingress.kubernetes.io\/auth-secret"),
            (
                "",
                "",
                "Ingress",
                r"metadata/annotations/nginx.ingress.kubernetes.io\/auth-tls-secret",
            ),
            // Kustomize lists it twice; the second one sees what the first one wrote.
            ("", "", "Ingress", "spec/tls/secretName"),
            ("", "", "ServiceAccount", "imagePullSecrets/name"),
            ("", "", "StorageClass", "parameters/secretName"),
            ("", "", "StorageClass", "parameters/adminSecretName"),
            ("", "", "StorageClass", "parameters/userSecretName"),
            ("", "", "StorageClass", "parameters/secretRef"),
            ("", "", "Role", "rules/resourceNames"),
            ("", "", "ClusterRole", "rules/resourceNames"),
            (
                "serving.knative.dev",
                "v1",
                "Service",
                "spec/template/spec/containers/env/valueFrom/secretKeyRef/name",
            ),
            ("", "", "PersistentVolume", "spec/azureFile/secretName"),
        ],
    ),
    (
        ("", "v1", "Service"),
        &[
            ("apps", "", "StatefulSet", "spec/serviceName"),
            ("", "", "Ingress", "spec/rules/http/paths/backend/serviceName"),
            ("", "", "Ingress", "spec/backend/serviceName"),
            ("", "", "Ingress", "spec/rules/http/paths/backend/service/name"),
            ("", "", "Ingress", "spec/defaultBackend/service/name"),
            ("apiregistration.k8s.io", "", "APIService", "spec/service/name"),
            (WEBHOOKS, "", "ValidatingWebhookConfiguration", "webhooks/clientConfig/service"),
            (WEBHOOKS, "", "MutatingWebhookConfiguration", "webhooks/clientConfig/service"),
        ],
    ),
    ((RBAC, "", "Role"), &[(RBAC, "", "RoleBinding", "roleRef/name")]),
    (
        (RBAC, "", "ClusterRole"),
        &[
            (RBAC, "", "RoleBinding", "roleRef/name"),
            (RBAC, "", "ClusterRoleBinding", "roleRef/name"),
        ],
    ),
    (
        ("", "v1", "ServiceAccount"),
        &[(RBAC, "", "RoleBinding", "subjects"), (RBAC, "", "ClusterRoleBinding", "subjects")],
    ),
    (("", "v1", "PersistentVolumeClaim"), &[]),
    (
        ("", "v1", "PersistentVolume"),
        &[
            ("", "", "PersistentVolumeClaim", "spec/volumeName"),
            ("", "", "ClusterRole", "rules/resourceNames"),
        ],
    ),
    (
        ("storage.k8s.io", "v1", "StorageClass"),
        &[
            ("", "", "PersistentVolume", "spec/storageClassName"),
            ("", "", "PersistentVolumeClaim", "spec/storageClassName"),
            ("", "", "StatefulSet", "spec/volumeClaimTemplates/spec/storageClassName"),
        ],
    ),
    (("scheduling.k8s.io", "v1", "PriorityClass"), &[]),
];

/// Where each kind keeps its pod template's metadata: group, version, kind, path.
const TEMPLATES: &[(&str, &str, &str, &str)] = &[
    ("", "v1", "ReplicationController", "spec/template/metadata"),
    ("", "", "Deployment", "spec/template/metadata"),
    ("", "", "ReplicaSet", "spec/template/metadata"),
    ("", "", "DaemonSet", "spec/template/metadata"),
    ("apps", "", "StatefulSet", "spec/template/metadata"),
    ("batch", "", "Job", "spec/template/metadata"),
    ("batch", "", "CronJob", "spec/jobTemplate/metadata"),
    ("batch", "", "CronJob", "spec/jobTemplate/spec/template/metadata"),
];

/// The selectors that `commonLabels` also sets: group, version, kind, path, whether it is created.
const SELECTORS: &[(&str, &str, &str, &str, bool)] = &[
    ("", "v1", "Service", "spec/selector", true),
    ("", "v1", "ReplicationController", "spec/selector", true),
    ("", "", "Deployment", "spec/selector/matchLabels", true),
    ("", "", "ReplicaSet", "spec/selector/matchLabels", true),
    ("", "", "DaemonSet", "spec/selector/matchLabels", true),
    ("apps", "", "StatefulSet", "spec/selector/matchLabels", true),
    ("batch", "", "Job", "spec/selector/matchLabels", false),
    ("batch", "", "CronJob", "spec/jobTemplate/spec/selector/matchLabels", false),
    ("policy", "", "PodDisruptionBudget", "spec/selector/matchLabels", false),
    ("networking.k8s.io", "", "NetworkPolicy", "spec/podSelector/matchLabels", false),
    ("networking.k8s.io", "", "NetworkPolicy", "spec/ingress/from/podSelector/matchLabels", false),
    ("networking.k8s.io", "", "NetworkPolicy", "spec/egress/to/podSelector/matchLabels", false),
];

/// The selectors inside the pod templates of Deployments and StatefulSets.
const SPREADING: &[&str] = &[
    "affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    "affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    "affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    "affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    "topologySpreadConstraints/labelSelector/matchLabels",
];

/// What in a container may hold a variable.
const VARIABLES_IN_CONTAINER: &[&str] = &["args", "command", "env/value", "volumeMounts/mountPath"];

/// Where else a variable may be used: kind, path.
const VARIABLES: &[(&str, &str)] = &[
    ("Ingress", "spec/rules/host"),
    ("Ingress", "spec/tls/hosts"),
    ("Ingress", "spec/tls/secretName"),
    ("Service", "spec/ports/port"),
    ("Service", "spec/ports/targetPort"),
    ("", "metadata/labels"),
    ("", "metadata/annotations"),
];

/// What has a number of replicas.
const REPLICATED: [&str; 4] = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"];

/// Kustomize's default configuration.
#[must_use]
pub fn config() -> Config {
    let name = Arc::new(vec![spec("", "", "", "metadata/name", false)]);
    Config {
        name_prefix: Arc::clone(&name),
        name_suffix: name,
        namespace: Arc::new(vec![
            spec("", "", "Namespace", "metadata/name", true),
            spec("apiregistration.k8s.io", "", "APIService", "spec/service/namespace", true),
            spec(
                "apiextensions.k8s.io",
                "",
                "CustomResourceDefinition",
                "spec/conversion/webhook/clientConfig/service/namespace",
                false,
            ),
        ]),
        labels: Arc::new(selectors().chain(labels()).collect()),
        own_labels: Arc::new(vec![spec("", "", "", "metadata/labels", true)]),
        template_labels: Arc::new(labels().collect()),
        annotations: Arc::new(metadata("annotations").collect()),
        name_references: Arc::new(NAMED.iter().map(name_reference).collect()),
        var_references: Arc::new(var_references()),
        replicas: Arc::new(REPLICATED.map(|kind| spec("", "", kind, "spec/replicas", true)).into()),
    }
}

fn spec(group: &str, version: &str, kind: &str, path: &str, create: bool) -> FieldSpec {
    FieldSpec {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        path: path.to_owned(),
        create,
    }
}

fn metadata(field: &str) -> impl Iterator<Item = FieldSpec> {
    let own = spec("", "", "", &format!("metadata/{field}"), true);
    let templates = TEMPLATES.iter().map(move |&(group, version, kind, path)| {
        spec(group, version, kind, &format!("{path}/{field}"), true)
    });
    std::iter::once(own).chain(templates.collect::<Vec<_>>())
}

fn labels() -> impl Iterator<Item = FieldSpec> {
    let claims = "spec/volumeClaimTemplates[]/metadata/labels";
    metadata("labels").chain(std::iter::once(spec("apps", "", "StatefulSet", claims, true)))
}

fn selectors() -> impl Iterator<Item = FieldSpec> {
    let plain = SELECTORS
        .iter()
        .map(|&(group, version, kind, path, create)| spec(group, version, kind, path, create));
    let inner = ["Deployment", "StatefulSet"].into_iter().flat_map(|kind| {
        let path =
            |path: &&str| spec("apps", "", kind, &format!("spec/template/spec/{path}"), false);
        SPREADING.iter().map(path)
    });
    plain.chain(inner)
}

fn name_reference(&((group, version, kind), singles): &Named) -> NameReference {
    let in_pods = match kind {
        "ConfigMap" => product(CONFIG_MAP_IN_POD),
        "Secret" => product(SECRET_IN_POD),
        "ServiceAccount" => scheduled("serviceAccountName"),
        "PersistentVolumeClaim" => scheduled("volumes/persistentVolumeClaim/claimName"),
        "PriorityClass" => scheduled("priorityClassName"),
        _ => Vec::new(),
    };
    let singles =
        singles.iter().map(|&(group, version, kind, path)| spec(group, version, kind, path, false));
    NameReference {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        referrers: Arc::new(in_pods.into_iter().chain(singles).collect()),
    }
}

fn product(fields: &[&str]) -> Vec<FieldSpec> {
    let of = |&(version, kind, pod): &(&str, &str, &str)| {
        let one = |field: &&str| spec("", version, kind, &format!("{pod}/{field}"), false);
        fields.iter().map(one).collect::<Vec<_>>()
    };
    WORKLOADS.iter().flat_map(of).collect()
}

fn scheduled(field: &str) -> Vec<FieldSpec> {
    SCHEDULED
        .iter()
        .map(|(kind, pod)| spec("", "", kind, &format!("{pod}/{field}"), false))
        .collect()
}

fn var_references() -> Vec<FieldSpec> {
    let mut specs = Vec::new();
    for (_, kind, pod) in WORKLOADS.iter().filter(|(_, kind, _)| *kind != "PodTemplate") {
        for containers in ["containers", "initContainers"] {
            for field in VARIABLES_IN_CONTAINER {
                specs.push(spec("", "", kind, &format!("{pod}/{containers}/{field}"), false));
            }
        }
    }
    specs.extend(VARIABLES.iter().map(|(kind, path)| spec("", "", kind, path, false)));
    specs
}

#[cfg(test)]
mod tests {
    use super::{Config, config};

    #[test]
    fn has_kustomizes_own_fields() {
        let config = config();
        let of = |kind: &str| {
            let found = config.name_references.iter().find(|reference| reference.kind == kind);
            found
                .unwrap()
                .referrers
                .iter()
                .map(|spec| format!("{} {}", spec.kind, spec.path))
                .collect::<Vec<_>>()
        };
        assert_eq!(of("Secret").len(), 70);
        assert!(of("ConfigMap").contains(
            &"CronJob spec/jobTemplate/spec/template/spec/volumes/projected/sources/configMap/name".to_owned()
        ));
        assert_eq!(of("ServiceAccount").len(), 9);
    }

    #[test]
    fn contradicts_itself_nowhere_and_loses_nothing() {
        let mut twice = (*Config::standard()).clone();
        twice.merge(&config()).unwrap();
        assert_eq!(twice, *Config::standard());
        let (standard, own) = (Config::standard(), config());
        assert_eq!(standard.name_references.len(), own.name_references.len());
        assert_eq!(standard.labels.len(), own.labels.len());
        assert_eq!(standard.annotations.len(), own.annotations.len());
    }
}
