"""Makes an ordinary GitOps repository of any size: applications with a base and an overlay for each environment, delivered
to two clusters of each by Flux or Argo CD, with a shared component, CronJobs, stubs, and families with and without versions.

usage: trees.py DIR [FILES] [DUE]   (default: 1000 files, 10 families of which production may take the version of staging)
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".ci"))

from services import COMPONENT, deployment, flux, overlay, patch, pod, stub  # noqa: E402

OLD, NEW = "20240101000000", "20240301000000"
ENVIRONMENTS, REGIONS = ("staging", "production"), ("eu", "us")
IDENTITY = {"GIT_AUTHOR_NAME": "Robin", "GIT_AUTHOR_EMAIL": "robin@example.com", "GIT_COMMITTER_NAME": "Robin",
            "GIT_COMMITTER_EMAIL": "robin@example.com"}


def cron_job(name, secret, number):
    return f"""apiVersion: batch/v1
kind: CronJob
metadata:
  name: {name}-cleanup
spec:
  schedule: "{number % 60} {number % 24} * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
{pod(name, secret, 10)}"""


def delivery(name, environment, region, number):
    path = f"apps/{name}/overlays/{environment}"
    if number % 2:
        return f"""apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{ name: {name}-{region}, namespace: argocd }}
spec:
  project: default
  source: {{ repoURL: https://git.example/platform.git, path: {path}, targetRevision: main }}
  destination: {{ name: {environment}-{region}, namespace: {environment} }}
"""
    return flux(f"{name}-{region}", path, environment)


def application(number, due):
    """The files of one application; every fourth has a family without versions, unless production may take it."""
    name = f"service-{number:05d}"
    at, family = f"apps/{name}", f"{name}-secrets"
    plain = number % 4 == 3 and number >= due
    files = {
        f"{at}/base/deployment.yaml": deployment(name, family),
        f"{at}/base/service.yaml": f"apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  ports:\n    - port: 80\n",
        f"{at}/base/config.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  host: {name}.example\n",
        f"{at}/base/kustomization.yaml": "resources:\n  - deployment.yaml\n  - service.yaml\n  - config.yaml\n",
    }
    for environment in ENVIRONMENTS:
        versions = [None] if plain else [OLD, NEW] if environment == "staging" and number < due else [OLD]
        here, resources = f"{at}/overlays/{environment}", []
        for version in versions:
            secret = f"{family}-{version}" if version else family
            resources.append(f"{secret}.yaml")
            files[f"{here}/{secret}.yaml"] = stub(secret, f"{environment}/{name}", version)
        if version:
            files[f"{here}/secrets.yaml"] = patch(name, secret)
        if number % 5 == 0:
            resources.append("cleanup.yaml")
            files[f"{here}/cleanup.yaml"] = cron_job(name, secret, number)
        files[f"{here}/kustomization.yaml"] = overlay(environment, resources, version)
        for region in REGIONS:
            files[f"clusters/{environment}-{region}/{name}.yaml"] = delivery(name, environment, region, number)
    return files


def commit(directory, month, message):
    """Commits everything, in a month long enough ago for every soak."""
    dates = {name: f"2024-{month:02}-02T00:00:00Z" for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE")}
    commands = [["add", "--all", "--force"], ["commit", "--quiet", "--no-verify", "--message", message]]
    if not os.path.exists(os.path.join(directory, ".git")):
        commands.insert(0, ["init", "--quiet", "--initial-branch=main"])
    for command in commands:
        subprocess.run(["git", "-C", directory, *command], check=True, env=os.environ | IDENTITY | dates)


def put(directory, files):
    for path, text in files.items():
        path = os.path.join(directory, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def make(directory, files=1_000, due=10):
    put(directory, {"components/labels/kustomization.yaml": COMPONENT})
    number, written = 0, 1
    while written < files or number < due:
        texts = application(number, 0)
        put(directory, texts)
        number, written = number + 1, written + len(texts)
    commit(directory, 1, "Begin")
    for one in range(due):
        put(directory, application(one, due))
    commit(directory, 3, "Rotate in staging")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    make(sys.argv[1], *map(int, sys.argv[2:]))
