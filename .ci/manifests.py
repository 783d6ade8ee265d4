"""Manifests of which the trees of growth.py are made."""


def deployment(name, secret, namespace=None, above=""):
    metadata = f"{{ name: {name}, namespace: {namespace} }}" if namespace else f"{{ name: {name} }}"
    return f"""apiVersion: apps/v1
kind: Deployment
metadata: {metadata}
spec:
  template:
    spec:
      containers:
        - name: app
          image: app:1
          envFrom:
            - secretRef:
{above}                name: {secret}
"""


def stub(secret, key, version, namespace=None):
    metadata = f"{{ name: {secret}, namespace: {namespace} }}" if namespace else f"{{ name: {secret} }}"
    return f"""apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {metadata}
spec:
  secretStoreRef: {{ kind: ClusterSecretStore, name: store }}
  refreshPolicy: CreatedOnce
  target: {{ immutable: true }}
  dataFrom:
    - extract: {{ key: {key}, version: "{version}" }}
"""


def cron_job(name, secret, schedule):
    containers = f"[{{ name: app, image: app:1, envFrom: [{{ secretRef: {{ name: {secret} }} }}] }}]"
    template = f"{{ spec: {{ containers: {containers} }} }}"
    spec = f"{{ schedule: '{schedule}', jobTemplate: {{ spec: {{ template: {template} }} }} }}"
    return f"apiVersion: batch/v1\nkind: CronJob\nmetadata: {{ name: {name} }}\nspec: {spec}\n"


def kustomization(*resources):
    return "resources:\n" + "".join(f"  - {one}\n" for one in resources)
