"""The card of a model: labels, picture size and resizing, kept inside the saved model.

A `.keras` file is a zip archive. kerastl adds one member to it, `kerastl.json`; plain Keras reads the file as if
it were not there. So a model that is moved or renamed still knows its classes.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kerastl.errors import ModelError
from kerastl.images import Resize
from kerastl.labels import LabelSet

MODEL_FILE = "model.keras"
MEMBER = "kerastl.json"
FORMAT = 1


@dataclass(frozen=True)
class Card:
    """What must be known of a model to classify a picture with it.

    Args:
        name: What results call the model.
        labels: The classes in the order of the model's outputs.
        resize: How a picture becomes the model's input.
        backbone: The catalogue name of the network it was made from, or `None`.
        extra: Whatever else later steps store, by name; values are JSON.
    """

    name: str
    labels: LabelSet
    resize: Resize
    backbone: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The card as JSON values."""
        return {
            "format": FORMAT,
            "name": self.name,
            "backbone": self.backbone,
            "labels": list(self.labels.names),
            "wnids": None if self.labels.wnids is None else list(self.labels.wnids),
            "resize": asdict(self.resize),
            "extra": self.extra,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Card:
        """Read what `as_dict` wrote.

        Raises:
            ModelError: A field is missing or of the wrong kind, or a newer kerastl wrote it.
        """
        try:
            if values["format"] > FORMAT:
                raise ModelError(f"the card has format {values['format']}: a newer kerastl wrote it, update kerastl")
            wnids = values["wnids"]
            labels = LabelSet(tuple(values["labels"]), None if wnids is None else tuple(wnids))
            return cls(values["name"], labels, Resize(**values["resize"]), values["backbone"], values["extra"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"the card is not one of kerastl's ({type(error).__name__}: {error})") from error


def embed(model_file: str | os.PathLike[str], card: Card) -> None:
    """Add the card to a `.keras` file that has none yet."""
    import zipfile

    with zipfile.ZipFile(model_file, "a", zipfile.ZIP_DEFLATED) as archive:
        if MEMBER in archive.namelist():
            raise ModelError(f"{os.fspath(model_file)} has a card already")
        archive.writestr(MEMBER, json.dumps(card.as_dict(), ensure_ascii=False, indent=1))


def find(path: str | os.PathLike[str]) -> Path:
    """Find the `.keras` file that `path` names: itself, or `model.keras` in a run folder.

    Raises:
        ModelError: There is none.
    """
    given = Path(path)
    model_file = given / MODEL_FILE if given.is_dir() else given
    if not model_file.is_file():
        what = f"holds no {MODEL_FILE}" if given.is_dir() else "does not exist"
        raise ModelError(f"{given}: {what}; give a run folder of kerastl finetune, or a .keras file it made")
    return model_file


def read(model_file: Path) -> Card:
    """Read the card inside a `.keras` file.

    Raises:
        ModelError: The file is no Keras model, is broken, or has no card.
    """
    import zipfile

    try:
        with zipfile.ZipFile(model_file) as archive:
            if MEMBER not in archive.namelist():
                raise ModelError(
                    f"{model_file} has no labels inside: it was not saved by kerastl; "
                    "add them with kerastl.card.embed, or fine-tune with kerastl"
                )
            values = json.loads(archive.read(MEMBER))
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise ModelError(f"{model_file} cannot be read as a Keras model ({error})") from error
    try:
        return Card.from_dict(values)
    except ModelError as error:
        raise ModelError(f"{model_file}: {error}") from error
