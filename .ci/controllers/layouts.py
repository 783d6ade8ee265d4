"""Lets the families of the examples in fixtures/layouts live, and looks at every view of every environment after each step."""

import collections
import datetime
import fnmatch
import os
import re
import shutil
import subprocess

import compare
import views
from objects import at, made, name_of, scalars, uses
from tree import Tree, load
from views import ENVIRONMENTS

LAYOUTS = "fixtures/layouts"
BEGIN = datetime.datetime(2025, 8, 1, 8, tzinfo=datetime.timezone.utc)
HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)
# What has others build is judged by what they build; so are the values and variables that they take from a ConfigMap.
PASSED_ON = {"Kustomization", "Application", "ApplicationSet", "HelmRelease", "ConfigMap"}
MAKERS = {"ExternalSecret", "Secret"}


class Refused(Exception):
    """A move was asked for and not made."""


def split(name):
    match = re.fullmatch(r"(.+)-(\d{14})", name)
    return match.groups() if match else (name, "plain")


class State:
    """Every view of a tree, by what it is known by, and the manifests that no view has."""

    def __init__(self, root, builder, jobs):
        tree = Tree.read(root)
        found = views.search(tree, builder, jobs)
        # What is in another repository is not here from the beginning.
        self.broken = {view.told(): view.problem for view in found if view.problem}
        self.objects, self.environment = collections.defaultdict(list), {}
        seen = set()
        for view in found:
            key = view.owner.entry, view.owner.kind, view.owner.name, view.path, view.environment
            self.environment[key] = view.environment
            self.objects[key] += [load(text) for text, _ in view.texts]
            seen |= {file for _, file in view.texts} | {view.owner.file}
        charts = tuple(os.path.dirname(path) + "/" for path in tree.paths if os.path.basename(path) == "Chart.yaml")
        for path in tree.paths:
            manifests = [one for one in tree.objects(path) if one.get("apiVersion") and name_of(one) and one.get("kind") in MAKERS] \
                if path.endswith((".yaml", ".yml")) and path not in seen and not path.startswith(charts) else []
            if manifests:
                key = os.path.dirname(path), "Files", None, os.path.dirname(path), None
                named = [one for one in ENVIRONMENTS if one in path.split("/")]
                self.environment[key] = named[0] if len(named) == 1 else None
                self.objects[key] += manifests

    def of(self, environment):
        return {key: objects for key, objects in self.objects.items() if self.environment[key] == environment}

    def used(self, environment):
        """The names that an environment's workloads and values use."""
        return {name for objects in self.of(environment).values() for one in objects if one.get("kind") not in PASSED_ON for name in named(one)}

    def made(self, environment):
        return {made(one) for objects in self.of(environment).values() for one in objects} - {None}


def named(document):
    """The names of Secrets that an object uses; of the values of a chart that is elsewhere, those with a version."""
    if document.get("kind") == "Values":
        return {name for _, value in scalars(document["values"]) for name in compare.VERSIONED.findall(str(value))}
    return {secret for _, secret in uses(document)}


def identity(document):
    """What an object is known by; the hash of a generated one is none of it."""
    kind, name = document.get("kind"), name_of(document)
    return kind, at(document, "metadata", "namespace"), compare.HASH.sub("", str(name)) if kind == "ConfigMap" else name


def differences(before, after, environment, olds, new, removable):
    """What differs between two states and should not: all but the name of a family in one environment."""
    for told in after.broken.keys() - before.broken.keys():
        yield f"{told} does not build any more: {after.broken[told]}"
    for key in before.objects.keys() | after.objects.keys():
        where = f"{key[3]} by {key[1]} {key[2] or key[0]}" + (f" for {key[4]}" if key[4] else "")
        sides = [{}, {}]
        for side, state in zip(sides, (before, after)):
            for document in state.objects.get(key, ()):
                side.setdefault(identity(document), document)
        own = (before if key in before.objects else after).environment[key] == environment
        for name in sides[0].keys() | sides[1].keys():
            one, other = (side.get(name) for side in sides)
            if one == other:
                continue
            told = f"{where}: {' '.join(str(part) for part in name if part)}"
            if not own:
                yield f"{told} changed, in another environment"
            elif one is None:
                if not (name[0] in MAKERS and made(other) == new):
                    yield f"{told} is new"
            elif other is None:
                if not (name[0] in MAKERS and made(one) in removable):
                    yield f"{told} is gone"
            elif name[0] not in PASSED_ON:
                flat = [dict(scalars(side)) for side in (one, other)]
                for path in flat[0].keys() | flat[1].keys():
                    a, b = (str(side.get(path)) for side in flat)
                    if a != b and not any(compare.HASH.sub("", a.replace(old, new)) == compare.HASH.sub("", b) for old in olds):
                        yield f"{told} {path} becomes {b[:80]!r}, and was {a[:80]!r}"


class Life:
    """One family's life, in a repository of its own."""

    def __init__(self, layout, family, builder, work, options, flags=()):
        self.layout, self.family, self.builder, self.options = layout, family, builder, options
        self.root, self.flags, self.path = os.path.join(work, "life"), flags, compare.path_with_helm(work)
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(os.path.join(LAYOUTS, layout), self.root)
        self.now, self.faults, self.steps, self.home = BEGIN, [], [], work
        self.git("init", "-q", "-b", "main")
        self.commit("State")
        self.state = self.look()
        self.ran = {one: [self.uses(one)] for one in ENVIRONMENTS}

    def call(self, *command):
        at = self.now.isoformat()
        who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER")
               for what, value in (("NAME", "life"), ("EMAIL", "life@example.com"), ("DATE", at))}
        environ = {"PATH": self.path, "HOME": self.home, "LC_ALL": "C.UTF-8", "TZ": "UTC", "NO_COLOR": "1",
                   "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, **who}
        return subprocess.run(command, cwd=self.root, env=environ, capture_output=True, text=True, timeout=120)

    def git(self, *arguments):
        done = self.call("git", *arguments)
        if done.returncode:
            raise RuntimeError(f"git {' '.join(arguments)}: {done.stderr.strip()}")

    def commit(self, message):
        self.git("add", "-Af")
        self.git("commit", "-qm", message, "--allow-empty")

    def look(self):
        return State(self.root, self.builder, self.options.jobs)

    def uses(self, environment):
        return frozenset(name for name in self.state.used(environment) if split(name)[0] == self.family)

    def fault(self, step, said):
        self.faults.append(f"{step}: {said}")

    def change(self, step, environment, command, expected, removable=()):
        """Runs a command and holds what it did; `expected` is the name that the environment must use afterwards."""
        before, used = self.state, {one: self.uses(one) for one in ENVIRONMENTS}
        done = self.call(self.options.rotate, *command, *self.flags, "--at", self.now.strftime("%Y-%m-%dT%H:%M:%SZ"))
        if done.returncode:
            if self.call("git", "status", "--porcelain").stdout:
                self.fault(step, f"exit {done.returncode}, and something is written")
            raise Refused(f"{step}: {reason(done.stderr or done.stdout)}")
        self.commit(step)
        self.state = self.look()
        for one in differences(before, self.state, environment, used[environment], expected, removable):
            self.fault(step, one)
        now = {one: self.uses(one) for one in ENVIRONMENTS}
        if now[environment] != {expected}:
            self.fault(step, f"{environment} uses {told(now[environment])}, not {expected}")
        for name in now[environment] - self.state.made(environment):
            self.fault(step, f"{environment} uses {name}, which nothing makes there")
        self.ran[environment].append(now[environment])
        self.steps.append(step)

    def live(self):
        first, = self.ran["production"][0]
        self.now += DAY
        name = f"{self.family}-{self.now:%Y%m%d%H%M%S}"
        self.change("bump", "staging", ("bump", "staging", self.family), name)
        self.now += DAY + HOUR
        self.change("promote", "production", ("promote", "production", "--family", self.family), name)
        self.now += HOUR
        self.change("rollback", "production", ("rollback", "production", self.family, "--reason", "logins fail"), first)
        self.now += HOUR
        self.change("lift", "production", ("bump", "production", self.family, "--lift-hold"), name)
        # The stub before the current one stays; another bump makes the first one prunable.
        self.now += DAY
        second = f"{self.family}-{self.now:%Y%m%d%H%M%S}"
        self.change("second bump", "staging", ("bump", "staging", self.family), second)
        self.now += 60 * DAY
        self.change("prune", "staging", ("prune", "staging", self.family), second, removable={first})
        if first in self.state.made("staging") or name not in self.state.made("staging"):
            self.fault("prune", f"staging makes {told(one for one in self.state.made('staging') if split(one)[0] == self.family)}")


def told(names):
    return " + ".join(sorted(names)) or "nothing"


def reason(said):
    """The first line that says why something was refused."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["nothing is said"]
    errors = [line[1:].strip() for line in lines if line.startswith("×")]
    return ([one for one in errors if not one.endswith("nothing was written")] or errors or lines)[0]


def lives(layout, builder, work, options):
    """Each versioned family of a layout with how far it came, why no further, and what went wrong."""
    state = State(os.path.join(LAYOUTS, layout), builder, options.jobs)
    families = sorted({split(name)[0] for name in state.used("staging") & state.used("production") if split(name)[1] != "plain"})
    has_charts = any(os.path.basename(path) == "Chart.yaml" for path in Tree.read(os.path.join(LAYOUTS, layout)).paths)
    ways = [(), ("--helm",)] if has_charts and compare.has_helm(options.rotate) else [()]
    for family, flags in [(family, flags) for family in families for flags in ways]:
        refused = None
        life = Life(layout, family, builder, work, options, flags)
        try:
            life.live()
        except Refused as error:
            refused = str(error)
        yield (family, *flags), life.steps, refused, life.faults


def run(builder, work, options, repository):
    """Compares and lets live; those that do not go the whole way must be exactly those that .ci/failing-layouts lists."""
    with open(".ci/failing-layouts", encoding="utf-8") as file:
        failing = {tuple(line.split()) for line in file if line.strip() and not line.startswith("#")}
    seen, faults = set(), 0
    for layout in sorted(os.listdir(LAYOUTS)):
        if not fnmatch.fnmatch(layout, options.only):
            continue
        print(f"\n-- {layout}", flush=True)
        verdict = repository(os.path.join(LAYOUTS, layout), builder, options)
        print(verdict.told())
        seen.add((layout, "refs"))
        known = (layout, "refs") in failing
        if known:
            print("  as known" if verdict.faults() else f"  FAULT {layout} refs must leave .ci/failing-layouts")
        faults += bool(verdict.faults()) != known if known else verdict.faults()
        for family, steps, refused, found in lives(layout, builder, work, options):
            seen.add((layout, *family))
            whole, known = not refused and not found, (layout, *family) in failing
            far = "the whole way" if whole else f"to {steps[-1] if steps else 'nothing'}"
            print(f"{' '.join((layout, *family))}: {far}" + (", as known" if known and not whole else ""))
            for line in ([f"refused at {refused}"] if refused else []) + found[:options.show]:
                print(f"  {'' if known or refused and not found else 'FAULT '}{line}")
            if whole and known:
                print("  FAULT it must leave .ci/failing-layouts")
            faults += whole == known
    for layout, *family in sorted(failing - seen):
        if fnmatch.fnmatch(layout, options.only):
            print(f"FAULT .ci/failing-layouts lists {' '.join((layout, *family))}, which is not there")
            faults += 1
    return faults
