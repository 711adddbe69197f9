"""Compare scores that tell images of other things from those that a model was trained on.

    python benchmarks/rejection.py RUN_DIR DATA OTHERS...

RUN_DIR is a fine-tuned model, DATA the folder it was trained on, OTHERS folders with images of other things. The
validation images of DATA are compared with each of OTHERS. Printed is the AUROC, and the fraction of OTHERS that is
rejected at 5 % false alarms.

The scores, all the larger the stranger: maximum softmax probability (Hendrycks and Gimpel 2017), energy (Liu et al.
2020), distance to the k-th nearest training image (Sun et al. 2022), and Mahalanobis distance to the nearest class
mean with one shrunk covariance (Lee et al. 2018), the latter also of features scaled to length 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy.special import log_softmax, logsumexp
from sklearn.covariance import LedoitWolf
from sklearn.metrics import roc_auc_score

import kerastl
from kerastl._base.keras_import import import_keras
from kerastl._classifier import Classifier
from kerastl.data import scan
from kerastl.evaluation._labeled import compute, labeled, parted
from kerastl.images import IMAGE_SUFFIXES


def main() -> None:
    """Print one row a score."""
    run, data, *others = sys.argv[1:]
    classifier = kerastl.load(run)
    keras = import_keras()
    model = classifier.keras_model()
    head = next(layer for layer in reversed(model.layers) if layer.weights)
    network = keras.Model(model.input, head.input)
    kernel, bias = head.get_weights()

    images = parted(classifier, scan(data))
    train, val = (labeled(classifier, images, part) for part in ("train", "val"))
    strange = {name: _folder(classifier, network, Path(name)) for name in others}
    judged = Scores(_features(classifier, network, train), train.truth(train.items), kernel, bias)
    known = judged.of(_features(classifier, network, val))
    unknown = {name: judged.of(features) for name, features in strange.items()}
    print(f"{'':18}", *(f"{Path(name).name[:18]:>18}" for name in others))
    for score, values in known.items():
        limit = np.quantile(values, 0.95)
        cells = []
        for name in others:
            theirs = unknown[name][score]
            truth = np.repeat([0, 1], [len(values), len(theirs)])
            auroc = roc_auc_score(truth, np.concatenate([values, theirs]))
            cells.append(f"{auroc:10.4f} {np.mean(theirs > limit):7.1%}")
        print(f"{score:18}", *cells)


class Scores:
    """The scores, given training features (n, d), their classes (n,), and the last layer."""

    def __init__(self, features: np.ndarray, labels: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> None:
        self.kernel, self.bias = kernel.reshape(-1, kernel.shape[-1]), bias
        self.units = _unit(features)
        self.gaussians = [_gaussian(values, labels) for values in (features, self.units)]

    def of(self, features: np.ndarray) -> dict[str, np.ndarray]:
        """Each score of features (n, d): float arrays of shape (n,)."""
        logits = features @ self.kernel + self.bias
        nearest = np.sort(_unit(features) @ self.units.T, axis=1)[:, ::-1]
        scores = {
            "softmax": -log_softmax(logits, axis=1).max(axis=1),
            "energy": -logsumexp(logits, axis=1),
            "nearest": -nearest[:, 0],
            "10th nearest": -nearest[:, min(9, nearest.shape[1] - 1)],
        }
        for name, (means, precision), values in zip(
            ("mahalanobis", "mahalanobis, unit"), self.gaussians, (features, _unit(features)), strict=True
        ):
            off = values[:, None] - means
            scores[name] = np.einsum("nkd,nkd->nk", off @ precision, off).min(axis=1)
        return scores


def _gaussian(features: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    classes, number = np.unique(labels, return_inverse=True)
    means = np.stack([features[number == k].mean(axis=0) for k in range(len(classes))])
    return means, LedoitWolf(assume_centered=True).fit(features - means[number]).precision_


def _unit(features: np.ndarray) -> np.ndarray:
    return features / np.linalg.norm(features, axis=1, keepdims=True)


def _features(classifier: Classifier, network, images) -> np.ndarray:
    def work(pixels, _):
        return list(np.asarray(network(pixels.astype(np.float32), training=False)).reshape(len(pixels), -1))

    kept, rows, _ = compute(images, classifier, work)
    assert kept == images.items, "all images of the run can be read"
    return np.stack(rows)


def _folder(classifier: Classifier, network, folder: Path) -> np.ndarray:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    rows = []
    for file in files:
        try:
            pixels = classifier.pixels(file)
        except kerastl.KerastlError:
            continue
        rows.append(np.asarray(network(pixels[None].astype(np.float32), training=False)).ravel())
    return np.stack(rows)


if __name__ == "__main__":
    main()
