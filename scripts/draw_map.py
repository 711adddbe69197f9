"""Take the guide's images of a map: `KERAS_HOME=... python scripts/draw_map.py [FOLDER]`.

A probe on the drawn shapes says what is alike; nothing but our own drawings is in the images. It needs the weights of
MobileNet 0.25, and Chromium or Chrome.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import chromium
from draw_report import save

import kerastl

ROOT = Path(__file__).resolve().parents[1]
# A mistake where there is one, else the first image.
CHOOSE = "kerastl.detail.choose(kerastl.data.mistakes[0] ?? 0)"
LOADED = "document.querySelector('#detail img') !== null"


def main(target: Path) -> None:
    """Take both images."""
    executable = chromium.find()
    if executable is None:
        sys.exit(f"there is no Chromium or Chrome; {chromium.VARIABLE} may name one")
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium.Chromium(executable) as browser:
        shutil.copytree(ROOT / "data" / "shapes", Path(folder, "shapes"))
        os.chdir(folder)
        run = kerastl.finetune("shapes", "mobilenet_025", output="run", recipe="probe")
        kerastl.write_map("shapes", "map.html", model=run.folder, layout="tsne")
        for name, width, dark in (("map", 1100, False), ("map_phone", 390, True)):
            browser.show(Path("map.html"), width=width, dark=dark, scale=1.25 if dark else 1)
            browser.wait_for("document.body.dataset.ready === ''")
            browser.evaluate(CHOOSE)
            browser.wait_for(LOADED)
            save(browser.screenshot(), target / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs" / "images").absolute())
