"""The metadata of a model: labels, and how its input is read, kept inside the saved model.

A `.keras` file is a zip archive. kerastl adds one member to it, `kerastl.json`; plain Keras reads the file as if
it were not there. So a model that is moved or renamed still knows its classes.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from kerastl._base.files import replacing, write_text
from kerastl._base.serialization import to_json
from kerastl._base.text import printable
from kerastl.errors import ModelError
from kerastl.images import Resize
from kerastl.models._input_reader import InputReader, reader_as_dict, reader_from_dict
from kerastl.models._labels import LabelSet
from kerastl.models._saved import archive, kinds, schema
from kerastl.models._saved.archive import parsed
from kerastl.tasks._task import CLASSIFICATION

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

    from kerastl.models._hierarchy import Hierarchy

MODEL_FILE = "model.keras"
MEMBER = "kerastl.json"
FORMAT = 2
TASK_FORMAT = 3
"""Of other tasks than classification, whose outputs an earlier kerastl would take for probabilities of classes."""
# In `extra`: the tree of the classes, and which of nested folders they were.
HIERARCHY, CLASS_FOLDERS, LABEL_SEPARATOR = "hierarchy", "class_folders", "label_separator"
# What the names of kerastl's members begin with.
_OWN = "kerastl"


@dataclass(frozen=True)
class Metadata:
    """What must be known of a model to classify an image with it.

    Args:
        name: What results call the model.
        labels: The classes in the order of the model's outputs.
        reader: How an image, or whatever else it takes, becomes the model's input.
        backbone: The catalog name of the network it was made from, or `None`.
        extra: Whatever else later steps store, by name; values are JSON.
        task: What the outputs are: a name of `kerastl.tasks.TASKS`.

    Example:
        >>> from kerastl.images import Resize
        >>> from kerastl.models import LabelSet, Metadata
        >>> metadata = Metadata("shapes", LabelSet(("circle", "star")), Resize(96, 96))
        >>> Metadata.from_dict(metadata.as_dict()) == metadata
        True
    """

    name: str
    labels: LabelSet
    reader: InputReader
    backbone: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    task: str = CLASSIFICATION

    @property
    def resize(self) -> Resize:
        """How an image becomes the model's input, for what is about images only.

        Raises:
            ModelError: The model takes no images.
        """
        if isinstance(self.reader, Resize):
            return self.reader
        raise ModelError(f"{printable(self.name)} takes {self.reader.describe()}, and no images")

    def as_dict(self) -> dict[str, Any]:
        """The metadata as JSON values."""
        return {
            "format": FORMAT if self.task == CLASSIFICATION else TASK_FORMAT,
            "name": self.name,
            "task": self.task,
            "backbone": self.backbone,
            "labels": list(self.labels.names),
            "wnids": None if self.labels.wnids is None else list(self.labels.wnids),
            "input": reader_as_dict(self.reader),
            "extra": self.extra,
        }

    @property
    def made_from(self) -> str:
        """What the model was fine-tuned from, for people: a network of the catalog, or the name of a given one."""
        given: dict[str, Any] = self.extra.get("base_model", {})
        return self.backbone or given.get("name") or "unknown"

    @property
    def needs_trust(self) -> bool:
        """Whether the model holds layers that are not Keras's own, so that it is loaded with `trust` only."""
        given: dict[str, Any] = self.extra.get("base_model", {})
        return bool(given.get("own_layers"))

    @property
    def hierarchy(self) -> Hierarchy | None:
        """The tree of the classes: what the model was fine-tuned with, or WordNet's for ImageNet's classes, or none."""
        if (stored := self.extra.get(HIERARCHY)) is not None:
            from kerastl.models._hierarchy import Hierarchy

            return Hierarchy.from_dict(stored, self.labels.names)
        from kerastl.models._imagenet_tree import imagenet_tree

        return imagenet_tree(self.labels)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Metadata:
        """Read what `as_dict` wrote.

        Raises:
            ModelError: A field is missing, of the wrong kind or beyond its limit, or a newer kerastl wrote it.
        """
        if isinstance(resize := values.get("resize"), dict) and "input" not in values:  # format 1 knew images only
            values = {**values, "input": {**resize, "kind": "image"}}
        values = {"task": CLASSIFICATION, **values}  # earlier files know no other
        schema.check(values, TASK_FORMAT)
        wnids = values["wnids"]
        labels = LabelSet(tuple(values["labels"]), None if wnids is None else tuple(wnids))
        reader = reader_from_dict(values["input"])
        metadata = cls(values["name"], labels, reader, values["backbone"], values["extra"], values["task"])
        if HIERARCHY in metadata.extra:
            _ = metadata.hierarchy  # which is checked so
        return metadata


def embed_metadata(
    model_file: str | os.PathLike[str], metadata: Metadata, members: Mapping[str, bytes] | None = None
) -> None:
    """Add the metadata to a `.keras` file that has none yet, and further members by name, which begin with `kerastl`.

    Raises:
        ModelError: The file is no Keras model, or has metadata.

    Example:
        >>> from pathlib import Path
        >>> import keras
        >>> from kerastl.images import Resize
        >>> from kerastl.models import LabelSet, Metadata, embed_metadata, read_metadata
        >>> model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
        >>> model.save("model.keras")
        >>> embed_metadata("model.keras", Metadata("shapes", LabelSet(("circle", "star")), Resize(32, 32)))
        >>> read_metadata(Path("model.keras")).labels.names
        ('circle', 'star')
    """
    import zipfile

    with archive.opened(Path(model_file)):
        pass
    with zipfile.ZipFile(model_file, "a", zipfile.ZIP_DEFLATED) as target:
        if MEMBER in target.namelist():
            raise ModelError(f"{os.fspath(model_file)} has metadata already")
        target.writestr(MEMBER, to_json(metadata.as_dict(), letters=True))
        for name, content in (members or {}).items():
            target.writestr(name, content)


def update(
    model_file: str | os.PathLike[str], metadata: Metadata, members: Mapping[str, bytes | Path] | None = None
) -> None:
    """Replace the metadata of a `.keras` file, and the copy of it that a run folder keeps beside the file.

    The file is written anew as a whole: whoever reads it meanwhile, and a crash, find the old one or the new one. What
    is not replaced stays byte for byte what it was.

    Args:
        model_file: A file with metadata.
        metadata: The new one.
        members: Further members to replace or to add, by name: bytes, or files that are copied. Names of kerastl's
            own begin with `kerastl`, others are the network's.

    Raises:
        ModelError: The file is no Keras model.
        OSError: It cannot be written; it stays what it was.
    """
    import shutil
    import zipfile
    from copy import copy

    model_file = Path(model_file)
    text = to_json(metadata.as_dict(), letters=True)
    new: dict[str, bytes | Path] = {MEMBER: text.encode(), **(members or {})}
    # Read before anything is written, so that what cannot be read is told from what cannot be written.
    with archive.opened(model_file):
        pass
    try:
        with replacing(model_file) as temporary:
            # Features hardly become smaller by packing them well, which takes four times as long.
            packed = zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
            with zipfile.ZipFile(model_file) as old, packed as written:
                for entry in old.infolist():
                    replaced = new.pop(entry.filename, entry)
                    as_before = copy(entry) if entry.compress_type == zipfile.ZIP_STORED else entry.filename
                    with _content(old, replaced) as source, written.open(as_before, "w", force_zip64=True) as target:
                        shutil.copyfileobj(source, target, 1 << 20)
                for name, content in new.items():
                    with _content(old, content) as source, written.open(name, "w", force_zip64=True) as target:
                        shutil.copyfileobj(source, target, 1 << 20)
            shutil.copymode(model_file, temporary)
    except zipfile.BadZipFile as error:
        raise ModelError(f"{model_file} cannot be read as a Keras model ({error})") from error
    beside = model_file.with_name(MEMBER)
    if beside.is_file():
        write_text(beside, text)


def _content(archive: ZipFile, given: bytes | Path | ZipInfo) -> IO[bytes]:
    if isinstance(given, bytes):
        return io.BytesIO(given)
    return given.open("rb") if isinstance(given, Path) else archive.open(given)


def member(model_file: Path, name: str) -> bytes | None:
    """Read a member that `update` added; `None` if there is none.

    Raises:
        ModelError: The file is no Keras model, or is broken.
    """
    with archive.opened(model_file) as opened:
        return opened.read(name) if name in opened.namelist() else None


def network_sha256(model_file: Path) -> str:
    """Hash what a `.keras` file holds besides kerastl's own members: the network, whatever its metadata says.

    Raises:
        ModelError: The file is no Keras model, or is broken.
    """
    import hashlib

    digest = hashlib.sha256()
    with archive.opened(model_file) as opened:
        for name in sorted(opened.namelist()):
            if not name.startswith(_OWN):
                digest.update(f"{name}\0{opened.getinfo(name).file_size}\0".encode("utf-8", "surrogateescape"))
                with opened.open(name) as stream:
                    while block := stream.read(1 << 20):
                        digest.update(block)
    return digest.hexdigest()


def find(path: str | os.PathLike[str]) -> Path:
    """Find the `.keras` file that `path` names: itself, or `model.keras` in a run folder.

    Raises:
        ModelError: There is none.
    """
    given = Path(path)
    model_file = given / MODEL_FILE if given.is_dir() else given
    if not model_file.is_file():
        kind = kinds.of_folder(given) if given.is_dir() else None
        if kind is not None:
            raise ModelError(f"{printable(str(given))}: it is {kind}")
        what = f"holds no {MODEL_FILE}" if given.is_dir() else "is no file" if given.exists() else "does not exist"
        raise ModelError(
            f"{printable(str(given))}: {what}; give a run folder of kerastl finetune, or a .keras file it made"
        )
    refuse_exported(model_file)
    return model_file


class NoKerasModelError(ModelError):
    """An exported file holds no Keras model."""


def refuse_exported(file: Path) -> None:
    """Raise `NoKerasModelError` for an exported file, by its name."""
    if (exported := kinds.EXPORTED.get(file.suffix.lower())) is not None:
        raise NoKerasModelError(f"{printable(os.fspath(file))}: it is {exported}")


def read_metadata(model_file: Path) -> Metadata:
    """Read the metadata inside a `.keras` file.

    Raises:
        ModelError: The file is no Keras model, is broken, or has no metadata.

    Example:
        >>> from pathlib import Path
        >>> import keras
        >>> from kerastl.images import Resize
        >>> from kerastl.models import LabelSet, Metadata, embed_metadata, read_metadata
        >>> model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
        >>> model.save("model.keras")
        >>> embed_metadata("model.keras", Metadata("shapes", LabelSet(("circle", "star")), Resize(32, 32)))
        >>> read_metadata(Path("model.keras")).resize.policy
        'crop'
    """
    shown = printable(os.fspath(model_file))
    if (text := member(model_file, MEMBER)) is None:
        raise ModelError(
            f"{shown} has no labels inside: it was not saved by kerastl; "
            "add them with kerastl.models.embed_metadata, or fine-tune with kerastl"
        )
    try:
        return Metadata.from_dict(parsed(text, "the metadata"))
    except ModelError as error:
        raise ModelError(f"{shown}: {error}") from error
