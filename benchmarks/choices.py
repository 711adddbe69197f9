"""What three choices inside the recipes rest on: how the head is solved, half precision, and memory.

    python benchmarks/choices.py head DATA_DIR [DATA_DIR ...] [--seeds 0,1,2] [--model mobilenet_v2]
    python benchmarks/choices.py half DATA_DIR [DATA_DIR ...]
    python benchmarks/choices.py memory DATA_DIR [DATA_DIR ...]

`head`: ridge regression and logistic regression, their strengths chosen inside the training images, against 30 epochs
of gradient steps whose best epoch is chosen by the validation images that are reported, which favors them. `half`:
activations below the topmost three stages kept in float16, as the recipes do, against float32. `memory`: the peak of
the whole process of a probe for each folder; give folders that differ in the number of images only.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

RIDGE = {"trains": "head", "solver": "ridge"}
SOLVED = {"trains": "head", "solver": "logistic_regression"}
STEPS = {"trains": "head", "epochs": 30, "learning_rate": 1e-3, "schedule": "cosine", "weight_decay": 0.05}
TOP = {**STEPS, "trains": 3, "epochs": 6, "layer_decay": 0.5, "warmup": 0.5}
# Held back for every solver, although ridge regression could do without.
VALIDATION_SPLIT = 0.2


def trained(data: Path, seed: int, backbone: str, *phases: dict[str, Any]) -> dict[str, float]:
    """The metrics of one run."""
    import kerastl
    from kerastl.finetuning import Recipe

    recipe = Recipe.from_dict({"name": "choice", "phases": list(phases)})
    with tempfile.TemporaryDirectory() as folder:
        run = kerastl.finetune(
            data, backbone, recipe, output=Path(folder) / "run", seed=seed, validation_split=VALIDATION_SPLIT
        )
        return run.metrics


def head(data: Path, seed: int, backbone: str) -> dict[str, dict[str, float]]:
    """The head by each solver."""
    return {
        "ridge regression": trained(data, seed, backbone, RIDGE),
        "logistic regression": trained(data, seed, backbone, SOLVED),
        "gradient steps": trained(data, seed, backbone, STEPS),
    }


def half(data: Path, seed: int, backbone: str) -> dict[str, dict[str, float]]:
    """The topmost three stages on activations of either precision."""
    from kerastl.finetuning import _features as features

    found = {"float16": trained(data, seed, backbone, TOP)}
    kept, features._SMALL = features._SMALL, sys.maxsize
    found["float32"] = trained(data, seed, backbone, TOP)
    features._SMALL = kept
    return found


def peak(data: Path, backbone: str) -> None:
    """Print the memory of a probe in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "one", str(data), "--model", backbone]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | {"TMPDIR": folder})
    print(f"{data.name}: {done.stdout.strip()}", flush=True)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("choice", choices=("head", "half", "memory", "one"), metavar="head|half|memory")
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--model", default="mobilenet_v2")
    parser.add_argument("--seeds", default="0,1,2")
    options = parser.parse_args()
    if options.choice == "one":
        metrics = trained(options.data[0], 0, options.model, RIDGE)
        mebibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{metrics['train_images'] + metrics['val_images']:,} images, peak {mebibytes:,.0f} MiB")
        return
    rows: list[dict[str, dict[str, float]]] = []
    for data in options.data:
        if options.choice == "memory":
            peak(data, options.model)
            continue
        for seed in map(int, options.seeds.split(",")):
            rows.append({"head": head, "half": half}[options.choice](data, seed, options.model))
            told = (f"{name} {m['val_accuracy']:.2%}, {m['val_loss']:.4f}" for name, m in rows[-1].items())
            print(f"{data.name}, seed {seed}: {'; '.join(told)}", flush=True)
    for name in rows[0] if rows else ():
        mean = {key: np.mean([row[name][key] for row in rows]) for key in ("val_accuracy", "val_loss", "seconds")}
        print(f"{name:20} {mean['val_accuracy']:.2%} right, loss {mean['val_loss']:.4f}, {mean['seconds']:.1f} s")


if __name__ == "__main__":
    main()
