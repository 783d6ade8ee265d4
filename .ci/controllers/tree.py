"""A tree of files, copies of it to build in, and kubectl and Helm's engine, which build."""

import bisect
import contextlib
import functools
import json
import os
import queue
import re
import shutil
import subprocess
import tempfile

import yaml

from objects import KUSTOMIZATIONS, Texts, Typed, documents, flat, scalars

# Nothing may reach for the network; Helm's engine reads these when it is loaded.
os.environ.update(dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9"),
                  GIT_ALLOW_PROTOCOL="none")
ORIGIN = "config.kubernetes.io/origin"
CACHE = {}


class Fails(Exception):
    """What a controller would refuse to build, with the reason."""


def stamp(files):
    """What tells files with other texts apart."""
    return hash(frozenset(files.items()))


@functools.lru_cache(maxsize=None)
def objects(text):
    try:
        return tuple(flat(yaml.load_all(text, Typed)))
    except (yaml.YAMLError, ValueError):
        return ()


def normal(*parts):
    """A path within the tree; one that leaves it is none."""
    path = os.path.normpath(os.path.join(*parts))
    if path.startswith("..") or os.path.isabs(path):
        raise Fails(f"{path} is outside the tree")
    return path


class Tree:
    """Files by path, read once. `changed` gives a tree that differs in some of them."""

    def __init__(self, files):
        self.files, self.paths = files, sorted(files)
        self.folders = {"."} | {path[:at.start()] for path in files for at in re.finditer("/", path)}

    @classmethod
    def read(cls, root):
        files = {}
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if name not in (".git", "node_modules"))
            for path in (os.path.join(folder, name) for name in names):
                if os.path.isfile(path):
                    with open(path, "rb") as file:
                        files[os.path.relpath(path, root)] = file.read()
        return cls(files)

    def changed(self, files):
        return Tree({**self.files, **files})

    def kept(self, name):
        """The tree without what its files of this name, such as .sourceignore, exclude in Git's language."""
        rules = {path: text for path, text in self.files.items() if os.path.basename(path) == name}
        if not rules:
            return self
        with tempfile.TemporaryDirectory(prefix="ignored-") as root:
            for path in self.paths:
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), "wb") as file:
                    file.write(rules.get(path, b""))
            subprocess.run(("git", "init", "-q"), cwd=root, check=True)
            ignored = subprocess.run(("git", "ls-files", "-z", "--others", "--ignored", f"--exclude-per-directory={name}"), cwd=root,
                                     check=True, capture_output=True, text=True).stdout.split("\0")
        return Tree({path: text for path, text in self.files.items() if path not in set(ignored)})

    def is_directory(self, path):
        return path in self.folders

    def below(self, folder):
        paths = self.paths
        return paths if folder == "." else paths[bisect.bisect(paths, folder + "/"):bisect.bisect(paths, folder + "0")]

    def kustomization(self, folder):
        """The path of a directory's kustomization file."""
        return next((path for name in KUSTOMIZATIONS if (path := normal(folder, name)) in self.files), None)

    def text(self, path):
        if path not in self.files:
            raise Fails(f"{path} does not exist")
        return self.files[path].decode("utf-8-sig", "replace")

    def objects(self, path):
        """The objects of a file; of one that does not parse, none."""
        return objects(self.text(path))

    def reach(self, folder, kustomization):
        """The files that a build can read: those of its directory where it lists none, and all that its texts point at."""
        seen, todo = {}, [(folder, kustomization)]
        while todo:
            folder, value = todo.pop()
            texts = [one for _, one in scalars(value) if isinstance(one, str) and len(one) < 300]
            for word in {word for one in texts for word in (one, one.rpartition("=")[2])}:
                path = os.path.normpath(os.path.join(folder, word))
                inner = self.kustomization(path) if path in self.folders else None
                if inner or path in self.files:
                    new = [inner or path]
                else:
                    new = self.below(path) if path in self.folders and path != folder else []
                for file in (one for one in new if one not in seen):
                    seen[file] = self.files[file]
                    if file == inner or file.endswith((".yaml", ".yml")) and len(self.files[file]) < 20000:
                        todo += [(os.path.dirname(file), one) for one in self.objects(file)]
        return seen


class Builder:
    """Copies of trees in which kubectl builds, each used by one build at a time."""

    def __init__(self, kubectl, work, jobs):
        self.kubectl, self.work, self.copies = kubectl, work, queue.Queue()
        for number in range(jobs):
            self.copies.put((os.path.join(work, f"copy-{number}"), {}))

    @contextlib.contextmanager
    def copy(self, tree):
        """A directory that holds a tree."""
        folder, held = self.copies.get()
        try:
            for path in held.keys() - tree.files.keys():
                os.remove(os.path.join(folder, path))
            for path in [path for path in held if path not in tree.files]:
                del held[path]
            for path, text in tree.files.items():
                if held.get(path) is not text:
                    os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
                    with open(os.path.join(folder, path), "wb") as file:
                        file.write(text)
                    held[path] = text
            yield folder
        except BaseException:
            # Whatever lies there now is not known.
            held.clear()
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            self.copies.put((folder, held))

    def kustomize(self, tree, folder, kustomization, restricted=False):
        """What kubectl renders of a directory with this kustomization: the texts of its objects."""
        path = tree.kustomization(folder) or normal(folder, KUSTOMIZATIONS[0])
        text = json.dumps(kustomization, indent=1).encode()
        key = stamp(tree.reach(folder, kustomization)), path, text, restricted
        if key not in CACHE:
            import helm  # it builds on trees
            inflated = helm.inflated(tree.changed({path: text}), folder, kustomization)
            CACHE[key] = self.render(inflated, folder, restricted)
        code, out, err = CACHE[key]
        if code:
            raise Fails(err)
        return documents(out)

    def render(self, tree, folder, restricted):
        with self.copy(tree) as root:
            loads = () if restricted else ("--load-restrictor", "LoadRestrictionsNone")
            try:
                done = subprocess.run((self.kubectl, "kustomize", *loads, folder), cwd=root, capture_output=True, text=True, timeout=60)
            except subprocess.TimeoutExpired:
                return 1, "", "kubectl takes longer than a minute"
        errors = [line for line in done.stderr.replace(root, "").splitlines() if line and not line.startswith("# Warning")]
        return done.returncode, done.stdout, " ".join(errors).removeprefix("error: ")[:300]


@functools.lru_cache(maxsize=None)
def load(text):
    """An object of a rendering, its scalars as texts."""
    return yaml.load(text, Texts)


def loaded(tree, path):
    """A mapping of the tree, as a kustomization or values are."""
    try:
        value = yaml.load(tree.text(path), Typed)
    except (yaml.YAMLError, ValueError) as error:
        raise Fails(f"{path} does not parse: {str(error).splitlines()[0]}") from None
    if not isinstance(value, (dict, type(None))):
        raise Fails(f"{path} is no mapping")
    return value or {}


def traced(kustomization):
    """A kustomization that marks each object with the file that it comes from."""
    marks = kustomization.get("buildMetadata") or []
    return {**kustomization, "buildMetadata": [*marks, *({"originAnnotations"} - set(marks))]}


@functools.lru_cache(maxsize=None)
def untraced(text, folder):
    """An object's text without the mark, and the file."""
    if ORIGIN not in text:
        return text, None
    document = yaml.load(text, Typed)
    annotations = document.get("metadata", {}).get("annotations", {})
    origin = yaml.load(str(annotations.pop(ORIGIN, "")), Typed)
    lines, kept, skipping = text.splitlines(True), [], None
    for line in lines:
        indent = len(line) - len(line.lstrip(" "))
        if skipping is not None and (indent > skipping or not line.strip()):
            continue
        skipping = indent if line.lstrip(" ").startswith(f"{ORIGIN}:") else None
        if skipping is None:
            kept.append(line)
    text = "".join(kept)
    if not annotations:
        text = text.replace("\n  annotations:\n", "\n", 1)
    file = origin.get("path") if isinstance(origin, dict) and "repo" not in origin else None
    return text, file and os.path.normpath(os.path.join(folder, file))
