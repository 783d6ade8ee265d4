"""Makes a Git repository with a long history, to measure what reading one costs.

usage: history.py DIR [COMMITS] [FAMILIES]   (default: 10000 commits, 50 families)

Every family has a base and overlays for staging and production. Most commits set an image; one in ten moves a family
to a new version in staging, and production follows after three more rounds. Dates go forward by half an hour a commit.
The same arguments give the same history.
"""

import random
import subprocess
import sys
from datetime import datetime, timedelta, timezone

directory = sys.argv[1]
commits = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
families = [f"service-{number:02d}" for number in range(int(sys.argv[3]) if len(sys.argv) > 3 else 50)]
chance = random.Random(20250723)
now = datetime(2024, 1, 1, tzinfo=timezone.utc)

subprocess.run(["git", "init", "--quiet", "--initial-branch=main", directory], check=True)
importer = subprocess.Popen(["git", "-C", directory, "fast-import", "--quiet", "--done"], stdin=subprocess.PIPE)


def put(text):
    importer.stdin.write(text.encode())


def commit(message, files, removed=()):
    global now
    now += timedelta(minutes=30)
    put(f"commit refs/heads/main\ncommitter Robin <robin@example.com> {int(now.timestamp())} +0000\n")
    put(f"data {len(message.encode())}\n{message}\n")
    for path in removed:
        put(f"D {path}\n")
    for path, text in files.items():
        put(f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n")


def base(family, image):
    return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: {family}
spec:
  replicas: 2
  selector:
    matchLabels: {{ app: {family} }}
  template:
    metadata:
      labels: {{ app: {family} }}
    spec:
      containers:
        - name: app
          image: registry.example/{family}:{image}
          ports:
            - containerPort: 8080
          resources:
            requests: {{ cpu: 100m, memory: 128Mi }}
            limits: {{ memory: 256Mi }}
          envFrom:
            - secretRef:
                name: {family}-secrets
"""


def patch(family, version):
    return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: {family}
spec:
  template:
    spec:
      containers:
        - name: app
          envFrom:
            - secretRef:
                name: {family}-secrets-{version}
"""


def stub(family, environment, version):
    return f"""apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: {family}-secrets-{version}
spec:
  secretStoreRef: {{ kind: ClusterSecretStore, name: aws }}
  refreshPolicy: CreatedOnce
  target: {{ immutable: true }}
  dataFrom:
    - extract: {{ key: {environment}/{family}, version: "{version}" }}
"""


def kustomization(family, environment, versions):
    stubs = "".join(f"  - {family}-secrets-{version}.yaml\n" for version in versions)
    return f"""namespace: {environment}
resources:
  - ../../base
{stubs}patches:
  - path: secrets.yaml
"""


def overlay(family, environment, versions):
    at = f"apps/{family}/overlays/{environment}"
    return {
        f"{at}/kustomization.yaml": kustomization(family, environment, versions),
        f"{at}/secrets.yaml": patch(family, versions[-1]),
        f"{at}/{family}-secrets-{versions[-1]}.yaml": stub(family, environment, versions[-1]),
    }


def stamp():
    return now.strftime("%Y%m%d%H%M%S")


versions = {family: {"staging": [stamp()], "production": [stamp()]} for family in families}
files = {}
for family in families:
    files[f"apps/{family}/base/deployment.yaml"] = base(family, "1.0.0")
    files[f"apps/{family}/base/kustomization.yaml"] = "resources:\n  - deployment.yaml\n"
    for environment in ("staging", "production"):
        files |= overlay(family, environment, versions[family][environment])
commit("Begin", files)
waiting = []
for number in range(1, commits):
    family = chance.choice(families)
    have = versions[family]
    if waiting and number >= waiting[0][0]:
        _, family = waiting.pop(0)
        have = versions[family]
        removed = []
        have["production"].append(have["staging"][-1])
        if len(have["production"]) > 3:
            old = have["production"].pop(0)
            removed.append(f"apps/{family}/overlays/production/{family}-secrets-{old}.yaml")
        commit(f"Take {family} to production", overlay(family, "production", have["production"]), removed)
    elif number % 10 == 0 and not any(family == one for _, one in waiting):
        removed = []
        have["staging"].append(stamp())
        if len(have["staging"]) > 3:
            old = have["staging"].pop(0)
            removed.append(f"apps/{family}/overlays/staging/{family}-secrets-{old}.yaml")
        commit(f"Rotate {family} in staging", overlay(family, "staging", have["staging"]), removed)
        waiting.append((number + 48, family))
    else:
        image = f"1.{number // 100}.{number % 100}"
        commit(f"Set the image of {family} to {image}", {f"apps/{family}/base/deployment.yaml": base(family, image)})
put("done\n")
importer.stdin.close()
sys.exit(importer.wait() or subprocess.run(["git", "-C", directory, "reset", "--quiet", "--hard", "main"]).returncode)
