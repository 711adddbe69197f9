"""Time reading and resizing a labeled folder, against Keras and against tf.data at the same quality, in turn.

    python benchmarks/pipeline.py FOLDER [--size 224] [--runs 3]

`keras` is image_dataset_from_directory as in the guides: bilinear without antialiasing. `tf.data` decodes whole,
crops the center, and resizes with tf.image.resize(method="bicubic", antialias=True), which is what kerastl's pixels
are. Seconds of processor are given beside the wall clock: they hold on a machine that does other things too.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from kerastl.data import Augmentation, Color, Crop, Dataset, Flip, Images, MixUp, RandAugment, Rotate, inspect, scan
from kerastl.data._pipeline import evaluation, training
from kerastl.images import Resize

GEOMETRY = Augmentation(crop=Crop(), flip=Flip(), rotate=Rotate())
EVERYTHING = Augmentation(Crop(), Flip(), Rotate(), Color(), RandAugment(), MixUp())


def linked(dataset: Dataset, folder: Path) -> None:
    """Class folders of links to the images, which Keras reads whatever the layout was."""
    for number, item in enumerate(dataset.items):
        link = folder / item.label / f"{number}{Path(item.path).suffix.lower()}"
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(dataset.file(item).absolute())


def keras_guide(folder: Path, size: int) -> Any:
    """The pipeline of Keras's guides."""
    import keras

    return keras.utils.image_dataset_from_directory(folder, image_size=(size, size), batch_size=32, verbose=0)


def same_quality(dataset: Dataset, size: int) -> Any:
    """What it takes to have antialiased pixels from tf.data alone."""
    import tensorflow as tf

    def read(path: Any) -> Any:
        image = tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False)
        height, width = tf.shape(image)[0], tf.shape(image)[1]
        side = tf.cast(0.875 * tf.cast(tf.minimum(height, width), tf.float32), tf.int32)
        image = tf.image.crop_to_bounding_box(image, (height - side) // 2, (width - side) // 2, side, side)
        return tf.image.resize(image, (size, size), method="bicubic", antialias=True)

    files = tf.data.Dataset.from_tensor_slices([str(dataset.file(item)) for item in dataset.items])
    return files.map(read, num_parallel_calls=tf.data.AUTOTUNE).batch(32).map(lambda x: (x,)).prefetch(2)


def main() -> None:
    """Print images a second, and milliseconds of processor an image, of each way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    dataset = scan(arguments.folder)
    dataset = dataset.without(inspect(dataset).unreadable)
    images = Images(dataset, dataset.items, Resize(arguments.size, arguments.size))
    with tempfile.TemporaryDirectory() as folder:
        linked(dataset, Path(folder))
        ways: dict[str, Callable[[], Any]] = {
            "keras": lambda: keras_guide(Path(folder), arguments.size),
            "tf.data": lambda: same_quality(dataset, arguments.size),
            "kerastl": lambda: evaluation(images),
            "kerastl, crop, flip, rotate": lambda: training(images, batch_size=32, seed=0, augmentation=GEOMETRY),
            "kerastl, everything": lambda: training(images, batch_size=32, seed=0, augmentation=EVERYTHING),
        }
        for run in range(arguments.runs + 1):
            for name, make in ways.items():
                batches = make()
                wall, processor = time.perf_counter(), time.process_time()
                count = sum(len(batch[0]) for batch in batches)
                wall, processor = time.perf_counter() - wall, time.process_time() - processor
                if run:  # the first warms up
                    print(f"{name:28} {count / wall:6.0f} a second {1e3 * processor / count:6.2f} ms of processor each")


if __name__ == "__main__":
    main()
