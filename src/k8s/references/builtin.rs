//! What names a secret outside a pod spec in Kubernetes' own objects, and in annotations.

use crate::k8s::found::Role;
use crate::k8s::references::pod_spec::CORE;
use crate::k8s::references::row::{Reads, Row, row};

/// Rows of Kubernetes' own kinds.
#[rustfmt::skip] // one line a field
pub const ROWS: &[Row] = &[
    row("tls", CORE, &["Ingress"], &["spec.tls[].secretName"]),
    row("ingress-annotation", CORE, &["Ingress"], &[
        "metadata.annotations[ingress.kubernetes.io/auth-secret]",
        "metadata.annotations[nginx.ingress.kubernetes.io/{auth-secret,auth-tls-secret,proxy-ssl-secret}]",
    ]).reads(Reads::Scoped),
    row("ingress-oidc", CORE, &["Ingress", "Service"], &["metadata.annotations[alb.ingress.kubernetes.io/auth-idp-oidc]"]).reads(Reads::Json("secretName")),
    row("service-account", CORE, &["ServiceAccount"], &["secrets[].name"]),
    row("service-account-pull", CORE, &["ServiceAccount"], &["imagePullSecrets[].name"]),
    row("storage-class", &["storage.k8s.io"], &["StorageClass"], &[
        "parameters.{secretName,adminSecretName,userSecretName,secretRef}",
        "parameters[csi.storage.k8s.io/{provisioner,controller-publish,node-stage,node-publish,controller-expand,node-expand}-secret-name]",
    ]),
    row("snapshot-class", &["snapshot.storage.k8s.io", "groupsnapshot.storage.k8s.io"], &["VolumeSnapshotClass", "VolumeGroupSnapshotClass"], &[
        "parameters[csi.storage.k8s.io/{snapshotter,snapshotter-list,group-snapshotter}-secret-name]",
    ]),
    row("persistent-volume", CORE, &["PersistentVolume"], &[
        "spec.azureFile.secretName",
        "spec.{cephfs,rbd,iscsi,flexVolume,scaleIO,storageos,cinder}.secretRef.name",
        "spec.csi.{controllerPublish,nodeStage,nodePublish,controllerExpand,nodeExpand}SecretRef.name",
        "spec.csi.volumeAttributes.secretName",
    ]),
    row("rbac", &["rbac.authorization.k8s.io"], &["Role", "ClusterRole"], &["rules[resources=secrets].resourceNames[]"]).role(Role::Grant),
];

/// Rows of annotations that any object may have.
#[rustfmt::skip] // one line a field
pub const ANNOTATIONS: &[Row] = &[
    row("reloader", &["*"], &["*"], &[
        "{metadata,spec.template.metadata,spec.jobTemplate.spec.template.metadata}.annotations[secret.reloader.stakater.com/reload]",
    ]).reads(Reads::List).role(Role::Watch),
    row("ca-injector", &["*"], &["*"], &["metadata.annotations[cert-manager.io/inject-ca-from-secret]"]).reads(Reads::Scoped),
    row("image-updater", &["argoproj.io"], &["Application"], &[
        "metadata.annotations[argocd-image-updater.argoproj.io/{write-back-method,*.pull-secret}]",
    ]).reads(Reads::Behind("secret:")),
];
