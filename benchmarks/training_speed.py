"""Time training the whole of a network, as Keras computes it and as kerastl does, in turn, on random images.

    python benchmarks/training_speed.py [MobileNetV2 ...] [--size 224] [--batch 32] [--steps 5] [--frozen]

`--frozen` keeps the statistics of BatchNorm fixed. Images a second are given by the wall clock, the best of the steps,
and by the processor's time on all cores, which holds on a machine that does other things too. Where the CPU computes in
bfloat16, `mixed_bfloat16` is worth a look; elsewhere it is slower than float32.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from kerastl.training import faster

CLASSES = 10
WAYS = [(precision, fast) for precision in ("float32", "mixed_bfloat16") for fast in (False, True)]


def network(name: str, size: int, precision: str, frozen: bool) -> keras.Model:
    """A network of `keras.applications` with random weights and a classifier."""
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(precision)
    kind, _, alpha = name.partition("-")  # such as MobileNet-0.25
    options: dict[str, Any] = {"alpha": float(alpha)} if alpha else {}
    backbone = getattr(keras.applications, kind)(
        weights=None, include_top=False, input_shape=(size, size, 3), pooling="avg", **options
    )
    keras.config.set_dtype_policy("float32")
    for layer in backbone.layers:
        if frozen and isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    scores = keras.layers.Dense(CLASSES, activation="softmax")(backbone.output)
    return keras.Model(backbone.input, scores)


def timed(models: list[keras.Model], batch: tuple[Any, Any], steps: int) -> list[tuple[float, float]]:
    """Seconds of a step by the wall clock and of the processor, the least of some steps, of each model in turn."""
    found: list[list[tuple[float, float]]] = [[] for _ in models]
    for model in models:
        model.train_on_batch(*batch)  # traces
    for _ in range(steps):
        for model, seconds in zip(models, found, strict=True):
            wall, processor = time.perf_counter(), time.process_time()
            model.train_on_batch(*batch)
            seconds.append((time.perf_counter() - wall, time.process_time() - processor))
    return [(min(wall for wall, _ in one), min(used for _, used in one)) for one in found]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", default=["MobileNetV2"])
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--frozen", action="store_true")
    args = parser.parse_args()
    random = np.random.default_rng(0)
    images = random.uniform(-1, 1, (args.batch, args.size, args.size, 3)).astype("float32")
    targets = np.eye(CLASSES, dtype="float32")[random.integers(0, CLASSES, args.batch)]
    print("network            precision       by      images/s  ratio  by processor  ratio")
    for name in args.networks:
        models = []
        for precision, fast in WAYS:
            model = network(name, args.size, precision, args.frozen)
            models.append(faster(model) if fast else model)
            models[-1].compile(keras.optimizers.AdamW(1e-4), "categorical_crossentropy")
        seconds = timed(models, (images, targets), args.steps)
        for (precision, fast), (wall, used) in zip(WAYS, seconds, strict=True):
            cores = len(os.sched_getaffinity(0))
            print(
                f"{name:18} {precision:15} {'kerastl' if fast else 'Keras':8} {args.batch / wall:7.1f} "
                f"{seconds[0][0] / wall:6.2f}  {cores * args.batch / used:12.1f} {seconds[0][1] / used:6.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
