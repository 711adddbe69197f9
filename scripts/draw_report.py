"""Take the README's images of a report: `KERAS_HOME=... python scripts/draw_report.py [FOLDER]`.

A probe on twelve of the drawn shapes, which makes mistakes, is evaluated on all others; nothing but our own drawings is
in the images. It needs the weights of MobileNet 0.25, and Chromium or Chrome.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import sys
import tempfile
from pathlib import Path

import chromium
from PIL import Image

import kerastl

ROOT = Path(__file__).resolve().parents[1]
TRAINED_ON = 3  # of each class


def report(folder: Path) -> Path:
    """Train and evaluate in `folder`; the report's file."""
    shutil.copytree(ROOT / "data" / "shapes", folder / "shapes")
    images = sorted((folder / "shapes").glob("*/*.jpg"))
    with (folder / "shapes" / "shapes.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("path", "label", "split"))
        for image in images:
            label, number = image.parent.name, int(image.stem.split("_")[1])
            writer.writerow((f"{label}/{image.name}", label, "train" if number < TRAINED_ON else "val"))
    os.chdir(folder)  # so that the report names short paths
    run = kerastl.finetune("shapes", "mobilenet_025", output="few-shapes", recipe="probe")
    kerastl.write_report(kerastl.evaluate(run.folder, "shapes"), "report.html")
    return folder / "report.html"


def save(png: bytes, target: Path) -> None:
    """Write an image as small as it gets without loss."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.save(target, optimize=True)
    print(f"{target}: {image.width} x {image.height}, {target.stat().st_size:,} bytes")


def main(target: Path) -> None:
    """Take both images."""
    executable = chromium.find()
    if executable is None:
        sys.exit(f"there is no Chromium or Chrome; {chromium.VARIABLE} may name one")
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium.Chromium(executable) as browser:
        file = report(Path(folder))
        browser.show(file, width=1100)
        end = browser.evaluate("document.querySelector('#classes').getBoundingClientRect().bottom")
        save(browser.screenshot(height=int(end) + 24), target / "report.png")
        browser.show(file, width=390, dark=True, scale=1.25)
        top = browser.evaluate("document.querySelector('#mistakes').getBoundingClientRect().top")
        save(browser.screenshot(height=980, top=int(top) - 14), target / "report_phone.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else ROOT / "docs" / "images")
