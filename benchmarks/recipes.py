"""Accuracy of the built-in recipes beside the Keras guide's, frozen and unfrozen, over folders and seeds.

    python benchmarks/recipes.py DATA_DIR [DATA_DIR ...] [--model mobilenet_025] [--size 96] [--seeds 0,1,2]
        [--recipes probe,gradual,full] [--epochs 5] [--unfrozen 10]

For each folder and seed, `kerastl finetune` runs each recipe; then the peer of `finetune.py` runs on the same split, so
many epochs frozen at 1e-3 and so many of the whole network at 1e-5. The peer is given the epoch that was best on the
validation images, as kerastl keeps its best weights by them. A folder without `train/` and `val/` is split anew by
each seed. At the end come the means, and the standard error of the difference to the guide over folders and seeds.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import finetune
import numpy as np


def one(data: Path, seed: int, options: argparse.Namespace) -> dict[str, float]:
    """Validation accuracy of each recipe and of the guide on one split."""
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["KERASTL_CACHE"] = str(folder / "cache")
        given = ("--model", options.model, "--input-size", str(options.size))
        for recipe in options.recipes.split(","):
            seconds, metrics = finetune.kerastl(data, folder / recipe, recipe, seed, *given)
            found[recipe] = metrics["val_accuracy"]
            print(f"{data.name}, seed {seed}: {recipe} {found[recipe]:.1%} in {seconds:.0f} s", flush=True)
        first = folder / options.recipes.split(",")[0]
        classes = finetune.linked(data, first / "split.csv", folder / "peer")
        peer = finetune.guide(
            folder / "peer", len(classes), options.epochs, options.unfrozen, seed, options.model, options.size
        )
        found["guide, frozen"] = max(peer["frozen"])
        found["guide, unfrozen"] = max(peer["unfrozen"])
        print(f"{data.name}, seed {seed}: guide {found['guide, frozen']:.1%}, then {found['guide, unfrozen']:.1%}")
    return found


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--model", default="mobilenet_025")
    parser.add_argument("--size", type=int, default=96, help="pixels a side")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--recipes", default="probe,gradual,full")
    parser.add_argument("--epochs", type=int, default=5, help="of the guide, frozen")
    parser.add_argument("--unfrozen", type=int, default=10, help="of the guide, all open")
    options = parser.parse_args()
    seeds = [int(seed) for seed in options.seeds.split(",")]
    rows = [one(data, seed, options) for data in options.data for seed in seeds]
    print(f"\n{options.model} at {options.size} px, {len(rows)} runs: mean, and difference to the guide unfrozen")
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        difference = values - np.array([row["guide, unfrozen"] for row in rows])
        error = difference.std(ddof=1) / np.sqrt(len(rows)) if len(rows) > 1 else float("nan")
        print(f"  {name:16}{values.mean():7.1%}  {100 * difference.mean():+5.1f} +- {100 * error:.1f} points")


if __name__ == "__main__":
    main()
