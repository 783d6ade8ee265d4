"""Holds `rotate lint` against what kubectl, Helm's engine and the controllers' rules render of whole repositories.

usage: .ci/lint_judge --rotate FILE --kubectl FILE [--shared DIR] [--only GLOB] [--jobs N] [--fixtures] [--corpus] [--self-test]
                      [REPOSITORY...]

From the renderings of all roots it lists the references in fields of APIs and everything that makes a Secret. Each finding of
dangling-reference, dangling-optional-reference, missing-key and duplicate-provider must have its base there, and each name that
nothing makes must be reported or be counted as not judged. Every difference is explained in `explained.tsv`, and an entry
without a difference is a fault. Exit status 1 when there is a fault.
"""

import collections
import fnmatch
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "controllers")]

import compare  # noqa: E402
import rendered  # noqa: E402
import verdict  # noqa: E402
from options import parser as shared_options  # noqa: E402
from tree import Builder, Tree  # noqa: E402

EXPLAINED = os.path.join(HERE, "explained.tsv")
# By then every version of the examples is there, and none is overdue.
NOW = "2025-08-20T11:00:00Z"
FIXTURES = ("fixtures/trees/*", "fixtures/layouts/*", *(f"fixtures/lint/{rule}/*/in" for rule in verdict.RULES))


def lint(rotate, root, work, *more):
    """What lint reports of a directory, with charts rendered by our own Helm."""
    environ = {**os.environ, "PATH": compare.path_with_helm(work), "GIT_CEILING_DIRECTORIES": os.path.dirname(os.path.abspath(root))}
    done = subprocess.run((rotate, "-C", root, "lint", "--format", "json", "--helm", "--at", NOW, *more), capture_output=True, text=True,
                          env=environ)
    if not done.stdout.startswith("{"):
        raise SystemExit(f"rotate lint in {root}: exit {done.returncode}, no JSON: {done.stderr[-400:]}")
    return json.loads(done.stdout)


def differences(path, builder, options):
    """Every difference in a repository, and how much was compared."""
    # On its own, so that neither Git nor a configuration above it matters.
    with tempfile.TemporaryDirectory(prefix="lint-judge-", dir=builder.work) as work:
        root = os.path.join(work, "tree")
        shutil.copytree(path, root, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        tree, report = Tree.read(root), lint(options.rotate, root, builder.work)
    found, failed = rendered.roots(tree, builder, options.jobs)
    used, made = rendered.held(found)
    facts = verdict.Facts(used, made, tree)
    return list(verdict.differences(facts, report)), collections.Counter(
        roots=len(found), failed=sum(failed.values()), references=len(used), providers=len(made), dangling=len(facts.dangling()),
        findings=sum(one["rule"] in verdict.RULES for one in report["findings"]), unjudged=report["coverage"]["unjudged"]), failed


def explanations():
    """Why there may be a difference, by repository, rule and subject."""
    with open(EXPLAINED, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file if line.strip() and not line.startswith("#")]
    for row in rows:
        if len(row) != 4 or not all(row):
            raise SystemExit(f"{EXPLAINED}: not four columns: {row}")
    return {tuple(row[:3]): row[3] for row in rows}


def name_of(path):
    return os.path.relpath(path) if path.startswith("fixtures/") else os.path.basename(os.path.abspath(path))


def judge(path, builder, options, known):
    """How many faults a repository has."""
    began, name = time.monotonic(), name_of(path)
    found, counts, failed = differences(path, builder, options)
    of_name = {key for key in known if key[0] == name}
    keys = {(name, one.rule, one.subject) for one in found}
    new = [one for one in found if (name, one.rule, one.subject) not in known]
    told = ", ".join(f"{count} {what}" for what, count in counts.items())
    print(f"{name}: {told}; {len(found) - len(new)} differences explained ({time.monotonic() - began:.0f} s)", flush=True)
    for reason, count in failed.most_common(options.show):
        print(f"  {count:4} not rendered: {reason[-300:]}")
    for one in new:
        print(f"  FAULT {name}\t{one.rule}\t{one.subject}\t{one.said}", flush=True)
    for key in sorted(of_name - keys):
        print(f"  FAULT explained, and there is no such difference: {' '.join(key)}")
    return len(new) + len(of_name - keys)


def main():
    parser = shared_options(__doc__.splitlines()[0], "repositories")
    parser.add_argument("--fixtures", action="store_true", help="judge the examples")
    parser.add_argument("--show", default=0, type=int, metavar="N", help="show at most N reasons for which roots were not rendered")
    options = parser.parse_args()
    paths = list(options.repositories)
    paths += sorted(path for pattern in FIXTURES if options.fixtures for path in glob.glob(pattern))
    paths += sorted(glob.glob(os.path.join(options.shared, "corpus", "*"))) if options.corpus else []
    faults, known = 0, explanations()
    with tempfile.TemporaryDirectory(prefix="lint-judge-") as work:
        builder = Builder(options.kubectl, work, options.jobs)
        if options.self_test:
            import selftest
            faults += selftest.run(judge, builder, options)
        for path in (path for path in paths if fnmatch.fnmatch(name_of(path), options.only)):
            faults += judge(path, builder, options, known)
    print(f"\nlint judge: {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
