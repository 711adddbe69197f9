"""The files of a run of pre-training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Any

from kerastl._base import files
from kerastl._base.serialization import to_json
from kerastl._base.text import percent
from kerastl.images._input_size import check_input_size, sides_of, size_text
from kerastl.plots._curves import pretraining_curves
from kerastl.training import _outputs as outputs
from kerastl.training import _readme as readme
from kerastl.training._run_folder import RunKind

if TYPE_CHECKING:
    import keras

WEIGHTS = "backbone.weights.h5"
DESCRIPTION = "pretraining.json"
_PACKAGES = ("keras", "tensorflow", "numpy")
_FILES = {
    WEIGHTS: "the backbone's weights, without a head; load_weights of the network in keras.applications takes them too",
    DESCRIPTION: "how they came about: settings, versions, and the figures of each epoch",
    **outputs.FILES,
}
_COLUMNS = ("epoch", "learning_rate", "loss", "knn_accuracy", "spread", "rank", "seconds")


def _older(contents: Mapping[str, dict[str, Any]]) -> bool:
    """See `RunKind`: version 0.1 wrote these into the description and the state."""
    finished = {"backbone", "method", "settings", "history"} <= contents[DESCRIPTION].keys()
    return finished or {"settings", "collection", "views"} <= contents["state"].keys()


KIND = RunKind("pretrain", tuple(_FILES), DESCRIPTION, _older)


def write_history(folder: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Write one row an epoch, and draw them."""
    outputs.write_history(folder, _COLUMNS, history)
    if history:
        outputs.write_curves(folder, pretraining_curves(history))


def write_weights(folder: Path, backbone: keras.Model) -> None:
    """Write the backbone's weights, without a head, as Keras reads them by the order of layers of each kind."""
    with files.replacing(folder / WEIGHTS) as temporary:
        backbone.save_weights(temporary)


def write_description(folder: Path, description: Mapping[str, Any]) -> None:
    """Write `pretraining.json`, which is the last file of a run."""
    files.write_text(folder / DESCRIPTION, to_json({**description, "versions": outputs.versions(_PACKAGES)}))


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
    outputs.write_skipped(folder, skipped)
    write_readme(folder, description)
    write_description(folder, description)


def next_step(folder: Path, description: Mapping[str, Any]) -> str:
    """The command that fine-tunes from the weights."""
    model = ["--model", description["backbone"], "--input-size", size_text(description["size"])]
    return join(["kerastl", "finetune", "DATA_DIR", "-o", "RUN_DIR", *model, "--weights", str(folder / WEIGHTS)])


def write_readme(folder: Path, description: Mapping[str, Any]) -> None:
    """Write the folder's README, before `pretraining.json`."""
    last = description["history"][-1:]
    known = [f"Neighbors right: {percent(row['knn_accuracy'])}." for row in last if row["knn_accuracy"] is not None]
    backbone, size = description["backbone"], check_input_size(description["size"])
    height, width = sides_of(description["size"])
    values = f"weights={str(folder / WEIGHTS)!r}, input_size={size}"
    readme.write_readme(
        folder,
        f"{backbone}, trained on {description['images']:,} images without labels",
        [
            f"Method: {description['method']} ({description['paper']}), {len(description['history'])} epochs.",
            *known,
            *([] if description["complete"] else ["Training was stopped early."]),
            f"Images are seen at {height} x {width} pixels; settings and versions are in {DESCRIPTION}.",
        ],
        {
            "On the command line": next_step(folder, description),
            "In Python": f"import kerastl\n\nkerastl.finetune('DATA_DIR', {backbone!r}, {values})",
        },
        _FILES | ({} if description["complete"] else readme.UNDER_WAY),
        coming=(DESCRIPTION,),
    )
