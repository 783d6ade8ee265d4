"""Prints how the CPU time of commands grows with a tree: seconds at n, 2n and 4n, and the exponent between the last two.

usage: growth.py [ROTATE]   (default: target/release/rotate)

An exponent of 1 is linear. Seconds differ from machine to machine; what to compare is the exponents.
"""

import math
import os
import resource
import subprocess
import sys
import tempfile

import growth_lint

OLD, NEW = "20240101000000", "20240301000000"
ENVIRONMENTS = {"staging": NEW, "production": OLD}


def workload(kind, name, secret, schedule=None):
    pod = f"{{ containers: [{{ name: app, image: app:1, envFrom: [{{ secretRef: {{ name: {secret} }} }}] }}] }}"
    if schedule:
        spec = f"{{ schedule: '{schedule}', jobTemplate: {{ spec: {{ template: {{ spec: {pod} }} }} }} }}"
        return f"apiVersion: batch/v1\nkind: {kind}\nmetadata: {{ name: {name} }}\nspec: {spec}\n"
    # The name of the secret has a line of its own, as people write it.
    return f"""apiVersion: apps/v1
kind: {kind}
metadata: {{ name: {name} }}
spec:
  template:
    spec:
      containers:
        - name: app
          image: app:1
          envFrom:
            - secretRef:
                name: {secret}
"""


def stub(secret, key, version):
    return f"""apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: {secret}
spec:
  secretStoreRef: {{ kind: ClusterSecretStore, name: store }}
  refreshPolicy: CreatedOnce
  target: {{ immutable: true }}
  dataFrom:
    - extract: {{ key: {key}, version: "{version}" }}
"""


def families(count):
    """Families of which production may take the version of staging."""
    files = {}
    for number in range(count):
        for environment, version in ENVIRONMENTS.items():
            name, at = f"service-{number:04d}", f"apps/service-{number:04d}/{environment}"
            secret = f"{name}-secrets-{version}"
            files[f"{at}/kustomization.yaml"] = (
                f"namespace: {environment}\nresources:\n  - app.yaml\n  - {secret}.yaml\n")
            files[f"{at}/app.yaml"] = workload("Deployment", name, secret)
            files[f"{at}/{secret}.yaml"] = stub(secret, f"{environment}/{name}", version)
    return files


def cron_jobs(count):
    """CronJobs of one family, each with a schedule of its own or one of a few."""
    files = {"production/stub.yaml": stub(f"jobs-{OLD}", "production/jobs", OLD)}
    for number in range(count):
        schedule = f"{number % 60} {number % 7} * * *"
        files[f"production/job-{number:04d}.yaml"] = workload("CronJob", f"job-{number}", f"jobs-{OLD}", schedule)
    return files


def dangling(count):
    """References that nothing provides."""
    return {f"production/app-{number:04d}.yaml": workload("Deployment", f"app-{number}", f"app-{number}-{OLD}")
            for number in range(count)}


def allowed(count):
    """Findings that a comment silences."""
    field = "            - secretRef:\n"
    comment = "                # rotate: allow[dangling-reference] made by hand\n"
    return {path: text.replace(field, field + comment) for path, text in dangling(count).items()}


CASES = [
    ("promote, families", families, 25, ["promote", "--dry-run"]),
    ("bump --all, families", families, 25, ["bump", "--all", "staging", "--dry-run"]),
    ("lint, families", families, 100, ["lint"]),
    ("lint, CronJobs", cron_jobs, 100, ["lint"]),
    ("lint, dangling references", dangling, 250, ["lint"]),
    ("lint, allow comments", allowed, 250, ["lint"]),
]


# What makes `lint` and `refs` work hard; exit status 2 says that a root does not build.
CASES += growth_lint.CASES


def put(directory, files):
    for path, text in files.items():
        path = os.path.join(directory, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    git = ["git", "-C", directory, "-c", "user.name=Robin", "-c", "user.email=robin@example.com"]
    # Long enough ago for every soak.
    dates = {"GIT_AUTHOR_DATE": "2024-03-02T00:00:00Z", "GIT_COMMITTER_DATE": "2024-03-02T00:00:00Z"}
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "Begin"]):
        subprocess.run(git + command, check=True, env=os.environ | dates)


def seconds(directory, command):
    """The least CPU time of three runs."""
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([rotate, *command], cwd=directory, capture_output=True)
        if done.returncode not in (0, 1, 2):
            raise SystemExit(f"rotate {' '.join(command)}: {done.stderr.decode()}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


rotate = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/rotate")
print(f"{'case':<30}{'n':>6}{'n':>10}{'2n':>10}{'4n':>10}{'exponent':>10}")
for label, make, size, command in CASES:
    taken = []
    for count in (size, 2 * size, 4 * size):
        with tempfile.TemporaryDirectory() as directory:
            put(directory, make(count))
            taken.append(seconds(directory, command))
    columns = "".join(f"{one:>8.3f} s" for one in taken)
    print(f"{label:<30}{size:>6}{columns}{math.log2(max(taken[2], 1e-4) / max(taken[1], 1e-4)):>10.2f}")
