"""Objects of a rendering: which names of Secrets they use, and which Secrets they make."""

import collections
import re

import yaml


class Typed(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """YAML as Kubernetes reads it: a date is a text, and so is `=`."""


Typed.yaml_implicit_resolvers = {first: [pair for pair in pairs if not pair[0].endswith((":timestamp", ":value"))]
                                 for first, pairs in Typed.yaml_implicit_resolvers.items()}
# Every scalar as the text that it is written as: a version of fourteen digits stays one.
Texts = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
POD_SPECS = {
    "Pod": "spec", "PodTemplate": "template.spec", "CronJob": "spec.jobTemplate.spec.template.spec",
    **dict.fromkeys(("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "ReplicationController", "Job"), "spec.template.spec"),
}
CORE_GROUPS = {"", "apps", "batch", "extensions", "networking.k8s.io"}
CONTAINERS = ("containers[]", "initContainers[]", "ephemeralContainers[]")
IN_PODS = (*(f"{container}.{place}" for container in CONTAINERS
             for place in ("env[].valueFrom.secretKeyRef.name", "envFrom[].secretRef.name")),
           "volumes[].secret.secretName", "volumes[].projected.sources[].secret.name",
           "volumes[].csi.nodePublishSecretRef.name", "imagePullSecrets[].name")
INGRESS = "spec.tls[].secretName"
INGRESS_ANNOTATIONS = ("ingress.kubernetes.io/auth-secret", "nginx.ingress.kubernetes.io/auth-secret",
                       "nginx.ingress.kubernetes.io/auth-tls-secret")
MADE_BY = {("Secret", ""), ("ExternalSecret", "external-secrets.io")}
# The Secret of a ConfigMap's kind: what a rendering says of one use, without the namespace that may come later.
Use = collections.namedtuple("Use", "kind name field secret")
Made = collections.namedtuple("Made", "kind name secret")


def at(node, *keys):
    """What lies below some keys, or nothing."""
    for key in keys:
        node = node.get(key) if isinstance(node, dict) else None
    return node


def group(document):
    version = document.get("apiVersion") or ""
    return version.rpartition("/")[0] if isinstance(version, str) else ""


def name_of(document):
    return at(document, "metadata", "name")


def namespace_of(document):
    return at(document, "metadata", "namespace") or None


def places(node, pattern, path=""):
    """Each text that a pattern such as `volumes[].secret.secretName` reaches, with its path."""
    here, _, rest = pattern.partition(".")
    key, is_list = here.removesuffix("[]"), here.endswith("[]")
    value = at(node, key)
    path = f"{path}.{key}" if path else key
    found = [(f"{path}[{index}]", one) for index, one in enumerate(value)] if is_list and isinstance(value, list) else []
    for path, one in found if is_list else [(path, value)]:
        if rest:
            yield from places(one, rest, path)
        elif isinstance(one, str) and one:
            yield path, one


def uses(document):
    """The fields of an object of Kubernetes' own that name a Secret, with the name."""
    kind = document.get("kind")
    if group(document) not in CORE_GROUPS:
        return
    if kind in POD_SPECS:
        for place in IN_PODS:
            yield from places(document, f"{POD_SPECS[kind]}.{place}")
    elif kind == "ServiceAccount":
        for place in ("secrets[].name", "imagePullSecrets[].name"):
            yield from places(document, place)
    elif kind == "Ingress":
        yield from places(document, INGRESS)
        for key in INGRESS_ANNOTATIONS:
            value = at(document, "metadata", "annotations", key)
            if isinstance(value, str) and value:
                yield f"metadata.annotations[{key}]", value.rpartition("/")[2]


def is_core(reported):
    """Whether what `refs` reports is of a kind that is judged here."""
    return group(reported) in CORE_GROUPS and (reported["kind"] in POD_SPECS or reported["kind"] in ("ServiceAccount", "Ingress"))


def made(document):
    """The name of the Secret that an object makes."""
    if (document.get("kind"), group(document)) not in MADE_BY:
        return None
    own = at(document, "spec", "target", "name") if document["kind"] == "ExternalSecret" else None
    return own or name_of(document)


def flat(documents):
    """The objects, those of lists one by one."""
    for document in documents:
        if not isinstance(document, dict):
            continue
        if str(document.get("kind") or "").endswith("List") and isinstance(document.get("items"), list):
            yield from flat(document["items"])
        else:
            yield document


def documents(text):
    """The texts of a stream's documents; a line of three dashes cannot be part of one."""
    return [part for part in re.split(r"(?m)^---(?:[ \t].*)?$\n?", text) if part.strip()]


def scalars(node, path=""):
    """Each scalar with its path."""
    if isinstance(node, dict):
        for key, one in node.items():
            yield from scalars(one, f"{path}.{key}" if path else str(key))
    elif isinstance(node, list):
        for index, one in enumerate(node):
            yield from scalars(one, f"{path}[{index}]")
    else:
        yield path, node
