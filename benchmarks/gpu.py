"""Features and full training of networks on a GPU, images a second: kerastl's way against that of the Keras guide.

    KERAS_BACKEND=jax python benchmarks/gpu.py [MobileNetV2 ResNet50 EfficientNetV2B0] [--batch 128] [--seconds 10]
    python benchmarks/gpu.py MobileNetV2 --size 96 --batch 8 --seconds 1   # that it runs, on any machine

The guide calls `model.predict` and `model.fit` in float32 on batches of decoded images; kerastl computes features by
its engine and trains with `faster` networks, both in `mixed_bfloat16` and, so that the precision's share is seen, in
float32. Images are random, and in memory: what is timed is the network, not the decoder. Each is warmed up, then they
take turns until the seconds are over; the best round counts.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from kerastl.finetuning import boundary_engine
from kerastl.training import faster

CLASSES, BATCHES = 10, 4
NETWORKS = ["MobileNetV2", "ResNet50", "EfficientNetV2B0"]


def backbone(name: str, size: int, precision: str) -> keras.Model:
    """A network of `keras.applications` with random weights, from raw pixels to a vector."""
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(precision)
    try:
        pixels = keras.Input((size, size, 3))
        scaled = keras.layers.Rescaling(1 / 127.5, -1.0)(pixels)
        kind = getattr(keras.applications, name)
        return keras.Model(pixels, kind(weights=None, include_top=False, input_tensor=scaled, pooling="avg").output)
    finally:
        keras.config.set_dtype_policy("float32")


def classifier(lower: keras.Model, fast: bool) -> keras.Model:
    """The whole network with a head, compiled."""
    scores = keras.layers.Dense(CLASSES, activation="softmax", dtype="float32")(lower.output)
    model = keras.Model(lower.input, scores)
    if fast and keras.backend.backend() == "tensorflow":
        model = faster(model)
    model.compile(keras.optimizers.AdamW(1e-4), "categorical_crossentropy")
    return model


def features(lower: keras.Model, pixels: np.ndarray, batch: int, ours: bool, folder: Path) -> Callable[[], None]:
    """What computes the features of all images once."""
    if not ours:
        return lambda: lower.predict(pixels.astype("float32"), batch_size=batch, verbose=0)
    engine = boundary_engine(lower, folder)
    parts = [pixels[start : start + batch] for start in range(0, len(pixels), batch)]
    return lambda: [engine.predict(part) for part in parts]  # type: ignore[return-value]


def training(model: keras.Model, pixels: np.ndarray, batch: int) -> Callable[[], None]:
    """What trains an epoch on all images."""
    images = pixels.astype("float32")
    targets = np.eye(CLASSES, dtype="float32")[np.arange(len(pixels)) % CLASSES]
    return lambda: model.fit(images, targets, batch_size=batch, epochs=1, verbose=0)


def rounds(ways: dict[str, Callable[[], None]], images: int, seconds: float) -> dict[str, float]:
    """Images a second of each way: the best of rounds in turn."""
    for way in ways.values():
        way()  # traces and compiles
    best = dict.fromkeys(ways, 0.0)
    end = time.perf_counter() + seconds
    while True:
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            best[name] = max(best[name], images / (time.perf_counter() - began))
        if time.perf_counter() > end:
            return best


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", default=NETWORKS)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=10.0)
    args = parser.parse_args()
    pixels = np.random.default_rng(0).integers(0, 256, (BATCHES * args.batch, args.size, args.size, 3), dtype=np.uint8)
    print(f"backend {keras.backend.backend()}, devices {', '.join(keras.distribution.list_devices())}")
    print("network            what        guide images/s   kerastl float32   kerastl bfloat16   ratio")
    for name in args.networks or NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            plain, half = backbone(name, args.size, "float32"), backbone(name, args.size, "mixed_bfloat16")
            kinds = {
                "features": {
                    "guide": features(plain, pixels, args.batch, False, Path(folder)),
                    "float32": features(plain, pixels, args.batch, True, Path(folder, "full")),
                    "bfloat16": features(half, pixels, args.batch, True, Path(folder, "half")),
                },
                "training": {
                    "guide": training(classifier(plain, False), pixels, args.batch),
                    "float32": training(classifier(backbone(name, args.size, "float32"), True), pixels, args.batch),
                    "bfloat16": training(classifier(half, True), pixels, args.batch),
                },
            }
            for what, ways in kinds.items():
                best = rounds(ways, len(pixels), args.seconds)
                ratio = best["bfloat16"] / best["guide"]
                print(f"{name:<18} {what:<10} {best['guide']:>15.1f} {best['float32']:>17.1f} ", end="")
                print(f"{best['bfloat16']:>18.1f} {ratio:>7.2f}", flush=True)


if __name__ == "__main__":
    main()
