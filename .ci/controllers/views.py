"""Who builds what: the objects of Flux and Argo CD of a tree, and the view that each has of a directory.

An object may come out of another's build, so the search goes down from those that nobody builds. Each object is known by
the file that it is in; a build tells that of what it renders.
"""

import concurrent.futures
import dataclasses
import os
import re

import argo
import flux
import helm
from objects import KUSTOMIZATIONS, at, group, name_of, namespace_of
from tree import Fails, loaded, objects, traced, untraced

KINDS = {("Kustomization", "kustomize.toolkit.fluxcd.io"): flux.build, ("Application", "argoproj.io"): argo.build,
         ("HelmRelease", "helm.toolkit.fluxcd.io"): flux.release}
MENTIONS = re.compile(rb"fluxcd\.io|argoproj\.io")
ENVIRONMENTS = ("staging", "production")
# The ways in which files of values bear the name of an environment.
ENVIRONMENT_VALUES = re.compile(r"(?:values[-./]|environments/)?(staging|stage|production|prod|development|dev|test|qa|uat)(?:/values)?\.ya?ml")
MAPS = re.compile(rb"(?m)^kind: *[\"']?ConfigMap")


@dataclasses.dataclass
class Owner:
    """An object that has a directory built: where it stands, and the file or directory that the search began with."""
    document: dict
    file: str
    entry: str
    above: tuple = ()

    def __post_init__(self):
        self.kind, self.name, self.namespace = self.document["kind"], name_of(self.document), namespace_of(self.document)
        self.key = self.file, self.kind, self.name


@dataclasses.dataclass
class View:
    """What an owner's build gives: the text of each object with its file, or the reason for which there is none."""
    owner: Owner
    path: str
    texts: list = dataclasses.field(default_factory=list)
    problem: str = None
    # The namespace of objects that have none.
    namespace: str = None
    # Whether kubectl renders the same by itself.
    plain: bool = False
    kind: str = "kustomize"
    environment: str = None

    def told(self):
        return f"{self.path} by {self.owner.kind} {self.owner.namespace or '-'}/{self.owner.name}"


class Context:
    """What a build asks for: the tree, kubectl, the ConfigMaps that are known, and whose repository a source names."""

    def __init__(self, tree, builder):
        self.tree, self.builder, self.maps, self.alone = tree, builder, [], []
        self.fetched = tree.kept(".sourceignore")
        self.sources = flux.sources(tree)
        self.home = argo.home(tree)

    def configmap(self, owner, name):
        """The data of the nearest ConfigMap of a name; None where there is none or several say different things."""
        found = [(len(os.path.commonprefix([owner.entry + "/", file])) + (1000 if entry == owner.entry else 0), data)
                 for entry, file, namespace, one, data in self.maps
                 if one == name and (namespace in (None, owner.namespace) or owner.namespace is None)]
        best = [data for rank, data in found if rank == max(found, key=lambda pair: pair[0])[0]]
        return best[0] if best and all(one == best[0] for one in best) else None


def raw(tree):
    """The owners that files spell, but for templates of charts and patches, which lack what an object must have."""
    charts = tuple(os.path.join(os.path.dirname(path), "templates/") for path in tree.paths if os.path.basename(path) == "Chart.yaml")
    for path in tree.paths:
        if path.endswith((".yaml", ".yml", ".json")) and not path.startswith(charts) and os.path.basename(path) not in KUSTOMIZATIONS \
                and MENTIONS.search(tree.files[path]):
            for document in tree.objects(path):
                yield from ((one, path) for one in expanded(tree, document, path))


def expanded(tree, document, file):
    """An owner, or the Applications of an ApplicationSet; none of what is neither."""
    kind = document.get("kind"), group(document)
    spec = at(document, "spec")
    if not isinstance(spec, dict) or not name_of(document):
        return []
    if kind == ("ApplicationSet", "argoproj.io"):
        return argo.generate(tree, document)
    whole = {"Kustomization": at(spec, "sourceRef"), "Application": spec.get("destination") or spec.get("project"),
             "HelmRelease": spec.get("chart") or spec.get("chartRef")}
    return [document] if kind in KINDS and whole[kind[0]] else []


def build(context, owner):
    """The views of an owner."""
    try:
        return KINDS[owner.kind, group(owner.document)](context, owner, View)
    except Fails as error:
        return [View(owner, at(owner.document, "spec", "path") or "-", problem=str(error))]


def children(context, view):
    """The owners in what a view holds, but for those that it comes from itself."""
    for text, file in view.texts:
        if MENTIONS.search(text.encode()):
            for document in objects(text):
                for one in expanded(context.tree, document, file or "-"):
                    found = Owner(one, file or "-", view.owner.entry, (*view.owner.above, view.owner.key))
                    if found.key not in found.above:
                        if not found.namespace and view.namespace:
                            found.namespace = view.namespace
                        yield found


def entries(context, pool):
    """The owners to begin with: those that no other's build gives, as the kustomization around them leaves them."""
    all_of_them = [Owner(document, file, file) for document, file in raw(context.tree)]
    builds = list(pool.map(lambda owner: build(context, owner), [one for one in all_of_them if one.kind != "HelmRelease"]))
    given = {child.key for views in builds for view in views for child in children(context, view)}
    first = [owner for owner in all_of_them if owner.key not in given]
    tops = around(context.tree, {owner.file for owner in first})
    context.alone = [view for views in pool.map(lambda top: plain(context, top), tops) for view in views]
    found = [(view.path, child) for view in context.alone for child in children(context, view)]
    held = {child.key for _, child in found}
    return [owner for owner in first if owner.key not in held] + [
        Owner(child.document, child.file, top) for top, child in found if child.key in {one.key for one in first}]


def plain(context, folder):
    """A directory as kubectl builds it, by nobody."""
    owner = Owner({"kind": "Directory", "metadata": {"name": folder}}, folder, folder)
    try:
        texts = context.builder.kustomize(context.tree, folder, traced(loaded(context.tree, context.tree.kustomization(folder))))
        return [View(owner, folder, [untraced(text, folder) for text in texts])]
    except Fails:
        return []


def charts(context, built):
    """The views of charts that nothing in the repository installs: one for each environment that has a file of values."""
    tree = context.tree
    folders = [os.path.dirname(path) or "." for path in tree.paths if os.path.basename(path) == "Chart.yaml"]
    for folder in folders:
        if folder in built or any(folder.startswith(other + "/charts/") for other in folders):
            continue
        inside = {os.path.relpath(path, folder): path for path in tree.below(folder)}
        files = {found[1]: path for name, path in inside.items() if (found := ENVIRONMENT_VALUES.fullmatch(name))}
        for environment, path in (files or {None: None}).items():
            owner = Owner({"kind": "Chart", "metadata": {"name": folder}}, path or folder, folder)
            # Whoever installs it says how the release is called, and where it is.
            try:
                values = loaded(tree, path) if path else {}
                texts, problem = helm.rendered(tree, folder, values, flux.UNKNOWN.format("release"), flux.UNKNOWN.format("namespace")), None
            except Fails as error:
                texts, problem = [], str(error)
            yield View(owner, folder, texts, problem, kind="chart", environment=environment)


def alone(tree, builder, folder):
    """The view that kubectl has of a directory, with files from anywhere; None where it has none."""
    context = Context.__new__(Context)
    context.tree, context.builder = tree, builder
    return next(iter(plain(context, folder)), None)


def around(tree, files):
    """The outermost kustomizations that list some files."""
    folders = sorted(os.path.dirname(path) or "." for path in tree.paths if os.path.basename(path) in KUSTOMIZATIONS)
    reach = {}
    for folder in folders:
        try:
            reach[folder] = set(tree.reach(folder, loaded(tree, tree.kustomization(folder))))
        except Fails:
            continue
    inner = {folder for folder in reach for other in reach if other != folder and tree.kustomization(folder) in reach[other]}
    return [folder for folder in reach if folder not in inner and reach[folder] & files]


def environment_of(view):
    """The environment that a view belongs to: the only one that what it is called after names."""
    destination = at(view.owner.document, "spec", "destination", "name")
    for text in (view.owner.file, view.owner.entry, view.path, view.owner.name or "", str(destination)):
        named = [one for one in ENVIRONMENTS if re.search(rf"(?<![a-z]){one}(?![a-z])", text)]
        if len(named) == 1:
            return named[0]
    return None


def search(tree, builder, jobs=2):
    """Every view of a tree."""
    context = Context(tree, builder)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        own = [(path, path, namespace_of(one), name_of(one), one.get("data") or {}) for path in tree.paths
               if path.endswith((".yaml", ".yml")) and MAPS.search(tree.files[path])
               for one in tree.objects(path) if one.get("kind") == "ConfigMap"]
        context.maps = own
        for _ in range(4):
            views = down(context, pool)
            maps = own + [(view.owner.entry, file or view.path, namespace_of(one) or view.namespace, name_of(one), one.get("data") or {})
                          for view in views + context.alone for text, file in view.texts if "kind: ConfigMap" in text for one in objects(text)]
            if maps == context.maps:
                break
            context.maps = maps
    for view in views:
        view.environment = environment_of(view)
    built = {view.path for view in views if view.kind == "chart"}
    return views + list(charts(context, built | set(helm.inflates(tree))))


def down(context, pool):
    """The views from the first owners down."""
    views, seen, todo = [], set(), entries(context, pool)
    while todo:
        new = []
        for view in (view for built in pool.map(lambda owner: build(context, owner), todo) for view in built):
            key = view.owner.key, view.owner.entry, view.path, repr(view.owner.document)
            if key not in seen:
                seen.add(key)
                views.append(view)
                new += children(context, view)
        todo = new
    return views
