"""Ends, breaks and races runs of rotate that write: a tree is then the old one or the new one, never something between.

usage: breaks.py --rotate FILE [--kills N] [--faults N] [--races N] [--seed N]   (default: 1000, 500 and 500)

Needs Linux and a C compiler: `.ci/breaks.c` counts the calls that change files, and fails or ends the program at one of
them. Half of the kills come at any time instead. Exit status 1 when something does not hold.
"""

import argparse
import collections
import errno
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

from corpora import read

CI = os.path.dirname(os.path.abspath(__file__))
FIRST, LATER, LATE = "2025-08-20T11:00:00Z", "2025-08-22T11:00:00Z", "2029-08-22T11:00:00Z"
ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS, errno.EDQUOT, errno.EMFILE)
# Nothing to do, but what an earlier run left is put in order first.
ORDER = ("bump", "staging", "no-such-family", "--at", LATE)
BUMP = ("bump", "staging", "auth-api-secrets", "--at", FIRST)
SHOP = ("bump", "staging", "returns-db", "--at", FIRST)
BACK = ("rollback", "staging", "auth-api-secrets", "--reason", "fails", "--at", LATER)
SHOP_BACK = ("rollback", "staging", "returns-db", "--reason", "fails", "--at", LATER)
# A case: its tree, what is run and committed before, and what is broken.
Case = collections.namedtuple("Case", "name tree before command")
CASES = (
    Case("bump, guarded patches", "auth-api", (), BUMP),
    Case("bump, overlays", "shop-overlays", (), BUMP),
    Case("bump, plain manifests", "shop-plain", (), BUMP),
    Case("bump --commit", "shop-overlays", (), (*BUMP, "--commit")),
    Case("promote", "auth-api", (BUMP,), ("promote", "production", "--at", LATER)),
    Case("rollback with a hold", "auth-api", (BUMP,), BACK),
    Case("prune", "auth-api", (BUMP, (*BUMP[:-1], LATER)), ("prune", "staging", "auth-api-secrets", "--at", LATE)),
)
# Two that write at once, after some that are committed.
RACES = (((), BUMP, SHOP), ((BUMP, SHOP), BACK, SHOP_BACK), ((BUMP,), BACK, SHOP), ((), BUMP, BUMP))


class Bench:
    def __init__(self, work):
        self.work, self.count, self.faults = work, 0, 0
        self.library = os.path.join(work, "breaks.so")
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O2", "-o", self.library,
                        os.path.join(CI, "breaks.c"), "-ldl"], check=True)
        self.told = os.path.join(work, "told")
        self.random = random.Random(args.seed)
        self.environ = {
            "PATH": os.environ.get("PATH", os.defpath), "HOME": work, "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "ci",
            "GIT_AUTHOR_EMAIL": "ci@example.com", "GIT_COMMITTER_NAME": "ci", "GIT_COMMITTER_EMAIL": "ci@example.com",
            "GIT_CEILING_DIRECTORIES": work, "GIT_AUTHOR_DATE": FIRST, "GIT_COMMITTER_DATE": FIRST}

    def start(self, root, command, **broken):
        more = {"LD_PRELOAD": self.library, "BREAK_TOLD": self.told} if broken else {}
        more |= {f"BREAK_{name.upper()}": str(value) for name, value in broken.items()}
        return subprocess.Popen([args.rotate, *command], cwd=root, env=self.environ | more, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, root, command, **broken):
        child = self.start(root, command, **broken)
        said = child.communicate(timeout=300)[1]
        return child.returncode, said

    def git(self, root, *arguments):
        done = subprocess.run(["git", *arguments], cwd=root, env=self.environ, check=True, capture_output=True, text=True)
        return done.stdout

    def prepare(self, name, tree, before):
        """A repository in which some commands were run and committed."""
        root = os.path.join(self.work, name)
        shutil.copytree(os.path.join("fixtures", "trees", tree), root)
        self.git(root, "init", "--quiet", "--initial-branch=main")
        for command in ((), *before):
            if command and (done := self.run(root, command))[0]:
                raise SystemExit(f"{name}: {command}: {done[1]}")
            self.git(root, "add", "--all")
            self.git(root, "commit", "--quiet", "--message", "State")
        return root

    def copy(self, root):
        self.count += 1
        to = os.path.join(self.work, f"copy-{self.count}")
        shutil.copytree(root, to, symlinks=True)
        return to

    def fault(self, what, said=""):
        self.faults += 1
        print(f"FAULT {what}\n{said}", flush=True)

    def after(self, case, root):
        """What the command makes of the tree, and how long it takes."""
        whole = self.copy(root)
        begun = time.perf_counter()
        code, said = self.run(whole, case.command)
        taken = time.perf_counter() - begun
        files = read(whole)
        if code or files == read(root):
            raise SystemExit(f"{case.name}: exit {code}, or nothing was changed\n{said}")
        shutil.rmtree(whole)
        return files, taken

    def settle(self, case, root, old, new, what):
        """Puts a tree in order; it must be the old or the new one, and one more run must make it the new one."""
        code, said = self.run(root, ORDER)
        files = read(root)
        if code != 2 or files not in (old, new):
            self.fault(f"{what}: exit {code} of the next run, and neither old nor new", f"{said}\n{differences(old, new, files)}")
        elif files == old and "--commit" not in case.command:
            code, said = self.run(root, case.command)
            if code or read(root) != new:
                self.fault(f"{what}: exit {code} when run once more, and not the new tree", said)
        shutil.rmtree(root)
        return files == new

    def kills(self, count):
        """Kills at each call in turn, then at random calls or times, half of these once more while things are put in order."""
        ends, each = collections.Counter(), -(-count // len(CASES))
        for number, case in enumerate(CASES):
            root = self.prepare(f"kill-{number}", case.tree, case.before)
            old, (new, taken) = read(root), self.after(case, root)
            calls, made, at = None, 0, 0
            while made < each:
                copy, broken, again = self.copy(root), {}, False
                if calls is None:
                    broken = {"at": at, "with": "kill"}
                elif self.random.random() < 0.5:
                    broken, again = {"at": self.random.randrange(calls), "with": "kill"}, True
                what = f"{case.name}, killed at {broken.get('at', 'some time')}"
                child = self.start(copy, case.command, **broken)
                if not broken:
                    time.sleep(self.random.random() * taken)
                    child.kill()
                said = child.communicate(timeout=300)[1]
                if child.returncode == 0 and broken:
                    # The sweep is over: there is no such call.
                    if again:
                        self.fault(f"{what}: was not killed", said)
                    calls = at
                    if not calls:
                        raise SystemExit(f"{case.name}: no call was seen; is the program linked dynamically, and named rotate?")
                    shutil.rmtree(copy)
                    continue
                at, made = at + 1, made + 1
                if again:
                    self.run(copy, ORDER, **{"at": self.random.randrange(12), "with": "kill"})
                    ends["killed again meanwhile"] += 1
                ends["over before" if child.returncode == 0 else "killed"] += 1
                ends["new afterwards" if self.settle(case, copy, old, new, what) else "old afterwards"] += 1
            print(f"{made} kills: {case.name}, {calls or 'at least ' + str(at)} calls that change files", flush=True)
        print(f"kills: {ends['killed'] + ends['over before']} in all, {dict(sorted(ends.items()))}", flush=True)

    def broken(self, count):
        """Fails each call in turn, with each error in turn."""
        ends, each = collections.Counter(), -(-count // len(CASES))
        for number, case in enumerate(CASES):
            root = self.prepare(f"fault-{number}", case.tree, case.before)
            old, (new, _) = read(root), self.after(case, root)
            made, at, shift = 0, 0, 0
            while made < each:
                error = ERRORS[(at + shift) % len(ERRORS)]
                copy = self.copy(root)
                if os.path.exists(self.told):
                    os.remove(self.told)
                code, said = self.run(copy, case.command, **{"at": at, "with": error})
                if not os.path.exists(self.told):
                    at, shift = 0, shift + 1
                    shutil.rmtree(copy)
                    continue
                with open(self.told) as file:
                    call = file.read()
                what, files = f"{case.name}, call {at} ({call}) fails with {errno.errorcode[error]}", read(copy)
                if "panicked" in said or code not in (0, 1, 2) or (code and not said.strip()):
                    self.fault(f"{what}: exit {code}", said)
                if code == 0 and files != new:
                    self.fault(f"{what}: exit 0 without the new tree", said)
                is_new = self.settle(case, copy, old, new, what)
                if "nothing was changed" in said and (files != old or is_new):
                    self.fault(f"{what}: says that nothing was changed", said)
                ends[f"exit {code}, {'new' if is_new else 'old'} afterwards"] += 1
                at, made = at + 1, made + 1
            print(f"{made} faults: {case.name}", flush=True)
        print(f"faults: {sum(ends.values())} in all, {dict(sorted(ends.items()))}", flush=True)

    def races(self, count):
        """Two runs at once: the tree is what those that succeeded make of it, one after the other."""
        ends, each = collections.Counter(), -(-count // len(RACES))
        for number, (before, one, other) in enumerate(RACES):
            root = self.prepare(f"race-{number}", "shop-plain", before)
            pair = [(*command, "--allow-dirty") for command in (one, other)]
            made = {(): [read(root)]}
            for order in ((0,), (1,), (0, 1), (1, 0)):
                copy = self.copy(root)
                if not any(self.run(copy, pair[at])[0] for at in order):
                    made.setdefault(tuple(sorted(order)), []).append(read(copy))
                shutil.rmtree(copy)
            for turn in range(each):
                copy = self.copy(root)
                children = [self.start(copy, command, at=turn, **{"with": "wait"}) for command in pair]
                reader = self.start(copy, ("refs",))
                said = [child.communicate(timeout=300)[1] for child in children]
                codes = [child.returncode for child in children]
                noise = reader.communicate(timeout=300)[1]
                won = tuple(at for at, code in enumerate(codes) if code == 0)
                what, files = f"race {number} of {one[:3]} and {other[:3]}, turn {turn}: exits {codes}", read(copy)
                if not won or files not in made.get(won, []):
                    self.fault(what, "\n".join(said))
                if any("panicked" in text for text in (*said, noise)) or reader.returncode not in (0, 1, 2):
                    self.fault(f"{what}, and {reader.returncode} of the reader", "\n".join((*said, noise)))
                ends["both" if len(won) == 2 else "one" if won else "none"] += 1
                shutil.rmtree(copy)
        print(f"races: {sum(ends.values())} in all, of which succeeded: {dict(sorted(ends.items()))}", flush=True)


def differences(old, new, files):
    """Where a tree is neither the old nor the new one."""
    paths = sorted({*old, *new, *files})
    words = {path: [name for name, tree in (("old", old), ("new", new)) if tree.get(path) == files.get(path)] for path in paths}
    return "\n".join(f"  {path}: {' and '.join(word) or 'neither'}" for path, word in words.items() if len(word) < 2)


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--rotate", required=True, type=os.path.abspath)
parser.add_argument("--kills", type=int, default=1000, metavar="N")
parser.add_argument("--faults", type=int, default=500, metavar="N")
parser.add_argument("--races", type=int, default=500, metavar="N")
parser.add_argument("--seed", default="1", metavar="N")
args = parser.parse_args()
with tempfile.TemporaryDirectory(prefix="breaks-") as work:
    bench = Bench(work)
    bench.kills(args.kills)
    bench.broken(args.faults)
    bench.races(args.races)
print(f"\n{bench.faults} do not hold")
sys.exit(1 if bench.faults else 0)
