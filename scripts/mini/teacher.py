"""Fine-tune an ImageNet network on the training pictures, and write down what it says about each of them.

    python scripts/mini/teacher.py TINY_IMAGENET_32.tar.xz --work FOLDER

kerastl_mini learns from these scores (Hinton et al. 2015, "Distilling the Knowledge in a Neural Network",
https://arxiv.org/abs/1503.02531); no weight of this network goes into it. MobileNetV2 knows the 200 classes from
pictures of full size. Here it learns to see them in 32 pixels, scaled up to three times that. The work folder holds a
checkpoint of each epoch, from which the same command goes on, the log, and at the end scores.npy.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pictures
from normalization import fused
from numpy.typing import NDArray
from train import accuracy, assign, numbers

from kerastl import backbones, labels
from kerastl.files import replacing

BACKBONE = "mobilenet_v2"
SCALED_UP = 3
SMALLEST_CROP = 0.5
WARMUP_EPOCHS = 0.3
DECAY = 0.01
MOMENTUM = 0.99
"""Of the moving statistics; Keras's 0.999 for this network needs longer than an epoch to follow."""


def network(wnids: list[str]) -> keras.Model:
    """The backbone with its ImageNet weights on raw pixels (32, 32, 3), to one logit for each of the classes."""
    known = labels.imagenet().wnids
    rows = [known.index(wnid) for wnid in wnids]
    *body, kernel, bias = backbones.build(BACKBONE).get_weights()
    raw = keras.Input((pictures.SIZE, pictures.SIZE, 3))
    larger = keras.layers.UpSampling2D(SCALED_UP, interpolation="bilinear")(raw)
    side = SCALED_UP * pictures.SIZE
    backbone = backbones.build(BACKBONE, weights=None, include_top=False, input_size=side)
    pooled = keras.layers.GlobalAveragePooling2D()(backbone(larger))
    model = fused(keras.Model(raw, keras.layers.Dense(len(rows))(pooled)), MOMENTUM)
    model.set_weights([*body, kernel[:, rows], bias[rows]])
    return model


class Rate(keras.callbacks.Callback):
    """Warm-up, then a straight line down to zero."""

    def __init__(self, peak: float, steps: int, epochs: int) -> None:
        super().__init__()
        self.peak, self.steps, self.epochs, self.epoch = peak, steps, epochs, 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Remember where training stands."""
        self.epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Set the step's rate."""
        now = self.epoch + (batch + 1) / self.steps
        left = (self.epochs - now) / (self.epochs - WARMUP_EPOCHS)
        self.model.optimizer.learning_rate = self.peak * max(0.0, min(now / WARMUP_EPOCHS, left))


def train(model: keras.Model, data: pictures.Data, args: argparse.Namespace) -> None:
    """Train all of the network, going on from the checkpoint if there is one."""
    optimizer = keras.optimizers.AdamW(args.rate, weight_decay=DECAY)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=False)
    optimizer.build(model.trainable_variables)
    state = args.work / "checkpoint.npz"
    variables = [*model.weights, *optimizer.variables]
    done = 0
    if state.exists():
        with np.load(state) as saved:
            done = int(saved["epoch"])
            assign(variables, [saved[f"v{index}"] for index in range(len(variables))])
    hard = np.eye(len(data.wnids), dtype=np.float16)[data.train.classes]
    rate = Rate(args.rate, len(hard) // args.batch, args.epochs)
    for epoch in range(done, args.epochs):
        start = time.perf_counter()
        feed = pictures.batches(data.train, hard, pictures.SIZE, args.batch, args.seed + epoch, SMALLEST_CROP, 0.0)
        fit = model.fit(feed, initial_epoch=epoch, epochs=epoch + 1, callbacks=[rate], verbose=0, shuffle=False)
        with replacing(state) as path, path.open("wb") as file:
            values = {f"v{index}": value for index, value in enumerate(numbers(variables))}
            np.savez(file, epoch=epoch + 1, **values)
        line = {
            "epoch": epoch + 1,
            "loss": round(fit.history["loss"][0], 4),
            "accuracy": round(fit.history["accuracy"][0], 4),
            "seconds": round(time.perf_counter() - start),
            "held_out": accuracy(model, data.held_out),
        }
        print(json.dumps(line), flush=True)
        with (args.work / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")


def scores(model: keras.Model, pixels: NDArray[np.uint8]) -> NDArray[np.float16]:
    """Logits of each picture, shape (n, classes)."""
    parts = np.array_split(pixels, len(pixels) // 5000 + 1)
    logits = [model.predict(part.astype(np.float32), batch_size=250, verbose=0) for part in parts]
    return np.concatenate(logits).astype(np.float16)


def main() -> None:
    """Train and score."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(args.seed)
    data = pictures.read(args.archive, args.work / "pictures.npz")
    model = network(data.wnids)
    train(model, data, args)
    with replacing(args.work / "scores.npy") as path, path.open("wb") as file:
        np.save(file, scores(model, data.train.pixels))


if __name__ == "__main__":
    main()
