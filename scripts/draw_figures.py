"""Draw the figures of the README from our own images.

    python scripts/draw_figures.py docs/images

Needs the weights of MobileNetV2 in Keras's cache, or a network to fetch them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from matplotlib.figure import Figure

import kerastl
from kerastl import plots
from kerastl._base.files import replacing

DATA = Path(__file__).resolve().parent.parent / "data"


def explained() -> Figure:
    """Each sample with its best class, and below it what speaks for that class by Grad-CAM."""
    classifier = kerastl.load("mobilenet_v2")
    files = sorted(path for path in DATA.iterdir() if path.suffix in (".jpg", ".png"))
    maps = [classifier.explain(file) for file in files]
    titles = [f"{one.label.replace('_', ' ')} {100 * one.score:.0f} %" for one in maps]
    images = [*(one.pixels for one in maps), *(one.overlay() for one in maps)]
    return plots.image_grid(images, [*titles, *("" for _ in maps)], columns=len(maps))


FIGURES = {"explained.png": explained}


def main() -> None:
    """Draw all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in FIGURES.items():
        with replacing(folder / name) as temporary:
            draw().savefig(temporary, dpi=85, pil_kwargs={"optimize": True})


if __name__ == "__main__":
    main()
