//! Secrets named by certificates, gateways, ingress controllers and meshes.

use crate::k8s::references::row::{Reads, Row, row};

const CERT_MANAGER: &[&str] = &["cert-manager.io"];
const ENVOY: &[&str] = &["gateway.envoyproxy.io"];
const ISTIO: &[&str] = &["networking.istio.io"];
const TRAEFIK: &[&str] = &["traefik.io", "traefik.containo.us"];

/// The rows.
#[rustfmt::skip] // one line a field
pub const ROWS: &[Row] = &[
    row("cert-manager-issuer", CERT_MANAGER, &["Issuer", "ClusterIssuer"], &[
        "spec.acme.externalAccountBinding.keySecretRef.name",
        "spec.ca.secretName",
        "spec.vault.{auth.appRole.secretRef,auth.kubernetes.secretRef,auth.tokenSecretRef,caBundleSecretRef,clientCertSecretRef,clientKeySecretRef}.name",
        "spec.vault.auth.clientCertificate.secretName",
        "spec.venafi.{cloud.apiTokenSecretRef,tpp.caBundleSecretRef,tpp.credentialsRef}.name",
    ]),
    row("cert-manager-solver", &["cert-manager.io", "acme.cert-manager.io"], &["Issuer", "ClusterIssuer", "Challenge"], &[
        "spec.{acme.solvers[],solver}.dns01.acmeDNS.accountSecretRef.name",
        "spec.{acme.solvers[],solver}.dns01.akamai.{accessToken,clientSecret,clientToken}SecretRef.name",
        "spec.{acme.solvers[],solver}.dns01.azureDNS.clientSecretSecretRef.name",
        "spec.{acme.solvers[],solver}.dns01.cloudDNS.serviceAccountSecretRef.name",
        "spec.{acme.solvers[],solver}.dns01.cloudflare.{apiKey,apiToken}SecretRef.name",
        "spec.{acme.solvers[],solver}.dns01.digitalocean.tokenSecretRef.name",
        "spec.{acme.solvers[],solver}.dns01.rfc2136.tsigSecretSecretRef.name",
        "spec.{acme.solvers[],solver}.dns01.route53.{accessKeyID,secretAccessKey}SecretRef.name",
        "spec.{acme.solvers[],solver}.http01.**.imagePullSecrets[].name",
    ]),
    row("cert-manager-keystore", CERT_MANAGER, &["Certificate"], &["spec.keystores.{jks,pkcs12}.passwordSecretRef.name"]),
    row("gateway-certificate", &["gateway.networking.k8s.io", "gateway.networking.x-k8s.io"], &["Gateway", "ListenerSet", "XListenerSet"], &[
        "spec.listeners[].tls.certificateRefs[kind?=Secret].name",
        "spec.tls.backend.clientCertificateRef[kind?=Secret].name",
    ]),
    row("gateway-reference-grant", &["gateway.networking.k8s.io"], &["ReferenceGrant"], &["spec.to[kind=Secret].name"]),
    row("envoy-gateway", ENVOY, &["SecurityPolicy", "ClientTrafficPolicy", "HTTPRouteFilter", "Backend", "EnvoyProxy", "EnvoyExtensionPolicy"], &[
        "spec.{oidc.clientSecret,oidc.clientIDRef,basicAuth.users,apiKeyAuth.credentialRefs[]}[kind?=Secret].name",
        "spec.**.{caCertificateRefs[],crl.refs[]}[kind=Secret].name",
        "spec.{tls,backendTLS}.clientCertificateRef[kind?=Secret].name",
        "spec.credentialInjection.credential.valueRef[kind?=Secret].name",
        "spec.**.image.pullSecretRef.name",
    ]),
    row("istio-gateway", ISTIO, &["Gateway"], &["spec.servers[].tls.{credentialName,credentialNames[],caCertCredentialName}"]).reads(Reads::Proxy),
    row("istio-destination-rule", ISTIO, &["DestinationRule"], &[
        "spec.{trafficPolicy,subsets[].trafficPolicy}.{tls,portLevelSettings[].tls}.credentialName",
    ]).reads(Reads::Proxy),
    row("istio-sidecar", ISTIO, &["Sidecar"], &["spec.ingress[].tls.credentialName"]).reads(Reads::Proxy),
    row("istio-wasm", &["extensions.istio.io"], &["WasmPlugin"], &["spec.imagePullSecret"]),
    row("traefik-ingress-route", TRAEFIK, &["IngressRoute", "IngressRouteTCP"], &["spec.tls.secretName"]),
    row("traefik-tls-store", TRAEFIK, &["TLSStore"], &["spec.{defaultCertificate,certificates[]}.secretName"]),
    row("traefik-tls-option", TRAEFIK, &["TLSOption"], &["spec.clientAuth.secretNames[]"]),
    row("traefik-middleware", TRAEFIK, &["Middleware"], &[
        "spec.{basicAuth,digestAuth,rateLimit.redis}.secret", "spec.{forwardAuth,rateLimit.redis}.tls.{caSecret,certSecret}",
    ]),
    row("traefik-transport", TRAEFIK, &["ServersTransport", "ServersTransportTCP"], &[
        "spec.{certificatesSecrets[],rootCAsSecrets[],rootCAs[].secret}", "spec.tls.{certificatesSecrets[],rootCAsSecrets[],rootCAs[].secret}",
    ]),
    row("contour", &["projectcontour.io"], &["HTTPProxy", "ExtensionService", "TLSCertificateDelegation"], &[
        "spec.virtualhost.tls.secretName", "spec.delegations[].secretName",
        "spec.**.{validation,clientValidation}.{caSecret,crlSecret}",
    ]).reads(Reads::Scoped),
    row("kong", &["configuration.konghq.com"], &["KongPlugin", "KongClusterPlugin", "TCPIngress"], &[
        "{configFrom,configPatches[].valueFrom}.secretKeyRef.name", "spec.tls[].secretName",
    ]),
    row("kong-consumer", &["configuration.konghq.com"], &["KongConsumer"], &["credentials[]"]),
    row("ambassador", &["getambassador.io"], &["Host", "TLSContext", "Filter"], &[
        "spec.{tlsSecret,acmeProvider.privateKeySecret}.name", "spec.tls.{ca_secret,crl_secret,v3CRLSecret}",
        "spec.{secret,ca_secret,crl_secret,v3CRLSecret}", "spec.{OAuth2,APIKey.keys[],v3APIKey.keys[]}.secretName",
    ]),
    row("apisix", &["apisix.apache.org"], &["ApisixTls"], &["spec.{secret,client.caSecret}.name"]),
    row("gke-backend-config", &["cloud.google.com"], &["BackendConfig"], &["spec.iap.oauthclientCredentials.secretName"]),
    row("knative-domain", &["serving.knative.dev"], &["DomainMapping"], &["spec.tls.secretName"]),
    row("knative-eventing", &["sources.knative.dev", "eventing.knative.dev", "*.eventing.knative.dev", "messaging.knative.dev"], &["*"], &["spec.**.secretKeyRef.name"]),
];
