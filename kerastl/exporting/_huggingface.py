"""The folder that one would push to the Hugging Face Hub. Nothing is sent anywhere from here."""

from __future__ import annotations

import shutil
from pathlib import Path

from kerastl._base.files import write_text
from kerastl._base.serialization import to_json
from kerastl.exporting._card import card
from kerastl.exporting._embedded import JSON_FILE, LABELS_FILE, described, given_away, label_lines
from kerastl.exporting._source import ExportSource
from kerastl.images import Resize
from kerastl.inference._engines import KerasEngine
from kerastl.models._metadata import MODEL_FILE, embed_metadata, update
from kerastl.models._saved import archive, loading
from kerastl.training._readme import README

FORMAT = "huggingface"
PREPROCESSOR = "preprocessor_config.json"
# What Keras itself puts into a repository of the Hub, where `keras.saving.load_model("hf://...")` looks for it.
_UNPACKED = (archive.CONFIG, "metadata.json", archive.WEIGHTS)
_BICUBIC, _NEAREST = 3, 0  # as Pillow numbers them


def write(source: ExportSource, path: Path) -> None:
    """Write the folder: the model for kerastl and for plain Keras, its card, labels, and how images are read."""
    path.mkdir()
    model_file = path / MODEL_FILE
    if source.spec.weights_file.suffix == ".keras" and source.metadata == source.spec.metadata:
        shutil.copyfile(source.spec.weights_file, model_file)
        update(model_file, given_away(source.metadata))
    else:
        source.model.save(model_file)
        embed_metadata(model_file, given_away(source.metadata))
    with archive.opened(model_file) as opened:
        for name in opened.namelist():
            if name in _UNPACKED:
                archive.copy_member(opened, name, path / name)
    write_text(path / LABELS_FILE, label_lines(source.metadata))
    write_text(path / JSON_FILE, described(source.metadata, FORMAT))
    if isinstance(source.metadata.reader, Resize):
        write_text(path / PREPROCESSOR, to_json(preprocessing(source.metadata.reader)))
    write_text(path / README, card(source, has_keras=True))


def preprocessing(resize: Resize) -> dict[str, object]:
    """How images are read, by the names that image processors on the Hub have for it.

    The network scales pixels itself, so that they go in from 0 to 255.
    """
    return {
        "do_resize": True,
        "size": {"height": resize.height, "width": resize.width},
        "resample": _NEAREST if resize.policy == "keras" else _BICUBIC,
        "do_center_crop": resize.policy == "crop",
        "crop_pct": resize.crop_fraction if resize.policy == "crop" else None,
        "do_pad": resize.policy == "pad",
        "do_rescale": False,
        "do_normalize": False,
        "do_convert_rgb": True,
    }


def run(path: Path) -> KerasEngine:
    """Open what was written; it is what this process has just saved, whatever layers it holds."""
    return KerasEngine(loading.load(path / MODEL_FILE, trust=True))
