"""Makes a Git repository with a long history, to measure what reading one costs.

usage: history.py DIR [COMMITS] [KUSTOMIZATIONS] [VERSIONED]   (default: 10000 commits, 1000 kustomizations, 20 versioned families)

Every service has a base, overlays for staging and production, and a Flux object in each; most name their secret without
a version. Most commits set an image or a note; one in ten moves a versioned family to a new version in staging, and
production follows later. At the end every versioned family moves once more in staging. Dates go forward by half an hour
a commit. The same arguments give the same history.
"""

import random
import subprocess
import sys
from datetime import datetime, timedelta, timezone

from services import COMPONENT, deployment, flux, overlay, patch, stub

ENVIRONMENTS = ("staging", "production")
# Production follows so many commits after staging.
LATER = 48


def note(service, number):
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {service}\ndata:\n  note-{number}: {service}\n"


def files_of(service, environment, versions):
    """What a new version writes."""
    at, secret = f"apps/{service}/overlays/{environment}", f"{service}-secrets"
    names = [f"{secret}-{version}" for version in versions]
    resources = ["note.yaml", *([f"{name}.yaml" for name in names] or ["secret.yaml"])]
    files = {f"{at}/kustomization.yaml": overlay(environment, resources, versions)}
    if versions:
        files[f"{at}/secrets.yaml"] = patch(service, names[-1])
        files[f"{at}/{names[-1]}.yaml"] = stub(names[-1], f"{environment}/{service}", versions[-1])
    else:
        files[f"{at}/secret.yaml"] = stub(secret, f"{environment}/{service}", None)
    return files


class History:
    """A history that is being imported."""

    def __init__(self, directory):
        self.now, self.chance = datetime(2024, 1, 1, tzinfo=timezone.utc), random.Random(20250723)
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main", directory], check=True)
        self.importer = subprocess.Popen(["git", "-C", directory, "fast-import", "--quiet", "--done"], stdin=subprocess.PIPE)
        self.versions = {}

    def put(self, text):
        self.importer.stdin.write(text.encode())

    def commit(self, message, files, removed=()):
        self.now += timedelta(minutes=30)
        self.put(f"commit refs/heads/main\ncommitter Robin <robin@example.com> {int(self.now.timestamp())} +0000\n")
        self.put(f"data {len(message.encode())}\n{message}\n")
        for path in removed:
            self.put(f"D {path}\n")
        for path, text in files.items():
            self.put(f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n")

    def begin(self, services, versioned):
        stamp = self.now.strftime("%Y%m%d%H%M%S")
        files = {"components/labels/kustomization.yaml": COMPONENT}
        for service in services:
            self.versions[service] = {one: [stamp] if service in versioned else [] for one in ENVIRONMENTS}
            files[f"apps/{service}/base/deployment.yaml"] = deployment(service, f"{service}-secrets", "1.0.0")
            files[f"apps/{service}/base/kustomization.yaml"] = "resources:\n  - deployment.yaml\n"
            for environment in ENVIRONMENTS:
                files |= files_of(service, environment, self.versions[service][environment])
                files[f"apps/{service}/overlays/{environment}/note.yaml"] = note(service, 0)
                files[f"clusters/{environment}/{service}.yaml"] = flux(service, f"apps/{service}/overlays/{environment}", environment)
        self.commit("Begin", files)

    def move(self, service, environment, version):
        versions, removed = self.versions[service][environment], []
        versions.append(version)
        if len(versions) > 3:
            removed.append(f"apps/{service}/overlays/{environment}/{service}-secrets-{versions.pop(0)}.yaml")
        self.commit(f"Move {service} in {environment} to {version}", files_of(service, environment, versions), removed)

    def grow(self, commits, services, versioned):
        waiting = []
        for number in range(1, commits - len(versioned)):
            service, stamp = self.chance.choice(services), self.now.strftime("%Y%m%d%H%M%S")
            if waiting and number >= waiting[0][0]:
                _, one = waiting.pop(0)
                self.move(one, "production", self.versions[one]["staging"][-1])
            elif number % 10 == 0 and (free := sorted(set(versioned) - {one for _, one in waiting})):
                one = self.chance.choice(free)
                self.move(one, "staging", stamp)
                waiting.append((number + LATER, one))
            elif number % 3 == 0:
                at = f"apps/{service}/overlays/{self.chance.choice(ENVIRONMENTS)}/note.yaml"
                self.commit(f"Note {number}", {at: note(service, number)})
            else:
                image = f"1.{number // 100}.{number % 100}"
                manifest = deployment(service, f"{service}-secrets", image)
                self.commit(f"Set the image of {service} to {image}", {f"apps/{service}/base/deployment.yaml": manifest})
        for one in versioned:
            self.move(one, "staging", self.now.strftime("%Y%m%d%H%M%S"))


def make(directory, commits=10_000, kustomizations=1_000, versioned=20):
    services = [f"service-{number:04d}" for number in range(max(versioned, kustomizations // 3))]
    history = History(directory)
    history.begin(services, services[:versioned])
    history.grow(commits, services, services[:versioned])
    history.put("done\n")
    history.importer.stdin.close()
    if history.importer.wait() != 0:
        raise SystemExit("git fast-import failed")
    subprocess.run(["git", "-C", directory, "reset", "--quiet", "--hard", "main"], check=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    make(sys.argv[1], *map(int, sys.argv[2:]))
