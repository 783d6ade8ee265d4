"""Plants a defect beside a reference, drawn from all references of the examples and the corpora, and looks whether lint finds it.

usage: .ci/planted --rotate FILE [--shared DIR] [--only GLOB] [--count N] [--seed N] [--show N]   (default: 30 defects)

A defect is one of: what makes a secret is removed, or is lost from a kustomization's list, or has one of its keys under another
name; a reference is renamed; a secret is made twice. Each must be found at the place where the reference, or the second provider, is
written, or must be counted as not judged, and nothing may be reported that does not follow from it. Exit status 1 otherwise.
"""

import argparse
import collections
import fnmatch
import glob
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "controllers")]

import defects  # noqa: E402
from compare import path_with_helm  # noqa: E402

NOW = "2025-08-20T11:00:00Z"
SOURCES = ("fixtures/trees/*", "fixtures/layouts/*")
# What asks for no secret, or for one that no repository holds by design: the right to read it, a watch, the key of Flux.
ASKS_NOT = (("Role", "*"), ("ClusterRole", "*"), ("*", "metadata.annotations*reload*"), ("Kustomization", "spec.decryption.*"),
            ("*", "*secretProviderClass*"))
DANGLING = ("dangling-reference", "dangling-optional-reference")
WANTED = {"renamed": DANGLING, "removed": DANGLING, "not listed": DANGLING, "key": ("missing-key",), "doubled": ("duplicate-provider",)}


class Repository:
    """A copy of a tree, and what is said of it before anything is planted."""

    def __init__(self, source, work):
        self.name, self.root = os.path.basename(source), os.path.join(work, source.replace("/", "_").strip("_"), "tree")
        shutil.copytree(source, self.root, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        subprocess.run(("chmod", "-R", "u+w", self.root), check=True)
        self.work = work
        self.folders = {os.path.relpath(folder, self.root) for folder, _, names in os.walk(self.root) if set(names) & set(defects.KUSTOMIZATIONS)}
        self.included = {folder for folder in self.folders if defects.listing(self, folder)}
        self.refs, self.lint = self.ask("refs"), self.ask("lint", "--at", NOW)
        self.places = self.by_place(self.refs)

    def ask(self, command, *more):
        environ = {**os.environ, "PATH": path_with_helm(self.work), "GIT_CEILING_DIRECTORIES": os.path.dirname(self.root)}
        done = subprocess.run((args.rotate, "-C", self.root, command, "--format", "json", "--helm", *more), capture_output=True, text=True,
                              env=environ)
        if not done.stdout.startswith("{"):
            raise SystemExit(f"rotate {command} in {self.name}: exit {done.returncode}, no JSON: {done.stderr[-400:]}")
        return json.loads(done.stdout)

    def by_place(self, refs):
        """The references at each place, with their root; those that ask for nothing are left out, and bases as they stand."""
        found = collections.defaultdict(list)
        for root in refs["roots"]:
            is_base = root["path"] in self.included and not root["environment"] and not root["builder"]
            for one in root["references"] if not is_base else ():
                if one["origin"] and not any(fnmatch.fnmatchcase(one["kind"], kind) and fnmatch.fnmatchcase(one["field"], field)
                                             for kind, field in ASKS_NOT):
                    found[one["origin"]["file"], one["origin"]["start"]].append((root, one))
        return found

    def text(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", newline="") as file:
            return file.read()

    def changed(self, files):
        """What is said with some files changed; those without a text are removed."""
        old = {path: self.text(path) if os.path.exists(os.path.join(self.root, path)) else None for path in files}
        self.write(files)
        try:
            return self.ask("refs"), self.ask("lint", "--at", NOW)
        finally:
            self.write(old)

    def write(self, files):
        for path, text in files.items():
            whole = os.path.join(self.root, path)
            if text is None:
                os.remove(whole)
            else:
                with open(whole, "w", encoding="utf-8", newline="") as file:
                    file.write(text)


def failed(refs):
    return sum(root["status"] == "failed" for root in refs["roots"])


def without_provider(repository, refs, place):
    """Whether a reference at a place has nothing that makes its secret, as `refs` shows it; nothing where the place is gone."""
    there = repository.by_place(refs).get(place)
    return any(not defects.providers(refs, root, one) for root, one in there) if there else None


def counted(report):
    return {(one["environment"], one["namespace"], one["secret"]): one["references"] for one in report["coverage"]["secrets"]}


def consequences(defect, finding):
    """Whether a finding speaks of what was changed."""
    words = {name for secret in (*defect.secrets, defects.MARK) for name in (secret, defects.family(secret))}
    return any(word in finding["message"] for word in words) or finding["place"]["file"] in defect.files and finding["rule"] == "unused-setting"


def verdict(repository, defect):
    """What lint makes of a defect: found, not judged, missed or elsewhere, or None where it is no defect; and what else it reports."""
    refs, report = repository.changed(defect.files)
    # A kustomization that is left without anything does not build.
    if failed(refs) > failed(repository.refs):
        return None, []
    if defect.kind in ("removed", "not listed", "renamed"):
        moved = (defect.file, defect.start)
        if not without_provider(repository, refs, moved):
            return None, []
    if defect.kind == "doubled" and not defects.is_double(refs, defect):
        return None, []
    before = {(one["rule"], one["message"], one["place"]["file"]) for one in repository.lint["findings"]}
    new = [one for one in report["findings"] if (one["rule"], one["message"], one["place"]["file"]) not in before]
    wanted = [one for one in new if one["rule"] in WANTED[defect.kind] and consequences(defect, one)]
    more = [one for one in new if not consequences(defect, one)]
    if any((one["place"]["file"], one["place"]["line"]) in defect.places for one in wanted):
        return "found", more
    old, now = counted(repository.lint), counted(report)
    names = {*defect.secrets, *(f"{defects.MARK}{secret}" for secret in defect.secrets)}
    if any(key[2] in names and count > (0 if defect.kind == "key" else old.get(key, 0)) for key, count in now.items()):
        return "not judged", more
    # It had no provider before, either.
    if any(key[2] in names and now.get(key) for key in old):
        return "not judged", more
    return "elsewhere" if wanted else "missed", more


def main():
    random.seed(args.seed)
    sources = [path for pattern in SOURCES for path in sorted(glob.glob(pattern))] + sorted(glob.glob(os.path.join(args.shared, "corpus", "*")))
    counts, faults, seen = collections.defaultdict(collections.Counter), 0, set()
    with tempfile.TemporaryDirectory(prefix="planted-") as work:
        all_of_them = [Repository(source, work) for source in sources if fnmatch.fnmatch(os.path.basename(source), args.only)]
        pool = [(one, place) for one in all_of_them for place in sorted(one.places)]
        print(f"{len(all_of_them)} repositories, {len(pool)} places of references")
        for _ in range(200 * args.count):
            if sum(sum(one.values()) for one in counts.values()) >= args.count or not pool:
                break
            kind = random.choice(sorted(WANTED))
            repository, place = random.choice(pool)
            defect = defects.MAKE[kind](repository, place)
            if defect is None or (repository.name, kind, defect.file, defect.start) in seen:
                continue
            seen.add((repository.name, kind, defect.file, defect.start))
            told, more = verdict(repository, defect)
            if told is None:
                continue
            counts[kind][told] += 1
            where = f"{repository.name}: {kind}, {defect.told}"
            if told in ("missed", "elsewhere"):
                faults += 1
                print(f"FAULT {told} in {where}", flush=True)
            elif args.show:
                print(f"{told} in {where}", flush=True)
            for one in more:
                faults += 1
                print(f"FAULT more is reported in {where}: {one['place']['file']}:{one['place']['line']} {one['rule']} {one['message']}", flush=True)
    for kind, told in sorted(counts.items()):
        print(f"{kind:12}" + "".join(f" {told[one]:4} {one}" for one in ("found", "not judged", "missed", "elsewhere")))
    total = sum(sum(told.values()) for told in counts.values())
    print(f"planted: {total} defects, {faults} faults")
    return 1 if faults or total < args.count else 0


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--rotate", required=True, type=os.path.abspath)
parser.add_argument("--shared", default="../shared", help="where the corpora are")
parser.add_argument("--only", default="*", metavar="GLOB", help="only the repositories of this name")
parser.add_argument("--count", type=int, default=30, metavar="N", help="so many defects")
parser.add_argument("--seed", default="1", metavar="N")
parser.add_argument("--show", action="store_true", help="print what is found, too")
args = parser.parse_args()
sys.exit(main())
