"""Fine-tune an ImageNet network on the training images, and compile it, for views.py to ask.

    python scripts/mini/teacher.py TINY_IMAGENET_32.tar.xz --work FOLDER

kerastl_mini learns from its scores (Hinton et al. 2015, "Distilling the Knowledge in a Neural Network",
https://arxiv.org/abs/1503.02531); no weight of this network goes into it. MobileNetV2, or EfficientNet-Lite1,
knows the 200 classes from images of full size. Here it learns to see them in 32 pixels, scaled up to three times
that. The work folder holds a checkpoint of each epoch, from which the same command goes on, the log, and at the end
teacher.tflite.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import efficientnet_lite
import images
import keras
import numpy as np
from train import accuracy, assign, numbers

from kerastl._base.files import replacing
from kerastl.inference._export import to_litert
from kerastl.models import _build
from kerastl.models import _published_labels as labels
from kerastl.models._graph import layers_of
from kerastl.training import faster

SMALL_SCALE, SCALE = 2, 3
"""How many times larger the network sees the images in the first epochs, and afterwards."""
SMALLEST_CROP = 0.5
WARMUP_EPOCHS = 0.3
DECAY = 0.01
MOMENTUM = 0.99
"""Of the moving statistics; Keras's 0.999 for this network needs longer than an epoch to follow."""


def network(wnids: list[str], scale: int, lite: Path | None = None) -> keras.Model:
    """A network with its ImageNet weights on raw pixels (32, 32, 3), to one logit for each of the classes.

    Args:
        wnids: The classes.
        scale: How many times larger the network sees the images.
        lite: The weights of EfficientNet-Lite1; without, the network is MobileNetV2.
    """
    known = labels.imagenet().wnids
    rows = [known.index(wnid) for wnid in wnids]
    side = scale * images.SIZE
    if lite is not None:
        model = efficientnet_lite.network(1, side, len(rows))
        efficientnet_lite.load(model, lite, rows)
    else:
        model = _mobilenet(side, rows)
    for layer in layers_of(model):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = MOMENTUM
    raw = keras.Input((images.SIZE, images.SIZE, 3))
    larger = keras.layers.UpSampling2D(scale, interpolation="bilinear")(raw)
    return faster(keras.Model(raw, model(larger)))


def _mobilenet(side: int, rows: list[int]) -> keras.Model:
    *body, kernel, bias = _build.build("mobilenet_v2").get_weights()
    backbone = _build.build("mobilenet_v2", weights=None, include_top=False, input_size=side)
    pooled = keras.layers.GlobalAveragePooling2D()(backbone.output)
    model = keras.Model(backbone.input, keras.layers.Dense(len(rows))(pooled))
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


class Training:
    """The network and its optimizer, from one epoch to the next.

    Args:
        args: The command's arguments.
        data: The images.
    """

    def __init__(self, args: argparse.Namespace, data: images.Data) -> None:
        self.args, self.data = args, data
        self.state = args.work / "checkpoint.npz"
        self.done = self.scale = 0
        if self.state.exists():
            with np.load(self.state) as saved:
                self.done = int(saved["epoch"])
                self.values = [saved[f"v{index}"] for index in range(len(saved.files) - 1)]
            self.resize(self._scale(self.done - 1))

    def resize(self, scale: int) -> None:
        """Go on with images of another size, with the same numbers."""
        if scale == self.scale:
            return
        self.model = network(self.data.wnids, scale, self.args.lite)
        optimizer = keras.optimizers.AdamW(self.args.rate, weight_decay=DECAY)
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        self.model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=False)
        optimizer.build(self.model.trainable_variables)
        self.variables, self.scale = [*self.model.weights, *optimizer.variables], scale
        if self.done:
            assign(self.variables, self.values)

    def _scale(self, epoch: int) -> int:
        return SMALL_SCALE if epoch < self.args.small else SCALE

    def epoch(self, epoch: int) -> None:
        """Train one epoch, save, and write down how good the network is."""
        start = time.perf_counter()
        args = self.args
        self.resize(self._scale(epoch))
        hard = np.eye(len(self.data.wnids), dtype=np.float16)[self.data.train.classes]
        rate = Rate(args.rate, len(hard) // args.batch, args.epochs)
        feed = images.batches(self.data.train, hard, images.SIZE, args.batch, args.seed + epoch, SMALLEST_CROP, 0.0)
        fit = self.model.fit(feed, initial_epoch=epoch, epochs=epoch + 1, callbacks=[rate], verbose=0, shuffle=False)
        self.values, self.done = numbers(self.variables), epoch + 1
        with replacing(self.state) as path, path.open("wb") as file:
            np.savez(file, epoch=self.done, **{f"v{index}": value for index, value in enumerate(self.values)})
        line = {
            "epoch": epoch + 1,
            "pixels": self.scale * images.SIZE,
            "loss": round(fit.history["loss"][0], 4),
            "accuracy": round(fit.history["accuracy"][0], 4),
            "seconds": round(time.perf_counter() - start),
            "held_out": accuracy(self.model, self.data.held_out),
        }
        print(json.dumps(line), flush=True)
        with (args.work / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")


def main() -> None:
    """Train and score."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--lite", type=Path, help="teach EfficientNet-Lite1, of which this is the weights")
    parser.add_argument("--small", type=int, default=0, help="so many epochs, the first, run at 64 pixels")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(args.seed)
    data = images.read(args.archive, args.work / "images.npz")
    training = Training(args, data)
    for epoch in range(training.done, args.epochs):
        training.epoch(epoch)
    with replacing(args.work / "teacher.tflite") as path:
        path.write_bytes(to_litert(training.model))


if __name__ == "__main__":
    main()
