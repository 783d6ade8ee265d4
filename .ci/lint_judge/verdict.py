"""Holds what `rotate lint` says against what the roots use and make."""

import collections
import fnmatch
import re

from rendered import EVERYWHERE
from tree import Fails, loaded

RULES = ("dangling-reference", "dangling-optional-reference", "missing-key", "duplicate-provider")
WHO = r"(?:the values|(?P<kind>\S+) (?P<name>\S+)(?: in (?P<namespace>\S+))?) \((?P<field>.+)\)"
DANGLING = re.compile(rf"(?:nothing provides|the pod starts without) `(?P<secret>[^`]+)`, which {WHO} names"
                      r"(?:, here and in (?P<more>\d+) other namespaces?)?")
MISSING = re.compile(rf"`(?P<secret>[^`]+)` has no key `(?P<key>[^`]+)`, which {WHO} reads")
TWICE = re.compile(r"`(?P<secret>[^`]+)` has two providers: the (?P<kind>\S+) `(?P<name>[^`]+)`")
Difference = collections.namedtuple("Difference", "rule subject said")


def meet(one, other):
    """Whether two names of environments or namespaces may be the same; nothing is any."""
    return one is None or other is None or EVERYWHERE in (one, other) or one == other


def place(field):
    """A field without positions in lists, which a patch may move."""
    return re.sub(r"\[\d+\]", "[]", field)


class Facts:
    """What the roots of a tree use and make, and what its configuration lists as made elsewhere."""

    def __init__(self, used, made, tree):
        self.used, self.by_name = used, collections.defaultdict(list)
        for one in made:
            self.by_name[one.secret].append(one)
        try:
            own = loaded(tree, "rotate.yaml") if "rotate.yaml" in tree.files else {}
        except Fails:
            own = {}
        self.external = [(one["name"], one.get("namespace") or "*") for one in own.get("external") or []]

    def makers(self, use):
        return [one for one in self.by_name[use.secret] if meet(one.environment, use.environment) and meet(one.namespace, use.namespace)]

    def is_listed(self, use):
        return any(fnmatch.fnmatchcase(use.secret, name) and (use.namespace is None or fnmatch.fnmatchcase(use.namespace, space))
                   for name, space in self.external)

    def dangling(self):
        """The places whose secret nothing makes."""
        return {one for one in self.used if not self.makers(one) and not self.is_listed(one)}

    def keyless(self):
        """The places that read a key which nothing that makes the secret has, each with the key."""
        for one in self.used:
            makers = [] if one.optional or self.is_listed(one) else self.makers(one)
            if makers and all(maker.keys is not None for maker in makers):
                yield from ((one, key) for key in one.keys if not any(key in maker.keys for maker in makers))

    def doubled(self):
        """The secrets that two objects of one root make for themselves."""
        found = collections.defaultdict(set)
        for one in (one for makers in self.by_name.values() for one in makers if one.whole):
            found[one.root, one.namespace, one.secret].add((one.kind, one.name))
        # Plain manifests without a namespace may go into several.
        return {secret for (root, namespace, secret), makers in found.items()
                if len(makers) > 1 and (namespace or not isinstance(root, tuple))}


def differences(facts, report):
    """Where lint says what the renderings do not show, or is silent about what they show."""
    yield from of_dangling(facts, report)
    yield from of_keys(facts, report)
    said = [TWICE.search(one["message"]) for one in report["findings"] if one["rule"] == "duplicate-provider"]
    said = {one["secret"] for one in said}
    for secret in sorted(said - facts.doubled()):
        yield Difference("duplicate-provider", secret, "lint reports two providers, the renderings have none")
    for secret in sorted(facts.doubled() - said):
        yield Difference("duplicate-provider", secret, "the renderings have two providers, lint is silent")


def of_dangling(facts, report):
    dangling = facts.dangling()
    places = {(one.kind, place(one.field), one.secret) for one in facts.used}
    said = []
    for finding in (one for one in report["findings"] if one["rule"] in RULES[:2]):
        found = DANGLING.match(finding["message"])
        if not found:
            raise SystemExit(f"not understood: {finding['message']}")
        optional = finding["rule"] == RULES[1]
        said.append((found, optional, finding["environments"]))
        subject = f"{found['secret']} in {found['namespace'] or '-'}"
        where = f"{found['kind']} {found['name']} {found['field']} at {finding['place']['file']}:{finding['place']['line']}"
        of_finding = found["kind"], place(found["field"] or ""), found["secret"]
        if of_finding in places:
            alike = [one for one in dangling if (one.kind, place(one.field), one.secret, one.optional) == (*of_finding, optional)]
            if not any(one.name == found["name"] and meet(one.namespace, found["namespace"]) for one in alike):
                yield Difference(finding["rule"], subject, f"lint reports {where}, and the renderings show nothing dangling there")
            # As many namespaces as it says, and one more.
            elif int(found["more"] or 0) >= max(1, len({one.namespace for one in alike})):
                yield Difference(finding["rule"], subject, f"lint speaks of {found['more']} namespaces more, the renderings of fewer")
        else:
            # A field that is not judged here: at least nothing may make it.
            makers = [one for one in facts.by_name[found["secret"]] if found["namespace"] and meet(one.namespace, found["namespace"])]
            if makers and all(one.environment is None for one in makers):
                yield Difference(finding["rule"], subject, f"lint reports {where}, and {makers[0].kind} {makers[0].name} makes it")
    counted = {(one["secret"], one["namespace"]) for one in report["coverage"]["secrets"]}
    reported_at = {(found["kind"], place(found["field"] or ""), found["secret"], optional) for found, optional, _ in said}
    # A place whose name is filled in is reported once, by the first name.
    filled = {(found["kind"], found["name"], found["namespace"], found["field"], one) for found, _, environments in said for one in environments}
    silent = collections.defaultdict(list)
    for one in dangling:
        at = one.kind, place(one.field), one.secret, one.optional
        reported = at in reported_at or (one.kind, one.name, one.namespace, one.field, one.environment) in filled
        if not reported and not any(secret == one.secret and meet(space, one.namespace) for secret, space in counted):
            silent[one.optional, f"{one.secret} in {one.namespace or '-'}"].append(one)
    for (optional, subject), places in sorted(silent.items(), key=lambda pair: pair[0]):
        first = min(places, key=lambda one: (one.kind, str(one.name), one.field))
        yield Difference(RULES[optional], subject, f"the renderings show nothing that makes it, lint neither reports nor counts it: "
                                                   f"{first.kind} {first.name} {first.field}, {len(places)} in all")


def of_keys(facts, report):
    wanted = {(one.secret, key) for one, key in facts.keyless()}
    said = {(found["secret"], found["key"], found["kind"]) for found in
            (MISSING.match(one["message"]) for one in report["findings"] if one["rule"] == "missing-key")}
    kinds = {one.kind for one in facts.used if one.keys}
    for secret, key in sorted({(secret, key) for secret, key, kind in said if kind in kinds} - wanted):
        yield Difference("missing-key", f"{secret}/{key}", "lint says that it lacks the key, the renderings do not")
    for secret, key in sorted(wanted - {(secret, key) for secret, key, _ in said}):
        yield Difference("missing-key", f"{secret}/{key}", "the renderings show that it lacks the key, lint is silent")
