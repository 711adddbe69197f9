"""Heads by ridge and by logistic regression: accuracy, log loss, time and memory by number of classes.

    python benchmarks/solver.py [DATA_DIR ...] [--classes 2,10,100,1000] [--rows 20] [--width 2048]
        [--model mobilenet_v2] [--size 224] [--seeds 0,1] [--solvers ridge,logistic_regression]

Without folders, features are made up: activations around a center for each class, cut off at zero, as many of a class
as `--rows` says, and half as many again to test on. Noise differs along few directions, as it does in networks. With
folders, they are the pooled last layer's, of two thirds of the images of each class; the rest are tested. Each solver
runs in a process of its own, whose greatest memory beyond that of the features is told.

`expected` is what ridge says of images that it has not seen, by leaving out one row of each class. A solver that is
honest expects what the test gives.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

Split = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def made_up(classes: int, rows: int, width: int, seed: int) -> Split:
    """Training features and labels, and others to test on."""
    random = np.random.default_rng(seed)
    mixing = random.normal(size=(64, width)).astype(np.float32)
    centers = random.normal(size=(classes, 64))

    def draw(each: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.repeat(np.arange(classes), each)
        inner = centers[labels] + 1.8 * random.normal(size=(len(labels), 64))
        outer = inner.astype(np.float32) @ mixing
        outer += 4 * random.normal(size=outer.shape).astype(np.float32)
        return np.sqrt(np.maximum(outer, 0)), labels

    return *draw(rows), *draw(max(1, rows // 2))


def pooled(folder: Path, options: argparse.Namespace, seed: int) -> Split:
    """Features of a folder's images, a third of each class for the test."""
    import keras

    from kerastl.models import build, features

    network = build(options.model, include_top=False, input_size=options.size)
    images = keras.utils.image_dataset_from_directory(
        folder, image_size=(options.size, options.size), batch_size=32, shuffle=False, verbose=False
    )
    labels = np.concatenate([each for _, each in images.as_numpy_iterator()]).astype(np.int64)
    x = features(network).predict(images.map(lambda pixels, _: pixels), verbose=0)
    order = np.random.default_rng(seed).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    counts = np.bincount(labels)
    place = np.arange(len(order)) - (np.cumsum(counts) - counts)[labels[order]]
    test = place >= 2 * counts[labels[order]] // 3
    train, held = np.sort(order[~test]), np.sort(order[test])
    return x[train], labels[train], x[held], labels[held]


def solved(solver: str, x: np.ndarray, y: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Kernel, bias, and the accuracy that is expected."""
    from kerastl.finetuning import solve_head, solve_ridge
    from kerastl.finetuning._ridge_folds import balanced_folds

    ones = np.ones(len(y), np.float32)
    if solver == "ridge":
        head = solve_ridge(x, y, classes, ones, balanced_folds(np.arange(len(y)), y))
        right = head.loo_probabilities.argmax(axis=1) == y[head.loo_rows]
        return head.kernel, head.bias, float(right.mean())
    plain = solve_head(x, y, classes, ones)
    return plain.kernel, plain.bias, float("nan")


def measured(solver: str, split: Split, connection: Connection) -> None:
    """Solve in this process and send what came of it."""
    from scipy.special import log_softmax

    x, y, fresh, labels = split
    solved(solver, x[:8], np.arange(8) % 2, 2)  # imports are no part of it
    before, start = _peak(), time.perf_counter()
    kernel, bias, expected = solved(solver, x, y, int(y.max()) + 1)
    seconds = time.perf_counter() - start
    logs = log_softmax((fresh @ kernel + bias).astype(np.float64), axis=1)
    right = float((logs.argmax(axis=1) == labels).mean())
    loss = float(-logs[np.arange(len(labels)), labels].mean())
    connection.send((right, expected, loss, seconds, max(0.0, _peak() - before)))


def _peak() -> float:
    """The most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def problems(options: argparse.Namespace) -> Iterator[tuple[str, Split]]:
    """What is to be solved, and its name."""
    for seed in map(int, options.seeds.split(",")):
        for folder in options.data:
            yield folder.name, pooled(folder, options, seed)
        if not options.data:
            for classes in map(int, options.classes.split(",")):
                yield f"{classes:,} classes", made_up(classes, options.rows, options.width, seed)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="*")
    parser.add_argument("--classes", default="2,10,100,1000")
    parser.add_argument("--rows", type=int, default=20, help="of a class, to train on")
    parser.add_argument("--width", type=int, default=2048, help="features")
    parser.add_argument("--model", default="mobilenet_v2")
    parser.add_argument("--size", type=int, default=224, help="pixels a side")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--solvers", default="ridge,logistic_regression")
    options = parser.parse_args()
    print(f"{'':16}{'rows x features':>18}  {'solver':20} accuracy expected log loss  seconds    MiB")
    context = multiprocessing.get_context("fork")  # the features are shared
    for name, split in problems(options):
        for solver in options.solvers.split(","):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=measured, args=(solver, split, theirs))
            process.start()
            theirs.close()
            right, expected, loss, seconds, peak = ours.recv()
            process.join()
            shape = f"{len(split[1]):,} x {split[0].shape[1]:,}"
            figures = f"{right:8.1%} {expected:8.1%} {loss:8.3f} {seconds:8.1f} {peak:6.0f}"
            print(f"{name:16}{shape:>18}  {solver:20} {figures}", flush=True)


if __name__ == "__main__":
    main()
