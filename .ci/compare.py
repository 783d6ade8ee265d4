"""Times rotate, kubectl and ripgrep over one directory tree and prints a table; called by `.ci/compare`."""

import argparse
import os
import statistics
import subprocess
import time

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def seconds(runs, *actions):
    """The times of some runs of each action, in turn so that all see the same machine, after one that warms the caches."""
    for action in actions:
        action()
    times = [[] for _ in actions]
    for _ in range(runs):
        for action, taken in zip(actions, times):
            started = time.perf_counter()
            action()
            taken.append(time.perf_counter() - started)
    return times


def call(*command):
    # A pipe, not the null device: a search may stop early when nobody can see its output.
    return subprocess.run(command, cwd=args.directory, capture_output=True, env=environment)


def kubectl():
    for directory in directories:
        call(args.kubectl, "kustomize", directory)


def rotate():
    done = call(args.rotate, "refs", "--format", "json", *directories)
    if not done.stdout.startswith(b"{"):
        raise SystemExit(f"rotate refs printed no JSON: {done.stderr.decode()}")


def rg():
    call(args.rg, "--no-ignore", "--hidden", "-g", "*.yaml", "-g", "*.yml", "-g", "*.json", "-ni", "secret", ".")


parser = argparse.ArgumentParser()
parser.add_argument("directory")
parser.add_argument("--runs", type=int, required=True)
parser.add_argument("--rotate", required=True)
parser.add_argument("--kubectl", required=True)
parser.add_argument("--rg", required=True)
args = parser.parse_args()
environment = os.environ | {"GIT_ALLOW_PROTOCOL": "none"}
directories = sorted(os.path.relpath(where, args.directory) for where, _, files in os.walk(args.directory)
                     if any(name in files for name in NAMES))
kubectl_runs = max(1, min(3, args.runs))
refs, search = seconds(args.runs, rotate, rg)
rows = [
    ("rotate refs", args.runs, refs),
    ("rg", args.runs, search),
    ("kubectl kustomize", kubectl_runs, seconds(kubectl_runs, kubectl)[0]),
]
ours = statistics.median(rows[0][2])
print(f"{len(directories)} kustomizations below {args.directory}")
print(f"{'command':<20}{'runs':>5}{'median':>12}{'fastest':>12}{'slowest':>12}{'to rotate refs':>18}")
for name, runs, times in rows:
    middle = statistics.median(times)
    spread = "".join(f"{1000 * value:>9.1f} ms" for value in (middle, min(times), max(times)))
    print(f"{name:<20}{runs:>5}{spread}{middle / ours:>17.2f}x")
