"""Defects: what is changed in which files, and where each must be reported."""

import dataclasses
import os
import random
import re

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
MARK = "planted-"
NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
# What makes a secret and wants it for itself, as its object says; what an operator does about another one is its own business.
WHOLE = ("Certificate", "ExternalSecret", "SealedSecret", "Secret")
DOUBLE = """---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {{ name: {mark}double{namespace} }}
spec:
  refreshPolicy: CreatedOnce
  secretStoreRef: {{ name: platform, kind: ClusterSecretStore }}
  target: {{ name: {name}, immutable: true, deletionPolicy: Retain }}
  data:
    - {{ secretKey: value, remoteRef: {{ key: {mark}double, version: "20250602090000" }} }}
"""


@dataclasses.dataclass
class Defect:
    kind: str
    # The texts of the changed files; None removes one.
    files: dict
    # Where the reference is.
    file: str
    start: int
    # The names that it is about.
    secrets: tuple
    # Files and lines at which it may be reported.
    places: set
    told: str


def family(secret):
    return re.sub(r"-\d{14}$", "", secret)


def meet(one, other):
    return one is None or other is None or "*" in (one, other) or one == other


def providers(refs, root, reference):
    """What makes a reference's secret, each with its root."""
    return [(there, one) for there in refs["roots"] for one in there["providers"]
            if one["secret"] == reference["secret"] and meet(one["namespace"], reference["namespace"])
            and (there["environment"] is None or root["environment"] is None or there["environment"] == root["environment"])]


def only_provider(repository, place):
    """The reference at a place and the one object that makes its secret, wherever it is needed; else nothing."""
    root, reference = repository.places[place][0]
    found = [one for _, one in providers(repository.refs, root, reference)]
    origins = {(one["origin"]["file"], one["origin"]["start"]) for one in found if one["origin"]}
    if len(origins) != 1 or not all(one["origin"] for one in found) or os.path.basename(found[0]["origin"]["file"]).endswith(".json"):
        return None
    return reference, found[0]


def document(text, at):
    """Where the document that holds an offset begins and ends: from its line of dashes to the next."""
    starts = [0, *(found.start() for found in re.finditer(r"(?m)^---", text)), len(text)]
    begin = max(start for start in starts[:-1] if start <= at)
    return begin, min(start for start in starts if start > at)


def character(text, offset):
    """The position of a byte."""
    return len(text.encode()[:offset].decode("utf-8", "replace"))


def listing(repository, file):
    """The kustomizations that list a file or a directory: path and line."""
    found = []
    for folder, _, names in os.walk(repository.root):
        for name in (name for name in names if name in KUSTOMIZATIONS):
            path = os.path.relpath(os.path.join(folder, name), repository.root)
            for number, line in enumerate(repository.text(path).splitlines(True)):
                entry = re.fullmatch(r"\s*-\s+[\"']?([^\s\"'#:]+)[\"']?\s*(?:#.*)?\n?", line)
                if entry and os.path.normpath(os.path.join(os.path.dirname(path), entry[1])) == file:
                    found.append((path, number))
    return found


def without_line(repository, path, number):
    lines = repository.text(path).splitlines(True)
    return "".join(lines[:number] + lines[number + 1:])


def renamed(repository, place):
    root, reference = repository.places[place][0]
    origin, text = reference["origin"], repository.text(reference["origin"]["file"])
    begin, end = character(text, origin["start"]), character(text, origin["end"])
    spelled = text[begin:end]
    if not NAME.fullmatch(spelled) or spelled not in reference["secret"]:
        return None
    return Defect("renamed", {origin["file"]: text[:begin] + MARK + text[begin:]}, origin["file"], origin["start"],
                  (reference["secret"], spelled), {(origin["file"], origin["line"])}, told(reference))


def told(reference):
    origin = reference["origin"]
    return f"{origin['file']}:{origin['line']} {reference['kind']} {reference['name']} {reference.get('field', 'makes')} {reference['secret']}"


def removed(repository, place):
    found = only_provider(repository, place)
    if not found:
        return None
    reference, provider = found
    origin, text = provider["origin"], repository.text(provider["origin"]["file"])
    files = {origin["file"]: without_item(text, origin["line"])} if is_kustomization(origin["file"]) else None
    if files is None:
        begin, end = document(text, character(text, origin["start"]))
        own = reference["origin"]["file"] == origin["file"] and begin <= character(text, reference["origin"]["start"]) < end
        if own or not re.search(rf"(?m)^kind: *[\"']?{provider['kind']}\b", text[begin:end]):
            return None
        rest = text[:begin] + text[end:]
        if re.search(r"(?m)^kind:", rest):
            files = {origin["file"]: rest}
        else:
            files = {origin["file"]: None}
            for path, number in listing(repository, origin["file"]):
                if path in files:
                    return None
                files[path] = without_line(repository, path, number)
    return defect("removed", files, reference, text, begin if reference["origin"]["file"] == origin["file"] and files[origin["file"]] else None)


def defect(kind, files, reference, text, begin):
    """A defect that is reported where the reference is, which may have moved up."""
    origin = reference["origin"]
    start, line, new = origin["start"], origin["line"], files.get(origin["file"])
    if begin is not None and character(text, start) > begin:
        gone = text[begin:begin + len(text) - len(new)]
        start, line = start - len(gone.encode()), line - gone.count("\n")
    return Defect(kind, files, origin["file"], start, (reference["secret"],), {(origin["file"], line)}, told(reference))


def is_kustomization(path):
    return os.path.basename(path) in KUSTOMIZATIONS


def without_item(text, line):
    """A text without the item of a list that a line is in."""
    lines = text.splitlines(True)
    begin = line - 1
    while begin and not re.match(r"\s*- ", lines[begin]):
        begin -= 1
    indent = len(lines[begin]) - len(lines[begin].lstrip())
    end = begin + 1
    while end < len(lines) and lines[end].strip() and len(lines[end]) - len(lines[end].lstrip()) > indent:
        end += 1
    return "".join(lines[:begin] + lines[end:])


def not_listed(repository, place):
    found = only_provider(repository, place)
    if not found or is_kustomization(found[1]["origin"]["file"]):
        return None
    reference, provider = found
    file = provider["origin"]["file"]
    if file == reference["origin"]["file"]:
        return None
    lines = [(*one, up) for up in (file, *folders(file)) for one in listing(repository, up)]
    if not lines or any(path == reference["origin"]["file"] for path, *_ in lines):
        return None
    path, number, entry = random.choice(lines)
    found = defect("not listed", {path: without_line(repository, path, number)}, reference, "", None)
    # With a file or a directory, other secrets go, too.
    return dataclasses.replace(found, secrets=(reference["secret"], *{
        one["secret"] for root in repository.refs["roots"] for one in root["providers"]
        if one["origin"] and f"{one['origin']['file']}/".startswith(f"{entry}/")}))


def folders(path):
    while path := os.path.dirname(path):
        yield path


def key(repository, place):
    found = only_provider(repository, place)
    if not found or not found[0]["field"].endswith("secretKeyRef.name") or found[0]["optional"]:
        return None
    reference, provider = found
    lines = repository.text(reference["origin"]["file"]).splitlines()
    at, indent = reference["origin"]["line"] - 1, lambda line: len(line) - len(line.lstrip(" -"))
    near = [number for number in (at, at - 1, at + 1, at - 2, at + 2) if 0 <= number < len(lines)
            and (number == at or indent(lines[number]) == indent(lines[at]))]
    read = next(((number, one[1]) for number in near if (one := re.search(r"(?:^|[\s{,])key:\s*[\"']?([\w.-]+)", lines[number]))), None)
    if not read:
        return None
    number, name = read
    origin, text = provider["origin"], repository.text(provider["origin"]["file"])
    begin, end = document(text, character(text, origin["start"]))
    old = text[begin:end]
    escaped = re.escape(name)
    new = re.sub(rf"(?m)^(\s*[\"']?){escaped}(?=[\"']?:\s)", rf"\g<1>{MARK}{name}", old)
    new = re.sub(rf"(secretKey:\s*[\"']?){escaped}(?=[\"']?\s*(?:[,}}]|$))", rf"\g<1>{MARK}{name}", new, flags=re.M)
    new = re.sub(rf"(?m)^(\s*- [\"']?){escaped}(?==)", rf"\g<1>{MARK}{name}", new)
    if new == old or origin["file"] == reference["origin"]["file"]:
        return None
    return Defect("key", {origin["file"]: text[:begin] + new + text[end:]}, reference["origin"]["file"], reference["origin"]["start"],
                  (reference["secret"],), {(reference["origin"]["file"], number + 1)}, f"{told(reference)} {name}")


def doubled(repository, place):
    found = only_provider(repository, place)
    if not found or found[1]["kind"] not in WHOLE:
        return None
    reference, provider = found
    origin, text = provider["origin"], repository.text(provider["origin"]["file"])
    spelled = text[character(text, origin["start"]):character(text, origin["end"])]
    if not NAME.fullmatch(spelled):
        return None
    begin, end = document(text, character(text, origin["start"]))
    space = re.search(r"(?m)^metadata:[^\n]*(?:\n(?:[ \t][^\n]*))*?\bnamespace: *([\w.-]+)", text[begin:end])
    own = DOUBLE.format(mark=MARK, name=spelled, namespace=f", namespace: {space[1]}" if space else "")
    if is_kustomization(origin["file"]):
        other = os.path.join(os.path.dirname(origin["file"]), f"{MARK}double.yaml")
        listed = re.sub(r"(?m)^resources:[ \t]*\n([ \t]*- )", rf"resources:\n\g<1>{MARK}double.yaml\n\g<1>", text, count=1)
        if listed == text:
            return None
        files, line = {origin["file"]: listed, other: own}, 8
    else:
        other, text = origin["file"], text if text.endswith("\n") else text + "\n"
        files, line = {other: text + own}, text.count("\n") + 8
    places = {(other, line), (other, line - 4), (origin["file"], origin["line"])}
    return Defect("doubled", files, origin["file"], origin["start"], (reference["secret"],), places, told(provider))


def is_double(refs, one):
    """Whether one root has two objects that make the secret in one namespace."""
    for root in refs["roots"]:
        mine = [made for made in root["providers"] if made["secret"] in one.secrets]
        for made in mine:
            if made["name"] and made["name"].endswith(f"{MARK}double") and any(
                    other is not made and other["namespace"] == made["namespace"] and other["name"] != made["name"] for other in mine):
                return True
    return False


MAKE = {"renamed": renamed, "removed": removed, "not listed": not_listed, "key": key, "doubled": doubled}
