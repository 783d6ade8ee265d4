"""Times rotate over a long history beside Git's own search and prints a table; called by `.ci/compare-history`."""

import argparse
import json
import statistics
import subprocess
import time


def call(*command):
    done = subprocess.run(command, cwd=args.directory, capture_output=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.decode()}")
    return done.stdout


def seconds(command):
    """The times of some runs, after one that warms the caches."""
    call(*command)
    times = []
    for _ in range(args.runs):
        started = time.perf_counter()
        call(*command)
        times.append(time.perf_counter() - started)
    return times


parser = argparse.ArgumentParser()
parser.add_argument("directory")
parser.add_argument("--runs", type=int, required=True)
parser.add_argument("--rotate", required=True)
args = parser.parse_args()
standings = json.loads(call(args.rotate, "status", "--format", "json"))["families"]
# The one that began last: a search for an older name would not even be shorter, since Git looks at every commit.
newest = max(standings, key=lambda one: one["since"]["time"])
name = f"{newest['family']}-{newest['versions'][0]}"
rows = [
    ("git log -S, one name", seconds(["git", "log", "--first-parent", "--format=%H", f"-S{name}"])),
    ("rotate status, all", seconds([args.rotate, "status"])),
    ("rotate history, one", seconds([args.rotate, "history", newest["family"]])),
]
search = statistics.median(rows[0][1])
commits = call("git", "rev-list", "--count", "--first-parent", "HEAD").decode().strip()
families = len({one["family"] for one in standings})
print(f"{commits} commits, {families} families in {len({one['environment'] for one in standings})} environments")
print(f"{'command':<24}{'runs':>5}{'median':>12}{'fastest':>12}{'slowest':>12}{'to git log -S':>16}")
for label, times in rows:
    middle = statistics.median(times)
    spread = "".join(f"{1000 * value:>9.1f} ms" for value in (middle, min(times), max(times)))
    print(f"{label:<24}{args.runs:>5}{spread}{middle / search:>15.2f}x")
