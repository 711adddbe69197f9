"""Fine-tuning against the recipe of the Keras guide on transfer learning, on the same split of any folder.

    python benchmarks/finetune.py DATA_DIR [--epochs 5] [--unfrozen EPOCHS] [--recipes gradual,full] [--seed 0]

The peer is a process of its own: `image_dataset_from_directory` at 224 px in batches of 32, flips and rotations,
frozen MobileNetV2, dropout 0.2, Adam 1e-3; with `--unfrozen` as many epochs of the whole network at 1e-5 follow.
kerastl runs `finetune --recipe probe` as a process of its own, its caches cold, then the recipes that are named, all
with a fifth of the images held back, on which both are judged; `probe` alone would train on those, too.
`--unfrozen` also times one epoch with MobileNetV2 open from block 13 on, on cached features.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from kerastl.models._registry import BACKBONES

PEER = """
import json, sys, time
import keras
given = json.loads(sys.argv[1])
folder, size, unfrozen = given["folder"], given["size"], given["unfrozen"]
keras.utils.set_random_seed(given["seed"])
train, val = (
    keras.utils.image_dataset_from_directory(f"{folder}/{part}", image_size=(size, size), batch_size=32, verbose=False)
    for part in ("train", "val")
)
train, val = (data.prefetch(2) for data in (train, val))
constructor = getattr(keras.applications, given["constructor"])
base = constructor(include_top=False, input_shape=(size, size, 3), **given["arguments"])
base.trainable = False
pixels = keras.Input((size, size, 3))
x = keras.layers.RandomFlip("horizontal")(pixels)
x = keras.layers.RandomRotation(0.1)(x)
x = keras.layers.Rescaling(1 / 127.5, -1)(x)
x = base(x, training=False)
x = keras.layers.GlobalAveragePooling2D()(x)
x = keras.layers.Dropout(0.2)(x)
model = keras.Model(pixels, keras.layers.Dense(given["classes"], activation="softmax")(x))
model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
frozen = model.fit(train, validation_data=val, epochs=given["epochs"], verbose=0).history["val_accuracy"]
model.save(f"{folder}/peer.keras")
result = {"frozen": frozen, "unfrozen": [], "epoch_seconds": []}
if unfrozen:
    base.trainable = True
    model.compile(keras.optimizers.Adam(1e-5), "sparse_categorical_crossentropy", metrics=["accuracy"])
    for epoch in range(unfrozen):
        start = time.perf_counter()
        model.fit(train, epochs=1, verbose=0)
        result["epoch_seconds"].append(time.perf_counter() - start)
        result["unfrozen"].append(model.evaluate(val, verbose=0)[1])
    model.save(f"{folder}/unfrozen.keras")
print(json.dumps(result))
"""

TOP = {
    "name": "top",
    "phases": [
        {"trains": "head", "solver": "logistic_regression"},
        {"trains": "block_13", "epochs": 3, "learning_rate": 1e-4},
    ],
}


def kerastl(
    data: Path, output: Path, recipe: str, seed: int, *options: str, held_back: bool = True
) -> tuple[float, dict[str, float]]:
    """Run the command line, which holds a fifth of the images back or as many as it sees fit.

    Returns:
        Seconds of the process, and its metrics.
    """
    command = [sys.executable, "-m", "kerastl", "finetune", str(data), "-o", str(output), "--recipe", recipe]
    command += ["--seed", str(seed), *(("--validation-split", "0.2") if held_back else ()), *options]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return time.perf_counter() - start, json.loads((output / "metrics.json").read_text())


def guide(
    folder: Path, classes: int, epochs: int, unfrozen: int, seed: int, backbone: str, size: int
) -> dict[str, Any]:
    """Run the peer; the accuracies of its epochs, and the seconds of those unfrozen."""
    row = BACKBONES[backbone]
    if row.input_scaling != "tf":
        raise SystemExit(f"{backbone}: the peer scales pixels to [-1, 1], which this network is not made for")
    given = {"folder": str(folder), "classes": classes, "epochs": epochs, "unfrozen": unfrozen, "seed": seed}
    given |= {"constructor": row.constructor, "arguments": dict(row.arguments), "size": size}
    command = [sys.executable, "-c", PEER, json.dumps(given)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def linked(data: Path, split: Path, target: Path) -> list[str]:
    """Lay the split out as `train/` and `val/` for Keras, with links; return the classes."""
    with split.open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["split"] in ("train", "val")]
    classes = sorted({row["label"] for row in rows})
    for number, row in enumerate(rows):
        source = (data / row["path"]).resolve()
        folder = target / row["split"] / f"{classes.index(row['label']):04d}"
        folder.mkdir(parents=True, exist_ok=True)
        # Keras looks at the suffix; it decodes what it finds.
        (folder / f"{number}{source.suffix.lower()}").symlink_to(source)
    return classes


def epoch_seconds(output: Path, phase: int) -> float:
    """Median seconds of the epochs of a phase."""
    with (output / "history.csv").open() as stream:
        seconds = sorted(float(row["seconds"]) for row in csv.DictReader(stream) if int(row["phase"]) == phase)
    return seconds[len(seconds) // 2]


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--unfrozen", type=int, default=0, metavar="EPOCHS")
    parser.add_argument("--recipes", default="", help="more of kerastl's recipes, with commas")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["KERASTL_CACHE"] = str(folder / "cache")
        ours, probe = kerastl(options.data, folder / "probe", "probe", options.seed)
        classes = linked(options.data, folder / "probe" / "split.csv", folder / "peer")
        start = time.perf_counter()
        peer = guide(folder / "peer", len(classes), options.epochs, options.unfrozen, options.seed, "mobilenet_v2", 224)
        whole = time.perf_counter() - start
        theirs = whole - sum(peer["epoch_seconds"])
        print(f"{probe['train_images']} images to train on, {probe['val_images']} to validate on")
        if not options.unfrozen:
            print(f"guide, {options.epochs} frozen epochs: {theirs:.1f} s, {peer['frozen'][-1]:.1%}")
            print(f"kerastl probe: {ours:.1f} s, {probe['val_accuracy']:.1%}: {theirs / ours:.1f} times faster")
        else:
            print(f"guide frozen {peer['frozen'][-1]:.1%}, then unfrozen {max(peer['unfrozen']):.1%} in {whole:.0f} s")
            print(f"kerastl probe: {ours:.1f} s, {probe['val_accuracy']:.1%}")
            recipe = folder / "top.json"
            recipe.write_text(json.dumps(TOP))
            kerastl(options.data, folder / "top", str(recipe), options.seed)
            own, other = epoch_seconds(folder / "top", 2), sorted(peer["epoch_seconds"])[options.unfrozen // 2]
            print(f"unfrozen epoch: guide {other:.1f} s, kerastl from block 13 on {own:.1f} s: {other / own:.1f} times")
        for recipe_name in filter(None, options.recipes.split(",")):
            seconds, metrics = kerastl(options.data, folder / recipe_name, recipe_name, options.seed)
            print(f"kerastl {recipe_name}: {seconds:.0f} s, {metrics['val_accuracy']:.1%}")


if __name__ == "__main__":
    main()
