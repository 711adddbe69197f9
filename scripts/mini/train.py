"""Train the model bundled, kerastl_mini, on the training images of Tiny ImageNet at 32 pixels.

    python scripts/mini/train.py TINY_IMAGENET_32.tar.xz --work FOLDER [--start WEIGHTS] [--teachers FILE ...]

Teachers are weights of earlier runs (Furlanello et al. 2018, "Born-Again Neural Networks",
https://arxiv.org/abs/1805.04770) or logits in a .npy file, a row an image: the mean of what they say about each
training image is mixed into its target. With --views, the targets are those of each view. The last epochs run at the
full size, with larger crops, which is closer to what the network is for. The work folder holds a checkpoint of
each epoch, from which the same command goes on, and the log. The network learns from images or their mirrors, and is
evaluated as it is shipped, by what it says of both.

The weights come from an exponential moving average over training and are written in half precision, of which the
kernels keep so many bits that the file stays below 4 MB.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import images
import keras
import numpy as np
import scipy.special
import tensorflow as tf
import views
from muon import ConvolutionMuon
from numpy.typing import NDArray
from weight_files import grow, save_half

from kerastl._base.files import replacing
from kerastl.models import _build
from kerastl.models._mini.network import KerastlMini
from kerastl.training import faster

SMOOTHING = 0.1
WARMUP_EPOCHS = 0.5
DECAY = 0.05
SIZES = (24, 32)
"""Pixels a side in the first epochs, where most is learned for two thirds of the work, and in the others."""
SMALL_CROP, LARGE_CROP = 0.4, 0.5
"""Fraction of an image's area that a crop keeps at least, in the first epochs and in the last."""
EVALUATED = 4
"""The average is evaluated after so many epochs, and after each at the full size."""


def network(size: int, precision: str = "float32", *, mirrored: bool = False) -> keras.Model:
    """The network on raw pixels of a size, to logits; its weights do not depend on the size."""
    keras.mixed_precision.set_global_policy(precision)
    raw = keras.Input((size, size, 3))
    scaled = _build.preprocess(raw, "tf")
    mini = KerastlMini(input_tensor=scaled, classifier_activation=None, mirrored=mirrored)
    keras.mixed_precision.set_global_policy("float32")
    return keras.Model(raw, mini.outputs[0])


def blended(shares: NDArray[Any], taught: NDArray[Any], share: float) -> NDArray[np.float16]:
    """What images should score, shape (n, classes): a fraction of it as teachers say, the rest by their classes."""
    hard = shares * (1 - SMOOTHING) + SMOOTHING / shares.shape[1]
    return ((1 - share) * hard + share * taught).astype(np.float16)


def targets(data: images.Data, args: argparse.Namespace) -> NDArray[np.float16]:
    """What each training image should score, shape (n, classes)."""
    hard = np.eye(len(data.wnids), dtype=np.float32)[data.train.classes]
    if not args.teachers:
        return (hard * (1 - SMOOTHING) + SMOOTHING / len(data.wnids)).astype(np.float16)
    soft = np.mean(
        [_taught(teacher, data.train.pixels, args.work, args.precision) for teacher in args.teachers], axis=0
    )
    print(f"teachers: {np.mean(soft.argmax(1) == data.train.classes):.1%} of the training images", flush=True)
    return blended(hard, soft, args.share)


def _taught(teacher: Path, pixels: NDArray[np.uint8], work: Path, precision: str) -> NDArray[np.float32]:
    """Probabilities from scores, or of an earlier network, computed once."""
    if teacher.suffix == ".npy":
        return scipy.special.softmax(np.load(teacher).astype(np.float32), axis=1)
    cache = work / f"teacher_{hashlib.sha256(teacher.read_bytes()).hexdigest()[:12]}.npy"
    if not cache.exists():
        model = network(images.SIZE, precision, mirrored=True)
        grow(model, teacher)
        probabilities = keras.Sequential([model, keras.layers.Softmax(dtype="float32")])
        parts = np.array_split(pixels, len(pixels) // 5000 + 1)
        taught = [probabilities.predict(part.astype(np.float32), batch_size=250, verbose=0) for part in parts]
        with replacing(cache) as path, path.open("wb") as file:
            np.save(file, np.concatenate(taught).astype(np.float16))
    return np.load(cache).astype(np.float32)


class Rate(keras.callbacks.Callback):
    """Warm-up, a constant rate, and a straight line down to zero over the last epochs; and the moving average."""

    def __init__(self, args: argparse.Namespace, steps: int, average: list[Any]) -> None:
        super().__init__()
        self.args, self.steps, self.average = args, steps, average
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Remember where training stands."""
        self.epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Set the step's rate."""
        now = self.epoch + batch / self.steps
        left = (self.args.epochs - now) / self.args.cooldown
        self.model.optimizer.learning_rate = self.args.rate * min(1.0, (now + 0.02) / WARMUP_EPOCHS, left)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the average."""
        if batch % 8:  # every eighth step costs little and averages the same
            return
        done = self.epoch * self.steps + batch
        keep = min(self.args.ema**8, done / (done + 80))
        for mean, variable in zip(self.average, self.model.weights, strict=True):
            mean *= keep
            mean += (1 - keep) * np.asarray(variable)


def accuracy(model: keras.Model, part: images.Images) -> tuple[float, float]:
    """Top-1 and top-5 on the images, at the size that the network takes, from 0 to 1."""
    pixels = images.at_size(part.pixels, model.input_shape[1])
    scores = model.predict(pixels.astype(np.float32), batch_size=250, verbose=0)
    order = np.argsort(-scores, axis=1)[:, :5]
    hits = order == part.classes[:, None]
    return float(hits[:, 0].mean()), float(hits.any(axis=1).mean())


def main() -> None:
    """Train, going on from the checkpoint if there is one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="weights of an earlier run to begin with, instead of random ones")
    parser.add_argument("--teachers", type=Path, nargs="+", default=[], help="earlier weights, or logits as .npy")
    parser.add_argument("--share", type=float, default=0.7, help="of each target that is what the teachers say")
    parser.add_argument("--views", type=Path, help="folder of views.py, to learn from instead of the images")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--cooldown", type=int, default=10, help="epochs over which the rate falls to zero")
    parser.add_argument("--small", type=int, default=15, help="so many epochs, the first, run at the smaller size")
    parser.add_argument("--sizes", type=int, nargs=2, default=SIZES, help="pixels a side, at first and afterwards")
    parser.add_argument("--ema", type=float, default=0.998, help="what the moving average keeps in a step")
    parser.add_argument("--rate", type=float, default=5e-3)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--cutmix", type=float, default=0.25, help="fraction of the batches that are mixed")
    parser.add_argument("--precision", default="float32", help="mixed_bfloat16 is faster where a CPU computes in it")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.views is not None:
        if args.teachers:
            parser.error("--views has its teachers' scores already: leave out --teachers")
        if not views.files(args.views):
            parser.error(f"{args.views} has no views: make them with views.py")
    args.work.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(args.seed)
    data = images.read(args.archive, args.work / "images.npz")
    soft = targets(data, args)
    training = Training(args, data, soft)
    for epoch in range(training.done, args.epochs):
        training.epoch(epoch)


class Training:
    """The network, its optimizer and the moving average, from one epoch to the next.

    Args:
        args: The command's arguments.
        data: The images.
        soft: The training images' targets.
    """

    def __init__(self, args: argparse.Namespace, data: images.Data, soft: NDArray[np.float16]) -> None:
        self.args, self.data, self.soft = args, data, soft
        self.state = args.work / "checkpoint.npz"
        self.size = 0
        self.resize(args.sizes[0])
        if args.start is not None:
            started = network(self.size)
            grow(started, args.start)
            assign(self.model.weights, numbers(started.weights))
        self.average = numbers(self.model.weights)
        self.done = 0
        if self.state.exists():
            self._load()

    def resize(self, size: int) -> None:
        """Go on at another size of images, with the same numbers."""
        if size == self.size:
            return
        args = self.args
        model = faster(network(size, args.precision))
        dtype = "bfloat16" if args.precision == "mixed_bfloat16" else "float32"
        optimizer = ConvolutionMuon(
            args.rate, update_dtype=dtype, weight_decay=DECAY, adam_weight_decay=DECAY, adam_lr_ratio=0.5
        )
        optimizer.build(model.trainable_variables)
        if self.size:
            assign(model.weights, numbers(self.model.weights))
            assign(
                optimizer.variables,
                numbers(self.model.optimizer.variables),
            )
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=False)
        self.model, self.size = model, size

    def epoch(self, epoch: int) -> None:
        """Train one epoch, save, and write down how good the average is."""
        start = time.perf_counter()
        args = self.args
        small, full = args.sizes
        self.resize(small if epoch < args.small else full)
        steps = len(self.data.train.pixels) // args.batch
        rate = Rate(args, steps, self.average)
        fit = self.model.fit(
            self._feed(epoch), initial_epoch=epoch, epochs=epoch + 1, callbacks=[rate], verbose=0, shuffle=False
        )
        self._save(epoch + 1)
        averaged = network(full, mirrored=True)
        assign(averaged.weights, self.average)
        save_half(averaged, args.work / "kerastl_mini.weights.h5")
        line = {
            "epoch": epoch + 1,
            "pixels": self.size,
            "loss": round(fit.history["loss"][0], 4),
            "accuracy": round(fit.history["accuracy"][0], 4),
            "seconds": round(time.perf_counter() - start),
        }
        if self.size == full or (epoch + 1) % EVALUATED == 0:
            line |= {"held_out": accuracy(averaged, self.data.held_out), "val": accuracy(averaged, self.data.val)}
        print(json.dumps(line), flush=True)
        with (args.work / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")

    def _feed(self, epoch: int) -> tf.data.Dataset:
        args, seed = self.args, self.args.seed * 1000 + epoch
        if args.views is not None:
            sets = views.files(args.views)
            pixels, shares, taught = views.read(sets[epoch % len(sets)])
            pixels = images.at_size(pixels, self.size)
            return images.flipped(pixels, blended(shares, taught, args.share), args.batch, seed)
        crop = LARGE_CROP if self.size == args.sizes[1] else SMALL_CROP
        return images.batches(self.data.train, self.soft, self.size, args.batch, seed, crop, args.cutmix)

    def _save(self, done: int) -> None:
        arrays = {f"w{i}": value for i, value in enumerate(numbers(self.model.weights))}
        arrays |= {f"o{i}": value for i, value in enumerate(numbers(self.model.optimizer.variables))}
        arrays |= {f"a{i}": mean for i, mean in enumerate(self.average)}
        with replacing(self.state) as path, path.open("wb") as file:
            np.savez(file, epoch=done, **arrays)

    def _load(self) -> None:
        with np.load(self.state) as saved:
            self.done = int(saved["epoch"])
            variables = self.model.optimizer.variables
            assign(self.model.weights, [saved[f"w{i}"] for i in range(len(self.average))])
            assign(variables, [saved[f"o{i}"] for i in range(len(variables))])
            self.average = [saved[f"a{i}"] for i in range(len(self.average))]


def numbers(variables: list[Any]) -> list[NDArray[Any]]:
    """The values of variables."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def assign(variables: list[Any], values: list[Any]) -> None:
    """Give variables their values."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


if __name__ == "__main__":
    main()
