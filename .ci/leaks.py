"""Plants a value into every Secret of the examples and the corpora, damages some of the files, and looks for the values in all
that is printed.

usage: leaks.py --rotate FILE [--shared DIR] [--only GLOB] [--rounds N] [--seed N]   (default: 2 rounds)

The first round leaves the files whole; in each further one, a fifth of the files that hold a value are damaged, so that
errors quote them. A value goes below `data` and `stringData` of every Secret, into literals of a secretGenerator and into
files of variables that it names; up to six folders of a tree get a Secret of their own. Exit status 1 when a value is printed.
"""

import argparse
import base64
import fnmatch
import json
import os
import random
import re
import subprocess
import sys
import tempfile

from corpora import DECLARED, EXAMPLES, FLUX, lay, read, write

NOW = "2025-08-20T11:00:00Z"
# What each command prints, in each of its formats; the family and the environment are of the tree.
COMMANDS = (
    (("bump", "ENVIRONMENT", "FAMILY", "--dry-run", "--verbose"), ("text", "json", "markdown", "github")),
    (("promote", "--dry-run"), ("text", "json", "markdown", "github")),
    (("rollback", "ENVIRONMENT", "FAMILY", "--reason", "x", "--dry-run"), ("text", "json")),
    (("prune", "ENVIRONMENT", "--dry-run"), ("text", "json", "markdown", "github")),
    (("lint", "--fix", "--dry-run"), ("text", "json", "concise", "sarif", "markdown", "github")),
    (("status",), ("text", "json", "markdown", "github")),
    (("history", "FAMILY"), ("text", "json", "markdown", "mermaid")),
    (("refs", "--resources"), ("text", "json")),
    (("init", "--dry-run"), ("text",)),
)
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
# The generators of Secrets in a kustomization; what makes a ConfigMap holds no secrets.
GENERATORS = re.compile(r"(?ms)^secretGenerator:.*?(?=^[^\s-]|\Z)")
OWN = """apiVersion: v1
kind: Secret
metadata: {{ name: planted-{0} }}
data:
  password: {1}
stringData:
  token: {2} # {2}
  text: |
    user: {3}
"""
DAMAGES = (
    lambda text: text + "broken: [\n",
    lambda text: text.replace(": ", ":: ", 1).replace("\n", "\n\t", 1),
    lambda text: re.sub(r"(?m)^( *)(\S+: .*Pl4nted.*)$", r"\1\2\n\1\2", text),
    lambda text: re.sub(r"(Pl4nted\d+)", r'"\1', text, count=1),
    lambda text: text.replace("kind: Secret", "kind: Sercet"),
    lambda text: text[:len(text) - len(text) // 5],
)


class Planter:
    def __init__(self, root):
        self.count, self.variables = 0, set()
        for path, raw in read(root).items():
            if os.path.basename(path) in KUSTOMIZATIONS:
                for block in GENERATORS.findall(raw.decode("utf-8", "replace")):
                    words = re.findall(r"[\w./-]+", block)
                    self.variables |= {os.path.normpath(os.path.join(os.path.dirname(path), word)) for word in words}

    def value(self):
        self.count += 1
        return f"Pl4nted{self.count:05}"

    def entry(self, match, encode):
        """An entry of a Secret with a value of our own."""
        value = self.value()
        return match[1] + (base64.b64encode(value.encode()).decode() if encode else value)

    def document(self, text):
        """A document of a manifest: the entries below `data` and `stringData` where it is a Secret."""
        if not re.search(r"(?m)^kind: *[\"']?Secret[\"']?\s*$", text) or re.search(r"(?m)^sops:", text):
            return text
        for block, encode in (("data", True), ("stringData", False)):
            for found in reversed(list(re.finditer(rf"(?m)^{block}:[ \t]*\n((?:[ \t]+\S.*\n?)+)", text))):
                lines = found[1].splitlines(True)
                indent = len(lines[0]) - len(lines[0].lstrip())
                made = "".join(re.sub(r"^(\s+[\w.\"'-]+: +)(?![|>&*!]).+$", lambda match: self.entry(match, encode), line.rstrip("\n")) + "\n"
                               for line in lines if len(line) - len(line.lstrip()) == indent)
                text = text[:found.start(1)] + made + text[found.end(1):]
        return text

    def plant(self, path, text):
        """The text of a file with values in it."""
        name = os.path.basename(path)
        if name in KUSTOMIZATIONS:
            return GENERATORS.sub(lambda block: re.sub(r"(?m)^(\s*- *[\"']?[\w.-]+=)[^\n\"']*", lambda one: one[1] + self.value(), block[0]), text)
        if path in self.variables and not name.endswith((".yaml", ".yml", ".json")):
            return re.sub(r"(?m)^([\w.-]+=).*$", lambda one: one[1] + self.value(), text)
        if name.endswith((".yaml", ".yml")):
            return "".join(self.document(part) for part in re.split(r"(?m)(?=^---)", text))
        return text

    def add(self, root, folder, number):
        """A Secret of our own in a folder, and in its kustomization's list; the files that hold values now."""
        path, encoded = os.path.join(folder, "planted.yaml"), base64.b64encode(self.value().encode()).decode()
        write(root, path, OWN.format(number, encoded, self.value(), self.value()))
        kustomization = os.path.join(root, folder, KUSTOMIZATIONS[0])
        if os.path.isfile(kustomization):
            with open(kustomization, encoding="utf-8") as file:
                text = file.read()
            write(root, kustomization, re.sub(r"(?m)^resources:[ \t]*\n([ \t]*- )", r"resources:\n\1planted.yaml\n\1", text, count=1))
        return [path]


def call(root, words):
    environ = {"PATH": os.environ.get("PATH", os.defpath), "HOME": root, "GIT_CONFIG_NOSYSTEM": "1", "GIT_ALLOW_PROTOCOL": "none",
               "GIT_CEILING_DIRECTORIES": os.path.dirname(root), "COLUMNS": "400"}
    return subprocess.run([args.rotate, *words], cwd=root, env=environ, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, errors="replace", timeout=300)


def subjects(root):
    """A few families and their environments."""
    done = call(root, ("refs", "--format", "json"))
    roots = json.loads(done.stdout)["roots"] if done.stdout.startswith("{") else []
    found = {(one["environment"], re.sub(r"-\d{14}$", "", reference["secret"]))
             for one in roots if one["environment"] for reference in one["references"]}
    return random.sample(sorted(found), min(2, len(found))) or [("staging", "none")]


def printed(root):
    """All that is printed, as the words of the command and its text."""
    for environment, family in subjects(root):
        for command, formats in COMMANDS:
            words = [{"ENVIRONMENT": environment, "FAMILY": family}.get(word, word) for word in command]
            timed = () if command[0] in ("refs", "init") else ("--at", NOW)
            for form in formats:
                done = call(root, [*words, *timed, "--format", form] if len(formats) > 1 else [*words, *timed])
                yield " ".join((*words, form)), done.stdout + done.stderr


def look(tree, turn, work):
    """How many values were planted in a tree and files damaged, how many texts were read, and those that show one."""
    root, held = os.path.join(work, f"{tree.name}-{turn}"), []
    lay(tree, args.shared, root)
    planter = Planter(root)
    for path, raw in sorted(read(root).items()):
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            continue
        new = planter.plant(path, text)
        if new != text:
            write(root, path, new)
            held.append(path)
    folders = sorted({os.path.dirname(path) for path in read(root) if path.endswith(".yaml") and not path.startswith(".")} - {""})
    for number, folder in enumerate(random.sample(folders, min(6, len(folders)))):
        held += planter.add(root, folder, number)
    damaged = random.sample(held, -(-len(held) // 5)) if turn else []
    for path in damaged:
        with open(os.path.join(root, path), encoding="utf-8") as file:
            text = file.read()
        write(root, path, random.choice(DAMAGES)(text))
    git = ["git", "-C", root, "-c", "user.name=ci", "-c", "user.email=ci@example.com"]
    dates = {name: "2025-06-27T04:53:20Z" for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE")}
    for words in (["init", "--quiet"], ["add", "--all", "--force"], ["commit", "--quiet", "--no-verify", "--message", "State"]):
        subprocess.run([*git, *words], check=True, env=os.environ | dates)
    values = [f"Pl4nted{number + 1:05}" for number in range(planter.count)]
    # Within base64, the last characters depend on what follows; a value's own start is the same.
    forms = re.compile("Pl4nted|" + re.escape(base64.b64encode(b"Pl4nted").decode()[:9]))
    texts, shown = 0, []
    for words, text in printed(root):
        texts += 1
        shown += [f"{tree.name}: {words}\n  {line.strip()[:300]}" for line in text.splitlines() if forms.search(line)][:3]
        if "panicked" in text:
            shown.append(f"{tree.name}: {words}\n  {text[-600:]}")
    return len(values), len(damaged), texts, shown


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--rotate", required=True, type=os.path.abspath)
parser.add_argument("--shared", default="../shared", help="where the corpora are")
parser.add_argument("--only", default="*", metavar="GLOB", help="only the trees of this name")
parser.add_argument("--rounds", type=int, default=2, metavar="N")
parser.add_argument("--seed", default="1", metavar="N")
args = parser.parse_args()
random.seed(args.seed)
here = (*EXAMPLES, *(tree for tree in (*DECLARED, *FLUX) if os.path.isdir(os.path.join(args.shared, tree.source))))
totals, faults = [0, 0, 0], 0
with tempfile.TemporaryDirectory(prefix="planted-") as work:
    for turn in range(args.rounds):
        for tree in (one for one in here if fnmatch.fnmatch(one.name, args.only)):
            *counts, shown = look(tree, turn, work)
            totals, faults = [one + more for one, more in zip(totals, counts)], faults + len(shown)
            print(f"{tree.name}: {counts[0]} values, {counts[1]} damaged files, {counts[2]} texts, {len(shown)} show one", flush=True)
            print(*(f"FAULT {one}" for one in shown), sep="\n", end="\n" if shown else "")
print(f"\n{totals[0]} values planted, {totals[1]} files damaged, {totals[2]} texts read, {faults} show a value")
sys.exit(1 if faults else 0)
