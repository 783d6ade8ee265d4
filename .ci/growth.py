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
from manifests import cron_job, deployment, stub

OLD, NEW = "20240101000000", "20240301000000"
ENVIRONMENTS = {"staging": NEW, "production": OLD}


def families(count):
    """Families of which production may take the version of staging."""
    files = {}
    for number in range(count):
        for environment, version in ENVIRONMENTS.items():
            name, at = f"service-{number:04d}", f"apps/service-{number:04d}/{environment}"
            secret = f"{name}-secrets-{version}"
            files[f"{at}/kustomization.yaml"] = (
                f"namespace: {environment}\nresources:\n  - app.yaml\n  - {secret}.yaml\n")
            files[f"{at}/app.yaml"] = deployment(name, secret)
            files[f"{at}/{secret}.yaml"] = stub(secret, f"{environment}/{name}", version)
    return files


def cron_jobs(count):
    """CronJobs of one family, each with a schedule of its own or one of a few."""
    files = {"production/stub.yaml": stub(f"jobs-{OLD}", "production/jobs", OLD)}
    for number in range(count):
        schedule = f"{number % 60} {number % 7} * * *"
        files[f"production/job-{number:04d}.yaml"] = cron_job(f"job-{number}", f"jobs-{OLD}", schedule)
    return files


def dangling(count):
    """References that nothing provides."""
    return {f"production/app-{number:04d}.yaml": deployment(f"app-{number}", f"app-{number}-{OLD}")
            for number in range(count)}


def allowed(count):
    """Findings that a comment silences."""
    field = "            - secretRef:\n"
    comment = "                # rotate: allow[dangling-reference] made by hand\n"
    return {path: text.replace(field, field + comment) for path, text in dangling(count).items()}


def in_namespaces(count):
    """One family in many namespaces, each with a stub and a workload of its own."""
    files = {}
    for environment, version in ENVIRONMENTS.items():
        for number in range(count):
            at, secret = f"{environment}/team-{number:04d}", f"shared-{version}"
            files[f"{at}/kustomization.yaml"] = (
                f"namespace: {environment}-{number:04d}\nresources:\n  - app.yaml\n  - {secret}.yaml\n")
            files[f"{at}/app.yaml"] = deployment("app", secret)
            files[f"{at}/{secret}.yaml"] = stub(secret, f"{environment}/{number}", version)
    return files


def failed_roots(count):
    """One family that moves, and many kustomizations that do not build."""
    files = families(1)
    for number in range(count):
        files[f"apps/broken-{number:04d}/staging/kustomization.yaml"] = "resources:\n  - missing.yaml\n"
    return files


def unused_stubs(count):
    """One family with many stubs that nothing names."""
    files, at = families(1), "apps/service-0000/production"
    names = []
    for number in range(count):
        version = f"2023{1 + number // 600 % 12:02d}{1 + number // 60 % 10:02d}00{number % 60:02d}00"
        names.append(f"service-0000-secrets-{version}.yaml")
        files[f"{at}/{names[-1]}"] = stub(names[-1].removesuffix(".yaml"), "production/service-0000", version)
    files[f"{at}/kustomization.yaml"] += "".join(f"  - {name}\n" for name in names)
    return files


def kustomization(count, fields, more=None):
    """One kustomization with as many Deployments as entries of a field."""
    names = [f"app-{number:04d}" for number in range(count)]
    resources = "resources:\n" + "".join(f"  - {name}.yaml\n" for name in names)
    files = {f"production/{name}.yaml": deployment(name, f"{name}-{OLD}") for name in names}
    files["production/kustomization.yaml"] = resources + fields(names)
    return files | {f"production/{path}": text for name in names for path, text in (more(name) if more else {}).items()}


def operation(path):
    return f"patch: '[{{\"op\": \"add\", \"path\": \"{path}\", \"value\": \"2\"}}]'\n"


def targets(count):
    """A patch for each object, with a target."""
    def fields(names):
        return "patches:\n" + "".join(
            f"  - target: {{ kind: Deployment, name: {name} }}\n    {operation('/spec/paused')}" for name in names)
    return kustomization(count, fields)


def patch_files(count):
    """A file with a strategic merge patch for each object."""
    def patch(name):
        return {f"patch-{name}.yaml": f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: {name} }}\nspec: {{ replicas: 2 }}\n"}
    return kustomization(count, lambda names: "patches:\n" + "".join(f"  - path: patch-{name}.yaml\n" for name in names), patch)


def one_object(count):
    """Many patches of one object."""
    def fields(names):
        return "patches:\n" + "".join(
            f"  - target: {{ kind: Deployment, name: app-0000 }}\n    {operation(f'/spec/template/spec/nodeSelector/{name}')}"
            for name in names)
    files = kustomization(count, fields)
    path = "production/app-0000.yaml"
    files[path] = files[path].replace("      containers:", "      nodeSelector: { a: b }\n      containers:")
    return files


def generators(count):
    """Generated ConfigMaps, each of which an object names."""
    field = "            - secretRef:\n"
    fields = lambda names: "configMapGenerator:\n" + "".join(f"  - name: config-{name}\n    literals: [a=b]\n" for name in names)
    files = kustomization(count, fields)
    for number in range(count):
        path = f"production/app-{number:04d}.yaml"
        files[path] = files[path].replace(field, f"            - configMapRef: {{ name: config-app-{number:04d} }}\n" + field)
    return files


def replacements(count):
    """A replacement from each object to the next."""
    def fields(names):
        pairs = zip(names, names[1:] + names[:1])
        return "replacements:\n" + "".join(
            f"  - source: {{ kind: Deployment, name: {one}, fieldPath: spec.template.spec.containers.0.image }}\n"
            f"    targets:\n      - select: {{ kind: Deployment, name: {other} }}\n"
            "        fieldPaths: [spec.template.spec.containers.0.image]\n" for one, other in pairs)
    return kustomization(count, fields)


PROMOTE, BUMP = ["promote", "--dry-run"], ["bump", "--all", "staging", "--dry-run"]
CASES = [
    ("promote, families", families, 25, PROMOTE),
    ("bump --all, families", families, 25, BUMP),
    ("status, families", families, 25, ["status"]),
    ("promote, namespaces", in_namespaces, 100, PROMOTE),
    ("bump, failed roots", failed_roots, 250, BUMP),
    ("prune, unused stubs", unused_stubs, 250, ["prune", "production", "--dry-run"]),
    ("lint, families", families, 100, ["lint"]),
    ("lint, CronJobs", cron_jobs, 100, ["lint"]),
    ("lint, dangling references", dangling, 250, ["lint"]),
    ("lint, allow comments", allowed, 250, ["lint"]),
    ("refs, patches with targets", targets, 250, ["refs"]),
    ("refs, patch files", patch_files, 250, ["refs"]),
    ("refs, patches of one object", one_object, 250, ["refs"]),
    ("refs, generators", generators, 250, ["refs"]),
    ("refs, replacements", replacements, 250, ["refs"]),
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
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
            put(directory, make(count))
            taken.append(seconds(directory, command))
    columns = "".join(f"{one:>8.3f} s" for one in taken)
    print(f"{label:<30}{size:>6}{columns}{math.log2(max(taken[2], 1e-4) / max(taken[1], 1e-4)):>10.2f}")
