"""The files of a run of pre-training."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Any

from kerastl._base import files, json_text
from kerastl._version import __version__
from kerastl.models._labels import percent
from kerastl.plots._pretraining import pretraining_curves
from kerastl.training import _readme as readme
from kerastl.training._run_folder import RunKind
from kerastl.training._tables import SKIPPED, write_rows, write_skipped

if TYPE_CHECKING:
    import keras

WEIGHTS = "backbone.weights.h5"
DESCRIPTION = "pretraining.json"
HISTORY = "history.csv"
CURVES = "curves.png"
NAMES = (WEIGHTS, DESCRIPTION, HISTORY, CURVES, SKIPPED)
_FILES = {
    WEIGHTS: "the backbone's weights, without a head; load_weights of the network in keras.applications takes them too",
    DESCRIPTION: "how they came about: settings, versions, and the figures of each epoch",
    HISTORY: "a row for each epoch",
    CURVES: "the same, drawn",
    SKIPPED: "images that could not be read, and why",
}
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
    write_readme(folder, description)
    write_description(folder, description)


def next_step(folder: Path, description: Mapping[str, Any]) -> str:
    """The command that fine-tunes from the weights."""
    model = ["--backbone", description["backbone"], "--input-size", str(description["size"])]
    return join(["kerastl", "finetune", "DATA_DIR", "-o", "RUN_DIR", *model, "--weights", str(folder / WEIGHTS)])


def write_readme(folder: Path, description: Mapping[str, Any]) -> None:
    """Write the folder's README, before `pretraining.json`."""
    last = description["history"][-1:]
    known = [f"Neighbors right: {percent(row['knn_accuracy'])}." for row in last if row["knn_accuracy"] is not None]
    backbone, size = description["backbone"], description["size"]
    values = f"weights={str(folder / WEIGHTS)!r}, input_size={size}"
    readme.write_readme(
        folder,
        f"{backbone}, trained on {description['images']:,} images without labels",
        [
            f"Method: {description['method']} ({description['paper']}), {len(description['history'])} epochs.",
            *known,
            *([] if description["complete"] else ["Training was stopped early."]),
            f"Images are seen at {size} x {size} pixels; settings and versions are in {DESCRIPTION}.",
        ],
        {
            "On the command line": next_step(folder, description),
            "In Python": f"import kerastl\n\nkerastl.finetune({backbone!r}, 'DATA_DIR', {values})",
        },
        _FILES | ({} if description["complete"] else {"state/": "what `--resume` goes on from"}),
        coming=(DESCRIPTION,),
    )


def _versions() -> dict[str, str]:
    found = {"kerastl": __version__, "python": platform.python_version()}
    for package in ("keras", "tensorflow", "numpy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
