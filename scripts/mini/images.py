"""Tiny ImageNet as arrays, and what happens to them in training."""

from __future__ import annotations

import os
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from PIL import Image

from kerastl.data._augmentation import Augmentation, CutMix
from kerastl.data._mixup import mix
from kerastl.images import Resize, load_pixels
from kerastl.images._resizing import resize_region

HELD_OUT = 50
"""Of each class, the last so many by name are never trained on."""

SIZE = 32
_WHOLE = Resize(SIZE, SIZE, "squash")


class Images(NamedTuple):
    """Pixels, uint8, shape (n, 32, 32, 3), and class numbers, int64, shape (n,)."""

    pixels: NDArray[np.uint8]
    classes: NDArray[np.int64]


class Data(NamedTuple):
    """Training images, those held out of the same folders, and the data set's own validation images."""

    wnids: list[str]
    train: Images
    held_out: Images
    val: Images


def read(archive: Path, cache: Path) -> Data:
    """Read the archive once, and a copy as arrays afterwards."""
    if not cache.exists():
        with tempfile.TemporaryDirectory() as folder:
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
            _pack(Path(folder), cache)
    with np.load(cache) as arrays:
        parts = [Images(arrays[f"{part}_x"], arrays[f"{part}_y"]) for part in ("train", "held_out", "val")]
        return Data(arrays["wnids"].tolist(), *parts)


def _pack(folder: Path, cache: Path) -> None:
    root = next(path.parent for path in folder.rglob("train") if path.is_dir())
    wnids = sorted(path.name for path in (root / "train").iterdir())
    number = {wnid: index for index, wnid in enumerate(wnids)}
    train: list[tuple[Path, int]] = []
    held_out: list[tuple[Path, int]] = []
    for wnid in wnids:
        paths = sorted((root / "train" / wnid / "images").iterdir())
        train += [(path, number[wnid]) for path in paths[:-HELD_OUT]]
        held_out += [(path, number[wnid]) for path in paths[-HELD_OUT:]]
    rows = [line.split("\t") for line in (root / "val" / "val_annotations.txt").read_text().splitlines()]
    val = [(root / "val" / "images" / row[0], number[row[1]]) for row in rows]
    arrays: dict[str, Any] = {"wnids": np.array(wnids)}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, items in (("train", train), ("held_out", held_out), ("val", val)):
            arrays[f"{name}_x"] = np.stack(list(pool.map(lambda item: load_pixels(item[0], _WHOLE), items)))
            arrays[f"{name}_y"] = np.array([item[1] for item in items])
    np.savez(cache, **arrays)


def at_size(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Square images at another size, shape (n, size, size, 3), as kerastl scales what it is given."""
    side = pixels.shape[1]
    if side == size:
        return pixels
    others = np.empty((len(pixels), size, size, 3), np.uint8)
    for index, image in enumerate(pixels):
        others[index] = resize_region(Image.fromarray(image), (size, size), (0, 0, side, side))
    return others


def batches(
    images: Images,
    soft: NDArray[np.float16],
    size: int,
    batch: int,
    seed: int,
    smallest_crop: float,
    cutmix: float,
) -> tf.data.Dataset:
    """One epoch of augmented batches: pixels float32 0-255 (batch, size, size, 3), and targets (batch, classes).

    Args:
        images: What to train on.
        soft: The target of each image, shape (n, classes).
        size: Height and width of what comes out, in pixels.
        batch: Images in a batch; what is left over is dropped.
        seed: Decides order and augmentation.
        smallest_crop: Fraction of an image's area that a crop keeps at least.
        cutmix: Fraction of the batches that are mixed by it.
    """
    mixing = Augmentation(cutmix=CutMix(alpha=1.0, probability=cutmix) if cutmix else None)
    order = np.random.default_rng(seed).permutation(len(images.pixels))
    steps = len(order) // batch

    def draw(step: Any) -> Any:
        rows = order[int(step) * batch : (int(step) + 1) * batch]
        return images.pixels[rows], soft[rows].astype(np.float32)

    def load(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        pixels, targets = tf.numpy_function(draw, [step], [tf.uint8, tf.float32])
        pixels = tf.ensure_shape(pixels, (batch, SIZE, SIZE, 3))
        chance = tf.stack([seed, tf.cast(step, tf.int32)])
        varied = augmented(tf.cast(pixels, tf.float32), size, chance, smallest_crop)
        varied, targets = tf.numpy_function(mixed, [step, varied, targets], [tf.float32, tf.float32])
        return tf.ensure_shape(varied, (batch, size, size, 3)), tf.ensure_shape(targets, (batch, soft.shape[1]))

    def mixed(step: Any, varied: Any, targets: Any) -> Any:
        varied, targets = mix(varied, targets, mixing, np.random.default_rng([seed, int(step)]))
        return varied.astype(np.float32), targets.astype(np.float32)

    return tf.data.Dataset.range(steps).map(load, num_parallel_calls=2, deterministic=True).prefetch(4)


def flipped(pixels: NDArray[np.uint8], soft: NDArray[np.float16], batch: int, seed: int) -> tf.data.Dataset:
    """One epoch of batches of images as they are, half of them mirrored; otherwise like `batches`."""
    draw = np.random.default_rng(seed)
    order, mirrored = draw.permutation(len(pixels)), draw.random(len(pixels)) < 0.5

    def load(step: Any) -> Any:
        rows = order[int(step) * batch : (int(step) + 1) * batch]
        mirror = mirrored[rows, None, None, None]
        return np.where(mirror, pixels[rows, :, ::-1], pixels[rows]).astype(np.float32), soft[rows].astype(np.float32)

    def shaped(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        some, targets = tf.numpy_function(load, [step], [tf.float32, tf.float32])
        return tf.ensure_shape(some, (batch, *pixels.shape[1:])), tf.ensure_shape(targets, (batch, soft.shape[1]))

    return tf.data.Dataset.range(len(order) // batch).map(shaped, num_parallel_calls=2, deterministic=True).prefetch(4)


def augmented(pixels: tf.Tensor, size: int, seed: tf.Tensor, smallest_crop: float) -> tf.Tensor:
    """Crop, flip, recolor, and blur or sharpen each image of a batch on its own."""
    count = tf.shape(pixels)[0]

    def uniform(low: float, high: float, number: int) -> tf.Tensor:
        return tf.random.stateless_uniform((count,), seed + tf.constant([0, number * 100_003]), low, high)

    area, ratio = uniform(smallest_crop, 1.0, 1), tf.exp(uniform(-0.22, 0.22, 2))
    height, width = tf.minimum(tf.sqrt(area / ratio), 1.0), tf.minimum(tf.sqrt(area * ratio), 1.0)
    top, left = uniform(0, 1, 3) * (1 - height), uniform(0, 1, 4) * (1 - width)
    flip = uniform(0, 1, 5) < 0.5
    start, stop = tf.where(flip, left + width, left), tf.where(flip, left, left + width)
    # crop_and_resize puts the corners' pixel centers at the box's ends, hence the half pixels.
    half = 0.5 / SIZE
    edge = tf.where(flip, -half, half)
    boxes = tf.stack([top + half, start + edge, top + height - half, stop - edge], axis=1) * SIZE / (SIZE - 1)
    boxes -= half * SIZE / (SIZE - 1)
    cropped = tf.image.crop_and_resize(pixels, boxes, tf.range(count), (size, size))
    filtering = filtered(cropped, uniform(-0.6, 1.8, 6))
    return recolored(filtering, *(uniform(0.7, 1.3, number) for number in (7, 8, 9)))


def recolored(pixels: tf.Tensor, brightness: tf.Tensor, contrast: tf.Tensor, saturation: tf.Tensor) -> tf.Tensor:
    """Each image's brightness, contrast and saturation times a factor of its own, 1 leaving it as it is."""
    brightness, contrast, saturation = (factor[:, None, None, None] for factor in (brightness, contrast, saturation))
    gray = tf.reduce_mean(pixels, axis=3, keepdims=True)
    pixels = gray + saturation * (pixels - gray)
    mean = tf.reduce_mean(pixels, axis=(1, 2, 3), keepdims=True)
    return tf.clip_by_value(brightness * (mean + contrast * (pixels - mean)), 0.0, 255.0)


def filtered(pixels: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    """Sharpen (amount above 0) or blur (below) the finest detail, as another filter for scaling down would have.

    The detail is what a (1, 2, 1) / 4 blur takes away twice over. With 1 the spectrum is about that of Lanczos
    against that of averaging.
    """
    tap = tf.constant([[1.0, 2.0, 1.0]])
    kernel = tf.tile((tf.transpose(tap) * tap / 16)[:, :, None, None], (1, 1, 3, 1))

    def detail(x: tf.Tensor) -> tf.Tensor:
        padded = tf.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), "SYMMETRIC")
        return x - tf.nn.depthwise_conv2d(padded, kernel, (1, 1, 1, 1), "VALID")

    return tf.clip_by_value(pixels + amount[:, None, None, None] * detail(detail(pixels)), 0.0, 255.0)
