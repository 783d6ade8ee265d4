"""Lets families of secrets live: bumped twice, promoted, rolled back twice, lifted, reverted by Git, pruned.

usage: life.py --rotate FILE --kubectl FILE [--shared DIR] [--before FILE] [--seed N] [--only GLOB] [--families N | --all]
               [--least N] [--jobs N] [-v]

Every example of fixtures/trees and two corpora are lived through, each family from the tree's first state on. After each
step three must agree on what an environment runs: kubectl's rendering, `rotate status` and `rotate history`; the other
environment must render as before, byte for byte. Exit status 1 when there is a fault, or too few go the whole way.
"""

import argparse
import bisect
import collections
import concurrent.futures
import datetime
import fnmatch
import functools
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

from corpora import ENVIRONMENTS, EXAMPLES, FLUX, lay, read, write

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LOADER.add_constructor("tag:yaml.org,2002:value", LOADER.construct_scalar)  # `=` is a text
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
OLD = "20250602090000"  # the version that a family begins with where the test gives it one
BEGIN = datetime.datetime(2025, 8, 1, 8, tzinfo=datetime.timezone.utc)
MINUTE, HOUR, DAY = (datetime.timedelta(minutes=n) for n in (1, 60, 1440))
# What makes a secret, what only lets it be read, and what cannot change any more, does not use one.
NO_USERS = {"ExternalSecret", "ClusterExternalSecret", "Secret", "SealedSecret", "Role", "ClusterRole", "Job"}
STUB = """apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {{ name: {name}{namespace} }}
spec:
  refreshPolicy: CreatedOnce
  secretStoreRef: {store}
  target: {{ name: {name}, creationPolicy: Owner, deletionPolicy: Retain, immutable: true }}
  dataFrom: [{{ extract: {{ key: {key} }} }}]
"""


class Refused(Exception):
    """A move was asked for and not made."""


def below(paths, folder):
    """The sorted paths in a folder."""
    return paths if folder == "." else paths[bisect.bisect(paths, folder + "/"):bisect.bisect(paths, folder + "0")]


@functools.lru_cache(maxsize=None)
def pointers(text):
    """The words of a kustomization that may be paths."""
    words = re.findall(r"[^\s'\"\[\]{},=]+", text.decode("utf-8-sig", "replace"))
    return tuple(word for word in set(words) if "://" not in word and len(word) < 200)


def closure(files, paths, root):
    """Every file that the build of a root can read: its own, and whatever its kustomizations point at."""
    seen, todo = set(), [root]
    while todo:
        path = todo.pop()
        for one in ({path} if path in files else set(below(paths, path))) - seen:
            seen.add(one)
            if os.path.basename(one) in KUSTOMIZATIONS:
                todo += [os.path.normpath(os.path.join(os.path.dirname(one), word)) for word in pointers(files[one])]
    return sorted(seen)


def split(name):
    """The family and the version of a name."""
    match = re.fullmatch(r"(.+)-(\d{14})", name)
    return match.groups() if match else (name, "plain")


def is_secret_field(keys, parent):
    """Whether a field can mean a secret: a plain name may be that of an application or a container, too."""
    path, shapes = " ".join(keys[-3:]).lower(), (str(parent.get("kind")).lower(), str(parent.get("type")).lower())
    if keys[-1] in ("key", "secretKey", "namespace") or "configmap" in path:
        return False
    return "secret" in path or "certificateRefs" in keys or "secret" in shapes or keys[-1] == "name" and "key" in parent


def users(value, family, used, spelt, keys=("",), parent=None):
    """Finds the names by which an object uses secrets of a family, and those that it spells anywhere."""
    if isinstance(value, dict):
        for key, one in value.items():
            users(one, family, used, spelt, (*keys, str(key)), value)
    elif isinstance(value, list):
        for one in value:
            users(one, family, used, spelt, keys, parent)
    elif isinstance(value, str) and family in value:
        spelt.update(re.findall(rf"(?<![\w.-]){re.escape(family)}(?:-\d{{14}})?(?![\w.-])", value))
        try:
            inner = yaml.load(value, LOADER) if "\n" in value.strip() else None
        except yaml.YAMLError:
            inner = None
        users(inner if isinstance(inner, (dict, list)) else None, family, used, spelt, keys, parent)
        for name in (one.strip().rsplit("/", 1)[-1] for one in value.split(",")):
            if split(name)[0] == family and (name != family or is_secret_field(keys, parent or {})):
                used.add(name)


@functools.lru_cache(maxsize=None)
def named_in(text, family):
    """The names of a family that the workloads of a rendering use, those that they spell, and those that stubs make."""
    used, spelt, made = set(), set(), set()
    parts = re.split(r"(?m)^---(?:[ \t].*)?$", text) if family in text else ()
    items = [item for part in parts if family in part for item in yaml.load_all(part, LOADER) if isinstance(item, dict)]
    for item in (one for item in items for one in (item["items"] if item.get("kind") == "List" else [item])):
        kind, spec = item.get("kind"), item.get("spec") or {}
        if kind == "ExternalSecret":
            made.add((spec.get("target") or {}).get("name") or item["metadata"]["name"])
        if kind == "Certificate":
            item = {**item, "spec": {**spec, "secretName": None}}
        if kind not in NO_USERS:
            users({key: one for key, one in item.items() if key != "kind"}, family, used, spelt)
    return frozenset(used), frozenset(spelt), frozenset(name for name in made if split(name)[0] == family)


def told(names):
    return " + ".join(sorted(names)) or "nothing"


def reason_of(said):
    """The first line that tells why something was refused."""
    lines = [line.strip() for line in said.splitlines()] or ["nothing is said"]
    errors = [line[1:].strip() for line in lines if line.startswith("×")]
    gates = [line for line in lines if re.match(r"(soak|hold|window|lint|revert)\w*: ", line)]
    return ([line for line in errors if not line.endswith("nothing was written")] or errors or gates or lines)[0]


class Repository:
    """A tree under Git, at a time that is set; nothing of the machine's own settings is seen, and no network."""

    def __init__(self, root):
        self.root, self.now = root, BEGIN
        home, nowhere = os.path.join(OPTIONS.work, "home"), "http://127.0.0.1:9"
        self.environ = {
            "PATH": os.environ.get("PATH", os.defpath), "HOME": home, "XDG_CONFIG_HOME": home, "LC_ALL": "C.UTF-8", "TZ": "UTC",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_EDITOR": "true", "GIT_ALLOW_PROTOCOL": "none",
            "GIT_AUTHOR_NAME": "life", "GIT_AUTHOR_EMAIL": "life@example.com", "GIT_COMMITTER_NAME": "life",
            "GIT_COMMITTER_EMAIL": "life@example.com", "GIT_CEILING_DIRECTORIES": OPTIONS.work, "KUBECONFIG": os.devnull,
            "http_proxy": nowhere, "https_proxy": nowhere, "HTTPS_PROXY": nowhere, "NO_PROXY": "", "NO_COLOR": "1"}

    def call(self, *command, shell=False):
        at = self.now.isoformat()
        done = subprocess.run(command[0] if shell else command, cwd=self.root, shell=shell, stdin=subprocess.DEVNULL,
                              env={**self.environ, "GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at},
                              capture_output=True, text=True, errors="replace", timeout=120)
        return done.returncode, done.stdout, done.stderr

    def git(self, *arguments):
        code, out, err = self.call("git", *arguments)
        if code:
            raise RuntimeError(f"git {' '.join(arguments)}: {err.strip()}")
        return out

    def commit(self, message):
        self.git("add", "-Af")
        self.git("commit", "-qm", message, "--no-verify")

    def rotate(self, *arguments, program=None):
        timed = () if arguments[0] == "refs" else ("--at", self.now.strftime("%Y-%m-%dT%H:%M:%SZ"))
        return self.call(program or OPTIONS.rotate, *arguments, *timed)

    def json(self, *arguments):
        code, out, err = self.rotate(*arguments, "--format", "json")
        if not out.startswith("{"):
            raise RuntimeError(f"rotate {' '.join(arguments)}: no JSON, exit {code}: {err.strip()[:200]}")
        return json.loads(out)

    def roots(self):
        """The roots of each environment, as `refs` lists them."""
        roots = self.json("refs")["roots"]
        return {environment: [one for one in roots if one["environment"] == environment] for environment in ENVIRONMENTS}


def alone(roots):
    """The roots that belong to one environment alone: of those that both have, kubectl knows one rendering only."""
    paths = [{root["path"] for root in roots[environment]} for environment in ENVIRONMENTS]
    return {environment: [root for root in roots[environment] if root["path"] not in paths[0] & paths[1]]
            for environment in ENVIRONMENTS}


def prepare(tree):
    """Lays a tree into a repository; its name, and the families that both environments use."""
    repository = Repository(os.path.join(OPTIONS.work, "trees", tree.name))
    lay(tree, OPTIONS.shared, repository.root)
    repository.git("init", "-q", "-b", "main")
    repository.commit("State")
    repository.git("tag", "state")
    repository.git("repack", "-adq")
    references = [[one for root in roots for one in root["references"]] for roots in alone(repository.roots()).values()]
    families = [{split(one["secret"])[0] for one in all} for all in references]
    # A template of Helm puts the name together, which kubectl does not fill in.
    templated = {split(one["secret"])[0] for all in references for one in all if one["kind"] == "Values" and one["origin"] is None}
    return tree.name, sorted((families[0] & families[1]) - templated)


def listed(text, name):
    """A kustomization's text with one more resource."""
    block = re.search(r"(?m)^resources:[ \t]*\r?\n([ \t]*- )", text)
    flow = re.search(r"(?m)^resources: *\[", text)
    if block:
        return text[:block.start(1)] + block[1] + name + "\n" + text[block.start(1):]
    return text[:flow.end()] + name + ", " + text[flow.end():] if flow else text.rstrip() + f"\nresources:\n- {name}\n"


class Life(Repository):
    """One family's life. The lives of a process share a copy of their tree, which is set back for each."""

    def __init__(self, tree, family):
        super().__init__(os.path.join(OPTIONS.work, "lives", f"{tree}-{os.getpid()}"))
        self.tree, self.family = tree, family
        self.random = random.Random(f"{OPTIONS.seed} {tree} {family}")
        self.refused, self.faults, self.steps, self.removed = None, [], ["begin"], 0
        # Names that stayed behind, once they are known.
        self.left = {environment: set() for environment in ENVIRONMENTS}

    def begin(self):
        if os.path.exists(self.root):
            self.git("reset", "-q", "--hard", "state")
            self.git("clean", "-fdxq")
        else:
            shutil.copytree(os.path.join(OPTIONS.work, "trees", self.tree), self.root, symlinks=True)
        self.seen, self.files = self.roots(), read(self.root)
        self.give_stubs()
        self.rendered = {environment: self.render(environment) for environment in ENVIRONMENTS}
        # What each environment ran, the newest last.
        self.ran = {environment: [self.used(environment)] for environment in ENVIRONMENTS}
        self.has_stub = {environment: bool(self.made(environment)) for environment in ENVIRONMENTS}

    def references(self, environment):
        return [(root, one) for root in self.seen[environment] for one in root["references"]
                if split(one["secret"])[0] == self.family]

    def give_stubs(self):
        """A family that nothing makes gets a stub from the test: of the plain name, or of a version."""
        names = {one["secret"] for environment in ENVIRONMENTS for _, one in self.references(environment)}
        made = {one["secret"] for roots in self.seen.values() for root in roots for one in root["providers"]}
        if names & made or len(names) > 1:
            return
        name, = names
        if name == self.family and self.random.random() < 0.5:
            name = self.spell(f"{name}-{OLD}")
        for environment in ENVIRONMENTS:
            # The innermost root of each namespace: those around it have the stub, too.
            inwards = sorted(self.references(environment), key=lambda pair: len(pair[0]["path"]))
            for root, one in {one["namespace"]: (root, one) for root, one in inwards}.values():
                self.write_stub(environment, name, root, one)
        self.commit("Stubs")
        self.seen, self.files = self.roots(), read(self.root)

    def spell(self, name):
        """Writes a version into every reference, if each is spelled in a file."""
        origins = [one["origin"] for environment in ENVIRONMENTS for _, one in self.references(environment)]
        if None in origins:
            return self.family
        for file, start, end in sorted({(one["file"], one["start"], one["end"]) for one in origins}, reverse=True):
            text = read(self.root)[file]
            write(self.root, file, text[:start] + text[start:end].replace(self.family.encode(), name.encode()) + text[end:])
        return name

    def write_stub(self, environment, name, root, reference):
        self.files = read(self.root)
        namespace, version = reference["namespace"], split(name)[1]
        folder = os.path.dirname(reference["origin"]["file"]) if root["kind"] == "plain" else root["path"]
        file = f"externalsecret-{name}-{namespace}.yaml" if namespace else f"externalsecret-{name}.yaml"
        texts = (text.decode("utf-8", "replace") for text in self.files.values())
        stores = re.findall(r"secretStoreRef: *(\{.*?\})", "\n".join(texts))
        write(self.root, os.path.join(folder, file), STUB.format(
            name=name, namespace=f", namespace: {namespace}" if namespace else "",
            store=min(stores, default="{ kind: ClusterSecretStore, name: aws }"),
            key=f"{environment}/{self.family}" + ("" if version == "plain" else f"/{version}")))
        for path in (os.path.join(folder, one) for one in KUSTOMIZATIONS):
            if path in self.files:
                write(self.root, path, listed(self.files[path].decode(), file))

    def render(self, environment):
        """What kubectl renders of each root of an environment."""
        paths, roots = sorted(self.files), {root["path"]: root["kind"] for root in alone(self.seen)[environment]}
        return {root: self.build(root, paths) if kind == "kustomize" else self.manifests(root, paths)
                for root, kind in roots.items()}

    def manifests(self, root, paths, mark=""):
        """Plain manifests are what they say; those of a kustomization in between are its own."""
        inner = {os.path.dirname(one) for one in below(paths, root) if os.path.basename(one) in KUSTOMIZATIONS} - {root}
        own = [one for one in below(paths, root) if one.endswith((".yaml", ".yml", ".json"))
               and not any(one.startswith(folder + "/") for folder in inner)]
        return mark + "\n---\n".join(self.files[one].decode("utf-8-sig", "replace") for one in own)

    def build(self, root, paths):
        """What kubectl builds; where it cannot (a plugin, a remote base), the root's manifests as they stand."""
        digest = hashlib.sha256(root.encode())
        for one in closure(self.files, paths, root):
            digest.update(b"%s\0%s\0" % (one.encode(), hashlib.sha256(self.files[one]).digest()))
        cached = os.path.join(OPTIONS.work, "cache", digest.hexdigest())
        if not os.path.exists(cached):
            for restrictor in ("RootOnly", "None"):
                code, out, _ = self.call(OPTIONS.kubectl, "kustomize", f"--load-restrictor=LoadRestrictions{restrictor}", root)
                if code == 0:
                    break
            with tempfile.NamedTemporaryFile("w", dir=OPTIONS.work, delete=False) as file:
                file.write(self.manifests(root, paths, "# not built\n---\n") if code else out)
            os.replace(file.name, cached)
        return load(cached)

    def named(self, environment, which):
        return frozenset().union(*(named_in(text, self.family)[which] for text in self.rendered[environment].values()))

    def used(self, environment):
        """What the workloads use; what is known to have stayed behind counts only alone."""
        names = self.named(environment, 0)
        return names - self.left[environment] or names

    def made(self, environment):
        return self.named(environment, 2)

    def fault(self, environment, what):
        self.faults.append(f"FAULT {self.tree} {environment} {self.family} {self.steps[-1]}: {what}")

    def standing(self, environment="production", status=None):
        families = (status or self.json("status"))["families"]
        return next((one for one in families if (one["family"], one["environment"]) == (self.family, environment)), None)

    def agree(self, environment, expected=None, said=""):
        """After a change of an environment all must agree, and the other one must be as it was."""
        before, self.rendered = self.rendered, {one: self.render(one) for one in ENVIRONMENTS}
        other, = set(ENVIRONMENTS) - {environment}
        for root in (root for root, text in before[other].items() if self.rendered[other][root] != text):
            self.fault(other, f"{root} renders otherwise, though {environment} was changed")
        for root, text in self.rendered[environment].items():
            if text.startswith("# not built") and not before[environment][root].startswith("# not built"):
                self.fault(environment, f"kubectl does not build {root} any more")
        used = self.used(environment)
        if expected and used != {expected}:
            left = used - {expected} if expected in used else set()
            if not left or not all(self.is_told(name, said) for name in left):
                self.fault(environment, f"kubectl renders {told(used)}, not {expected}")
            self.left[environment] |= left
        status, history = self.json("status"), self.json("history", self.family)
        for one in ENVIRONMENTS:
            eras = [view["eras"] for view in history["environments"] if view["environment"] == one]
            self.hold_against(one, "status", self.standing(one, status))
            self.hold_against(one, "history", eras[0][0] if eras and eras[0] else None)
            if self.has_stub[one] and not self.used(one) <= self.made(one):
                self.fault(one, f"nothing makes {told(self.used(one) - self.made(one))}")
        if self.used(environment) != self.ran[environment][-1]:
            self.ran[environment].append(self.used(environment))

    def is_told(self, name, said):
        """Whether rotate says of a name that stays behind where it stands."""
        token = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])")
        texts = ((path, text.decode("utf-8", "replace")) for path, text in self.files.items() if name.encode() in text)
        places = (re.escape(f"{path}:{number}") + r"(?!\d)" for path, text in texts
                  for number, line in enumerate(text.splitlines(), 1) if token.search(line))
        return any(re.search(place, said) for place in places)

    def hold_against(self, environment, command, view):
        """Holds what rotate says against kubectl's rendering. Names in scripts are no fault, whether they count or not."""
        used = self.used(environment)
        says = {f"{self.family}-{version}" for version in view["versions"]} if view else set()
        says |= {self.family} if view and view["plain"] else set()
        # Of a root that both environments have, kubectl's rendering is not asked for.
        shared = any(root["path"] not in self.rendered[environment] for root, _ in self.references(environment))
        too_many = says - used - self.named(environment, 1)
        if not used <= says and (view or used != {self.family}) or too_many and not shared:
            self.fault(environment, f"{command} says {told(says)}, kubectl renders {told(used)}")

    def hold(self):
        """The hold on the family in production, as the last commit has it."""
        code, out, _ = self.call("git", "show", "HEAD:rotate.yaml")
        holds = ((yaml.safe_load(out) if code == 0 else None) or {}).get("holds") or []
        return next((one for one in holds if (one["secret"], one["environment"]) == (self.family, "production")), None)

    def check_hold(self, names, reason):
        for where, one in (("the committed rotate.yaml", self.hold()), ("status", (self.standing() or {}).get("hold"))):
            if not one or {str(one["version"])} != {split(name)[1] for name in names} or reason not in str(one["reason"]):
                self.fault("production", f"{where} has the hold {one}")

    def refuse(self, arguments, said):
        """Ends the life, and says whether the release before goes on here."""
        reason = reason_of(said)
        if OPTIONS.before:
            code, out, err = self.rotate(*arguments, "--dry-run", program=OPTIONS.before)
            reason += " [the release before goes on]" if code == 0 and " -> " in out + err else ""
        self.refused = self.steps[-1], reason
        raise Refused

    def change(self, step, environment, *arguments, expected=None, refusable=True, follow=False):
        """Runs what writes, commits that, and looks at all that must hold then; the exit status and what was said."""
        self.steps.append(step)
        follow = follow or self.random.random() < 0.5
        head, before = self.git("rev-parse", "HEAD"), self.files
        code, out, err = self.rotate(*arguments, *([] if follow else ["--commit"]))
        self.files = read(self.root)
        if code < 0 or code == 101 or "panicked at" in err:
            self.fault(environment, f"crashed with {code}: {err.strip()[-200:]}")
        if code and self.files != before:
            self.fault(environment, "refused, and still wrote")
        if code and refusable or expected and self.files == before and self.used(environment) != {expected}:
            self.refuse(arguments, out + err)
        if self.files != before:
            if follow:
                self.follow(environment, out + err)
            left = self.git("status", "--porcelain").split("\n")[:-1]
            if left or self.git("rev-parse", "HEAD") == head:
                self.fault(environment, f"not in the commit: {', '.join(line[3:] for line in left)}")
                self.commit(f"Rest of {step}")
            self.agree(environment, expected, out + err)
        return code, out + err

    def follow(self, environment, said):
        """Runs the git commands that were printed, as a person would paste them."""
        lines = [line.strip() for line in said.partition("\nNext")[2].splitlines()]
        commands = [line for line in lines if line.startswith("git ")]
        if not commands:
            self.fault(environment, "prints no git command to go on with")
        for command in commands:
            code, _, err = self.call(command, shell=True)
            if code:
                self.fault(environment, f"the printed `{command[:60]}` fails: {err.strip()[:160]}")

    def promote(self, step, expected=None, asks_status=True):
        """Promotes; with nothing expected, nothing may be taken. `status` must have said so."""
        standing, before = self.standing(), self.used("production")
        code, said = self.change(step, "production", "promote", "production", "--family", self.family,
                                 expected=expected, refusable=expected is not None)
        took, due = self.used("production") != before, bool(standing and standing["due"])
        if took and not expected:
            self.fault("production", f"took {told(self.used('production'))}")
        if code not in (0, 1):
            self.fault("production", f"exit {code}: {reason_of(said)}")
        if asks_status and took != due:
            self.fault("production", f"status says due: {due}, promote takes it: {took}")

    def bump(self, step):
        expected = f"{self.family}-{self.now:%Y%m%d%H%M%S}"
        self.change(step, "staging", "bump", "staging", self.family, expected=expected)
        return expected

    def roll_back(self, before):
        command = ("rollback", "production", self.family, "--reason", "logins fail")
        self.change("rollback", "production", *command, expected=before, follow=True)
        self.check_hold({before}, "logins fail")

    def roll_back_again(self):
        """It goes further back, or is refused and names `--to`, which is followed then; the hold keeps its reason."""
        ran, command = self.ran["production"], ("rollback", "production", self.family, "--reason", "also bad")
        older = [names for names in ran[:ran.index(ran[-1])] if len(names) == 1]
        code, said = self.change("second rollback", "production", *command, refusable=False)
        if code and (not older or "--to" not in said):
            self.refuse(command, said)
        if code:
            name, = older[-1]
            self.change("second rollback", "production", *command, "--to", split(name)[1], expected=name)
        if ran[-1] not in older:
            self.fault("production", f"went to {told(ran[-1])}, which did not begin before {told(ran[-2])}")
        self.check_hold(ran[-1], "logins fail")

    def lift_and_revert(self, version):
        """Lifts the hold and reverts that commit; the hold comes back with it, and goes in a commit of its own."""
        before = self.used("production")
        self.change("lift", "production", "bump", "production", self.family, "--lift-hold", expected=version, follow=True)
        if self.hold():
            self.fault("production", "the hold is still in the committed rotate.yaml")
        self.now += HOUR
        self.steps.append("revert")
        self.git("revert", "--no-edit", "HEAD")
        self.files = read(self.root)
        self.agree("production")
        if self.used("production") != before:
            self.fault("production", f"kubectl renders {told(self.used('production'))}, not {told(before)}")
        self.now += 3 * DAY
        self.promote("promote after revert, held")
        if self.hold():
            if self.call("git", "checkout", "-q", "HEAD~1", "--", "rotate.yaml")[0]:
                os.remove(os.path.join(self.root, "rotate.yaml"))
            self.commit("Drop the hold")
            self.files = read(self.root)
        # `bump` takes it by name, so `status` may call it due.
        self.promote("promote after revert", asks_status=False)

    def prune(self, environment):
        stubs = self.made(environment)
        self.change(f"prune {environment}", environment, "prune", environment, self.family)
        gone = stubs - self.made(environment)
        self.removed += len(gone)
        for name in gone & frozenset().union(*self.ran[environment][-2:]):
            self.fault(environment, f"{name} is gone, which is used or the way back")

    def live(self):
        self.begin()
        self.now = BEGIN + DAY + self.random.randrange(1440) * MINUTE
        first = self.bump("bump")
        self.now += DAY - MINUTE
        self.promote("promote at 23:59")
        code, said = self.change("bump at 23:59", "production", "bump", "production", self.family, refusable=False)
        if code != 1 or "soak" not in said:
            self.fault("production", f"exit {code}, not refused for the soak: {reason_of(said)}")
        self.now += MINUTE
        self.promote("promote at 24:00", first)
        self.now += 5 * DAY
        second = self.bump("second bump")
        self.now += DAY
        self.promote("second promote", second)
        self.now += 3 * HOUR
        self.roll_back(first)
        self.now += 2 * DAY
        self.promote("promote after rollback")
        self.roll_back_again()
        self.now += DAY
        self.lift_and_revert(second)
        self.change("bump by name", "production", "bump", "production", self.family, expected=second)
        # Longer than twice a year, which is the longest gap between two runs of a CronJob.
        self.now += 1500 * DAY
        for environment in reversed(ENVIRONMENTS):
            self.prune(environment)
        self.steps.append("the end")


@functools.lru_cache(maxsize=None)
def load(path):
    with open(path) as file:
        return file.read()


def live(task):
    """Lives a life; what there is to tell of it."""
    life = Life(*task)
    try:
        life.live()
    except Refused:
        pass
    except (RuntimeError, LookupError, TypeError, ValueError, subprocess.SubprocessError, yaml.YAMLError) as error:
        life.fault("-", f"{type(error).__name__}: {error}")
    return task, life.refused, life.faults, life.steps[1:], life.removed


def tell(lives):
    """Prints each life's refusal and faults, then the sums."""
    whole, faults, removed, reasons, reached = 0, 0, 0, collections.Counter(), collections.Counter()
    failing = set(re.findall(r"(?m)^(\S+) (\S+)$", load(".ci/failing-lives")))
    for (tree, family), refused, found, steps, gone in lives:
        if (tree, family) in failing:
            faults += not found
            print(*([line.replace("FAULT", "known", 1) for line in found] or [f"FAULT {tree} {family} has none and must leave .ci/failing-lives"]), sep="\n")
            continue
        if refused:
            print(f"refused {tree} {family} {refused[0]}: {refused[1]}")
            reasons[f"refused at {refused[0]}: " + re.sub(r"`[^`]*`|(?<=the first at )\S+:", "`…`", refused[1])[:240]] += 1
        for fault in found:
            print(fault)
        if OPTIONS.verbose:
            print(f"lived {tree} {family}: to {steps[-1] if steps else 'nothing'}, {len(found)} faults", flush=True)
        whole += not refused and not found
        faults, removed = faults + len(found), removed + gone
        reached.update(dict.fromkeys(steps, 1))
    print("\nHow many came to each step, and why others did not go on:")
    for what, count in [*reached.items(), ("stubs were pruned", removed), *reasons.most_common()]:
        print(f"{count:5} {what}")
    print(f"\n{whole} families went the whole way, {sum(reasons.values())} were refused, {faults} faults")
    return 1 if faults or whole < OPTIONS.least else 0


def chosen(families):
    """The lives to be lived: all, or by seed so many, from each tree in turn."""
    seeded = random.Random(OPTIONS.seed)
    rows = [[(tree, family) for family in seeded.sample(names, len(names))] for tree, names in families]
    turns = [row[turn] for turn in range(max(map(len, rows))) for row in rows if turn < len(row)]
    return sorted(turns if OPTIONS.all else turns[:OPTIONS.families])


def start(options):
    global OPTIONS
    OPTIONS = options


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rotate", required=True, help="the program to judge")
    parser.add_argument("--kubectl", required=True, help="renders kustomizations")
    parser.add_argument("--shared", default="../shared", help="where the corpora are")
    parser.add_argument("--before", help="the release before: at each refusal it is asked whether it goes on")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--only", default="*", metavar="GLOB", help="only the trees of this name")
    parser.add_argument("--families", default=70, type=int, metavar="N", help="so many lives, by seed")
    parser.add_argument("--all", action="store_true", help="every life")
    parser.add_argument("--least", default=40, type=int, metavar="N", help="so many must go the whole way")
    parser.add_argument("--jobs", default=os.cpu_count() or 1, type=int, metavar="N", help="lives at a time")
    parser.add_argument("-v", "--verbose", action="store_true", help="say how far each came")
    options = parser.parse_args()
    for name in ("rotate", "kubectl", "before"):
        setattr(options, name, getattr(options, name) and os.path.abspath(getattr(options, name)))
    trees = [tree for tree in (*EXAMPLES, *FLUX) if fnmatch.fnmatch(tree.name, options.only)]
    with tempfile.TemporaryDirectory(prefix="life-") as options.work:
        for name in ("cache", "home", "lives", "trees"):
            os.mkdir(os.path.join(options.work, name))
        with concurrent.futures.ProcessPoolExecutor(options.jobs, initializer=start, initargs=(options,)) as pool:
            start(options)
            return tell(pool.map(live, chosen(list(pool.map(prepare, trees)))))


if __name__ == "__main__":
    sys.exit(main())
