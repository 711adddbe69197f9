#!/usr/bin/env python
"""Build kerastl-runtime, install it where nothing else is, and classify with exported models.

Each runtime gets a fresh environment. Its answers are compared with those of the whole kerastl, and what it takes on
disk with the limit that the documentation states.

    python scripts/check_runtime.py [litert] [onnx]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import kerastl

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ["data/umbrella.png", "data/candle.jpg"]
MOST = 150.0  # MB
# What a new environment holds, whatever is installed into it.
NOT_OURS = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence.pth")


def main() -> int:
    """Check the runtimes that are named, or all."""
    names = sys.argv[1:] or ["litert", "onnx"]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        pip(sys.executable, "wheel", "--no-deps", "--wheel-dir", folder, str(ROOT / "runtime"))
        (wheel,) = work.glob("kerastl_runtime-*.whl")
        files = kerastl.export("kerastl_mini", names, work / "export", verbose=0).files
        answers = kerastl.load("kerastl_mini").classify([ROOT / image for image in IMAGES], top=3)
        expected = [[p.label for p in answer.predictions] for answer in answers]
        return max(checked(name, wheel, files[name], expected, work / name) for name in names)


def checked(name: str, wheel: Path, model: Path, expected: list[list[str]], folder: Path) -> int:
    """Install the runtime of a format, and say how large it is and whether it answers as it should."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip(python, "install", "--no-compile", "--constraint", str(ROOT / "runtime" / "small.txt"), f"{wheel}[{name}]")
    (packages,) = folder.glob("[Ll]ib/**/site-packages")
    size = megabytes(packages)
    classify = [python, "-m", "kerastl", "classify", *IMAGES, "--model", model, "--format", "jsonl"]
    done = subprocess.run([*map(str, classify)], cwd=ROOT, capture_output=True, text=True, env=alone(), check=False)
    found = [[p["label"] for p in json.loads(line)["predictions"]] for line in done.stdout.splitlines()]
    right = found == expected and not done.stderr
    print(f"{name}: {size:.1f} MB of packages, of {MOST:.0f} allowed; answers {'as expected' if right else 'wrong'}")
    if not right:
        print(f"expected {expected}, received {found} {done.stderr}")
    return 0 if right and size < MOST else 1


def megabytes(packages: Path) -> float:
    """What was installed into an environment, without what pip is."""
    own = [path for path in packages.iterdir() if not path.name.startswith(NOT_OURS)]
    files = [file for path in own for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()]
    return sum(file.stat().st_size for file in files if file.suffix != ".pyc") / 1e6


def alone() -> dict[str, str]:
    """The environment of a process that finds nothing but what is installed there."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def pip(python: str | Path, *arguments: str) -> None:
    """Run pip; what it says is shown where it fails."""
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")


if __name__ == "__main__":
    sys.exit(main())
