"""Compile earlier weights of kerastl_mini, for views.py to ask what they say about each view and its mirror.

    python scripts/mini/mirrored.py WEIGHTS teacher.tflite

The scores are the mean of those of the two.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import images
from train import network

from kerastl._base.files import replacing
from kerastl.inference._export import to_litert


def main() -> None:
    """Compile them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("teacher", type=Path)
    args = parser.parse_args()
    model = network(images.SIZE, mirrored=True)
    model.load_weights(args.weights)
    with replacing(args.teacher) as path:
        path.write_bytes(to_litert(model))


if __name__ == "__main__":
    main()
