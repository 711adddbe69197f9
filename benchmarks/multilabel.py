"""Several labels an image: kerastl against a logistic regression a label on the last layer's features, same images.

    python benchmarks/multilabel.py FOLDER [--classes 20] [--model mobilenet_v2] [--tiles 400] [--side 112]

FOLDER holds a folder of images a class. Each tile is two images of different classes side by side, and has both
labels; tiles to judge by are made of other images than those to learn from. The peer is scikit-learn's
`LogisticRegression`, one for each label with the best of seven strengths by cross-validation, on the pooled features of
the same network's last layer, standardized. Printed are, on as many unseen tiles, the mean average precision of both,
how many tiles get just their two labels (of the peer those from 0.5 on, of kerastl those from its thresholds on), and
what kerastl promised by leave-one-out.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import kerastl
from kerastl.models import build

Tile = tuple[np.ndarray, tuple[int, int]]
STRENGTHS = {"C": np.logspace(-5, 1, 7)}
_SUFFIXES = (".jpg", ".jpeg", ".png")


def sources(folder: Path, classes: int) -> dict[str, list[Path]]:
    """The images of the first classes, in random order."""
    random = np.random.default_rng(0)
    found = {}
    for path in sorted(path for path in folder.iterdir() if path.is_dir())[:classes]:
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() in _SUFFIXES)
        found[path.name] = [files[place] for place in random.permutation(len(files))]
    return found


def square(path: Path, side: int) -> Image.Image:
    """The middle of an image."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    short = min(image.size)
    left, top = (image.width - short) // 2, (image.height - short) // 2
    box = (left, top, left + short, top + short)
    return image.resize((side, side), Image.Resampling.BICUBIC, box)


def tiles(images: list[list[Path]], count: int, side: int, seed: int) -> list[Tile]:
    """Tiles of two images of different classes; an image comes again when all others of its class were there."""
    random, found = np.random.default_rng(seed), []
    turns = [itertools.cycle(files) for files in images]
    for _ in range(count):
        pair = random.choice(len(images), 2, replace=False)
        halves = [square(next(turns[one]), side) for one in pair]
        found.append((np.concatenate([np.asarray(half) for half in halves], axis=1), tuple(map(int, pair))))
    return found


def truth_of(made: list[Tile], labels: int) -> np.ndarray:
    """Which labels each tile has: bool (n, labels)."""
    found = np.zeros((len(made), labels), bool)
    for row, (_, pair) in enumerate(made):
        found[row, list(pair)] = True
    return found


def write(folder: Path, made: list[Tile], names: list[str]) -> Path:
    """The tiles, and a table of their labels."""
    table = folder / "labels.csv"
    with table.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(["path", "labels"])
        for number, (pixels, pair) in enumerate(made):
            Image.fromarray(pixels).save(folder / f"{number:05}.png")
            rows.writerow([f"{number:05}.png", "|".join(names[label] for label in pair)])
    return table


def logistic_regressions(model: str, train: list[Tile], test: list[Tile], labels: int) -> np.ndarray:
    """Scores of the peer for the unseen tiles: float (n, labels)."""
    height, width = train[0][0].shape[:2]
    network = build(model, include_top=False, input_size=(height, width))
    pixels = [np.stack([tile for tile, _ in part]).astype("float32") for part in (train, test)]
    features = [network.predict(part, batch_size=32, verbose=0).mean(axis=(1, 2)) for part in pixels]
    truth = truth_of(train, labels)
    found = np.empty((len(test), labels))
    for label in range(labels):
        choice = GridSearchCV(LogisticRegression(max_iter=2000), STRENGTHS, cv=3, scoring="neg_log_loss")
        peer = make_pipeline(StandardScaler(), choice).fit(features[0], truth[:, label])
        found[:, label] = peer.predict_proba(features[1])[:, 1]
    return found


def main() -> None:
    """Compare on tiles of a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--classes", type=int, default=20)
    parser.add_argument("--model", default="mobilenet_v2")
    parser.add_argument("--recipe", default="probe")
    parser.add_argument("--tiles", type=int, default=400)
    parser.add_argument("--side", type=int, default=112)
    arguments = parser.parse_args()
    found = sources(arguments.folder, arguments.classes)
    names, count, side = list(found), arguments.tiles, arguments.side
    train, test = (tiles([files[half::2] for files in found.values()], count, side, half) for half in range(2))
    truth = truth_of(test, len(names))

    def judged(scores: np.ndarray, given: np.ndarray) -> str:
        precision = average_precision_score(truth, scores, average="macro")
        return f"mean average precision {precision:6.1%}, {(given == truth).all(axis=1).mean():6.1%} all right"

    start = time.monotonic()
    theirs = logistic_regressions(arguments.model, train, test, len(names))
    print(f"logistic regressions  {judged(theirs, theirs > 0.5)}  ({time.monotonic() - start:.0f} s)", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        table, start = write(Path(folder), train, names), time.monotonic()
        run = kerastl.finetune(
            table, arguments.model, arguments.recipe, task="multilabel", output=Path(folder) / "run",
            input_size=(side, 2 * side), verbose=0,
        )  # fmt: skip
        classifier = kerastl.load(run.folder)
        places = [classifier.labels.names.index(name) for name in names]
        own = classifier.predict_proba([pixels for pixels, _ in test])[:, places]
        answers = classifier.classify([pixels for pixels, _ in test])
        given = np.array([[name in answer.labels for name in names] for answer in answers])
    print(f"kerastl               {judged(own, given)}  ({time.monotonic() - start:.0f} s)", flush=True)
    if "loo_mean_average_precision" in run.metrics:
        print(f"by leave-one-out it promised {run.metrics['loo_mean_average_precision']:.1%}", flush=True)


if __name__ == "__main__":
    main()
