"""Which Secrets an object makes, by what its controller's documentation says."""

import collections

from objects import at, group, name_of

# `keys` are None where they cannot be known; `whole`: whether the object wants the Secret for itself; `namespaces`: where it
# is copied to, `namespace`: where it is made, if not beside the object.
Secret = collections.namedtuple("Secret", "secret keys whole namespace namespaces", defaults=(None, False, None, None))
# Fields that name the Secret that an object makes.
FIELDS = {
    ("Certificate", "cert-manager.io"): ("spec.secretName",),
    ("VaultStaticSecret", "secrets.hashicorp.com"): ("spec.destination.name",),
    ("VaultDynamicSecret", "secrets.hashicorp.com"): ("spec.destination.name",),
    ("AzureKeyVaultSecret", "spv.no"): ("spec.output.secret.name",),
    ("ObjectBucketClaim", "objectbucket.io"): ("metadata.name",),
    ("OnePasswordItem", "onepassword.com"): ("metadata.name",),
    ("RabbitmqCluster", "rabbitmq.com"): ("metadata.name",),
}
# Endings that a controller puts behind an object's name.
ENDINGS = {
    ("Cluster", "postgresql.cnpg.io"): ("-app", "-superuser", "-ca", "-server", "-replication"),
    ("Elasticsearch", "elasticsearch.k8s.elastic.co"): ("-es-elastic-user", "-es-http-certs-public", "-es-http-certs-internal"),
    ("RabbitmqCluster", "rabbitmq.com"): ("-default-user",),
}
CERTIFICATE = ("tls.crt", "tls.key", "ca.crt")
ISSUERS = ("cert-manager.io/cluster-issuer", "cert-manager.io/issuer", "kubernetes.io/tls-acme")
COPIERS = ("reflector.v1.k8s.emberstack.com/", "replicator.v1.mittwald.de/", "kubed.appscode.com/")


def makes(document):
    """Every Secret that an object makes."""
    kind = document.get("kind"), group(document)
    spec = document.get("spec") or {}
    if kind == ("Secret", ""):
        yield secret(document)
    elif kind == ("ExternalSecret", "external-secrets.io"):
        yield external(name_of(document), spec)
    elif kind == ("ClusterExternalSecret", "external-secrets.io"):
        inner = at(spec, "externalSecretSpec") or {}
        one = external(at(spec, "externalSecretName") or name_of(document), inner)
        yield one._replace(namespaces=spec.get("namespaces") or ["*"])
    elif kind == ("SealedSecret", "bitnami.com"):
        # The controller gives the Secret its own name, whatever the template says.
        keys = {*(spec.get("encryptedData") or {}), *(at(spec, "template", "data") or {})}
        yield Secret(name_of(document), frozenset(keys) or None, True)
    elif kind[0] == "SopsSecret":
        for one in spec.get("secretTemplates") or []:
            yield Secret(one.get("name"), frozenset({*(one.get("data") or {}), *(one.get("stringData") or {})}) or None)
    elif kind[0] == "SecretProviderClass":
        for one in spec.get("secretObjects") or []:
            yield Secret(one.get("secretName"))
    elif kind[0] == "InfisicalSecret":
        for one in [at(spec, "managedSecretReference"), *(spec.get("managedKubeSecretReferences") or [])]:
            if one:
                yield Secret(one.get("secretName"), namespace=one.get("secretNamespace"))
    for field in FIELDS.get(kind, ()):
        name = at(document, *field.split("."))
        if name:
            is_certificate = kind[0] == "Certificate"
            yield Secret(name, frozenset(CERTIFICATE) if is_certificate and not spec.get("keystores") else None, is_certificate)
    for ending in ENDINGS.get(kind, ()):
        yield Secret(f"{name_of(document)}{ending}")
    yield from annotated(document, kind[0], spec)


def annotated(document, kind, spec):
    """What an annotation asks cert-manager or OpenShift for."""
    annotations = at(document, "metadata", "annotations") or {}
    if any(key in annotations for key in ISSUERS):
        listed = spec.get("tls") or [] if kind == "Ingress" else []
        for one in listed:
            if isinstance(one, dict) and one.get("secretName"):
                yield Secret(one["secretName"])
        for one in spec.get("listeners") or [] if kind == "Gateway" else []:
            for reference in at(one, "tls", "certificateRefs") or []:
                yield Secret(reference.get("name"))
    for key, value in annotations.items():
        if key.endswith("openshift.io/serving-cert-secret-name"):
            yield Secret(value, frozenset(CERTIFICATE[:2]))


def secret(document):
    """A Secret as it stands, SOPS or not."""
    keys = {*(document.get("data") or {}), *(document.get("stringData") or {})}
    annotations = at(document, "metadata", "annotations") or {}
    filled = str(document.get("type") or "").startswith("kubernetes.io/service-account-token")
    copied = any(key.startswith(COPIERS) for key in annotations)
    values = [*(document.get("data") or {}).values(), *(document.get("stringData") or {}).values()]
    managed = any(key.startswith("sealedsecrets.bitnami.com/") for key in annotations)
    return Secret(name_of(document), frozenset(keys) if keys and not filled else None, any(values) and not managed,
                  namespaces=["*"] if copied else None)


def external(name, spec):
    """What an ExternalSecret makes."""
    target = spec.get("target") or {}
    template = target.get("template") or {}
    open_ended = spec.get("dataFrom") or template.get("templateFrom") or target.get("creationPolicy") in ("Merge", "CreateOrMerge")
    own = {one.get("secretKey") for one in spec.get("data") or [] if isinstance(one, dict)}
    written = set(template.get("data") or {})
    keys = written | own if template.get("mergePolicy") == "Merge" else written or own
    if open_ended and not (written and not template.get("templateFrom") and template.get("mergePolicy") != "Merge"
                           and target.get("creationPolicy") not in ("Merge", "CreateOrMerge")):
        keys = None
    annotations = at(template, "metadata", "annotations") or {}
    copied = any(key.startswith(COPIERS) for key in annotations)
    return Secret(target.get("name") or name, frozenset(keys) if keys else None,
                  target.get("creationPolicy") in (None, "Owner", "Orphan"), namespaces=["*"] if copied else None)

