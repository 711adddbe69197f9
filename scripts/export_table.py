"""Export every network of the catalog to every format with random weights, and write what passes as a page.

Usage: python scripts/export_table.py [--backbones A,B | --family-each] [--formats F,G] [--page-only] [--again]

What was tried is kept, a JSON line for each network and format, and not tried again; the page is written after each
network. Each network has a process of its own, since some need most of the memory and give none back.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import export_table_page as pages
import numpy as np
import random_weights as weights
from backbone_families import smallest_of_each_family

from kerastl._base.files import write_text
from kerastl.errors import KerastlError
from kerastl.exporting import EXPORT_FORMATS, ExportFormat, ExportSource
from kerastl.inference import KerasEngine
from kerastl.models import BACKBONES, resolve
from kerastl.models._rows import ROWS

RESULTS = Path(__file__).with_suffix(".jsonl")
PAGE = Path(__file__).parents[1] / "docs" / "reference" / "export-formats.md"
# What is compared, and of a large network what fits into memory at once.
_IMAGES, _IMAGES_OF_MANY_PIXELS = 8, 4
_MANY_PIXELS = 350
_CALIBRATING = 40
# These folders hold the file of another format.
_COMPOSED = ("huggingface", "web")
# Packages whose versions the figures belong to, where they are installed.
_PACKAGES = ("keras", "tensorflow", "ai-edge-litert", "onnx", "onnxruntime", "tf2onnx", "openvino", "nncf")


def by_size(names: Sequence[str]) -> list[str]:
    """Names of networks, those with less to compute before those with more."""
    return sorted(names, key=lambda name: (BACKBONES[name].parameters or 0) * BACKBONES[name].input_size ** 2)


def known() -> dict[tuple[str, str], dict[str, Any]]:
    """What was tried, by network and format; of several tries the last."""
    if not RESULTS.is_file():
        return {}
    rows = map(json.loads, RESULTS.read_text(encoding="utf-8").splitlines())
    return {(row["backbone"], row["format"]): row for row in rows}


def record(backbone: str, export_format: str, **found: Any) -> None:
    """Add a line."""
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"backbone": backbone, "format": export_format, **found}) + "\n")


def source_of(backbone: str) -> tuple[ExportSource, np.ndarray, np.ndarray]:
    """A network with random weights, images, and the Keras model's probabilities."""
    spec = resolve(backbone, weights=None)
    height, width = spec.metadata.resize.height, spec.metadata.resize.width
    images = weights.patterns(_IMAGES_OF_MANY_PIXELS if height > _MANY_PIXELS else _IMAGES, height, width)
    calibrating = list(weights.patterns(_CALIBRATING, height, width, seed=1))
    source = ExportSource(replace(spec, build=lambda: weights.randomize(spec.build(), images)), calibrating)
    engine = KerasEngine(source.model)
    return source, images, np.concatenate([engine.predict(image[None]) for image in images])


def measure(export_format: ExportFormat, source: ExportSource, images: np.ndarray, expected: np.ndarray) -> dict:
    """Write a network in a format, run that, and compare."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, export_format.filename)
        try:
            export_format.write(source, path)
            engine = export_format.open(path)
            received = np.concatenate([engine.predict(image[None]) for image in images])
        except (KerastlError, ValueError) as error:
            return {"reason": str(error).splitlines()[0][:300]}
        del engine
        files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
        size = sum(file.stat().st_size for file in files)
    return {
        "difference": float(f"{weights.relative_difference(received, expected):.2g}"),
        "megabytes": round(size / 1e6, 1),
        "seconds": round(time.perf_counter() - start, 1),
    }


def run_one(backbone: str, formats: Sequence[str]) -> None:
    """Try a network in formats, in this process."""
    source, images, expected = source_of(backbone)
    versions = {package: version(package) for package in _PACKAGES if _installed(package)}
    for name in formats:
        found = measure(EXPORT_FORMATS[name], source, images, expected)
        record(backbone, name, **found, versions=versions)
        print(backbone, name, found.get("difference", found.get("reason")), flush=True)


def _installed(package: str) -> bool:
    try:
        return bool(version(package))
    except ModuleNotFoundError:  # `PackageNotFoundError` is one
        return False


def run(backbones: Sequence[str], formats: Sequence[str], again: bool) -> None:
    """Try networks in processes of their own, and write the page after each."""
    for backbone in by_size(backbones):
        wanted = [name for name in formats if again or (backbone, name) not in known()]
        if not wanted:
            continue
        command = [sys.executable, __file__, "--one", "--backbones", backbone, "--formats", ",".join(wanted)]
        before = known()
        code = subprocess.run(command).returncode
        after = known()
        if code:
            # Which of the formats it was at says the first that has no new line.
            name = next(each for each in wanted if after.get((backbone, each)) == before.get((backbone, each)))
            record(backbone, name, reason=f"the process ended with code {code}: too little memory, or a defect")
        write_page()


def write_page() -> None:
    """Write the page from what was tried."""
    write_text(PAGE, pages.page(known(), [row[0] for row in ROWS], list(EXPORT_FORMATS.usable())))


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--backbones", help="names with commas; all by default")
    parser.add_argument("--family-each", action="store_true", help="the smallest network of each family")
    parser.add_argument("--formats", help="names with commas; all that can be written here by default")
    parser.add_argument("--again", action="store_true", help="try also what was tried")
    parser.add_argument("--page-only", action="store_true", help="write the page from what was tried")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    chosen = smallest_of_each_family() if given.family_each else [row[0] for row in ROWS]
    backbones = given.backbones.split(",") if given.backbones else chosen
    usable = [each.name for each in EXPORT_FORMATS.usable() if each.name not in _COMPOSED and not each.unavailable()]
    formats = given.formats.split(",") if given.formats else usable
    if given.page_only:
        write_page()
    elif given.one:
        run_one(backbones[0], formats)
    else:
        run(backbones, formats, given.again)


if __name__ == "__main__":
    main()
