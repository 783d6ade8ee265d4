"""What the roots of a tree use and make, from what kubectl, Helm's engine and the controllers' rules render of them."""

import collections
import fnmatch
import os
import re

import yaml

import views
from flux import IS_UNKNOWN
from made import makes
from objects import KUSTOMIZATIONS, at, group, name_of, namespace_of, places, uses
from tree import Fails, load, loaded, traced

# A place that names a Secret, and an object that makes one. `keys` of a Use are those that it reads; of a Made those that it
# has, or None where they cannot be known.
Use = collections.namedtuple("Use", "environment namespace kind name field secret optional keys")
Made = collections.namedtuple("Made", "environment namespace kind name secret keys whole root")
# A namespace that is any.
EVERYWHERE = "*"
REMOTE = re.compile(r"^(?:[a-z+]+://|git@|ssh:|github\.com/|[\w.-]+\.(?:com|org|io|dev)/\S+)|\?ref=|//")
WORDS = {"dev": "development", "development": "development", "stage": "staging", "staging": "staging", "stg": "staging",
         "prod": "production", "production": "production", "prd": "production"}
MANIFESTS = (".yaml", ".yml", ".json")
# The lists of a kustomization that take whole files in.
INCLUDES = ("resources", "bases", "components")
FOREIGN = ("generators", "transformers", "validators", "helmCharts", "helmChartInflationGenerator", "helmGlobals", "crds", "openapi")
GATEWAY = "spec.listeners[].tls.certificateRefs[].name"


class Root:
    """What one root renders: its objects, each with the namespace of those that have none."""

    def __init__(self, path, kind, environment, namespace, texts):
        self.path, self.kind, self.environment, self.namespace, self.texts = path, kind, environment, namespace, texts

    def objects(self):
        for text, file in self.texts:
            document = load(text)
            if isinstance(document, dict):
                yield document, file


def settings(tree):
    """The configuration of a tree; of one without, what a tree without any has."""
    return loaded(tree, "rotate.yaml") if "rotate.yaml" in tree.files else {}


def above(path):
    """The directories that a path is in, but for the tree itself if there are others."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[:end]) for end in range(1, len(parts) + 1)] or ["."]


def environment_of(path, own):
    """The environment that a directory belongs to: as declared, or else by the only word of it that names one."""
    if own.get("environments"):
        return next((one["name"] for one in own["environments"] for pattern in one.get("paths") or []
                     if any(fnmatch.fnmatchcase(up, pattern.rstrip("/")) for up in above(path + "/"))), None)
    named = {WORDS[part.lower()] for part in path.split("/") if part.lower() in WORDS}
    return named.pop() if len(named) == 1 else None


def local(tree):
    """The tree without what a kustomization would fetch or run, and without entries for files that are not there."""
    changed = {}
    for path in tree.paths:
        if os.path.basename(path) not in KUSTOMIZATIONS:
            continue
        try:
            own = loaded(tree, path)
        except Fails:
            continue
        folder, out = os.path.dirname(path), {key: value for key, value in own.items() if key not in FOREIGN}
        for field in INCLUDES:
            if isinstance(own.get(field), list):
                out[field] = [one for one in own[field] if is_here(tree, folder, one)]
        sealed = decrypted(tree, folder, own)
        if sealed:
            out["resources"] = [*(out.get("resources") or []), *sealed]
        if out != own:
            changed[path] = yaml.dump(out, sort_keys=False).encode()
    return tree.changed(changed)


def decrypted(tree, folder, own):
    """The files that ksops would decrypt for a kustomization: names and keys are in the clear."""
    listed = [os.path.normpath(os.path.join(folder, str(one))) for one in own.get("generators") or []]
    found = [one for path in listed if path in tree.files for one in tree.objects(path) if str(one.get("kind")).lower() == "ksops"]
    files = [str(path) for one in found for path in one.get("files") or []]
    return [path for path in files if is_here(tree, folder, path)]


def is_here(tree, folder, entry):
    path = os.path.normpath(os.path.join(folder, str(entry)))
    return not REMOTE.search(str(entry)) and (path in tree.files or path in tree.folders)


def plain_files(tree, taken):
    """The manifests that no kustomization and no chart takes in, by directory; what lies beside or below a kustomization and
    is not listed there is not meant to be applied."""
    charts = tuple(os.path.dirname(path) + "/" for path in tree.paths if os.path.basename(path) == "Chart.yaml")
    beside = {os.path.dirname(path) or "." for path in tree.paths if os.path.basename(path) in KUSTOMIZATIONS}
    found = collections.defaultdict(list)
    for path in tree.paths:
        name = os.path.basename(path)
        if path in taken or beside & set(above(path)) or not path.endswith(MANIFESTS) or name in KUSTOMIZATIONS or path.startswith(charts) or name == "rotate.yaml":
            continue
        whole = [one for one in tree.objects(path) if one.get("kind") and one.get("apiVersion") and name_of(one)]
        found[os.path.dirname(path) or "."] += [(yaml.dump(one, Dumper=Plain, sort_keys=False), path) for one in whole]
    return found


class Plain(yaml.SafeDumper):
    """Writes what it is given in full, without anchors."""

    def ignore_aliases(self, data):
        return True


def roots(tree, builder, jobs):
    """Every root that gets into a cluster, and the reasons for which some could not be rendered."""
    own, here, failed = settings(tree), local(tree), collections.Counter()
    found, built = [], set()
    for view in views.search(here, builder, jobs):
        built.add(view.path)
        if view.problem or view.kind == "values":
            failed[view.problem or "a chart that is elsewhere"] += 1
            continue
        environment = view.environment or environment_of(view.owner.file, own) or environment_of(view.path, own)
        found.append(Root(view.path, view.kind, environment, view.namespace, view.texts))
    context = views.Context.__new__(views.Context)
    context.tree, context.builder = here, builder
    folders = sorted({os.path.dirname(path) or "." for path in here.paths if os.path.basename(path) in KUSTOMIZATIONS})
    reach = {}
    for folder in folders:
        try:
            reach[folder] = set(here.reach(folder, loaded(here, here.kustomization(folder)))) | {here.kustomization(folder)}
        except Fails as error:
            failed[str(error)] += 1
    places = {folder: environment_of(folder, own) for folder in reach}
    # An environment's part of another one's directory is deployed, too.
    inner = {folder for folder in reach for other in reach if other != folder and here.kustomization(folder) in reach[other]
             and places[folder] in (None, places[other])}
    for folder in reach.keys() - inner - built:
        environment = places[folder]
        try:
            texts = builder.kustomize(here, folder, traced(loaded(here, here.kustomization(folder))))
            found.append(Root(folder, "kustomize", environment, None, [views.untraced(text, folder) for text in texts]))
        except Fails as error:
            failed[str(error)] += 1
    taken = {path for files in reach.values() for path in files} | {file for one in found for _, file in one.texts if file}
    for folder, texts in plain_files(here, taken).items():
        found.append(Root(folder, "plain", environment_of(folder, own), None, texts))
    return found, failed


def known(name):
    """A name, or nothing where only the cluster has it in full."""
    return None if name in (None, "", "null") or IS_UNKNOWN.search(name) or re.search(r"\$\{|\$\(|\{\{", name) else name


def parent(document, field):
    """The mapping that holds a field, such as `spec.containers[0].env[1].valueFrom.secretKeyRef.name`."""
    node = document
    for step in re.findall(r"\[(\d+)\]|([^.\[\]]+)", field.rpartition(".")[0]):
        node = node[int(step[0])] if step[0] else at(node, step[1])
    return node if isinstance(node, dict) else {}


def read_keys(document, field):
    """The keys that a place reads, and whether it is optional."""
    node = parent(document, field) if not field.startswith("metadata.annotations") else {}
    if field.endswith("secretKeyRef.name") and node.get("key"):
        keys = [node["key"]]
    else:
        keys = [one["key"] for one in node.get("items") or [] if isinstance(one, dict) and one.get("key")] if ".volumes[" in field else []
    return tuple(keys), str(node.get("optional")).lower() == "true"


def named(document):
    """Every field of an API that names a Secret, with the name."""
    yield from uses(document)
    if document.get("kind") == "Gateway" and group(document) == "gateway.networking.k8s.io":
        yield from places(document, GATEWAY)


def held(found):
    """What the roots use and what they make."""
    used, made = [], []
    for number, root in enumerate(found):
        for document, file in root.objects():
            space = known(namespace_of(document)) or known(root.namespace)
            kind, name = document.get("kind"), name_of(document)
            for field, secret in named(document):
                if known(secret):
                    keys, optional = read_keys(document, field)
                    used.append(Use(root.environment, space, kind, name, field, secret, optional, keys))
            where = number if root.kind != "plain" else (number, os.path.dirname(file or ""))
            for one in makes(document):
                into = [one.namespace or space] if one.namespaces is None else one.namespaces
                made += [Made(root.environment, there, kind, name, one.secret, one.keys, one.whole, where) for there in into]
    return used, made

