"""Helm: values as Helm merges them, and charts rendered by its own engine."""

import json
import os
import re
import tempfile

import yaml

from objects import Typed, flat
from tree import CACHE, KUSTOMIZATIONS, Fails, loaded, normal, stamp

# What a kustomization's charts are written to.
INFLATED = "rendered-charts.yaml"


def merged(*values):
    """Values merged as Helm does: maps deep, all else replaced; a null stays, since it removes a chart's default."""
    out = {}
    for one in values:
        for key, value in (one or {}).items():
            both = isinstance(value, dict) and isinstance(out.get(key), dict)
            out[key] = merged(out[key], value) if both else value
    return out


def set_at(values, path, value):
    """Values with one more at a path such as `a.b[0].c`, as `--set` writes it; a dot after a backslash is none."""
    out = merged(values)
    keys = [int(key[1:-1]) if re.fullmatch(r"\[\d+\]", key) else key.replace("\\.", ".")
            for key in re.findall(r"\[\d+\]|(?:\\.|[^.\[\\])+", path)]
    node = out
    for key, after in zip(keys, [*keys[1:], None]):
        empty = value if after is None else [] if isinstance(after, int) else {}
        if isinstance(key, int):
            if not isinstance(node, list):
                raise Fails(f"`{path}` asks for a list")
            node.extend([None] * (key + 1 - len(node)))
        elif not isinstance(node, dict):
            raise Fails(f"`{path}` asks for a map")
        old = node[key] if isinstance(key, int) or key in node else None
        node[key] = empty if after is None or not isinstance(old, type(empty)) else list(old) if isinstance(old, list) else dict(old)
        node = node[key]
    return out


def rendered(tree, folder, values, name, namespace):
    """The objects of a chart of the tree, with the template of each: its path and its text."""
    if normal(folder, "Chart.yaml") not in tree.files:
        raise Fails(f"{folder} holds no Chart.yaml")
    key = stamp({path: tree.files[path] for path in tree.below(folder)}), folder, repr(values), name, namespace
    if key not in CACHE:
        CACHE[key] = engine(tree, folder, values, name, namespace)
    if isinstance(CACHE[key], str):
        raise Fails(CACHE[key])
    return CACHE[key]


def engine(tree, folder, values, name, namespace):
    import helm_python  # the other judges need no Helm

    with tempfile.TemporaryDirectory(prefix="chart-") as root:
        for path in tree.below(folder):
            target = os.path.join(root, "chart", os.path.relpath(path, folder))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as file:
                file.write(tree.files[path])
        try:
            with helm_python.Chart.load(os.path.join(root, "chart")) as chart:
                files = chart.render(values, name=name, namespace=namespace)
        except helm_python.HelmError as error:
            return f"{folder}: {str(error).replace(root, '')[:300]}"
    out = []
    for template, text in sorted(files.items()):
        if not template.endswith((".yaml", ".yml", ".json", ".tpl")) or os.path.basename(template).startswith("_"):
            continue
        try:
            out += [(yaml.dump(one, sort_keys=False), normal(folder, template.partition("/")[2]))
                    for one in flat(yaml.load_all(text, Typed))]
        except yaml.YAMLError as error:
            return f"{template} renders no YAML: {str(error).splitlines()[0]}"
    return out


def default_values(tree, folder):
    path = normal(folder, "values.yaml")
    return loaded(tree, path) if path in tree.files else {}


def values_only(name, values):
    """Values as an object, for a chart that is not here."""
    return yaml.dump({"apiVersion": "values/v1", "kind": "Values", "metadata": {"name": name}, "values": values}, sort_keys=False), None


def local(tree, folder, kustomization, entry):
    """The directory of a chart that a kustomization renders from the tree; None where it is pulled."""
    home = (kustomization.get("helmGlobals") or {}).get("chartHome") or "charts"
    inner = f"{entry['name']}-{entry['version']}" if entry.get("repo") and entry.get("version") else "."
    path = normal(folder, os.path.join(home, inner, entry["name"]))
    return path if normal(path, "Chart.yaml") in tree.files else None


def inflated(tree, folder, kustomization):
    """A tree whose kustomizations list what Helm renders of their local charts, in place of these."""
    files = {}
    for path in {tree.kustomization(folder), *tree.reach(folder, kustomization)} - {None}:
        own, at = loaded(tree, path) if os.path.basename(path) in KUSTOMIZATIONS else {}, os.path.dirname(path) or "."
        places = [local(tree, at, own, entry) for entry in own.get("helmCharts") or []]
        if not places or None in places:
            continue
        texts = []
        for entry, place in zip(own["helmCharts"], places):
            inline, file = entry.get("valuesInline"), entry.get("valuesFile")
            under = loaded(tree, normal(at, file)) if file else {}
            pair = {"merge": [inline, under], "replace": [inline or under]}.get(entry.get("valuesMerge"), [under, inline])
            more = [loaded(tree, normal(at, one)) for one in entry.get("additionalValuesFiles") or []]
            namespace = own.get("namespace") or entry.get("namespace") or "default"
            texts += [text for text, _ in rendered(tree, place, merged(*pair, *more), entry.get("releaseName") or "release-name", namespace)]
        kept = {key: value for key, value in own.items() if key not in ("helmCharts", "helmGlobals")}
        files[path] = json.dumps({**kept, "resources": [*(own.get("resources") or []), INFLATED]}, indent=1).encode()
        files[normal(at, INFLATED)] = "---\n".join(texts).encode()
    return tree.changed(files) if files else tree


def inflates(tree):
    """The charts that kustomizations render from the tree."""
    for path in tree.paths:
        if os.path.basename(path) in KUSTOMIZATIONS and b"helmCharts" in tree.files[path]:
            own = loaded(tree, path)
            yield from (local(tree, os.path.dirname(path) or ".", own, entry) for entry in own.get("helmCharts") or [])
