#!/usr/bin/env python3
"""Compares the vendored viewer with the package it is from.

    viewer.py <folder for the download>

functions/account/viewer/provenance.json names package, version, the package's SHA-512 (as in npm's lock files), and which file
of it each of ours is; those ending in .gz are kept compressed. A package that is there already is not fetched again, and
one that cannot be fetched is tried a few times.
"""

import base64
import gzip
import hashlib
import json
import subprocess
import sys
import tarfile
import time
from pathlib import Path

VIEWER = Path(__file__).resolve().parent.parent / "functions" / "account" / "viewer"
ATTEMPTS = 5


def fits(package: Path, integrity: str) -> bool:
    if not package.exists():
        return False
    return integrity == "sha512-" + base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()


def fetch(name: str, folder: Path) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        done = subprocess.run(["npm", "pack", "--silent", "--pack-destination", str(folder), name], check=False)
        if done.returncode == 0:
            return
        if attempt < ATTEMPTS:
            time.sleep(5 * attempt)
    sys.exit(f"npm cannot fetch {name}")


def main(folder: Path) -> None:
    told = json.loads((VIEWER / "provenance.json").read_text())
    folder.mkdir(parents=True, exist_ok=True)
    package = folder / f"{told['package']}-{told['version']}.tgz"
    if not fits(package, told["integrity"]):
        fetch(f"{told['package']}@{told['version']}", folder)
        if not fits(package, told["integrity"]):
            sys.exit(f"{package.name} is not what provenance.json says")
    strays = {path.name for path in VIEWER.iterdir()} - {"provenance.json", *told["files"].values()}
    if strays:
        sys.exit(f"not in provenance.json: {', '.join(sorted(strays))}")
    with tarfile.open(package) as contents:
        for theirs, ours in told["files"].items():
            kept = (VIEWER / ours).read_bytes()
            if ours.endswith(".gz"):
                kept = gzip.decompress(kept)
            if contents.extractfile(f"package/{theirs}").read() != kept:
                sys.exit(f"{ours} is not {theirs} of {package.name}")
    print(f"{len(told['files'])} files are those of {told['package']} {told['version']}")


main(Path(sys.argv[1]))
