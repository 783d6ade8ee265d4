"""What Argo CD builds: the sources of an Application, and the Applications of an ApplicationSet."""

import collections
import fnmatch
import os
import re

import yaml

import helm
import template
from objects import Typed, at, documents, flat, name_of
from tree import Fails, loaded, normal, traced, untraced

MANIFESTS = (".yaml", ".yml", ".json")
# The options that an operator may give to every build.
OPTIONS = re.compile(r"--load-restrictor[= ]\"?LoadRestrictionsNone")


def address(url):
    """A repository's address, however it is spelled."""
    return re.sub(r"^[a-z+]+://([^@/]*@)?|^[^@/:]+@|\.git/?$|/+$", "", str(url or "").strip().lower()).replace(":", "/", 1)


def home(tree):
    """The address of this repository: the one whose paths exist here most often."""
    found = collections.Counter()
    for path in tree.paths:
        if path.endswith(MANIFESTS) and b"argoproj.io" in tree.files[path]:
            for one in tree.objects(path):
                spec = at(one, "spec", "template", "spec") or at(one, "spec")
                sources = [*(at(spec, "sources") or []), at(spec, "source")]
                urls = {source.get("ref"): address(source.get("repoURL")) for source in sources if isinstance(source, dict)}
                for source in (source for source in sources if isinstance(source, dict)):
                    folder = os.path.normpath(str(source.get("path") or "-"))
                    found[address(source.get("repoURL"))] += folder in tree.folders and folder != "."
                    for file in at(source, "helm", "valueFiles") or []:
                        reference, _, rest = str(file).removeprefix("$").partition("/")
                        if str(file).startswith("$") and reference in urls:
                            found[urls[reference]] += os.path.normpath(rest) in tree.files
                for generator in at(one, "spec", "generators") or []:
                    found[address(at(generator, "git", "repoURL"))] += 0 if "git" not in generator else 1
    return next((url for url, count in found.most_common() if url and count), None)


def build(context, owner, view):
    """The views that an Application has: one of each of its paths."""
    spec = owner.document["spec"]
    namespace = at(spec, "destination", "namespace")
    sources = [one for one in spec.get("sources") or [spec.get("source")] if isinstance(one, dict)]
    ours = {one["ref"] for one in sources if one.get("ref") and address(one.get("repoURL")) == context.home}
    refs = {one["ref"] for one in sources if one.get("ref")}
    views = []
    for source in sources:
        here = address(source.get("repoURL")) == context.home and source.get("path")
        if not here and not source.get("helm"):
            if source.get("path"):
                views.append(view(owner, source["path"], problem=f"{source.get('repoURL')} is another repository"))
            continue
        folder = normal(str(source["path"]).lstrip("/")) if here else None
        try:
            views.append(source_view(context, owner, view, overridden(context.tree, folder, owner, source), folder, namespace, refs, ours))
        except Fails as error:
            views.append(view(owner, folder or "-", problem=str(error)))
    return views


def overridden(tree, folder, owner, source):
    """A source with what `.argocd-source.yaml` beside the path says instead."""
    for name in (".argocd-source.yaml", f".argocd-source-{owner.name}.yaml") if folder else ():
        if normal(folder, name) in tree.files:
            source = helm.merged(source, loaded(tree, normal(folder, name)))
    return source


def source_view(context, owner, view, source, folder, namespace, refs, ours):
    tree = context.tree
    is_chart = folder and normal(folder, "Chart.yaml") in tree.files
    if folder and not tree.is_directory(folder):
        raise Fails(f"{folder} does not exist")
    if source.get("helm") or is_chart:
        values = helm_values(tree, folder, source.get("helm") or {}, refs, ours)
        name = at(source, "helm", "releaseName") or owner.name
        if not is_chart:
            return view(owner, folder or "-", [helm.values_only(name, values)], namespace=namespace, kind="values")
        return view(owner, folder, helm.rendered(tree, folder, values, name, namespace or "default"), namespace=namespace, kind="chart")
    file = tree.kustomization(folder)
    if file and "directory" not in source:
        own = loaded(tree, file)
        changed = written(own, source.get("kustomize") or {})
        restricted = not unrestricted(tree)
        texts = context.builder.kustomize(tree, folder, traced(changed), restricted)
        return view(owner, folder, [untraced(text, folder) for text in texts], namespace=namespace,
                    plain=changed == own and not namespace)
    return view(owner, folder, list(manifests(tree, folder, source.get("directory") or {})), namespace=namespace, kind="plain")


def unrestricted(tree):
    """Whether Argo CD's own settings, where Git has them, lift kubectl's restriction."""
    return any(name_of(one) == "argocd-cm" and OPTIONS.search(str(at(one, "data", "kustomize.buildOptions")))
               for path in tree.paths if path.endswith(MANIFESTS) and b"argocd-cm" in tree.files[path] for one in tree.objects(path))


def written(own, options):
    """A kustomization with an Application's options."""
    out = dict(own)
    for field in ("namespace", "namePrefix", "nameSuffix"):
        if options.get(field):
            out[field] = options[field]
    if options.get("commonAnnotations"):
        out["commonAnnotations"] = {**(out.get("commonAnnotations") or {}), **options["commonAnnotations"]}
    for field in ("components", "patches"):
        if options.get(field):
            added = [{key: value for key, value in one.items() if value not in (None, "", {})} for one in options[field]] \
                if field == "patches" else options[field]
            out[field] = [*(out.get(field) or []), *added]
    return out


def manifests(tree, folder, options):
    """The manifests of a directory, each object with its file."""
    for path in tree.below(folder):
        inside = os.path.relpath(path, folder)
        if not path.endswith(MANIFESTS) or ("/" in inside and not options.get("recurse")):
            continue
        left_out, chosen = options.get("exclude"), options.get("include")
        if left_out and matches(inside, left_out) or chosen and not matches(inside, chosen):
            continue
        text = tree.text(path)
        if "+argocd:skip-file-rendering" in text:
            continue
        try:
            for part in documents(text):
                for one in flat(yaml.load_all(part, Typed)):
                    if not one.get("kind"):
                        raise Fails(f"{path} is no manifest")
                    yield yaml.dump(one, sort_keys=False), path
        except yaml.YAMLError as error:
            raise Fails(f"{path} does not parse: {str(error).splitlines()[0]}") from None


def matches(path, pattern):
    """Whether a glob such as `{a,b}*.yaml` matches; a star matches a slash, too."""
    choice = re.search(r"\{([^{}]*)\}", pattern)
    if choice:
        return any(matches(path, pattern[:choice.start()] + one + pattern[choice.end():]) for one in choice[1].split(","))
    return fnmatch.fnmatchcase(path, pattern)


def helm_values(tree, folder, options, refs, ours):
    """The values of a chart: its files, then `valuesObject` or else `values`, then the parameters."""
    values = {}
    for file in options.get("valueFiles") or []:
        reference, _, rest = file.removeprefix("$").partition("/")
        if file.startswith("$") and reference in refs:
            if reference not in ours:
                raise Fails(f"{file} is in another repository")
            path = normal(rest)
        elif "://" in file:
            raise Fails(f"{file} is a URL")
        else:
            path = normal(file.lstrip("/")) if file.startswith("/") else normal(folder or ".", file) if folder else None
        if path is None:
            continue
        named = [one for one in tree.paths if fnmatch.fnmatchcase(one, path)] if "*" in path else [path]
        if not options.get("ignoreMissingValueFiles") or path in tree.files:
            values = helm.merged(values, *(loaded(tree, one) for one in named))
    text = yaml.load(options.get("values") or "", Typed)
    values = helm.merged(values, options.get("valuesObject") or text or {})
    for one in options.get("parameters") or []:
        value = str(one.get("value") or "")
        values = helm.set_at(values, one["name"], value if one.get("forceString") else yaml.load(value, Typed) if value else "")
    return values


def generate(tree, document):
    """The Applications of an ApplicationSet that can be known without a cluster."""
    spec = document["spec"]
    go, own = bool(spec.get("goTemplate")), spec.get("template") or {}
    out = []
    for generator in spec.get("generators") or []:
        for parameters in parameters_of(tree, generator, go):
            try:
                whole = template.filled(helm.merged(own, generator_template(generator)), parameters, go)
                if spec.get("templatePatch"):
                    patch = yaml.load(template.text(spec["templatePatch"], parameters, go), Typed)
                    whole = helm.merged(whole, patch)
            except template.NotKnown:
                continue
            namespace = at(document, "metadata", "namespace")
            metadata = {**({"namespace": namespace} if namespace else {}), **whole.get("metadata", {})}
            out.append({"apiVersion": document["apiVersion"], "kind": "Application", "metadata": metadata, "spec": whole.get("spec") or {}})
    return out


def generator_template(generator):
    inner = next((value for key, value in generator.items() if key != "selector"), None) or {}
    return inner.get("template") or {}


def parameters_of(tree, generator, go):
    """The parameters that a generator makes; none of one that asks a cluster or a service."""
    if "list" in generator:
        found = list(generator["list"].get("elements") or [])
    elif "git" in generator:
        found = list(from_git(tree, generator["git"], go))
    elif "matrix" in generator:
        first, second = generator["matrix"]["generators"]
        found = [helm.merged(one, other) for one in parameters_of(tree, first, go)
                 for other in parameters_of(tree, filled_generator(second, one, go), go)]
    elif "merge" in generator:
        found = combined(tree, generator["merge"], go)
    else:
        found = []
    inner = next((value for key, value in generator.items() if key != "selector"), None) or {}
    values = inner.get("values") if isinstance(inner, dict) else None
    if values and "matrix" not in generator:
        found = [{**one, "values": template.filled(values, one, go)} for one in found]
    labels = at(generator, "selector", "matchLabels") or {}
    return [one for one in found if all(str(template.flat(one).get(key)) == str(value) for key, value in labels.items())]


def filled_generator(generator, parameters, go):
    try:
        return template.filled(generator, parameters, go)
    except template.NotKnown:
        return {}


def combined(tree, merge, go):
    """The first generator's sets of parameters, each with what the later ones say of the same keys."""
    first, *later = [parameters_of(tree, one, go) for one in merge["generators"]]
    keyed = {tuple(template.flat(one).get(key) for key in merge["mergeKeys"]): one for one in first}
    for found in later:
        for one in found:
            key = tuple(template.flat(one).get(key) for key in merge["mergeKeys"])
            if key in keyed:
                keyed[key] = helm.merged(keyed[key], one)
    return list(keyed.values())


def from_git(tree, git, go):
    """A set of parameters for each directory or file of the repository that a generator names."""
    def chosen(paths, patterns):
        wanted = [one["path"] for one in patterns if not one.get("exclude")]
        refused = [one["path"] for one in patterns if one.get("exclude")]
        like = lambda path, pattern: re.fullmatch(globbed(pattern), path)  # noqa: E731
        return [path for path in paths if any(like(path, one) for one in wanted) and not any(like(path, one) for one in refused)]

    visible = [path for path in sorted(tree.folders) if path != "." and not any(part.startswith(".") for part in path.split("/"))]
    for path in chosen(visible, git.get("directories") or []):
        yield {"path": path_of(path, go)} if go else path_of(path, go)
    for path in chosen(tree.paths, git.get("files") or []):
        value = yaml.load(tree.text(path), Typed)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                place, name = path_of(os.path.dirname(path) or ".", go), os.path.basename(path)
                yield {**one, "path": {**place, "filename": name}} if go else {**one, **place, "path.filename": name}


def globbed(pattern):
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return "".join({"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part, re.escape(part)) for part in parts)


def path_of(path, go):
    base = os.path.basename(path)
    plain = re.sub(r"[^a-z0-9.-]", "-", base.lower())
    segments = path.split("/")
    if go:
        return {"path": path, "basename": base, "basenameNormalized": plain, "segments": segments}
    numbered = {f"path[{index}]": one for index, one in enumerate(segments)}
    return {"path": path, "path.basename": base, "path.basenameNormalized": plain, **numbered}
