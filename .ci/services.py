"""Manifests of a service as a team writes them, of which the trees of the benchmark and its history are made."""

COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nlabels:\n  - pairs: { team: core }\n"


def pod(name, secret, indent, image="1.4.2"):
    text = f"""containers:
  - name: app
    image: registry.example/{name}:{image}
    resources:
      requests: {{ cpu: 100m, memory: 128Mi }}
    env:
      - name: LOG_LEVEL
        value: info
    envFrom:
      - configMapRef:
          name: {name}
      - secretRef:
          name: {secret}
"""
    return "".join(" " * indent + line for line in text.splitlines(True))


def deployment(name, secret, image="1.4.2"):
    return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  selector:
    matchLabels: {{ app: {name} }}
  template:
    metadata:
      labels: {{ app: {name} }}
    spec:
{pod(name, secret, 6, image)}"""


def stub(secret, key, version):
    pin = f', version: "{version}"' if version else ""
    return f"""apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: {secret}
spec:
  secretStoreRef: {{ kind: ClusterSecretStore, name: store }}
  refreshPolicy: CreatedOnce
  target: {{ immutable: {"true" if version else "false"} }}
  dataFrom:
    - extract: {{ key: {key}{pin} }}
"""


def patch(name, secret):
    return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  template:
    spec:
      containers:
        - name: app
          envFrom:
            - configMapRef:
                name: {name}
            - secretRef:
                name: {secret}
"""


def flux(name, path, namespace):
    """The Flux object that delivers a directory."""
    return f"""apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{ name: {name}, namespace: flux-system }}
spec:
  path: ./{path}
  prune: true
  interval: 10m
  sourceRef: {{ kind: GitRepository, name: platform }}
  targetNamespace: {namespace}
"""


def overlay(environment, resources, is_patched):
    """The kustomization of an environment."""
    entries = "".join(f"  - {one}\n" for one in ["../../base", *resources])
    patches = "patches:\n  - path: secrets.yaml\n" if is_patched else ""
    return f"namespace: {environment}\nresources:\n{entries}components:\n  - ../../../../components/labels\n{patches}"
