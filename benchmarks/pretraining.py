"""What pre-training without labels is worth: Tiny ImageNet at 32 px, or any archive laid out like it.

    python benchmarks/pretraining.py ARCHIVE [--model mobilenet_025] [--size 64] [--epochs 20] [--classes 20]
        [--images 500] [--methods barlow,byol] [--labels 1,10] [--work DIR]

ARCHIVE is a tar file with `train/CLASS/images/*`. Of each class some images are kept for testing; `kerastl pretrain`
sees the rest, without labels. Then, on the test images: a linear probe (scikit-learn's logistic regression on
standardized features of labeled training images) on raw pixels, on random features and on those of each method; and
`kerastl finetune` with a few percent of the labels, from random weights and from each method's. All arms of a
comparison have the same labels, recipe and seed. With `--work` the folder is kept, and a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

AUGMENTATION = {"crop": {"least_area": 0.35}, "flip": {}}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--model", default="mobilenet_025")
    parser.add_argument("--size", type=int, default=64, help="pixels a side")
    parser.add_argument("--epochs", type=int, default=20, help="of pre-training")
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--classes", type=int, default=20)
    parser.add_argument("--images", type=int, default=500, help="of each class")
    parser.add_argument("--test", type=int, default=50, help="of them for testing")
    parser.add_argument("--methods", default="barlow,byol")
    parser.add_argument("--labels", default="1,10", help="percent of the labels to fine-tune with")
    parser.add_argument("--finetune-epochs", type=int, default=30)
    parser.add_argument("--probe-images", type=int, default=100, help="labeled images of a class for the probe")
    parser.add_argument("--options", default="", help="more for kerastl pretrain, as in --options='--width 512'")
    parser.add_argument("--work", type=Path, help="folder to keep everything in")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def extract(archive: Path, target: Path, options: argparse.Namespace) -> None:
    """Lay out `train/CLASS/*` and `test/CLASS/*`; the last images of each class are for testing."""
    done = target / "extracted"
    if done.exists():
        return
    with tarfile.open(archive) as tar:
        members: dict[str, list[tarfile.TarInfo]] = {}
        for member in tar.getmembers():
            parts = PurePosixPath(member.name).parts
            if member.isfile() and len(parts) == 4 and parts[0] == "train":
                members.setdefault(parts[1], []).append(member)
        chosen = {}
        for name in sorted(members)[: options.classes]:
            files = sorted(members[name], key=lambda member: member.name)[: options.images]
            for number, member in enumerate(files):
                chosen[member.name] = ("train" if number < len(files) - options.test else "test", name)
        # In the order of the archive, which is compressed as a whole.
        for member in tar:
            if member.name in chosen:
                part, name = chosen[member.name]
                folder = target / part / name
                folder.mkdir(parents=True, exist_ok=True)
                content = tar.extractfile(member)
                (folder / PurePosixPath(member.name).name).write_bytes(content.read())
    done.touch()


def kerastl(*command: Any) -> None:
    """Run the command line, its messages on standard error."""
    subprocess.run([sys.executable, "-m", "kerastl", *map(str, command)], check=True)


def pretrained(work: Path, method: str, options: argparse.Namespace) -> Path:
    """Pre-train by one method, or go on; the weights file."""
    run = work / f"pretrained-{method}"
    weights = run / "backbone.weights.h5"
    if not (weights.exists() and json.loads((run / "pretraining.json").read_text())["complete"]):
        start = time.perf_counter()
        more = ["--resume"] if run.exists() else []
        given = ["--model", options.model, "--input-size", options.size, "--epochs", options.epochs]
        given += ["--batch-size", options.batch_size, "--method", method, "--labels", "none", "--seed", options.seed]
        kerastl("pretrain", work / "train", "--output", run, *given, *options.options.split(), *more)
        print(f"{method}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    return weights


def images(folder: Path, size: int, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels and classes, up to `most` images a class."""
    from kerastl.images import Resize, load_pixels

    files = [(n, file) for n, name in enumerate(sorted(folder.iterdir())) for file in sorted(name.iterdir())[:most]]
    resize = Resize(size, size, "crop", 1.0)
    return np.stack([load_pixels(file, resize) for _, file in files]), np.array([n for n, _ in files])


def features(pixels: np.ndarray, weights: Path | None, options: argparse.Namespace) -> np.ndarray:
    """Pooled features of a backbone with given or with random weights."""
    from kerastl._base.keras_import import import_keras
    from kerastl.models import _build

    keras = import_keras()
    keras.utils.set_random_seed(options.seed)
    network = _build.build(options.model, weights=weights, include_top=False, input_size=options.size)
    x = keras.layers.GlobalAveragePooling2D()(network.output) if len(network.output.shape) == 4 else network.output
    model = keras.Model(network.input, x)
    parts = (pixels[start : start + 256].astype(np.float32) for start in range(0, len(pixels), 256))
    return np.concatenate([np.asarray(model(part, training=False)) for part in parts])


def probe(train: np.ndarray, labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray) -> float:
    """Test accuracy of logistic regression, the best of three strengths on a fifth of the training images."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    inner = np.random.default_rng(0).random(len(labels)) < 0.8

    def model(strength: float) -> Any:
        return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=200, tol=1e-3))

    def score(strength: float) -> float:
        return model(strength).fit(train[inner], labels[inner]).score(train[~inner], labels[~inner])

    best = max((1e-4, 1e-3, 1e-2, 1e-1), key=score)
    return float(model(best).fit(train, labels).score(test, test_labels))


def finetuned(work: Path, name: str, weights: Path | None, percent: int, options: argparse.Namespace) -> float:
    """Test accuracy of `kerastl finetune` with a few percent of the labels of each class."""
    data = work / f"labels-{percent}"
    if not data.exists():
        for part in ("train", "test"):
            for source in sorted((work / part).iterdir()):
                files = sorted(source.iterdir())
                count = max(1, round(len(files) * percent / 100)) if part == "train" else len(files)
                folder = data / {"train": "train", "test": "val"}[part] / source.name
                folder.mkdir(parents=True)
                for file in files[:count]:
                    os.link(file, folder / file.name)
    run = work / f"finetuned-{percent}-{name}"
    if not (run / "metrics.json").exists():
        recipe = work / "recipe.json"
        everything = {"trains": "all", "epochs": options.finetune_epochs, "learning_rate": 1e-3, "warmup": 2}
        everything |= {"schedule": "cosine", "weight_decay": 0.05, "label_smoothing": 0.1, "batch_size": 64}
        everything |= {"augmentation": AUGMENTATION, "batch_norm": "trained"}
        phases = [{"trains": "head", "solver": "logistic_regression"}, everything]
        recipe.write_text(json.dumps({"name": "all", "phases": phases}))
        given = ["--model", options.model, "--input-size", options.size, "--seed", options.seed]
        kerastl("finetune", data, "-o", run, "-r", recipe, "--weights", weights or "none", *given)
    return json.loads((run / "metrics.json").read_text())["val_accuracy"]


def main() -> None:
    """Run everything and print the tables."""
    options = arguments()
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        extract(options.archive, work, options)
        methods = options.methods.split(",")
        weights = {method: pretrained(work, method, options) for method in methods}
        train, labels = images(work / "train", options.size, options.probe_images)
        test, test_labels = images(work / "test", options.size, options.test)
        print(f"{options.model} at {options.size} px, {len(np.unique(labels))} classes, {options.epochs} epochs")
        print(f"\nlinear probe on {len(labels):,} labeled images, {len(test_labels):,} to test on")
        small = [images(work / part, 32, most)[0] for part, most in (("train", options.probe_images), ("test", 10**9))]
        raw = [part.reshape(len(part), -1).astype(np.float32) for part in small]
        print(f"  {'raw pixels (32 px)':24}{probe(raw[0], labels, raw[1], test_labels):7.1%}", flush=True)
        for name, file in {"random weights": None, **weights}.items():
            accuracy = probe(features(train, file, options), labels, features(test, file, options), test_labels)
            print(f"  {name:24}{accuracy:7.1%}", flush=True)
        for percent in map(int, filter(None, options.labels.split(","))):
            print(f"\nfine-tuned with {percent} % of the labels")
            for name, file in {"from scratch": None, **weights}.items():
                accuracy = finetuned(work, name.replace(" ", "-"), file, percent, options)
                print(f"  {name:24}{accuracy:7.1%}", flush=True)


if __name__ == "__main__":
    main()
