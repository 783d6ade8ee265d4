//! The table of objects that provide secrets.

use crate::k8s::providers::users::{
    Made, ceph_client, ceph_cluster, ceph_user, crunchy, mongodb, percona, postgres_user, zalando,
};
use crate::yaml::node::Node;

/// Kinds of objects that make secrets, and the fields that name them.
#[derive(Debug)]
pub struct Row {
    /// The row's name; its example is `fixtures/providers/<id>.yaml`.
    pub id: &'static str,
    /// API groups, whatever their version; `*` in a group stands for any characters.
    pub groups: &'static [&'static str],
    /// Kinds; `*` for any.
    pub kinds: &'static [&'static str],
    /// The fields that name the secrets: the first of them that an object has.
    pub names: &'static [&'static str],
    /// Suffixes that the operator appends to the name; one secret for each.
    pub endings: &'static [&'static str],
    /// For operators that build names from several parts: the secrets of an object, by its name.
    pub spell: Option<fn(&Node, &str) -> Vec<Made>>,
    /// A field that must be set for a secret to be created.
    pub when: Option<&'static str>,
    /// A field that, if set, prevents the secret from being created.
    pub unless: Option<&'static str>,
    /// The field with the namespaces it is created in, if not the object's own: comma-separated
    /// or a list. Every namespace if the field is absent.
    pub into: Option<&'static str>,
    /// Which keys the secrets have.
    pub keys: Keys,
}

/// Which keys a secret has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// Unknown from the object.
    Unknown,
    /// Always these.
    Are(&'static [&'static str]),
    /// Those of `data` and `stringData`.
    OfData,
    /// Those from an ExternalSecret's entries and template.
    OfStub,
    /// Those of a sealed secret.
    OfSeal,
    /// Those of a certificate.
    OfCertificate,
    /// `data[].key` next to the name.
    Beside,
}

/// A row for the secrets that its fields name, with unknown keys.
const fn row(
    id: &'static str,
    groups: &'static [&'static str],
    kinds: &'static [&'static str],
    names: &'static [&'static str],
) -> Row {
    let (spell, when, unless, into) = (None, None, None, None);
    Row { id, groups, kinds, names, endings: &[""], spell, when, unless, into, keys: Keys::Unknown }
}

impl Row {
    const fn keys(mut self, keys: Keys) -> Self {
        self.keys = keys;
        self
    }

    const fn endings(mut self, endings: &'static [&'static str]) -> Self {
        self.endings = endings;
        self
    }

    const fn spell(mut self, spell: fn(&Node, &str) -> Vec<Made>) -> Self {
        self.spell = Some(spell);
        self
    }

    const fn when(mut self, path: &'static str) -> Self {
        self.when = Some(path);
        self
    }

    const fn unless(mut self, path: &'static str) -> Self {
        self.unless = Some(path);
        self
    }

    const fn into(mut self, path: &'static str) -> Self {
        self.into = Some(path);
        self
    }
}

const EXTERNAL_SECRETS: &[&str] = &["external-secrets.io"];
/// Rook.
const CEPH: &[&str] = &["ceph.rook.io"];
const STRIMZI: &[&str] = &["kafka.strimzi.io"];
/// Annotations that request a certificate from cert-manager; see its annotated Ingress and Gateway resources.
const ISSUER: &str = "metadata.annotations[{cert-manager.io/issuer,cert-manager.io/cluster-issuer,kubernetes.io/tls-acme}]";
const TLS: Keys = Keys::Are(&["tls.crt", "tls.key", "ca.crt"]);

/// The rows.
#[rustfmt::skip] // one line a kind
pub const ROWS: &[Row] = &[
    row("secret", &[""], &["Secret"], &["metadata.name"]).keys(Keys::OfData),
    row("external-secret", EXTERNAL_SECRETS, &["ExternalSecret"], &["spec.target.name", "metadata.name"])
        .unless("spec.target.manifest.kind").keys(Keys::OfStub),
    row("cluster-external-secret", EXTERNAL_SECRETS, &["ClusterExternalSecret"],
        &["spec.externalSecretSpec.target.name", "spec.externalSecretName", "metadata.name"])
        .unless("spec.externalSecretSpec.target.manifest.kind").into("spec.namespaces[]").keys(Keys::OfStub),
    row("old-external-secret", &["kubernetes-client.io"], &["ExternalSecret"], &["metadata.name"]),
    row("sealed-secret", &["bitnami.com"], &["SealedSecret"], &["metadata.name"]).keys(Keys::OfSeal),
    row("sops-secret", &["isindir.github.com"], &["SopsSecret"], &["spec.secretTemplates[].name"]),
    row("certificate", &["cert-manager.io", "networking.internal.knative.dev"], &["Certificate"], &["spec.secretName"]).keys(Keys::OfCertificate),
    row("certificate-ingress", &["networking.k8s.io", "extensions"], &["Ingress"], &["spec.tls[].secretName"]).when(ISSUER).keys(TLS),
    row("certificate-gateway", &["gateway.networking.k8s.io"], &["Gateway"], &["spec.listeners[].tls.certificateRefs[kind?=Secret].name"])
        .when(ISSUER).keys(TLS),
    row("acme-account", &["cert-manager.io"], &["Issuer", "ClusterIssuer"], &["spec.acme.privateKeySecretRef.name"]),
    row("vault-secret", &["secrets.hashicorp.com"], &["VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret", "HCPVaultSecretsApp"],
        &["spec.destination[create=true].name"]),
    row("secret-provider-class", &["secrets-store.csi.x-k8s.io"], &["SecretProviderClass"], &["spec.secretObjects[].secretName"]).keys(Keys::Beside),
    row("connection-secret", &["*"], &["*"], &["spec.writeConnectionSecretToRef.name"]),
    row("azure-service-operator", &["*.azure.com"], &["*"], &["spec.operatorSpec.{secrets.*,secretExpressions[]}.name"]),
    row("cnpg", &["postgresql.cnpg.io"], &["Cluster"], &["metadata.name"]).endings(&["-app", "-superuser", "-ca", "-server", "-replication"]),
    row("zalando-postgresql", &["acid.zalan.do"], &["postgresql"], &["metadata.name"]).spell(zalando),
    row("crunchy-postgres", &["postgres-operator.crunchydata.com", "pgv2.percona.com"], &["PostgresCluster", "PerconaPGCluster"], &["metadata.name"])
        .spell(crunchy),
    row("mongodb-community", &["mongodbcommunity.mongodb.com"], &["MongoDBCommunity"], &["metadata.name"]).spell(mongodb),
    row("percona", &["psmdb.percona.com"], &["PerconaServerMongoDB"], &["spec.secrets.{users,encryptionKey,keyFile,ssl,sslInternal}"])
        .spell(percona),
    row("percona", &["psmdb.percona.com", "pxc.percona.com", "ps.percona.com"], &["PerconaServerMongoDB", "PerconaXtraDBCluster", "PerconaServerMySQL"],
        &["metadata.name"]).endings(&["-secrets", "-ssl", "-ssl-internal", "-mongodb-encryption-key", "-mongodb-keyfile"]),
    row("percona", &["pxc.percona.com", "ps.percona.com"], &["PerconaXtraDBCluster", "PerconaServerMySQL"],
        &["spec.{secretsName,sslSecretName,sslInternalSecretName}"]).spell(percona),
    row("strimzi-cluster", STRIMZI, &["Kafka"], &["metadata.name"])
        .endings(&["-cluster-ca", "-cluster-ca-cert", "-clients-ca", "-clients-ca-cert", "-cluster-operator-certs"]),
    row("strimzi-user", STRIMZI, &["KafkaUser"], &["metadata.name"]),
    row("rabbitmq", &["rabbitmq.com"], &["RabbitmqCluster"], &["metadata.name"]).endings(&["-default-user"])
        .unless("spec.secretBackend.externalSecret.name"),
    row("rabbitmq-user", &["rabbitmq.com"], &["User"], &["metadata.name"]).endings(&["-user-credentials"]),
    row("elasticsearch", &["elasticsearch.k8s.elastic.co"], &["Elasticsearch"], &["metadata.name"])
        .endings(&["-es-elastic-user", "-es-http-certs-public", "-es-http-certs-internal"]),
    row("grafana", &["grafana.integreatly.org"], &["Grafana"], &["metadata.name"]).endings(&["-admin-credentials"])
        .unless("spec.{external.url,[disableDefaultAdminSecret=true].disableDefaultAdminSecret}")
        .keys(Keys::Are(&["GF_SECURITY_ADMIN_USER", "GF_SECURITY_ADMIN_PASSWORD"])),
    row("grafana-service-account", &["grafana.integreatly.org"], &["GrafanaServiceAccount"], &["spec.tokens[].secretName"]).keys(Keys::Are(&["token"])),
    row("bucket-claim", &["objectbucket.io"], &["ObjectBucketClaim"], &["metadata.name"])
        .keys(Keys::Are(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])),
    row("ceph-cluster", CEPH, &["CephCluster"], &["metadata.name"]).spell(ceph_cluster),
    row("ceph-object-user", CEPH, &["CephObjectStoreUser"], &["metadata.name"]).spell(ceph_user),
    row("ceph-client", CEPH, &["CephClient"], &["spec.secretName", "metadata.name"]).spell(ceph_client),
    row("garage-key", &["garage.*"], &["GarageKey", "AccessKey"], &["spec.{secretTemplate.name,secretName}", "metadata.name"]),
    row("cluster-api", &["cluster.x-k8s.io"], &["Cluster"], &["metadata.name"]).endings(&["-kubeconfig", "-ca", "-etcd", "-proxy", "-sa"]),
    row("keycloak", &["k8s.keycloak.org"], &["Keycloak"], &["metadata.name"]).endings(&["-initial-admin"])
        .unless("spec.bootstrapAdmin.user.secret"),
    row("mariadb-connection", &["k8s.mariadb.com"], &["Connection"], &["spec.secretName", "metadata.name"]),
    row("mariadb", &["k8s.mariadb.com"], &["MariaDB"],
        &["spec.{rootPasswordSecretKeyRef[generate=true],passwordSecretKeyRef[generate=true]}.name"]),
    row("postgres-user", &["db.movetokube.com"], &["PostgresUser"], &["spec.secretName"]).spell(postgres_user),
    row("aiven", &["aiven.io"], &["*"], &["spec.connInfoSecretTarget.name"]),
    row("kibana", &["kibana.k8s.elastic.co"], &["Kibana"], &["metadata.name"])
        .endings(&["-kb-http-certs-public", "-kb-http-certs-internal", "-kb-es-ca", "-kibana-user"]),
    row("trust-bundle", &["trust.cert-manager.io"], &["Bundle"], &["metadata.name"]).when("spec.target.secret.key").into("spec.target.namespaces[]"),
    row("phase-secret", &["secrets.phase.dev"], &["PhaseSecret"], &["spec.managedSecretReferences[].secretName"]),
    row("vals-secret", &["digitalis.io"], &["ValsSecret"], &["spec.name", "metadata.name"]),
    row("config-syncer", &[""], &["Secret"], &["metadata.name"]).when("metadata.annotations[kubed.appscode.com/sync]")
        .into("metadata.annotations[kubed.appscode.com/sync-to-no-namespaces]").keys(Keys::OfData),
    row("one-password-item", &["onepassword.com"], &["OnePasswordItem"], &["metadata.name"]),
    row("doppler-secret", &["secrets.doppler.com"], &["DopplerSecret"], &["spec.managedSecret.name"]),
    row("infisical-secret", &["secrets.infisical.com"], &["InfisicalSecret", "InfisicalDynamicSecret"],
        &["spec.{managedSecretReference,managedKubeSecretReferences[]}.secretName"]),
    row("bitwarden-secret", &["*"], &["BitwardenSecret"], &["spec.secretName", "spec.name"]),
    row("mittwald-generator", &["secretgenerator.mittwald.de"], &["StringSecret", "BasicAuth", "SSHKeyPair"], &["metadata.name"]),
    row("ricoberger-vault-secret", &["ricoberger.de"], &["VaultSecret"], &["metadata.name"]),
    row("azure-key-vault-secret", &["spv.no"], &["AzureKeyVaultSecret"], &["spec.output.secret.name"]),
    row("serving-certificate", &["*"], &["*"], &[
        "metadata.annotations[{service.beta.openshift.io/serving-cert-secret-name,service.alpha.openshift.io/serving-cert-secret-name}]",
    ]),
    row("kyverno-generate", &["kyverno.io"], &["ClusterPolicy", "Policy"], &["spec.rules[].{generate[kind=Secret],generate.foreach[kind=Secret]}.name"])
        .into("spec.rules[].{generate[kind=Secret],generate.foreach[kind=Secret]}.namespace"),
    row("reflector", &[""], &["Secret"], &["metadata.name"])
        .when("metadata.annotations[reflector.v1.k8s.emberstack.com/reflection-auto-enabled=true][reflector.v1.k8s.emberstack.com/reflection-auto-enabled]")
        .into("metadata.annotations[reflector.v1.k8s.emberstack.com/reflection-auto-namespaces]").keys(Keys::OfData),
    row("reflector", &["cert-manager.io"], &["Certificate"], &["spec.secretName"])
        .when("spec.secretTemplate.annotations[reflector.v1.k8s.emberstack.com/reflection-auto-enabled=true][reflector.v1.k8s.emberstack.com/reflection-auto-enabled]")
        .into("spec.secretTemplate.annotations[reflector.v1.k8s.emberstack.com/reflection-auto-namespaces]").keys(Keys::OfCertificate),
    row("reflector", EXTERNAL_SECRETS, &["ExternalSecret"], &["spec.target.name", "metadata.name"])
        .when("spec.target.template.metadata.annotations[reflector.v1.k8s.emberstack.com/reflection-auto-enabled=true][reflector.v1.k8s.emberstack.com/reflection-auto-enabled]")
        .into("spec.target.template.metadata.annotations[reflector.v1.k8s.emberstack.com/reflection-auto-namespaces]").keys(Keys::OfStub),
    row("replicator", &[""], &["Secret"], &["metadata.name"])
        .when("metadata.annotations[replicator.v1.mittwald.de/replicate-to]")
        .into("metadata.annotations[replicator.v1.mittwald.de/replicate-to]").keys(Keys::OfData),
];
