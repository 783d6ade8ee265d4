"""Runs the judge of bumps over the example repositories and over Kubeflow's manifests, environment by environment.

usage: isolation.py JUDGE --rotate FILE --kubectl FILE --corpus DIR

Production takes the version that staging runs, so it is judged on a copy in which staging has been bumped.
Exit status 1 when the judge finds a fault, or bumps nothing where it should.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

# Newer than any version in the examples.
VERSION = "20250901080000"
VERSIONED = re.compile(r"^(.+)-\d{14}$")
# Plain manifests are nothing to this judge: it asks kubectl for builds.
TREES = sorted(tree for tree in os.listdir("fixtures/trees") if any(
    name.lower().startswith("kustomization") for _, _, files in os.walk(f"fixtures/trees/{tree}") for name in files))
AUTHOR = {"GIT_AUTHOR_NAME": "ci", "GIT_AUTHOR_EMAIL": "ci@example.com",
          "GIT_COMMITTER_NAME": "ci", "GIT_COMMITTER_EMAIL": "ci@example.com"}
# Old enough for every soak: the judge commits its copies by itself, and production takes only what has soaked.
os.environ["GIT_COMMITTER_DATE"] = os.environ["GIT_AUTHOR_DATE"] = "2025-09-02T08:00:00Z"


def run(*command, **options):
    return subprocess.run(command, text=True, **options)


def copy_of(tree, config, into):
    """A copy under Git with a rotate.yaml: CONFIG, the tree's own, or the one that `rotate init` writes."""
    repository = os.path.join(into, "repository")
    shutil.copytree(tree, repository, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    own = os.path.join(repository, "rotate.yaml")
    if config:
        shutil.copy(config, own)
    elif not os.path.exists(own):
        run(args.rotate, "-C", repository, "init", check=True, capture_output=True)
    # The hour at which the judge runs is no matter of what a bump changes.
    with open(own) as file:
        settings = file.read()
    with open(own, "w") as file:
        file.write(re.sub(r"(?m)^ *window:.*\n", "", settings))
    # A corpus may be read-only, and rotate leaves such files alone.
    run("chmod", "-R", "u+w", repository, check=True)
    git(repository, "init", "-q")
    commit(repository)
    return repository


def git(repository, *arguments):
    run("git", "-c", "core.autocrlf=false", "-C", repository, *arguments, check=True, env=os.environ | AUTHOR)


def commit(repository):
    git(repository, "add", "-Af")
    git(repository, "commit", "-qm", "State")


def families(repository, environment):
    """The families that an environment names, from what rotate reports; plain names are families too.

    The exit status says whether every root could be read, which in `legacy` is not so.
    """
    report = run(args.rotate, "-C", repository, "refs", "--format", "json", capture_output=True)
    found = set()
    for root in json.loads(report.stdout)["roots"]:
        if root["environment"] == environment:
            for reference in root["references"]:
                match = VERSIONED.match(reference["secret"])
                found.add(match[1] if match else reference["secret"])
    return sorted(found)


def judge(repository, environment):
    print(f"\n{environment}:", flush=True)
    return run(sys.executable, args.judge, repository, "--config", os.path.join(repository, "rotate.yaml"),
               "--env", environment, "--version", VERSION, "--rotate", args.rotate, "--kubectl", args.kubectl).returncode


def both(tree, config=None):
    """Judges staging, then production on what staging left; the number of environments that failed."""
    print(f"\n-- {tree}", flush=True)
    with tempfile.TemporaryDirectory(prefix="isolation-") as work:
        repository = copy_of(tree, config, work)
        failed = judge(repository, "staging") != 0
        for family in families(repository, "staging"):
            bump = run(args.rotate, "-C", repository, "bump", "staging", family, "--version", VERSION, capture_output=True)
            if bump.returncode == 0:
                commit(repository)
        return failed + (judge(repository, "production") != 0)


parser = argparse.ArgumentParser()
parser.add_argument("judge")
parser.add_argument("--rotate", required=True)
parser.add_argument("--kubectl", required=True)
parser.add_argument("--corpus", required=True)
args = parser.parse_args()
failed = sum(both(f"fixtures/trees/{tree}") for tree in TREES)
failed += both(args.corpus, "tests/oracle/kubeflow.rotate.yaml")
print(f"\nisolation: {failed} of {2 * len(TREES) + 2} runs failed")
sys.exit(failed != 0)
