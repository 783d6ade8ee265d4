"""The example repositories and the corpora, laid out with environments for those who judge `rotate` on them."""

import collections
import os
import re
import shutil
import subprocess

ENVIRONMENTS = ("staging", "production")
# Azure makes its ids itself and 1Password takes no version, so each version has a key of its own.
SETTINGS = """environments:
  - {{ name: staging, paths: ["{}"], soak: 24h, retention: 14d }}
  - {{ name: production, paths: ["{}"], retention: 14d }}
secrets:
  "*": {{ remote: {{ version: key-suffix }} }}
"""
# A tree: its name, where it is, which parts of it are laid into each environment's own directory (none: it stays as it
# is), and what says which directories are the environments: two directories, a file, or None (its own rotate.yaml or
# the convention).
Tree = collections.namedtuple("Tree", "name source parts environments")
EXAMPLES = tuple(Tree(name, f"fixtures/trees/{name}", (), None) for name in sorted(os.listdir("fixtures/trees")))
FLUX = (
    # Two clusters; what they deploy is shared.
    Tree("radix-flux", "corpus/radix-flux", (), ("clusters/playground", "clusters/production")),
    # The same two, each with components of its own: else no workload belongs to one environment alone.
    Tree("radix-flux-own", "corpus/radix-flux",
         (("clusters/playground", "components"), ("clusters/production", "components")), ENVIRONMENTS),
    # One cluster only, so its applications are laid into two directories.
    Tree("home-ops-flux", "corpus/home-ops-flux", (("kubernetes/apps", "kubernetes/components"),) * 2, ENVIRONMENTS),
)
# Those whose environments a file of `.ci/corpora` declares.
DECLARED = tuple(Tree(name.removesuffix(".yaml"), f"corpus/{name.removesuffix('.yaml')}", (), f".ci/corpora/{name}")
                 for name in sorted(os.listdir(".ci/corpora")))


def read(root):
    """Every file without Git's own, as path -> bytes."""
    files = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name != ".git"]
        for path in filter(os.path.isfile, (os.path.join(folder, name) for name in names)):
            with open(path, "rb") as file:
                files[os.path.relpath(path, root)] = file.read()
    return files


def write(root, path, text):
    with open(os.path.join(root, path), "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def lay(tree, shared, root):
    """Copies a tree, its parts into the environments' directories where it has some."""
    source = os.path.join(shared if tree.environments else ".", tree.source)
    copies = [(os.path.join(source, part), os.path.join(root, environment, part))
              for environment, parts in zip(ENVIRONMENTS, tree.parts) for part in parts] or [(source, root)]
    for one, other in copies:
        shutil.copytree(one, other, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    # A corpus may be read-only, and rotate leaves such files alone.
    subprocess.run(["chmod", "-R", "u+w", root], check=True)
    # Flux reads paths from the repository's root.
    tops = "|".join({part.split("/")[0] for parts in tree.parts for part in parts}) or "$."
    for path, text in read(root).items():
        moved = re.sub(rf'(?m)^(\s*path: "?(?:\./)?)(?=(?:{tops})/)'.encode(), rb"\g<1>%s/" % path.split("/")[0].encode(), text)
        # Neither the hour of the day nor a longer soak is what is judged.
        if path == "rotate.yaml":
            moved = re.sub(rb"soak: \w+", b"soak: 24h", re.sub(rb"(?m)^ *window:.*\n", b"", text))
        if moved != text:
            write(root, path, moved)
    if isinstance(tree.environments, str):
        shutil.copy(tree.environments, os.path.join(root, "rotate.yaml"))
    elif tree.environments:
        write(root, "rotate.yaml", SETTINGS.format(*tree.environments))
