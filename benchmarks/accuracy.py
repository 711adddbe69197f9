"""Compare the ways of resizing on images with known ImageNet classes.

    KERAS_HOME=... python benchmarks/accuracy.py FOLDER [--model mobilenet_v2]

An image's class is the WordNet id with which its file name begins (`n01440764_tench.JPEG`), or that of its folder.
`keras` is the preprocessing of Keras's documentation, `crop` is kerastl's default.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import kerastl


def main() -> None:
    """Print top-1 and top-5 of each way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="mobilenet_v2")
    arguments = parser.parse_args()
    images = {}
    for path in sorted(arguments.folder.rglob("*")):
        wnid = re.match(r"n\d{8}", path.name) or re.match(r"n\d{8}", path.parent.name)
        if path.is_file() and wnid:
            images[path] = wnid.group()
    if not images:
        sys.exit(f"{arguments.folder} holds no images whose names begin with a WordNet id")
    for resize in ("keras", "squash", "pad", "crop"):
        classifier = kerastl.load(arguments.model, resize=resize)
        results = classifier.classify(list(images), top=5)
        first = sum(r.best.wnid == wnid for r, wnid in zip(results, images.values(), strict=True))
        five = sum(wnid in [p.wnid for p in r.predictions] for r, wnid in zip(results, images.values(), strict=True))
        n = len(images)
        print(f"{resize:8} top-1 {100 * first / n:5.1f} %  top-5 {100 * five / n:5.1f} %  ({n} images)")


if __name__ == "__main__":
    main()
