//! Secrets named by operators: Prometheus, databases, queues, KEDA, the secret operators.

use crate::k8s::references::row::{Row, row};

const CNPG: &[&str] = &["postgresql.cnpg.io"];
const EXTERNAL_SECRETS: &[&str] = &["external-secrets.io"];
const PROMETHEUS: &[&str] = &["monitoring.coreos.com"];
const PROMETHEUS_KINDS: &[&str] = &[
    "Alertmanager",
    "AlertmanagerConfig",
    "PodMonitor",
    "Probe",
    "Prometheus",
    "PrometheusAgent",
    "ScrapeConfig",
    "ServiceMonitor",
    "ThanosRuler",
];

/// The rows.
#[rustfmt::skip] // one line a field
pub const ROWS: &[Row] = &[
    row("prometheus-client", PROMETHEUS, PROMETHEUS_KINDS, &[
        "spec.**.basicAuth.{username,password}.name", "spec.**.{authorization.credentials,bearerTokenSecret}.name",
        "spec.**.oauth2.{clientSecret,clientId.secret}.name", "spec.**.{ca.secret,cert.secret,client_ca.secret,keySecret}.name",
        "spec.**.sigv4.{accessKey,secretKey}.name", "spec.**.azureAd.oauth.clientSecret.name", "spec.**.proxyConnectHeader.*.name",
    ]),
    row("prometheus-files", PROMETHEUS, &["Prometheus", "PrometheusAgent", "ThanosRuler"], &[
        "spec.{additionalScrapeConfigs,additionalAlertRelabelConfigs,additionalAlertManagerConfigs,alertRelabelConfigs,alertmanagersConfig,queryConfig,objectStorageConfig,tracingConfig}.name",
        "spec.thanos.{objectStorageConfig,tracingConfig}.name",
    ]),
    row("prometheus-mounts", PROMETHEUS, &["Prometheus", "PrometheusAgent", "Alertmanager"], &["spec.{secrets[],configSecret}"]),
    row("prometheus-scrape", PROMETHEUS, &["ScrapeConfig"], &[
        "spec.*[].{tokenRef,applicationCredentialSecret,applicationSecret,consumerKey,accessKey,secretKey,password,clientSecret}.name",
    ]),
    row("alertmanager-receiver", PROMETHEUS, &["AlertmanagerConfig"], &[
        "spec.receivers[].*[].{apiURL,apiKey,apiSecret,appSecret,authPassword,authSecret,botToken,routingKey,serviceKey,token,tokenID,urlSecret,userKey,webhookURL,webhookUrl}.name",
    ]),
    row("alertmanager-global", PROMETHEUS, &["Alertmanager"], &["spec.alertmanagerConfiguration.global.**.{slackApiUrl,opsGenieApiUrl,opsGenieApiKey,pagerdutyUrl,authPassword,authSecret,token,tokenID,apiKey,apiSecret}.name"]),
    row("grafana", &["grafana.integreatly.org"], &["*"], &[
        "spec.**.{secretKeyRef,certSecretRef,pullSecretRef}.name", "spec.external.{adminUser,adminPassword,apiKey}.name", "spec.client.auth.token.name",
    ]),
    row("keda", &["keda.sh"], &["TriggerAuthentication", "ClusterTriggerAuthentication"], &[
        "spec.secretTargetRef[].name", "spec.{awsSecretManager,azureKeyVault,gcpSecretManager}.credentials.*.valueFrom.secretKeyRef.name",
    ]),
    row("cnpg-cluster", CNPG, &["Cluster"], &[
        "spec.{superuserSecret,bootstrap.initdb.secret,bootstrap.recovery.secret,bootstrap.pg_basebackup.secret}.name",
        "spec.managed.roles[].passwordSecret.name", "spec.certificates.{serverCASecret,serverTLSSecret,clientCASecret,replicationTLSSecret}",
        "spec.externalClusters[].{password,sslCert,sslKey,sslRootCert}.name", "spec.bootstrap.initdb.postInit*SQLRefs.secretRefs[].name",
        "spec.monitoring.customQueriesSecret[].name", "spec.postgresql.ldap.bindSearchAuth.bindPassword.name",
        "spec.projectedVolumeTemplate.sources[].secret.name",
    ]),
    row("cnpg-object-store", &["postgresql.cnpg.io", "barmancloud.cnpg.io"], &["Cluster", "ObjectStore"], &[
        "spec.**.s3Credentials.{accessKeyId,secretAccessKey,sessionToken,region}.name", "spec.**.azureCredentials.*.name",
        "spec.**.{googleCredentials.applicationCredentials,endpointCA}.name", "spec.instanceSidecarConfiguration.env[].valueFrom.secretKeyRef.name",
    ]),
    row("cnpg-pooler", CNPG, &["Pooler"], &["spec.pgbouncer.{authQuerySecret,clientCASecret,clientTLSSecret,serverCASecret,serverTLSSecret}.name"]),
    row("cnpg-role", CNPG, &["DatabaseRole"], &["spec.passwordSecret.name"]),
    row("strimzi-listener", &["kafka.strimzi.io"], &["Kafka"], &[
        "spec.kafka.listeners[].configuration.brokerCertChainAndKey.secretName", "spec.cruiseControl.apiUsers.valueFrom.secretKeyRef.name",
    ]),
    row("strimzi-client", &["kafka.strimzi.io"], &["*"], &[
        "spec.**.{authentication,authorization}.{passwordSecret,certificateAndKey,clientSecret,clientAssertion,accessToken,refreshToken,tlsTrustedCertificates[],secrets[]}.secretName",
        "spec.**.tls.trustedCertificates[].secretName", "spec.build.output.pushSecret", "spec.template.buildConfig.pullSecret",
        "spec.**.{tracing,metricsConfig,logging}.valueFrom.secretKeyRef.name",
    ]),
    row("strimzi-user", &["kafka.strimzi.io"], &["KafkaUser"], &["spec.authentication.password.valueFrom.secretKeyRef.name"]),
    row("elastic", &["*.k8s.elastic.co"], &["*"], &[
        "spec.{secureSettings[],auth.fileRealm[],auth.roles[]}.secretName", "spec.**.tls.certificate.secretName",
        "spec.{elasticsearchRef,kibanaRef,enterpriseSearchRef,fleetServerRef,elasticsearchRefs[],monitoring.metrics.elasticsearchRefs[],monitoring.logs.elasticsearchRefs[]}.secretName",
    ]),
    row("rabbitmq", &["rabbitmq.com"], &["RabbitmqCluster"], &["spec.tls.{secretName,caSecretName}", "spec.secretBackend.externalSecret.name"]),
    row("rabbitmq-topology", &["rabbitmq.com"], &["*"], &["spec.{uriSecret,upstreamSecret,importCredentialsSecret,rabbitmqClusterReference.connectionSecret}.name"]),
    row("keycloak", &["k8s.keycloak.org"], &["Keycloak"], &[
        "spec.db.{usernameSecret,passwordSecret}.name", "spec.{http,admin,ingress}.tlsSecret", "spec.bootstrapAdmin.{user,service}.secret",
        "spec.{additionalOptions[],env[],truststores.*}.secret.name",
    ]),
    row("kyverno", &["kyverno.io", "policies.kyverno.io"], &["*"], &["spec.**.imageRegistryCredentials.secrets[]", "spec.**.keys.secret.name", "spec.credentials.secrets[]"]),
    row("spark", &["sparkoperator.k8s.io"], &["SparkApplication", "ScheduledSparkApplication"], &[
        "**.{driver,executor}.secrets[].name", "{spec,spec.template}.imagePullSecrets[]",
    ]),
    row("secret-store", EXTERNAL_SECRETS, &["SecretStore", "ClusterSecretStore"], &[
        "spec.provider.**.{*SecretRef,secretRef,*accessToken,accessID,accessKeyID,accessType,accessTypeParam,apiKeyRef,appId,appSecret,authRef,bearerToken,clientCert,clientCertificate,clientId,clientKey,clientSecret,credentials,dopplerToken,fingerprint,identityId,jwt,ldapPassword,ldapUsername,passcodeRef,passwordSecret,privateKey,privateKeyPassphrase,privatekey,region,resource,roleRef,secretAccessKey,serviceAccountKeyFilePath,serviceAccountTokenPath,tenancyId,tenantId,token,userId,userRef,usernameSecret}.name",
        "spec.provider.**.caProvider[type=Secret].name",
    ]),
    row("external-secret-template", EXTERNAL_SECRETS, &["ExternalSecret", "ClusterExternalSecret"], &["spec.{target,externalSecretSpec.target}.template.templateFrom[].secret.name"]),
    row("push-secret-template", EXTERNAL_SECRETS, &["PushSecret", "ClusterPushSecret"], &["{spec,spec.pushSecretSpec}.template.templateFrom[].secret.name"]),
    row("push-secret", EXTERNAL_SECRETS, &["PushSecret", "ClusterPushSecret"], &["spec.{selector,pushSecretSpec.selector}.secret.name"]),
];
