"""Trees that make `rotate lint` and `rotate refs` work hard, for growth.py: each case is (label, files of n, n, command)."""

from manifests import cron_job, deployment, kustomization, stub

VERSION = "20240101000000"


def one_file(count):
    """Many findings in one file."""
    objects = (deployment(f"app-{number}", f"app-{number}-{VERSION}") for number in range(count))
    return {"production/all.yaml": "---\n".join(objects)}


def one_file_allowed(count):
    """Many findings in one file, each with a comment that silences it."""
    above = "                # rotate: allow[dangling-reference] made by hand\n"
    objects = (deployment(f"app-{number}", f"app-{number}-{VERSION}", above=above) for number in range(count))
    return {"production/all.yaml": "---\n".join(objects)}


def allowed(count):
    """The same in as many files."""
    above = "                # rotate: allow[dangling-reference] made by hand\n"
    return {f"production/app-{number:06d}.yaml": deployment(f"app-{number}", f"app-{number}-{VERSION}", above=above)
            for number in range(count)}


def settings(count):
    """An entry for each family, and a pattern for each."""
    lines = []
    for number in range(count):
        lines.append(f"  app-{number}: {{ remote: {{ key: 'a/{number}' }} }}\n")
        lines.append(f"  app-{number}-*: {{ remote: {{ key: 'b/{number}' }} }}\n")
        lines.append(f"  '*-db-{number}': {{ remote: {{ key: 'c/{number}' }} }}\n")
    files = {"rotate.yaml": "secrets:\n" + "".join(lines)}
    for number in range(count):
        at, secret = f"production/app-{number:06d}", f"app-{number}-{VERSION}"
        files[f"{at}.yaml"] = deployment(f"app-{number}", secret) + "---\n" + stub(secret, f"production/app-{number}", VERSION)
    return files


def external(count):
    """Secrets that something else makes, by name and by pattern."""
    lines = []
    for number in range(count):
        lines.append(f"  - {{ name: own-{number}, namespace: team-{number} }}\n")
        lines.append(f"  - {{ name: 'app-{number}-*' }}\n")
        lines.append(f"  - {{ name: '*-tls-{number}' }}\n")
    files = {"rotate.yaml": "external:\n" + "".join(lines)}
    for number in range(count):
        secret = [f"own-{number}", f"app-{number}-{VERSION}", f"web-tls-{number}"][number % 3]
        files[f"production/app-{number:06d}.yaml"] = deployment(f"app-{number}", secret, f"team-{number}")
    return files


def roots(count):
    """A dangling reference without a version in each of many roots, and a chart in each tenth."""
    chart = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: { name: chart }\nspec: {}\n"
    files = {}
    for number in range(count):
        at = f"apps/app-{number:06d}/production"
        names = ["app.yaml"] + (["chart.yaml"] if number % 10 == 0 else [])
        files[f"{at}/kustomization.yaml"] = f"namespace: team-{number}\n" + kustomization(*names)
        files[f"{at}/app.yaml"] = deployment(f"app-{number}", f"app-{number}-credentials")
        if number % 10 == 0:
            files[f"{at}/chart.yaml"] = chart
    return files


def namespaces(count):
    """One family in many namespaces, half of them without a stub."""
    files = {}
    for number in range(count):
        secret = f"shared-{VERSION}"
        text = deployment("app", secret, f"team-{number}")
        if number % 2:
            text += "---\n" + stub(secret, "production/shared", VERSION, f"team-{number}")
        files[f"production/app-{number:06d}.yaml"] = text
    return files


def unused(count):
    """Families that nothing refers to, next to references whose names are filled in later."""
    files = {}
    for number in range(count):
        files[f"production/stub-{number:06d}.yaml"] = stub(f"app-{number}-{VERSION}", f"production/app-{number}", VERSION)
        files[f"production/open-{number:06d}.yaml"] = deployment(f"open-{number}", f"open-{number}-${{VERSION}}")
    return files


def failed(count):
    """Roots that do not build, each next to one that does and lacks a secret."""
    files = {}
    for number in range(count):
        bad, good = f"apps/bad-{number:06d}/production", f"apps/good-{number:06d}/production"
        files[f"{bad}/kustomization.yaml"] = f"namespace: bad-{number}\n" + kustomization("app.yaml", "absent.yaml")
        files[f"{bad}/app.yaml"] = deployment(f"bad-{number}", f"bad-{number}-{VERSION}")
        files[f"{good}/kustomization.yaml"] = f"namespace: good-{number}\n" + kustomization("app.yaml")
        files[f"{good}/app.yaml"] = deployment(f"good-{number}", f"good-{number}-{VERSION}")
    return files


def partial(count):
    """Roots with a remote base, each next to one that lacks a secret."""
    remote = "https://example.com/base?ref=v1"
    files = {}
    for number in range(count):
        half, good = f"apps/half-{number:06d}/production", f"apps/good-{number:06d}/production"
        files[f"{half}/kustomization.yaml"] = f"namespace: half-{number}\n" + kustomization("app.yaml", remote)
        files[f"{half}/app.yaml"] = deployment(f"half-{number}", f"half-{number}-{VERSION}")
        files[f"{good}/kustomization.yaml"] = f"namespace: good-{number}\n" + kustomization("app.yaml")
        files[f"{good}/app.yaml"] = deployment(f"good-{number}", f"good-{number}-{VERSION}")
    return files


def schedules(count):
    """CronJobs, each with a schedule of its own."""
    files = {"production/stub.yaml": stub(f"jobs-{VERSION}", "production/jobs", VERSION)}
    for number in range(count):
        schedule = f"{number % 60} {number // 60 % 24} {number // 1440 % 28 + 1} * *"
        files[f"production/job-{number:06d}.yaml"] = cron_job(f"job-{number}", f"jobs-{VERSION}", schedule)
    return files


def plain_files(count):
    """Files of which few hold a secret's name."""
    files = {}
    for number in range(count):
        at = f"production/part-{number // 100:04d}/one-{number:06d}.yaml"
        text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: one-{number} }}\ndata: {{ key: value }}\n"
        files[at] = deployment(f"app-{number}", f"app-{VERSION}") if number % 100 == 0 else text
    return files


CASES = [
    ("lint, findings of one file", one_file, 1000, ["lint"]),
    ("lint, comments of one file", one_file_allowed, 1000, ["lint"]),
    ("lint, comments of many files", allowed, 1000, ["lint"]),
    ("lint, entries of secrets", settings, 400, ["lint"]),
    ("lint, external entries", external, 600, ["lint"]),
    ("lint, roots and charts", roots, 500, ["lint"]),
    ("lint, namespaces", namespaces, 600, ["lint"]),
    ("lint, names filled in", unused, 400, ["lint"]),
    ("lint, failed roots", failed, 300, ["lint"]),
    ("lint, partial roots", partial, 300, ["lint"]),
    ("lint, schedules", schedules, 100, ["lint"]),
    ("lint, plain files", plain_files, 25000, ["lint"]),
]
CASES += [(label.replace("lint", "refs"), make, size, ["refs"]) for label, make, size, _ in CASES]
