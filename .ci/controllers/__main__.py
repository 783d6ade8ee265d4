"""Holds `rotate refs` and `rotate bump` against what Flux, Argo CD and Helm would build.

usage: .ci/controllers --rotate FILE --kubectl FILE [--shared DIR] [--seed N] [--origins N] [--show N] [--jobs N]
                       [--only GLOB] (--corpus | --layouts | --self-test | REPOSITORY...)

Each controller's rules are written down here once more, from its own code; kubectl and Helm's engine build. A REPOSITORY is
compared as it is: none of the references in each view may be missed or invented, and other bytes at a reference's origin must
change that name and nothing else. --corpus takes those below DIR/corpus, --layouts the examples of fixtures/layouts and lets
their families be bumped, promoted, rolled back and pruned. Exit status 1 when there is a fault.
"""

import fnmatch
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import compare  # noqa: E402
import views  # noqa: E402
from options import parser as shared_options  # noqa: E402
from tree import Builder, Tree  # noqa: E402

CORPUS = ("radix-flux", "home-ops-flux", "aaw-argocd-manifests", "plumbing", "notification-manifests")


def repository(path, builder, options):
    """The verdict on a repository."""
    verdict = compare.Verdict("/".join(os.path.abspath(path).split("/")[-2:]), options.show)
    tree = Tree.read(path)
    search = lambda one, builder: views.search(one, builder, options.jobs)  # noqa: E731
    report = compare.refs(options.rotate, path, builder.work)
    found = search(tree, builder)
    paired = list(compare.pairs(found, report, verdict, tree, builder, compare.has_helm(options.rotate)))
    compare.silent(found, report, verdict)
    for view, root in paired:
        compare.compare(view, root, verdict, namespaces=view.plain or report["schema"] != "rotate.refs/v1")
    compare.try_origins(paired, tree, builder, verdict, options.origins, options.seed, search)
    return verdict


def main():
    parser = shared_options(__doc__.splitlines()[0], "corpora or layouts")
    parser.add_argument("--layouts", action="store_true", help="compare the examples, and let their families live")
    parser.add_argument("--origins", default=8, type=int, metavar="N", help="so many origins of a repository are tried")
    parser.add_argument("--show", default=10, type=int, metavar="N", help="show at most N faults of a repository")
    parser.add_argument("--seed", default="1")
    options = parser.parse_args()
    paths = list(options.repositories)
    if options.corpus:
        paths += [path for name in CORPUS if fnmatch.fnmatch(name, options.only)
                  and os.path.isdir(path := os.path.join(options.shared, "corpus", name))]
    faults = 0
    with tempfile.TemporaryDirectory(prefix="controllers-") as work:
        builder = Builder(options.kubectl, work, options.jobs)
        for path in paths:
            began = time.monotonic()
            verdict = repository(path, builder, options)
            print(verdict.told(), f"  ({time.monotonic() - began:.0f} s)", sep="\n", flush=True)
            faults += verdict.faults()
        if options.self_test:
            import selftest
            faults += selftest.run(builder, work, options)
        if options.layouts:
            import layouts
            faults += layouts.run(builder, work, options, repository)
    print(f"\ncontrollers: {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
