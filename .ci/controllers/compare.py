"""Holds what `rotate refs` reports against the views that the controllers have."""

import collections
import json
import os
import random
import re
import subprocess
import sys

from flux import IS_UNKNOWN
from objects import Made, Use, is_core, made, name_of, namespace_of, scalars, uses
from tree import load

import views as controllers

HELM = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "helm")
VERSIONED = re.compile(r"(?<![\w.-])[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?-\d{14}(?![\w.-])")
RELEASE = re.compile(r"\{\{-?\s*\.Release\.Name\s*-?\}\}")
# What kustomize adds to the name of what it generates.
HASH = re.compile(r"-[a-z0-9]{10}(?![\w.-])")


def has_helm(rotate):
    """Whether `rotate refs` can have charts rendered."""
    return bool(re.search(r"(?m)^ +--helm\b", subprocess.run((rotate, "refs", "--help"), capture_output=True, text=True).stdout))


def path_with_helm(work):
    """The directories of programs, with one before them that has our own Helm."""
    wrapper = os.path.join(work, "bin", "helm")
    if not os.path.exists(wrapper):
        os.makedirs(os.path.dirname(wrapper), exist_ok=True)
        with open(wrapper, "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\nexec {sys.executable} {os.path.abspath(HELM)} "$@"\n')
        os.chmod(wrapper, 0o755)
    return f"{os.path.dirname(wrapper)}:{os.environ.get('PATH', os.defpath)}"


def refs(rotate, root, work):
    """The report of `rotate refs`, with charts rendered by our own Helm if it can; what the exit status says does not matter here."""
    options = ["--helm"] if has_helm(rotate) else []
    environ = {**os.environ, "PATH": path_with_helm(work)}
    done = subprocess.run((rotate, "-C", root, "refs", "--format", "json", *options), capture_output=True, text=True, env=environ)
    if not done.stdout.startswith("{"):
        raise SystemExit(f"rotate refs: exit {done.returncode}, no JSON: {done.stderr[-400:]}")
    return json.loads(done.stdout)


def held(view):
    """What a view uses and makes, and in which namespaces."""
    used, makes, spaces = collections.Counter(), collections.Counter(), collections.defaultdict(set)
    for text, _ in view.texts:
        document = load(text)
        if not isinstance(document, dict):
            continue
        kind, name = document.get("kind"), name_of(document)
        entries = [Use(kind, name, *one) for one in uses(document)]
        used.update(entries)
        if made(document):
            entries.append(Made(kind, name, made(document)))
            makes[entries[-1]] += 1
        for one in entries:
            spaces[one].add(namespace_of(document) or view.namespace)
    return used, makes, spaces


def reported(root):
    """The same of a root that `refs` reports."""
    used, makes, spaces = collections.Counter(), collections.Counter(), collections.defaultdict(set)
    for one in root["references"]:
        if is_core(one):
            entry = Use(one["kind"], one["name"], one["field"], one["secret"])
            used[entry] += 1
            spaces[entry].add(one["namespace"])
    for one in root["providers"]:
        if one["kind"] in ("Secret", "ExternalSecret"):
            entry = Made(one["kind"], one["name"], one["secret"])
            makes[entry] += 1
            spaces[entry].add(one["namespace"])
    return used, makes, spaces


def loosely(wanted, have):
    """Both with what only the cluster knows in full as it is reported, and without those names of Secrets that it alone knows."""
    unknown, wanted, have = 0, wanted.copy(), have.copy()
    for entry in [one for one in wanted if any(IS_UNKNOWN.search(str(part)) for part in one)]:
        like = [re.compile(".*".join(map(re.escape, IS_UNKNOWN.split(str(part))))) for part in entry]
        alike = [one for one in have if len(one) == len(entry) and all(a.fullmatch(str(b)) for a, b in zip(like, one))]
        if not IS_UNKNOWN.search(entry.secret):
            # The name of an object is of no importance here.
            count = wanted.pop(entry)
            wanted[alike[0] if alike else entry] += count
            continue
        for one in alike or [one for one in have if one[:-1] == entry[:-1]]:
            del have[one]
        unknown += wanted.pop(entry)
    return wanted, have, unknown


# What is no fault.
COUNTED = ("views", "references", "unknown", "origins", "plain", "unlisted")


class Verdict:
    """What a repository's comparison comes to."""

    def __init__(self, name, show):
        self.name, self.left = name, show
        self.counts, self.reasons = collections.Counter(), collections.Counter()

    def fault(self, kind, said, count=1):
        self.counts[kind] += count
        if self.left > 0:
            self.left -= 1
            print(f"  FAULT {self.name} {kind}: {said}", flush=True)

    def not_compared(self, reason):
        self.reasons[re.sub(r"\s+", " ", reason)[:110]] += 1

    def faults(self):
        return sum(count for kind, count in self.counts.items() if kind not in COUNTED)

    def told(self):
        counts = self.counts
        lines = [f"{self.name}: {counts['views']} views compared, {counts['references']} references and providers equal, "
                 f"{counts['missed']} missed, {counts['invented']} invented, {counts['namespace']} in another namespace, "
                 f"{counts['view']} views missing or unknown, {counts['environment']} in another environment; "
                 f"{counts['origins']} origins tried, {counts['origin']} wrong; "
                 f"{counts['unknown']} known to the cluster only; {sum(self.reasons.values())} views not compared"]
        if counts["plain"]:
            lines.append(f"{counts['plain']:6} plain names of Secrets in values of charts that are elsewhere, "
                         f"{counts['unlisted']} of them not listed by refs")
        return "\n".join(lines + [f"{count:6} {reason}" for reason, count in self.reasons.most_common(12)])


def compare(view, root, verdict, namespaces=True):
    """Holds one root against one view."""
    where = view.told()
    wanted, have = held(view), reported(root)
    if root.get("builder") and view.environment not in (None, root["environment"]):
        verdict.fault("environment", f"{where} is {view.environment}'s, not {root['environment']}'s")
    for index in (0, 1):
        expected, found, unknown = loosely(wanted[index], have[index])
        verdict.counts["unknown"] += unknown
        verdict.counts["references"] += sum((expected & found).values())
        for entry, count in (expected - found).items():
            verdict.fault("missed", f"{where}: {' '.join(map(str, entry))}", count)
        for entry, count in (found - expected).items():
            verdict.fault("invented", f"{where}: {' '.join(map(str, entry))}", count)
        for entry in expected & found if namespaces else ():
            # Where a release is installed may be unknown.
            known = {None if IS_UNKNOWN.search(str(one)) else one for one in wanted[2][entry]}
            spaces = known - {None}
            if spaces and None not in known and spaces != have[2][entry]:
                verdict.fault("namespace", f"{where}: {' '.join(map(str, entry))} is in {spaces}, not {have[2][entry]}")
    verdict.counts["views"] += 1


def distance(view, root):
    """How far a root is from a view: of several with the same builder, the nearest is meant."""
    wanted, have = held(view), reported(root)
    return sum(sum(((a - b) + (b - a)).values()) for a, b in zip(wanted[:2], have[:2]))


def key_of(path, kind=None, name=None):
    """What a view and a root have in common; a release may be listed at its own place, or at its chart's."""
    return "-" if kind == "HelmRelease" else path, kind, name


def builder_of(root):
    builder = root.get("builder") or {}
    return builder.get("kind"), builder.get("name")


def nearest(view, roots):
    """The root that is a view's: of several with the same builder's name, the one whose builder is in the same file."""
    there = [root for root in roots if ((root.get("builder") or {}).get("origin") or {}).get("file") == view.owner.file]
    return min(there or roots, key=lambda root: (distance(view, root), root["environment"] != view.environment), default=None)


def rendered_names(view, report, verdict):
    """Holds the versioned names that a chart uses: without rendering, each must at least be found in the values of that environment."""
    wanted = {one.secret for one in held(view)[0] if VERSIONED.fullmatch(one.secret)}
    known = {one["secret"] for root in report["roots"] if root["environment"] in (view.environment, None)
             for one in (*root["references"], *root["mentions"])}
    for name in wanted - known:
        verdict.fault("missed", f"{view.told()}: the chart uses {name}")
    verdict.counts["references"] += len(wanted & known)
    verdict.counts["views"] += bool(wanted)


def spelled(view, report, verdict, makes):
    """Holds the versioned names in the values of a chart that is elsewhere: each must be reported in that environment.

    Of names without a version it is only counted how many are reported: a text may be called like a Secret.
    """
    document = load(view.texts[0][0])
    spelled_out = [str(value) for _, value in scalars(document["values"])]
    texts = [RELEASE.sub(name_of(document), text) for text in spelled_out]
    # What a release's name is part of is listed where there are views.
    has_views = report["schema"] != "rotate.refs/v1"
    wanted = {name for text in (texts if has_views else spelled_out) for name in VERSIONED.findall(text)}
    roots = [root for root in report["roots"] if root["environment"] in (view.environment, None)]
    said = [one for root in roots for one in (*root["references"], *root["mentions"])]
    known = {one["secret"] for one in said}
    own = {one["secret"] for one in said if (one["kind"], one["name"]) == (view.owner.kind, view.owner.name)}
    plain = makes[view.namespace] & set(texts) - wanted
    verdict.counts["plain"] += len(plain)
    verdict.counts["unlisted"] += len(plain - own)
    for name in sorted(plain - own)[:1 if verdict.left > 0 else 0]:
        print(f"  note {view.told()}: the values name {name}, which refs does not list for it")
    for name in wanted:
        if name in known:
            verdict.counts["references"] += 1
        else:
            verdict.fault("missed", f"{view.told()}: the values name {name}")
    if wanted:
        verdict.counts["views"] += 1
    else:
        verdict.not_compared("the chart is not in the repository, and its values have no versioned name")


def pairs(views, report, verdict, tree, builder, helm=False):
    """Each view that can be compared with the root that reports it."""
    by_key, makes, seen = collections.defaultdict(list), collections.defaultdict(set), set()
    for root in report["roots"]:
        by_key[key_of(root["path"], *builder_of(root))].append(root)
    for view in views:
        for one, spaces in held(view)[2].items():
            for space in spaces if isinstance(one, Made) else ():
                makes[space].add(one.secret)
    has_views = report["schema"] != "rotate.refs/v1"
    for view in views:
        by_owner = has_views and view.owner.kind != "Chart"
        if view.problem:
            verdict.not_compared(view.problem)
        elif view.kind == "values":
            spelled(view, report, verdict, makes)
        elif view.kind == "chart" and not helm:
            verdict.not_compared("a chart, of which only versioned names are compared, since rotate refs has no --helm")
            if has_views:
                rendered_names(view, report, verdict)
        elif not has_views and not is_plain(view, tree, builder):
            verdict.not_compared("what the controller lays over the directory matters, and rotate.refs/v1 has no views")
        else:
            found = by_key[key_of(view.path, view.owner.kind, view.owner.name) if by_owner else key_of(view.path)]
            root = nearest(view, [root for root in found if view.owner.kind != "Chart" or root["environment"] == view.environment])
            # Kustomizations in different clusters that say the same are one for this.
            same = view.owner.key, view.path, view.environment, tuple(text for text, _ in view.texts)
            if root is None and (has_views or view.kind == "chart"):
                verdict.fault("view", f"{view.told()} is not reported")
            elif root is None:
                verdict.not_compared("rotate.refs/v1 reports no root there")
            elif same not in seen:
                seen.add(same)
                yield view, root
    known = {(view.owner.kind, view.owner.name) for view in views} | {(None, None)}
    for root in report["roots"]:
        if builder_of(root) not in known:
            verdict.fault("view", f"{root['path']} by {' '.join(map(str, builder_of(root)))} is reported, and nothing builds that")


def silent(views, report, verdict):
    """Holds that what another repository or a registry brings is in the report, known in part and with the reason."""
    named = {builder_of(root) for root in report["roots"] if root.get("status") == "partial" and root.get("problems")}
    for view in views:
        elsewhere = view.kind == "values" or str(view.problem).endswith("is another repository")
        if "${" in view.owner.name:
            continue  # the text of an object whose name each build fills in
        if report["schema"] != "rotate.refs/v1" and elsewhere and (view.owner.kind, view.owner.name) not in named:
            verdict.fault("silent", f"{view.told()} is elsewhere, and refs does not say so")


def is_plain(view, tree, builder):
    """Whether kubectl finds the same in the directory by itself."""
    if view.plain:
        return True
    alone = controllers.alone(tree, builder, view.path) if view.path in tree.folders and tree.kustomization(view.path) else None
    return alone is not None and held(alone)[:2] == held(view)[:2]


def other(spelled):
    """Another text of the same length and the same kinds of characters."""
    at = max((index for index, one in enumerate(spelled) if one.isalnum()), default=None)
    if at is None:
        return None
    digits = re.search(r"\d+$", spelled)
    if digits:
        return spelled[:digits.start()] + "".join(str((int(one) + 1) % 10) for one in digits[0])
    return spelled[:at] + ("q" if spelled[at] != "q" else "x") + spelled[at + 1:]


def try_origins(paired, tree, builder, verdict, count, seed, search):
    """Writes other bytes where a reference says that it is spelled: the view must show another name there, and no other change."""
    found = [(view, one) for view, root in paired for one in (*root["references"], *root["providers"])
             if one.get("origin") and "${" not in one["secret"] and (is_core(one) or one["kind"] in ("Secret", "ExternalSecret"))]
    random.Random(seed).shuffle(found)
    for view, one in found[:count]:
        origin = one["origin"]
        text = tree.files.get(origin["file"])
        spelled = text[origin["start"]:origin["end"]].decode("utf-8", "replace") if text is not None else ""
        where = f"{view.told()}: {one['kind']} {one['name']} {one.get('field', 'makes')} {one['secret']} at {origin['file']}:{origin['line']}"
        new = other(spelled) if re.fullmatch(r"[\w.-]+", spelled) else None
        if new is None:
            verdict.fault("origin", f"{where} spells {spelled[:60]!r}")
            continue
        verdict.counts["origins"] += 1
        changed = tree.changed({origin["file"]: text[:origin["start"]] + new.encode() + text[origin["end"]:]})
        known_by = view.path, view.owner.key, view.owner.entry, view.environment
        after = [found for found in search(changed, builder) if (found.path, found.owner.key, found.owner.entry, found.environment) == known_by]
        fault = "the view is gone" if len(after) != 1 or after[0].problem else moved(view, after[0], one)
        if fault:
            verdict.fault("origin", f"{where}: with {new} written there, {fault}")


def names(view, reference):
    """The names that a view shows where a reference or a provider is."""
    used, makes, _ = held(view)
    if "field" in reference:
        return {one.secret for one in used if (one.kind, one.field) == (reference["kind"], reference["field"])
                and (one.name == reference["name"] or IS_UNKNOWN.search(one.name))}
    return {one.secret for one in makes if one.kind == reference["kind"]}


def moved(before, after, reference):
    """What is wrong with how a view changed when the bytes of a name did; nothing if only that name did."""
    old = reference["secret"]
    new = names(after, reference) - names(before, reference)
    if len(new) != 1:
        return f"the name there is still {old}"
    new, = new
    sides = [[dict(scalars(load(text))) for text, _ in view.texts] for view in (before, after)]
    if len(sides[0]) != len(sides[1]):
        return f"there are {len(sides[1])} objects, not {len(sides[0])}"
    for one, two in zip(*[sorted(side, key=lambda flat: HASH.sub("", repr(sorted(flat.items())).replace(new, old))) for side in sides]):
        for path in one.keys() | two.keys():
            a, b = str(one.get(path)), str(two.get(path))
            if a != b and HASH.sub("", a.replace(old, new)) != HASH.sub("", b):
                return f"{one.get('kind')} {one.get('metadata.name')} {path} becomes {b[:80]!r}, and was {a[:80]!r}"
    return None
