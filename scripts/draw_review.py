"""Take the guides' images of a review and of a learning curve: `python scripts/draw_review.py [FOLDER]`.

Six of the drawn shapes get a wrong label; nothing but our own drawings is in the images. It needs Chromium or Chrome.
"""

from __future__ import annotations

import csv
import os
import shutil
import sys
import tempfile
from pathlib import Path

import chromium
from draw_report import save

import kerastl
from kerastl import plots
from kerastl.reviewing import write_review_page

ROOT = Path(__file__).resolve().parents[1]
EACH = 15  # images up to a flipped label


def review(folder: Path) -> Path:
    """Train and review in `folder`; the page's file."""
    shutil.copytree(ROOT / "data" / "shapes", folder / "shapes")
    images = sorted((folder / "shapes").glob("*/*.jpg"))
    names = sorted({image.parent.name for image in images})
    with (folder / "shapes" / "shapes.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("path", "label"))
        for number, image in enumerate(images):
            place = names.index(image.parent.name) + (number % EACH == EACH - 1)
            writer.writerow((f"{image.parent.name}/{image.name}", names[place % len(names)]))
    os.chdir(folder)  # so that the page names short paths
    run = kerastl.finetune("shapes/shapes.csv", "kerastl_mini", output="shapes-run", recipe="probe")
    write_review_page(kerastl.review(run.folder), "review.html")
    return folder / "review.html"


def main(target: Path) -> None:
    """Take both images."""
    executable = chromium.find()
    if executable is None:
        sys.exit(f"there is no Chromium or Chrome; {chromium.VARIABLE} may name one")
    target.mkdir(parents=True, exist_ok=True)
    curve = kerastl.learning_curve(ROOT / "data" / "shapes", "kerastl_mini")
    points, predictions = (
        [(one.images, one.accuracy, one.low, one.high) for one in found] for found in (curve.points, curve.predictions)
    )
    plots.learning_curve(points, predictions, curve.law).savefig(target / "learning-curve.png", dpi=110)
    with tempfile.TemporaryDirectory() as folder, chromium.Chromium(executable) as browser:
        browser.show(review(Path(folder)), width=1000)
        save(browser.screenshot(), target / "review.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else ROOT / "docs" / "images")
