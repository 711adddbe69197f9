"""Compile earlier weights of kerastl_mini, for views.py to ask what they say about each view and its mirror.

    python scripts/mini/mirrored.py WEIGHTS teacher.tflite

The scores are the mean of those of the two.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import keras
import pictures
from train import network

from kerastl.files import replacing
from kerastl.runtime.export import to_litert


def mirrored(model: keras.Model) -> keras.Model:
    """A network whose scores are the mean of what the model says of a picture and of its mirror."""
    raw = keras.Input(model.input_shape[1:])
    return keras.Model(raw, keras.layers.Average()([model(raw), model(keras.ops.flip(raw, axis=2))]))


def main() -> None:
    """Compile them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("teacher", type=Path)
    args = parser.parse_args()
    model = network(pictures.SIZE)
    model.load_weights(args.weights)
    with replacing(args.teacher) as path:
        path.write_bytes(to_litert(mirrored(model)))


if __name__ == "__main__":
    main()
