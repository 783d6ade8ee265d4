"""Shows that the judges know the controllers' rules, and that they find what is wrong: each planted fault must be found."""

import copy
import os
import re
import stat
import subprocess
import sys

import compare
import envsubst
import flux
import helm
import layouts
import template
import views
from objects import documents, scalars, uses
from tree import Tree, load

OLD = "20250602090000"
# What is substituted with NAME=shop-db, EMPTY= and VERSION=20250602090000, by the controller's rules.
SUBSTITUTED = {
    "${NAME}-${VERSION}": f"shop-db-{OLD}", "$NAME": "$NAME", "$${NAME}": "${NAME}", "$$NAME": "$NAME", "${EMPTY:-other}": "other",
    "${MISSING:=a-${VERSION}}": f"a-{OLD}", "${NAME:0:4}": "shop", "${NAME/db/mail}": "shop-mail", "${NAME%-*}": "shop", "${NAME##*-}": "db",
    "${NAME^^}": "SHOP-DB", "${#NAME}": "7", "${NAME//[o]/x}": "shop-db", "a $ {b}": "a $ {b}", "${NAME:+other}": "shop-db",
}
REFUSED = ("${MISSING}", "${a.b}", "${ NAME }", "${NAME", "${}")
FILLED = (
    (False, "{{path.basename}}-{{ env }}-{{unknown}}", "web-staging-{{unknown}}"),
    (True, "{{ .path.basename | upper }}-{{.env}}", "WEB-staging"), (True, "{{ index .path.segments 1 }}", "web"),
    (True, '{{ .missing | default "none" }}', "none"), (True, "a {{- .env -}} b", "astagingb"),
)
PARAMETERS = {False: {"env": "staging", "path": "apps/web", "path.basename": "web"},
              True: {"env": "staging", "path": {"basename": "web", "segments": ["apps", "web"]}}}
# The names that the views of the examples use, by what a person reads in their files.
USED = {
    ("flux-chain", "services/checkout", "checkout"): {f"checkout-db-{OLD}", f"checkout-session-{OLD}", "registry"},
    ("flux-chain", "services/audit", "audit"): {f"audit-sink-{OLD}"},
    ("flux-chain", "services/notifier", "notifier"): {f"notifier-smtp-{OLD}"},
    ("flux-helmrelease", "charts/shop", "shop"): {f"shop-db-{OLD}", f"shop-payments-{OLD}", "registry"},
    ("argo-multi-source", "charts/orders", "orders-production"): {f"orders-db-{OLD}", f"orders-queue-{OLD}", "registry"},
    ("argo-applicationset-list", "services/ledger", "ledger-staging"): {f"ledger-db-{OLD}", f"ledger-signing-{OLD}", "registry"},
    ("argo-applicationset-directories", "deploy/payments/staging", "payments-staging"): {f"payments-db-{OLD}", f"payments-psp-{OLD}", "registry"},
    ("chart-per-app", "charts/invoices", "charts/invoices"): {f"invoices-db-{OLD}", f"invoices-mail-{OLD}", "registry"},
    ("app-of-apps-chart", "charts/service", "tickets-staging"): {f"tickets-db-{OLD}", "registry"},
    ("flux-fields", "apps/mailer", "prefixed"): {"ENV-smtp-v2", "outside"},
    ("flux-fields", "apps/plain-base", "components"): {"proxy-token", "web-settings"},
    ("flux-fields", "apps/plain-base", "patched"): {"pull-ENV", "web-settings", "web-tls-ENV"},
    ("flux-fields", "apps/listed", "listed"): {"listed-one", "listed-two", "listed-three"},
    ("flux-fields", "apps/above", "above"): {"web-settings"},
    ("flux-fields", "apps/variables", "variables"): {"orders-ENV-db", "api-ENV", "fallback-secret", "session-ENV", "csrf-ENV-keys", "session",
                                                     "left-alone"},
    ("flux-fields", "apps/cluster-only", "cluster-only"): {"orders-ENV-db", flux.UNKNOWN.format("TENANT") + "-db"},
    ("flux-fields", "apps/unset", "unset"): {"shell-settings"},
    ("argo-fields", "apps/mailer", "prefixed"): {"eu-smtp-v2", "outside"},
    ("argo-fields", "apps/web", "patched"): {"proxy-token", "web-settings-patched"},
    ("argo-fields", "manifests", "flat"): {"flat-one", "flat-skipped"},
    ("argo-fields", "manifests", "deep"): {"flat-one", "deep-two"},
    ("argo-fields", "manifests", "chosen"): {"deep-two"},
    ("argo-fields", "apps/overridden", "overridden"): {"always-own-here"},
    ("argo-fields", "regional/Edge_Cache", "edge-cache-us"): {"cache-keys-us"},
    ("argo-fields", "apps/web", "merged-one"): {"general-settings"},
    ("argo-fields", "apps/web", "merged-two"): {"special-settings"},
    ("argo-fields", "apps/mailer", "files-south"): {"tenant-south-smtp", "outside"},
}
# What nobody builds in the examples: it is elsewhere, or only a cluster knows it.
NOT_BUILT = {("flux-fields", "elsewhere"), ("argo-fields", "another"), ("argo-fields", "merged-three"), ("argo-fields", "web-{{name}}")}
# A program that does what it should, and one thing more.
WRAPPER = """#!/bin/sh
{rotate} "$@" || exit
[ "$1 $2" = "bump staging" ] || exit 0
{more}
"""


def rules():
    """What is wrong with how the judges read variables, templates and values."""
    lookup = {"NAME": "shop-db", "EMPTY": "", "VERSION": OLD}.get
    for text, wanted in SUBSTITUTED.items():
        if (found := envsubst.expand(text, lookup)) != wanted:
            yield f"{text} becomes {found}, not {wanted}"
    for text in REFUSED:
        try:
            yield f"{text} becomes {envsubst.expand(text, lookup)}, and must be refused"
        except (envsubst.Malformed, envsubst.NotSet):
            continue
    for go, text, wanted in FILLED:
        if (found := template.text(text, PARAMETERS[go], go)) != wanted:
            yield f"{text} becomes {found}, not {wanted}"
    ignoring = Tree({".sourceignore": b"docs/\n", "docs/a.yaml": b"",
                     "apps/.sourceignore": b"*.tmp.yaml\n", "apps/a.tmp.yaml": b"", "apps/a.yaml": b""})
    if (kept := sorted(ignoring.kept(".sourceignore").files)) != [".sourceignore", "apps/.sourceignore", "apps/a.yaml"]:
        yield f".sourceignore leaves {kept}"
    values = helm.set_at({"a": {"b": 1}, "c": [1]}, "a.d[1].e\\.f", "x")
    if values != {"a": {"b": 1, "d": [None, {"e.f": "x"}]}, "c": [1]}:
        yield f"a parameter makes {values}"


def seen(everything):
    """What is wrong with what the views of the examples show."""
    for (layout, path, name), names in USED.items():
        found = [view for view in everything[layout] if (view.path, view.owner.name) == (path, name)]
        if not found:
            yield f"{layout}: nobody builds {path} as {name}"
        for view in found:
            shown = {one.secret for one in compare.held(view)[0]}
            short = (view.environment or "")[:4] if name == "prefixed" else view.environment or ""
            wanted = {one.replace("ENV", short) for one in names}
            if view.problem or shown != wanted:
                yield f"{layout}: {view.told()} uses {sorted(shown)}, not {sorted(wanted)}: {view.problem}"
    for layout, name in NOT_BUILT:
        if any(view.owner.name == name and not view.problem for view in everything[layout]):
            yield f"{layout}: {name} is built"


def reports():
    """Reports with a fault, each with the kind of fault that must be found: what to do to a root that is right."""
    def drop(root):
        root["references"].pop()

    def rename(root):
        root["references"][0]["secret"] += "-wrong"

    def add(root):
        root["references"].append({**root["references"][0], "field": "spec.template.spec.volumes[9].secret.secretName"})

    def elsewhere(root):
        root["references"][0]["namespace"] = root["providers"][0]["namespace"] = "elsewhere"

    def lose(root):
        root["providers"].pop()

    def shift(root):
        for one in (*root["references"], *root["providers"]):
            if one["origin"]:
                one["origin"] = {**one["origin"], "start": one["origin"]["start"] - 5, "end": one["origin"]["end"] - 5}

    def confuse(root):
        origins = [one["origin"] for one in root["providers"]]
        for one, other in zip(root["providers"], origins[1:] + origins[:1]):
            one["origin"] = other

    def move(root):
        root["environment"] = "staging" if root["environment"] == "production" else "production"

    def unbuilt(root):
        root["builder"]["name"] += "-wrong"

    return {"missed": (drop, rename, lose), "invented": (rename, add), "namespace": (elsewhere,), "origin": (shift, confuse),
            "environment": (move,), "view": (unbuilt,)}


def as_reported(view):
    """A root as `refs` would report a view, every name at its place in the files."""
    def origin(tree, file, name):
        at = tree.files[file].find(name.encode())
        return {"file": file, "line": 1, "start": at, "end": at + len(name)}

    tree, (used, makes, spaces) = Tree.read(os.path.join(layouts.LAYOUTS, "argo-applicationset-directories")), compare.held(view)
    files = {one.name: file for (one, file) in zip(makes, [f"{view.path}/{one.name}.yaml" for one in makes])}
    places = {one.secret: f"{view.path.rpartition('/')[0]}/base/deployment.yaml" for one in used}
    text = {name: name.encode() in tree.files[file] for name, file in places.items()}
    references = [{"apiVersion": "apps/v1", "kind": one.kind, "name": one.name, "field": one.field, "secret": one.secret,
                   "namespace": next(iter(spaces[one])), "origin": origin(tree, places[one.secret], one.secret) if text[one.secret] else None}
                  for one in used]
    providers = [{"kind": one.kind, "name": one.name, "secret": one.secret, "namespace": next(iter(spaces[one])),
                  "origin": origin(tree, files[one.name], one.secret)} for one in makes]
    builder = {"kind": view.owner.kind, "namespace": view.owner.namespace, "name": view.owner.name}
    return {"path": view.path, "environment": view.environment, "builder": builder, "references": references, "providers": providers}


def agree(everything):
    """What is found in reports that say what the views show, and must not be."""
    for layout, found in everything.items():
        roots = []
        for view in (view for view in found if not view.problem):
            used, makes, spaces = compare.held(view)
            of = lambda one: {"namespace": next(iter(spaces[one])), "origin": None, **one._asdict()}  # noqa: E731
            chart = view.owner.kind == "Chart"
            builder = None if chart else {"kind": view.owner.kind, "namespace": view.owner.namespace, "name": view.owner.name,
                                          "origin": {"file": view.owner.file}}
            mentioned = [name for _, value in scalars(load(view.texts[0][0])) for name in compare.VERSIONED.findall(str(value))] \
                if view.kind == "values" else []
            roots.append({"path": view.path, "environment": view.environment, "builder": builder, "providers": list(map(of, makes)),
                          "references": [{"apiVersion": "networking.k8s.io/v1" if one.kind == "Ingress" else "v1", **of(one)} for one in used],
                          "mentions": [{"kind": view.owner.kind, "name": view.owner.name, "secret": name} for name in mentioned]})
        verdict = compare.Verdict(layout, 5)
        for view, root in compare.pairs(found, {"schema": "rotate.refs/v2", "roots": roots}, verdict, None, None, helm=True):
            compare.compare(view, root, verdict)
        if verdict.faults() or not verdict.counts["references"]:
            yield f"{layout}: nothing is wrong, and found is {dict(verdict.counts)}"


def planted(builder, options):
    """The faults planted in reports that are not found, and those found where there is none."""
    tree = Tree.read(os.path.join(layouts.LAYOUTS, "argo-applicationset-directories"))
    found = views.search(tree, builder, options.jobs)
    right = {"schema": "rotate.refs/v2", "roots": [as_reported(view) for view in found]}
    for kind, changes in {"nothing": (None,), **reports()}.items():
        for change in changes:
            report = copy.deepcopy(right)
            if change:
                change(report["roots"][0])
            verdict = compare.Verdict("self-test", 0)
            paired = list(compare.pairs(found, report, verdict, tree, builder))
            for view, root in paired:
                compare.compare(view, root, verdict)
            compare.try_origins([pair for pair in paired if pair[1] is report["roots"][0]], tree, builder, verdict, 6, "1",
                                lambda one, builder: views.search(one, builder, options.jobs))
            if bool(change) != bool(verdict.counts[kind] if change else verdict.faults()):
                yield f"{change.__name__ if change else 'nothing'} is planted, and found is {dict(verdict.counts)}"


def wrapped(builder, work, options):
    """The faults of a program that go unseen while a family lives."""
    more = {
        "changed, in another environment": "sed -i 's/search:1.0.3/search:1.0.4/' deploy/search/base/deployment.yaml",
        r"staging uses search-index-\d+, not": "git checkout -q -- . && git clean -fdq",
        "which nothing makes there": "rm deploy/search/staging/search-index-2*0802*.yaml deploy/search/staging/*search-index-2*0802*.yaml; "
                                     "sed -i '/search-index-20250802/{/yaml/d}' deploy/search/staging/kustomization.yaml",
        "does not build any more": "echo '  - not-there.yaml' >> deploy/search/production/kustomization.yaml",
        "is new": "cd deploy/search/staging; sed 's/name: registry/name: other/' registry.yaml > other.yaml; "
                  "echo '  - other.yaml' >> kustomization.yaml",
    }
    path = os.path.join(work, "rotate")
    for wanted, script in more.items():
        with open(path, "w", encoding="utf-8") as file:
            file.write(WRAPPER.format(rotate=options.rotate, more=script))
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
        life = layouts.Life("argo-applicationset-directories", "search-index", builder, work, copy.copy(options))
        life.options.rotate = path
        try:
            life.live()
        except layouts.Refused:
            pass
        if not any(re.search(wanted, fault) for fault in life.faults):
            yield f"a program that also does `{script[:60]}` is not found out: {life.faults}"


def by_hand():
    """How what .ci/helm prints differs from what the judges render."""
    chart = os.path.join(layouts.LAYOUTS, "chart-per-app", "charts", "invoices")
    said = subprocess.run((sys.executable, compare.HELM, "template", "invoices", chart, "-n", "back-office", "-f", f"{chart}/values-staging.yaml",
                           "--set", "image.tag=9,database.existingSecret=other", "--include-crds"), capture_output=True, text=True)
    used = [name for text in documents(said.stdout) for _, name in uses(load(text))]
    if said.returncode or used != ["other", f"invoices-mail-{OLD}", "registry"] or "# Source: invoices/templates/deployment.yaml" not in said.stdout:
        yield f".ci/helm: exit {said.returncode}, {used} are used: {said.stderr}"
    for arguments in (("template", "x", "not-there"), ("template", chart), ("template", "x", chart, "--not-a-flag"), ("install", "x", chart)):
        if subprocess.run((sys.executable, compare.HELM, *arguments), capture_output=True).returncode == 0:
            yield f".ci/helm {' '.join(arguments)} must fail"


def run(builder, work, options):
    everything = {layout: views.search(Tree.read(os.path.join(layouts.LAYOUTS, layout)), builder, options.jobs)
                  for layout in sorted({layout for layout, *_ in USED})}
    faults = [*rules(), *seen(everything), *agree(everything), *by_hand(), *planted(builder, options), *wrapped(builder, work, options)]
    for fault in faults:
        print(f"FAULT self-test: {fault}")
    print(f"self-test: {len(faults)} faults")
    return len(faults)
