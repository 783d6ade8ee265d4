"""Runs the judge of bumps over the example repositories and the corpora, environment by environment.

usage: isolation.py JUDGE --rotate FILE --kubectl FILE --shared DIR [--only GLOB]

Production takes the version that staging runs, so it is judged on a copy in which staging has been bumped.
Exit status 1 when the judge finds a fault, or when fewer bumps were made in a tree than it must have.
"""

import argparse
import collections
import fnmatch
import json
import os
import re
import subprocess
import sys
import tempfile

from corpora import DECLARED, ENVIRONMENTS, EXAMPLES, FLUX, lay

# Newer than any version in the examples.
VERSION = "20250901080000"
# So many bumps must be made in both environments of a tree; in others at least two. Of plain manifests kubectl builds nothing,
# Flux's example names no secret, and in radix-flux production shares the directories of its stubs.
LEAST = {"aaw-argocd-manifests": 20, "flux2-kustomize-helm-example": 0, "home-ops-flux": 70, "kubeflow-manifests": 18,
         "plumbing": 4, "radix-flux": 1, "radix-flux-own": 9, "shop-plain": 0}
VERSIONED = re.compile(r"^(.+)-\d{14}$")
AUTHOR = {"GIT_AUTHOR_NAME": "ci", "GIT_AUTHOR_EMAIL": "ci@example.com",
          "GIT_COMMITTER_NAME": "ci", "GIT_COMMITTER_EMAIL": "ci@example.com"}
# Old enough for every soak: the judge commits its copies by itself, and production takes only what has soaked.
os.environ["GIT_COMMITTER_DATE"] = os.environ["GIT_AUTHOR_DATE"] = "2025-09-02T08:00:00Z"
# Flux builds with files from above a kustomization's directory; kubectl must be told so.
KUBECTL = """#!/bin/sh
exec {kubectl} kustomize --load-restrictor=LoadRestrictionsNone "$2"
"""


def run(*command, **options):
    return subprocess.run(command, text=True, **options)


def prepare(tree, work):
    """A copy of a tree under Git with a rotate.yaml: its own, a declared one, or the one that `rotate init` writes."""
    repository = os.path.join(work, "repository")
    lay(tree, args.shared, repository)
    if not os.path.exists(os.path.join(repository, "rotate.yaml")):
        run(args.rotate, "-C", repository, "init", check=True, capture_output=True)
    git(repository, "init", "-q")
    commit(repository)
    return repository


def git(repository, *arguments):
    run("git", "-c", "core.autocrlf=false", "-C", repository, *arguments, check=True, env=os.environ | AUTHOR)


def commit(repository):
    git(repository, "add", "-Af")
    git(repository, "commit", "-qm", "State")


def families(repository, environment):
    """The families that an environment names, from what rotate reports, but for those whose version the judge cannot tell.

    The judge learns a version from workloads in what kubectl builds; what has none yet, it knows by its plain name.
    The exit status says whether every root could be read, which in `legacy` is not so.
    """
    report = run(args.rotate, "-C", repository, "refs", "--format", "json", capture_output=True)
    names, seen, templated = set(), set(), set()
    for root in json.loads(report.stdout)["roots"]:
        uses = [one for one in root["references"] if one["kind"] not in ("Role", "ClusterRole")]
        for reference in uses if root["environment"] == environment else ():
            names.add(reference["secret"])
            # A template of Helm puts it together, which kubectl does not fill in.
            if reference["kind"] == "Values" and reference["origin"] is None:
                templated.add(reference["secret"])
            if root["kind"] == "kustomize" and root["status"] == "resolved" and is_core(reference):
                seen.add(reference["secret"])
    if templated:
        print(f"not judged, since a template puts the name together: {', '.join(sorted(templated))}")
    names -= templated
    versions = {name: VERSIONED.match(name) for name in names}
    unknown = {versions[name][1] for name in names - seen if versions[name]}
    if unknown:
        print(f"not judged, since kubectl does not show their version: {', '.join(sorted(unknown))}")
    return sorted({found[1] if found else name for name, found in versions.items()} - unknown)


def judge(repository, environment, kubectl):
    """What the judge counts in an environment: bumps, refusals and faults."""
    names = families(repository, environment)
    print(f"\n{environment}: {len(names)} families", flush=True)
    if not names:
        return collections.Counter()
    done = run(sys.executable, args.judge, repository, "--config", os.path.join(repository, "rotate.yaml"),
               "--env", environment, "--version", VERSION, "--rotate", args.rotate, "--kubectl", kubectl, "--show", "40",
               *(word for name in names for word in ("--family", name)), capture_output=True)
    print(done.stdout, done.stderr, sep="", end="", flush=True)
    counts = re.search(r"(?m)^isolation: (\d+) bumped, (\d+) refused, (\d+) faults$", done.stdout)
    if not counts:
        return collections.Counter(faults=1)
    for name in re.findall(r"(?m)^  refused (\S+) ", done.stdout):
        reasons.append((environment, name, why(repository, environment, name)))
        print(f"  {name}: {reasons[-1][2]}")
    return collections.Counter(dict(zip(("bumped", "refused", "faults"), map(int, counts.groups()))))


def why(repository, environment, family):
    """The first reason for a refusal, on one line."""
    done = run(args.rotate, "-C", repository, "bump", environment, family, "--version", VERSION, "--dry-run", capture_output=True)
    errors = re.split(r"(?m)^ *× ", done.stderr)[1:]
    plain = [re.split(r"\n *(?:╭|help:)", error)[0] for error in errors]
    reason = next((one for one in plain if not one.strip().endswith("nothing was written")), done.stderr.partition("nothing was written")[2])
    return re.sub(r"\s*[\n│]\s*", " ", reason).strip()


def both(tree):
    """Judges staging, then production on what staging left."""
    print(f"\n-- {tree.name}", flush=True)
    with tempfile.TemporaryDirectory(prefix="isolation-") as work:
        kubectl = os.path.join(work, "kubectl")
        with open(kubectl, "w") as file:
            file.write(KUBECTL.format(kubectl=args.kubectl))
        os.chmod(kubectl, 0o755)
        repository = prepare(tree, work)
        first, second = ENVIRONMENTS
        counts = judge(repository, first, kubectl)
        for family in families(repository, first):
            bump = run(args.rotate, "-C", repository, "bump", first, family, "--version", VERSION, capture_output=True)
            if bump.returncode == 0:
                commit(repository)
        counts += judge(repository, second, kubectl)
    least = LEAST.get(tree.name, 2)
    if counts["bumped"] < least:
        print(f"only {counts['bumped']} bumps, where {least} must be made")
        counts["faults"] += 1
    return counts


parser = argparse.ArgumentParser()
parser.add_argument("judge")
parser.add_argument("--rotate", required=True)
parser.add_argument("--kubectl", required=True)
parser.add_argument("--shared", required=True, help="where the corpora are")
parser.add_argument("--only", default="*", metavar="GLOB", help="only the trees of this name")
args = parser.parse_args()
reasons = []
sys.path.insert(0, os.path.dirname(os.path.realpath(args.judge)))
from kustomize_parity import is_core  # noqa: E402
totals = sum((both(tree) for tree in (*EXAMPLES, *DECLARED, *FLUX) if fnmatch.fnmatch(tree.name, args.only)),
             collections.Counter())
print("\nWhy families were refused:")
kinds = collections.Counter(re.sub(r"`[^`]*`|\b\d[\d,.]*\b", "…", reason) for _, _, reason in reasons)
for reason, count in kinds.most_common():
    print(f"{count:5} {reason}")
print(f"\nisolation: {totals['bumped']} bumped, {totals['refused']} refused, {totals['faults']} faults in all")
sys.exit(totals["faults"] != 0)
