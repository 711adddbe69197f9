"""The recipes and the Keras guide's on test images that no run sees: folders x sizes x seeds x networks.

    python benchmarks/recipes.py DATA_DIR [DATA_DIR ...] [--networks mobilenet_v2,mobilenet_025,kerastl_mini]
        [--images 10,40] [--seeds 0,1] [--recipes probe,gradual,full,auto,guide] [--input-size PIXELS]
        [--rows recipes.jsonl] [--limit SECONDS]

A folder holds one folder a class, or `train/` and `val/` with such folders, which are put together. A third of each
class is the test part, drawn by the seed, at most 60 images; of the rest as many a class train as `--images` says,
validation images included. Of files with the same bytes the first is taken, so that no test image is trained on and
every recipe answers the same ones; a run that answers fewer ends the benchmark. Each run is a process of its own and
leaves one JSON line in `--rows`; rows that are there are not made again, so that the benchmark can be stopped and
goes on. The guide is that of `finetune.py`: frozen with Adam at 1e-3, then the whole network at 1e-5, the better of
both on its validation images. At the end come the means, the difference to the probe and the worst case of it.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import finetune
import numpy as np

from kerastl.models._registry import BACKBONES

_TEST_FRACTION, _TEST_IMAGES = 1 / 3, 60
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
_KEYS = ("folder", "images", "seed", "network", "recipe")

# The guide's networks on the test images: the one that was better on its validation images.
GUIDE = """
import json, sys
import keras
import numpy as np
folder, size = sys.argv[1], int(sys.argv[2])
data = {
    part: keras.utils.image_dataset_from_directory(
        f"{folder}/{part}", image_size=(size, size), batch_size=32, verbose=False, shuffle=False
    )
    for part in ("val", "test")
}
models = [keras.saving.load_model(f"{folder}/{name}.keras") for name in ("peer", "unfrozen")]
def right(model, part):
    answers = model.predict(data[part], verbose=0).argmax(axis=1)
    return float(np.mean(answers == np.concatenate([labels for _, labels in data[part]])))
best = max(models, key=lambda model: right(model, "val"))
images = len(data["test"].file_paths)
print(json.dumps({"val": right(best, "val"), "test": right(best, "test"), "test_images": images}))
"""


@cache
def classes_of(data: Path) -> dict[str, list[Path]]:
    """The images of each class, each content once."""
    found: dict[str, list[Path]] = {}
    known: set[bytes] = set()
    names = (Path(folder, name) for folder, _, names in os.walk(data, followlinks=True) for name in names)
    for file in sorted(name for name in names if name.suffix.lower() in _SUFFIXES):
        content = hashlib.sha256(file.read_bytes()).digest()
        if content not in known:
            known.add(content)
            inner = file.parent.name == "images"  # as Tiny ImageNet has it
            found.setdefault((file.parent.parent if inner else file.parent).name, []).append(file)
    return found


def write_tables(data: Path, images: int, seed: int, target: Path) -> int:
    """Draw the parts: `train.csv` with those to train and validate on, `test.csv` with the rest, which are counted."""
    random = np.random.default_rng([seed, images])
    rows: dict[str, list[tuple[Path, str, str]]] = {"train": [], "test": []}
    for label, files in classes_of(data).items():
        drawn = [files[number] for number in random.permutation(len(files))]
        count = min(_TEST_IMAGES, round(len(drawn) * _TEST_FRACTION))
        rows["test"] += [(file.resolve(), label, "test") for file in drawn[:count]]
        rows["train"] += [(file.resolve(), label, "") for file in drawn[count : count + images]]
    for part, content in rows.items():
        with (target / f"{part}.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("path", "label") if part == "train" else ("path", "label", "split"))
            writer.writerows(row[:2] if part == "train" else row for row in content)
    return len(rows["test"])


def of_kerastl(folder: Path, recipe: str, seed: int, network: str, size: list[str]) -> dict[str, Any]:
    """Train by a recipe, and evaluate on the test images."""
    output = folder / recipe
    options = ("--model", network, *size)
    seconds, metrics = finetune.kerastl(folder / "train.csv", output, recipe, seed, *options, held_back=False)
    command = [sys.executable, "-m", "kerastl", "evaluate", str(output), str(folder / "test.csv"), "--split", "test"]
    done = subprocess.run([*command, "--format", "json"], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    answered = json.loads(done.stdout)
    found = {name: figure["value"] for name, figure in answered["metrics"].items()}
    chose = metrics["phases"][metrics["kept_phase"] - 1]["trains"]
    own = metrics["val_accuracy" if metrics["accuracy_kind"] == "validation" else "loo_accuracy"]
    tested = {"test": found["accuracy"], "test_images": answered["images"], "log_loss": found["log_loss"]}
    return {**tested, "seconds": seconds, "chose": chose, "accuracy": own, "accuracy_kind": metrics["accuracy_kind"]}


def of_guide(folder: Path, seed: int, network: str, size: int, epochs: tuple[int, int]) -> dict[str, Any]:
    """Train as the guide does, on the split of a run of the probe that holds images back, and test likewise."""
    start = time.perf_counter()
    split = folder / "split"
    finetune.kerastl(
        folder / "train.csv",
        split,
        "probe",
        seed,
        "--model",
        network,
        "--input-size",
        str(size),
    )
    peer = folder / "peer"
    classes = finetune.linked(Path("/"), split / "split.csv", peer)
    with (folder / "test.csv").open(newline="") as stream:
        for number, row in enumerate(csv.DictReader(stream)):
            target = peer / "test" / f"{classes.index(row['label']):04d}"
            target.mkdir(parents=True, exist_ok=True)
            (target / f"{number}{Path(row['path']).suffix.lower()}").symlink_to(row["path"])
    finetune.guide(peer, len(classes), *epochs, seed, network, size)
    command = [sys.executable, "-c", GUIDE, str(peer), str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    seconds = time.perf_counter() - start
    return {"test": found["test"], "test_images": found["test_images"], "accuracy": found["val"], "seconds": seconds}


def one(row: dict[str, Any], data: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Make one row of the table."""
    size = options.input_size or BACKBONES[row["network"]].input_size
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = write_tables(data, row["images"], row["seed"], folder)
        if row["recipe"] == "guide":
            found = of_guide(folder, row["seed"], row["network"], size, (options.epochs, options.unfrozen))
        else:
            found = of_kerastl(folder, row["recipe"], row["seed"], row["network"], ["--input-size", str(size)])
        if found["test_images"] != count:
            raise SystemExit(f"{data}: {row['recipe']} answered {found['test_images']} of {count} test images")
        return found


def show(rows: list[dict[str, Any]]) -> None:
    """Print the means over what every recipe has answered, the same images, and the difference to the probe."""
    tested: dict[tuple[Any, ...], set[int | None]] = {}
    for row in rows:
        split = tuple(row[key] for key in ("network", "folder", "images", "seed"))
        tested.setdefault(split, set()).add(row.get("test_images"))
    for network in sorted({row["network"] for row in rows}):
        table: dict[tuple[Any, ...], dict[str, float]] = {}
        for row in rows:
            if row["network"] == network:
                table.setdefault((row["folder"], row["images"], row["seed"]), {})[row["recipe"]] = row["test"]
        recipes = sorted({name for found in table.values() for name in found})
        whole = [
            found
            for split, found in table.items()
            if len(found) == len(recipes) and len(tested[(network, *split)]) == 1
        ]
        print(f"\n{network}: {len(whole)} splits on which all were run")
        for name in recipes if whole else []:
            values = np.array([found[name] for found in whole])
            line = f"  {name:10}{values.mean():7.1%}"
            if "probe" in recipes:
                gains = 100 * (values - np.array([found["probe"] for found in whole]))
                line += f"  {gains.mean():+5.1f} points to the probe, {gains.min():+5.1f} at worst"
            print(line)


def main() -> None:
    """Run what is not there yet, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--networks", default="mobilenet_v2,mobilenet_025,kerastl_mini")
    parser.add_argument("--images", default="10,40", help="a class, to train and validate on")
    parser.add_argument("--seeds", default="0,1")
    parser.add_argument("--recipes", default="probe,gradual,full,auto,guide")
    parser.add_argument("--input-size", type=int, help="pixels a side; the network's own where it is left out")
    parser.add_argument("--epochs", type=int, default=5, help="of the guide, frozen")
    parser.add_argument("--unfrozen", type=int, default=10, help="of the guide, all open")
    parser.add_argument("--rows", type=Path, default=Path("recipes.jsonl"))
    parser.add_argument("--limit", type=float, default=float("inf"), help="begin no run after so many seconds")
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.rows.read_text().splitlines()] if options.rows.exists() else []
    done = {tuple(row[key] for key in _KEYS) for row in rows}
    numbers = [[int(one) for one in getattr(options, name).split(",")] for name in ("seeds", "images")]
    wanted = [
        (data, dict(zip(_KEYS, (data.name, images, seed, network, recipe), strict=True)))
        for seed in numbers[0]
        for images in numbers[1]
        for network in options.networks.split(",")
        for data in options.data
        for recipe in options.recipes.split(",")
        if recipe != "guide" or network != "kerastl_mini"  # the guide takes networks of keras.applications
    ]
    end = time.monotonic() + options.limit
    os.environ.setdefault("KERASTL_CACHE", tempfile.mkdtemp())
    for data, row in wanted:
        if tuple(row.values()) in done or time.monotonic() > end:
            continue
        row |= one(row, data, options)
        rows.append(row)
        with options.rows.open("a") as stream:
            stream.write(json.dumps(row) + "\n")
        print(json.dumps(row), flush=True)
    show(rows)


if __name__ == "__main__":
    main()
