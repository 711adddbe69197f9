"""The files of a run of pre-training."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl import files, json_text
from kerastl._version import __version__
from kerastl.plots.pretraining import pretraining_curves
from kerastl.runs.folder import RunKind
from kerastl.runs.tables import SKIPPED, write_rows, write_skipped

if TYPE_CHECKING:
    import keras

WEIGHTS = "backbone.weights.h5"
DESCRIPTION = "pretraining.json"
HISTORY = "history.csv"
CURVES = "curves.png"
NAMES = (WEIGHTS, DESCRIPTION, HISTORY, CURVES, SKIPPED)
_COLUMNS = ("epoch", "learning_rate", "loss", "knn_accuracy", "spread", "rank", "seconds")


def _older(contents: Mapping[str, dict[str, Any]]) -> bool:
    """See `RunKind`: version 0.1 wrote these into the description and the state."""
    finished = {"backbone", "method", "settings", "history"} <= contents[DESCRIPTION].keys()
    return finished or {"settings", "collection", "views"} <= contents["state"].keys()


KIND = RunKind("pretrain", NAMES, DESCRIPTION, _older)


def write_history(folder: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Write one row an epoch, and draw them."""
    write_rows(folder / HISTORY, _COLUMNS, history)
    if history:
        with files.replacing(folder / CURVES) as temporary:
            pretraining_curves(history).savefig(temporary)


def write_weights(folder: Path, backbone: keras.Model) -> None:
    """Write the backbone's weights, without a head, as Keras reads them by the order of layers of each kind."""
    with files.replacing(folder / WEIGHTS) as temporary:
        backbone.save_weights(temporary)


def write_description(folder: Path, description: Mapping[str, Any]) -> None:
    """Write `pretraining.json`, which is the last file of a run."""
    files.write_text(folder / DESCRIPTION, json_text.dumps({**description, "versions": _versions()}))


def write_all(
    folder: Path,
    backbone: keras.Model,
    history: Sequence[Mapping[str, Any]],
    skipped: Mapping[str, str],
    description: Mapping[str, Any],
) -> None:
    """Write everything."""
    write_weights(folder, backbone)
    write_history(folder, history)
    write_skipped(folder, skipped)
    write_description(folder, description)


def _versions() -> dict[str, str]:
    found = {"kerastl": __version__, "python": platform.python_version()}
    for package in ("keras", "tensorflow", "numpy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
