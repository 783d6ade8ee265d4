"""Measures commands of rotate beside other programs on the same trees and prints ratios; called by `.ci/bench`.

All that a row compares runs in turn, round after round, so that every program sees the same machine. A ratio is the
median over the rounds, with the least and the greatest. Where two commands of rotate are subtracted, so are their times.
"""

import argparse
import collections
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
CI = os.path.join(HERE, "..", "..", ".ci")
sys.path.insert(0, CI)

import history  # noqa: E402
import trees  # noqa: E402
from corpora import DECLARED, FLUX, lay  # noqa: E402

PARTS = ("trees", "changes", "history", "corpora", "growth")
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
# A command that is measured: its words, whether each program it names is run once for each of `over`, and what is
# subtracted.
Command = collections.namedtuple("Command", "label words over minus", defaults=((), None))


def spend(words, directory):
    """Seconds of CPU, or on the clock, that a program takes; a file takes what it prints, since a search may stop early
    when nobody can see its output."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begun = time.perf_counter()
        child = subprocess.Popen(words, cwd=directory, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=ENVIRONMENT)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        # 1: there is something to report; 2, with something printed: a part of the tree could not be read
        if child.returncode not in (0, 1) and (child.returncode != 2 or words[0] != args.rotate or not out.seek(0, os.SEEK_END)):
            err.seek(0)
            raise SystemExit(f"{' '.join(words[:4])}…: exit {child.returncode}\n{err.read().decode(errors='replace')[-2000:]}")
        return time.perf_counter() - begun if args.clock else usage.ru_utime + usage.ru_stime


def cost(command, directory):
    taken = sum(spend([*command.words, *more], directory) for more in command.over or [()])
    return taken - cost(command.minus, directory) if command.minus else taken


def measure(title, directory, commands, pairs, runs):
    """Runs the commands in turn and prints the ratio of each pair of labels."""
    for command in commands:
        cost(command, directory)
    rounds = [{command.label: cost(command, directory) for command in commands} for _ in range(runs)]
    print(f"\n{title}\n{'':4}{'rotate':<26}{'beside':<34}{'runs':>5}{'ratio':>10}{'least':>10}{'most':>10}")
    for ours, theirs in pairs:
        # The system counts CPU time in steps; what is nothing in them is at most one.
        ratios = sorted(max(one[ours], 0) / max(one[theirs], 1e-3) for one in rounds)
        print(f"{'':4}{ours:<26}{theirs:<34}{runs:>5}{digits(statistics.median(ratios))}{digits(ratios[0])}{digits(ratios[-1])}", flush=True)
    if args.instructions:
        for command in commands:
            if command.words[0] == args.rotate:
                print(f"{'':4}{command.label:<26}{instructions(command, directory):>15,} instructions", flush=True)


def digits(ratio):
    return f"{ratio:>10.4f}" if ratio < 0.1 else f"{ratio:>10.2f}"


def instructions(command, directory):
    words = ["valgrind", "--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={os.devnull}", *command.words]
    total = 0
    for more in command.over or [()]:
        done = subprocess.run([*words, *more], cwd=directory, capture_output=True, text=True, env=ENVIRONMENT)
        counted = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
        if not counted:
            raise SystemExit(f"valgrind counted nothing: {done.stderr[-2000:]}")
        total += int(counted[1].replace(",", ""))
    return total - instructions(command.minus, directory) if command.minus else total


def rotate(label, *words, over=(), minus=None):
    return Command(label, [args.rotate, *words], over, minus)


def kustomizations(directory, at_most):
    """Directories of kustomizations without components, evenly picked."""
    found = []
    for folder, folders, names in os.walk(directory):
        folders[:] = sorted(one for one in folders if one != ".git")
        for name in set(KUSTOMIZATIONS) & set(names):
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                if "kind: Component" not in file.read():
                    found.append(os.path.relpath(folder, directory))
    return found[::max(1, -(-len(found) // at_most))]


def kubectl(directories):
    return Command("kubectl kustomize", [args.kubectl, "kustomize"], tuple((one,) for one in directories))


def reading(title, directory):
    """What reads a whole tree, beside what else reads one."""
    search = ["--no-ignore", "--hidden", "-g", "*.yaml", "-g", "*.yml", "-g", "*.json", "-ni", "secret", "."]
    commands = [
        rotate("refs", "refs"), rotate("lint", "lint"), rotate("lint --base HEAD~1", "lint", "--base", "HEAD~1"),
        Command("rg secret", [args.rg, *search]),
        Command("find | cat", ["sh", "-c", "find . -name .git -prune -o -type f -print0 | xargs -0 cat"]),
        Command("git status", ["git", "status", "--porcelain"]),
    ]
    beside = [command.label for command in commands[3:]]
    pairs = [(ours, theirs) for ours in ("refs", "lint") for theirs in beside]
    pairs += [("lint --base HEAD~1", theirs) for theirs in ("lint", "git status")]
    measure(title, directory, commands, pairs, args.runs)
    picked = kustomizations(directory, args.builds)
    if picked:
        # Each has to build the same directories: kubectl takes one at a time.
        commands = [rotate("refs DIR…", "refs", *picked), kubectl(picked)]
        measure(f"{title}: {len(picked)} kustomizations", directory, commands, [(commands[0].label, commands[1].label)], min(args.runs, 3))


def changing(work):
    """What plans a change, beside a build of what it changes, by kubectl."""
    for due in args.due:
        directory = os.path.join(work, f"due-{due}")
        trees.make(directory, args.due_files, due)
        changed = [f"apps/service-{number:05d}/overlays/production" for number in range(due)]
        commands = [
            rotate("promote", "promote", "production", "--dry-run"), rotate("refs", "refs"),
            rotate("bump, one family", "bump", "production", "service-00000-secrets", "--dry-run"),
            kubectl(changed),
        ]
        pairs = [("promote", "refs"), ("promote", "kubectl kustomize"), ("bump, one family", "refs")]
        measure(f"{args.due_files} files, {due} families due, kubectl builds their {due} overlays", directory, commands, pairs, min(args.runs, 5))


def remembering(work):
    """What reads a history, beside Git's own search for one name."""
    directory = os.path.join(work, "history")
    history.make(directory, *args.history)
    done = subprocess.run([args.rotate, "status", "--format", "json"], cwd=directory, capture_output=True, env=ENVIRONMENT)
    standings = json.loads(done.stdout)["families"]
    # The one that began last: a search for an older name would not even be shorter, since Git looks at every commit.
    newest = max((one for one in standings if one["versions"] != ["plain"]), key=lambda one: one["since"]["time"])
    refs = rotate("refs", "refs")
    commands = [
        rotate("status - refs", "status", minus=refs), rotate("history FAMILY", "history", newest["family"]),
        Command("git log -S, one name", ["git", "log", "--first-parent", "--format=%H", f"-S{newest['family']}-{newest['versions'][0]}"]),
    ]
    pairs = [(ours.label, commands[2].label) for ours in commands[:2]]
    families = len({one["family"] for one in standings})
    measure(f"{args.history[0]} commits, {args.history[1]} kustomizations, {families} families in status", directory, commands, pairs, min(args.runs, 5))


def corpora(work):
    known = {tree.source: tree for tree in (*FLUX[::-1], *DECLARED)}
    one = os.path.exists(os.path.join(args.corpora, ".git"))
    for name in [os.path.basename(args.corpora)] if one else sorted(os.listdir(args.corpora)):
        source = args.corpora if one else os.path.join(args.corpora, name)
        if not os.path.isdir(source):
            continue
        # A tree of its own: a corpus may lie inside of another repository, and that one would be measured.
        directory = os.path.join(work, name)
        tree = known.get(f"corpus/{name}")
        if tree:
            lay(tree, os.path.dirname(args.corpora), directory)
        else:
            shutil.copytree(source, directory, symlinks=True, ignore=shutil.ignore_patterns(".git"))
            subprocess.run(["chmod", "-R", "u+w", directory], check=True)
        trees.commit(directory, 1, "Begin")
        first = min(os.path.join(folder, one) for folder, _, names in os.walk(directory) for one in names
                    if one in KUSTOMIZATIONS or (one.endswith(".yaml") and one != "rotate.yaml" and "/." not in folder))
        with open(first, "a", encoding="utf-8") as file:
            file.write("\n# changed\n")
        trees.commit(directory, 3, "Change a line")
        reading(name, directory)
        shutil.rmtree(directory)


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("corpora", nargs="?", help="a repository, or a directory of repositories")
for program in ("rotate", "kubectl", "rg"):
    parser.add_argument(f"--{program}", required=True, metavar="FILE")
parser.add_argument("--quick", action="store_true", help="small trees and few rounds")
parser.add_argument("--only", action="append", choices=PARTS, help="measure these parts; may be repeated")
parser.add_argument("--runs", type=int, metavar="N", help="so many rounds")
parser.add_argument("--files", type=int, action="append", metavar="N", help="make a tree of so many files; may be repeated")
parser.add_argument("--commits", type=int, metavar="N", help="make a history of so many commits, with a tenth as many kustomizations")
parser.add_argument("--clock", action="store_true", help="measure time on the clock, not of the CPU")
parser.add_argument("--instructions", action="store_true", help="count instructions as well, by valgrind")
args = parser.parse_args()
shared = os.path.join(os.environ.get("SHARED", "../shared"), "corpus")
args.corpora = os.path.abspath(args.corpora or shared)
args.runs = args.runs or (3 if args.quick else 9)
args.only = args.only or (PARTS[:3] if args.quick else PARTS)
args.files = args.files or ([300] if args.quick else [1_000, 10_000])
args.commits = args.commits or (300 if args.quick else 10_000)
args.builds, args.history = 4 if args.quick else 60, (args.commits, max(60, args.commits // 10), 5 if args.quick else 20)
args.due, args.due_files = ((4, 8), 300) if args.quick else ((10, 100), 4_000)
ENVIRONMENT = os.environ | {"GIT_ALLOW_PROTOCOL": "none", "GIT_OPTIONAL_LOCKS": "0"}
if args.instructions and not shutil.which("valgrind"):
    raise SystemExit("--instructions needs valgrind, which is not installed")
print(f"ratios of {'time on the clock' if args.clock else 'CPU time, user and system'}; below 1, rotate takes less")
with tempfile.TemporaryDirectory(prefix="bench-") as work:
    for files in args.files if "trees" in args.only else ():
        directory = os.path.join(work, "ordinary")
        trees.make(directory, files)
        reading(f"{files} files", directory)
        shutil.rmtree(directory)
    if "changes" in args.only:
        changing(work)
    if "history" in args.only:
        remembering(work)
    if "corpora" in args.only and os.path.isdir(args.corpora):
        corpora(work)
    elif "corpora" in args.only:
        print(f"\nno corpora in {args.corpora}")
    if "growth" in args.only:
        print("\ngrowth", flush=True)
        subprocess.run([sys.executable, os.path.join(CI, "growth.py"), args.rotate], check=True)
