"""Shows that the judge finds what is wrong: each planted fault must be found, and nothing where there is none."""

import contextlib
import copy
import io

from made import makes
from rendered import Made, Use, environment_of
from tree import Tree
from verdict import Facts, differences

USE = Use("staging", "shop", "Deployment", "web", "spec.template.spec.containers[0].envFrom[0].secretRef.name", "db", False, ())
OPTIONAL = USE._replace(field="spec.template.spec.containers[0].envFrom[1].secretRef.name", secret="mail", optional=True)
KEYED = USE._replace(secret="api", field="spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.name", keys=("token",))
PLAIN = USE._replace(namespace=None, secret="cache")
MADE = (Made("staging", "shop", "ExternalSecret", "api", "api", frozenset({"password"}), True, 0),
        Made("staging", "shop", "Secret", "api", "api", frozenset({"user"}), True, 0),
        Made("production", "shop", "Secret", "db", "db", None, True, 1),
        Made("staging", "other", "Secret", "db", "db", None, True, 1),
        Made(None, None, "Secret", "cache", "cache", None, True, 2))
PLACE = {"file": "web.yaml", "line": 1}


def said(rule, message):
    return {"rule": rule, "message": message, "place": PLACE, "environments": ["staging"]}


RIGHT = {"coverage": {"secrets": []}, "findings": [
    said("dangling-reference", f"nothing provides `db`, which Deployment web in shop ({USE.field}) names"),
    said("dangling-optional-reference", f"the pod starts without `mail`, which Deployment web in shop ({OPTIONAL.field}) names"),
    said("missing-key", f"`api` has no key `token`, which Deployment web in shop ({KEYED.field}) reads"),
    said("duplicate-provider", "`api` has two providers: the Secret `api` and the ExternalSecret `api`"),
    said("unresolved", "no rule of this judge")]}


def changed(number, old, new):
    """A report in which one finding says something else; without it where nothing is new."""
    report = copy.deepcopy(RIGHT)
    if new is None:
        del report["findings"][number]
    else:
        report["findings"][number]["message"] = report["findings"][number]["message"].replace(old, new)
    return report


# A report, the rules in which something must be found, and what is wrong.
REPORTS = (
    ("nothing", RIGHT, set()),
    ("a dangling reference is not said", changed(0, "", None), {"dangling-reference"}),
    ("another one is said", changed(0, "`db`", "`cache`"), {"dangling-reference"}),
    ("another object is said", changed(0, "web", "worker"), {"dangling-reference"}),
    ("another namespace is said", changed(0, "in shop", "in other"), {"dangling-reference"}),
    ("too many namespaces are said", changed(0, " names", " names, here and in 3 other namespaces"), {"dangling-reference"}),
    ("an optional one is not said", changed(1, "", None), {"dangling-optional-reference"}),
    ("a key is not said", changed(2, "", None), {"missing-key"}),
    ("a key is said that is there", changed(2, "`token`", "`password`"), {"missing-key"}),
    ("two providers are not said", changed(3, "", None), {"duplicate-provider"}),
    ("two providers are said of one", changed(3, "`api` has", "`db` has"), {"duplicate-provider"}),
)
# What objects make: an object, and the names with the keys.
MAKERS = (
    ({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"k": "v"}}, [("a", {"k"})]),
    ({"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "a"},
      "spec": {"target": {"name": "b"}, "data": [{"secretKey": "k"}]}}, [("b", {"k"})]),
    ({"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "a"},
      "spec": {"dataFrom": [{"extract": {"key": "x"}}]}}, [("a", None)]),
    ({"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": {"name": "a"}, "spec": {"encryptedData": {"k": "x"}}}, [("a", {"k"})]),
    ({"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "a"}, "spec": {"secretName": "tls"}},
     [("tls", {"tls.crt", "tls.key", "ca.crt"})]),
    ({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": {}}, []),
)
PLACES = (("apps/staging/web", {}, "staging"), ("apps/web", {}, None), ("prod/dev", {}, None),
          ("eu/live/web", {"environments": [{"name": "live", "paths": ["*/live"]}]}, "live"))


def faults():
    for what, report, wanted in REPORTS:
        facts = Facts([USE, OPTIONAL, KEYED, PLAIN], MADE, Tree({}))
        found = {one.rule for one in differences(facts, report)}
        if found != wanted:
            yield f"{what}: found is {sorted(found)}"
    counted = copy.deepcopy(RIGHT)
    counted["findings"].pop(0)
    counted["coverage"]["secrets"] = [{"secret": "db", "namespace": "shop"}]
    if list(differences(Facts([USE, OPTIONAL, KEYED, PLAIN], MADE, Tree({})), counted)):
        yield "what is counted as not judged is called silent"
    listed = Tree({"rotate.yaml": b"external: [{ name: 'd*', namespace: shop }]"})
    if not any(one.rule == "dangling-reference" for one in differences(Facts([USE], (), listed), RIGHT)):
        yield "what rotate.yaml lists as made elsewhere may be reported"
    for document, wanted in MAKERS:
        found = [(one.secret, one.keys and set(one.keys)) for one in makes(document)]
        if found != wanted:
            yield f"{document['kind']} makes {found}, not {wanted}"
    for path, own, wanted in PLACES:
        if environment_of(path, own) != wanted:
            yield f"{path} is {environment_of(path, own)}'s, not {wanted}'s"


def stale(judge, path, builder, options):
    """Whether an entry without a difference is a fault, and a difference without an entry."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        count = judge(path, builder, options, {(path, "missing-key", "never/was"): "no difference"})
    return count == 1 and "there is no such difference" in out.getvalue()


def run(judge, builder, options):
    found = list(faults())
    if not stale(judge, "fixtures/lint/missing-key/ok/in", builder, options):
        found.append("an entry without a difference is no fault")
    for fault in found:
        print(f"FAULT self-test: {fault}")
    print(f"self-test: {len(found)} faults")
    return len(found)
