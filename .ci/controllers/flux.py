"""What Flux builds: a Kustomization's directory by the rules of its controller, and the chart of a HelmRelease."""

import collections
import os
import re

import envsubst
import helm
from objects import KUSTOMIZATIONS, Typed, at, group, name_of
from tree import Fails, Tree, loaded, normal, traced, untraced

import yaml

SWITCH = "kustomize.toolkit.fluxcd.io/substitute"
VARIABLE = re.compile(r"[_A-Za-z][_A-Za-z0-9]*")
# Stands for what only the cluster knows.
UNKNOWN = "unknown0of0{}0unknown"
IS_UNKNOWN = re.compile(r"unknown0of0\w*?0unknown")


def sources(tree):
    """The sources that are other repositories: declared in the tree, with another address than the one most used."""
    used, declared = collections.Counter(), {}
    for path in tree.paths:
        if path.endswith((".yaml", ".yml")) and b"toolkit.fluxcd.io" in tree.files[path]:
            for one in tree.objects(path):
                if group(one) == "source.toolkit.fluxcd.io":
                    declared[one.get("kind"), name_of(one)] = at(one, "spec", "url")
                elif (one.get("kind"), group(one)) == ("Kustomization", "kustomize.toolkit.fluxcd.io"):
                    folder = str(at(one, "spec", "path") or "./").lstrip("/")
                    if os.path.normpath(folder) in tree.folders:
                        used[at(one, "spec", "sourceRef", "kind"), at(one, "spec", "sourceRef", "name")] += 1
    own = next((source for source, _ in used.most_common()), None)
    return {source for source, url in declared.items() if source != own and url != declared.get(own)} if own else set()


def build(context, owner, view):
    """The view that a Kustomization has of its directory."""
    spec, tree = owner.document["spec"], context.fetched
    source = spec.get("sourceRef") or {}
    if (source.get("kind"), source.get("name")) in context.sources:
        raise Fails(f"{source.get('kind')} {source.get('name')} is another repository")
    # The controller reads a path as if the source were the root of a file system.
    folder = os.path.normpath("/" + str(spec.get("path") or "")).strip("/") or "."
    if not tree.is_directory(folder):
        raise Fails(f"{folder} does not exist")
    file = tree.kustomization(folder)
    own = loaded(tree, file) if file else generated(tree, folder)
    changed = written(tree, folder, own, spec)
    texts = [untraced(text, folder) for text in context.builder.kustomize(tree, folder, traced(changed))]
    variables, unknown = values_of(context, owner)
    strategy = at(spec, "postBuild", "substituteStrategy")
    substituted = texts
    if isinstance(spec.get("postBuild"), dict) and (variables or unknown or strategy == "Always"):
        substituted = [(substitute(text, variables, unknown), origin) for text, origin in texts]
    same = changed == own and bool(file) and substituted == texts
    return [view(owner, folder, substituted, plain=same)]


def generated(tree, folder):
    """The kustomization of a directory without one: every manifest below, and a directory with one as a whole."""
    inner = sorted(os.path.dirname(path) for path in tree.below(folder) if os.path.basename(path) in KUSTOMIZATIONS)
    whole = [one for one in dict.fromkeys(inner) if not any(one.startswith(other + "/") for other in inner)]
    files = [path for path in tree.below(folder) if path.endswith((".yaml", ".yml"))
             and not any(path.startswith(one + "/") for one in whole)]
    listed = sorted(os.path.relpath(path, folder) for path in files + whole)
    return {"resources": [f"./{path}" for path in listed]} if listed else {"namespace": "_placeholder"}


def written(tree, folder, own, spec):
    """A kustomization with what the controller writes into it."""
    out = dict(own)
    for field, name in (("targetNamespace", "namespace"), ("namePrefix", "namePrefix"), ("nameSuffix", "nameSuffix")):
        if spec.get(field):
            out[name] = spec[field]
    components = [one for one in spec.get("components") or []
                  if not spec.get("ignoreMissingComponents") or tree.is_directory(normal(folder, one))]
    added = {"patches": [{key: one[key] for key in ("patch", "target") if one.get(key)} for one in spec.get("patches") or []],
             "components": components,
             "patchesStrategicMerge": [yaml.dump(one) for one in spec.get("patchesStrategicMerge") or []],
             "patchesJson6902": [{"patch": yaml.dump(one["patch"]), "target": one["target"]} for one in spec.get("patchesJson6902") or []]}
    for field, values in added.items():
        if values:
            out[field] = [*(out.get(field) or []), *values]
    images = {one["name"]: one for one in spec.get("images") or []}
    if images:
        out["images"] = [*(one for one in out.get("images") or [] if one["name"] not in images), *images.values()]
    return out


def values_of(context, owner):
    """The variables of a Kustomization, and whether there are others that only the cluster knows."""
    variables, unknown = {}, False
    for source in at(owner.document, "spec", "postBuild", "substituteFrom") or []:
        data = context.configmap(owner, source.get("name")) if source.get("kind") == "ConfigMap" else None
        if data is None:
            unknown = True
        else:
            variables.update({key: str(value).replace("\n", "") for key, value in data.items()})
    inline = at(owner.document, "spec", "postBuild", "substitute") or {}
    variables.update({key: str("" if value is None else value).replace("\n", "") for key, value in inline.items()})
    for name in variables:
        if not VARIABLE.fullmatch(name):
            raise Fails(f"`{name}` is no name of a variable")
    return variables, unknown


def substitute(text, variables, unknown):
    """An object's text with its variables filled in, unless it asks to be left alone."""
    if "$" not in text:
        return text
    document = yaml.load(text, Typed)
    if any(at(document, "metadata", field, SWITCH) == "disabled" for field in ("labels", "annotations")):
        return text
    told = f"{document.get('kind')} {name_of(document)}"
    try:
        out = envsubst.expand(text, lambda name: variables.get(name, UNKNOWN.format(name) if unknown else None))
        yaml.load(out, Typed)
        return out
    except envsubst.Malformed as error:
        raise Fails(f"{told}: bad substitution: {error}") from None
    except envsubst.NotSet as error:
        raise Fails(f"{told}: ${{{error}}} is not set, which Flux refuses unless strict substitution is off") from None
    except yaml.YAMLError as error:
        raise Fails(f"{told} is no YAML once its variables are filled in: {str(error).splitlines()[0]}") from None


def release(context, owner, view):
    """The view that a HelmRelease has of a chart in the repository; of another chart, its values."""
    spec, tree = owner.document["spec"], context.fetched
    values, unknown = {}, False
    for source in spec.get("valuesFrom") or []:
        data = context.configmap(owner, source.get("name")) if source.get("kind") == "ConfigMap" else None
        key = source.get("valuesKey") or "values.yaml"
        if data is None or key not in data:
            unknown = unknown or not source.get("optional") or source.get("kind") == "Secret"
            continue
        if source.get("targetPath"):
            values = helm.set_at(values, source["targetPath"], str(data[key]))
        else:
            one = yaml.load(str(data[key]), Typed)
            values = helm.merged(values, one if isinstance(one, dict) else {})
    values = helm.merged(values, spec.get("values") or {})
    namespace = spec.get("targetNamespace") or owner.namespace
    prefix = f"{spec['targetNamespace']}-" if spec.get("targetNamespace") else ""
    name = spec.get("releaseName") or prefix + owner.name
    chart = at(spec, "chart", "spec") or {}
    source = chart.get("sourceRef") or {}
    if source.get("kind") != "GitRepository" or (source.get("kind"), source.get("name")) in context.sources:
        return [view(owner, "-", [helm.values_only(name, values)], namespace=namespace, kind="values")]
    folder = normal(str(chart.get("chart") or ".").lstrip("/"))
    files = [loaded(tree, normal(one)) for one in chart.get("valuesFiles") or []]
    texts = helm.rendered(tree, folder, helm.merged(*files, values), name, namespace or "default")
    for renderer in spec.get("postRenderers") or []:
        texts = rendered_again(context, texts, renderer.get("kustomize") or {})
    return [view(owner, folder, texts, namespace=namespace, kind="chart",
                 problem="some of its values only the cluster knows" if unknown else None)]


def rendered_again(context, texts, options):
    """What a chart renders, with the patches of a post-renderer."""
    everything = Tree({"all.yaml": "---\n".join(text for text, _ in texts).encode()})
    patches = [{key: one[key] for key in ("patch", "target") if one.get(key)} for one in options.get("patches") or []]
    if not patches:
        return texts
    return [(text, None) for text in context.builder.kustomize(everything, ".", {"resources": ["all.yaml"], "patches": patches})]
