"""From a name or a path to a model: its card, the file with its weights, and how to build it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kerastl import card as cards
from kerastl import catalog, labels, weights
from kerastl.card import Card
from kerastl.errors import ModelError, UsageError
from kerastl.images import Resize

if TYPE_CHECKING:
    import keras

DEFAULT_MODEL = "mobilenet_v2"


@dataclass(frozen=True)
class Reference:
    """A model that can be built, but need not be.

    Args:
        card: Its labels and resizing.
        weights_file: The file its weights come from.
        identity: What it is besides its weights, for cache keys.
        build: Builds it with its weights: raw pixels 0-255 in, probabilities out.
        hash: Hashes what decides its answers in `weights_file`; all of the file's bytes if `None`.
    """

    card: Card
    weights_file: Path
    identity: str
    build: Callable[[], keras.Model]
    hash: Callable[[Path], str] | None = None


def resolve(
    name_or_path: str | os.PathLike[str], progress: Callable[[str, int, int | None], None] | None = None
) -> Reference:
    """Find the model that a name or a path means.

    Args:
        name_or_path: A name of the catalogue, a run folder, or a `.keras` file that kerastl made. A name of the
            catalogue goes before a folder of that name; write `./name` for the folder.
        progress: Told of a download: file name, bytes so far, bytes in all if known.

    Raises:
        UsageError: Neither a name nor a path that exists.
        WeightsError: The published weights are not there and cannot be fetched, or are broken.
        ModelError: The path holds no model of kerastl's.
    """
    given = os.fspath(name_or_path)
    if given in catalog.names():
        return _published(catalog.get(given), progress)
    if Path(given).exists():
        return _saved(Path(given))
    if os.sep in given or given.endswith(".keras"):
        raise UsageError(f"{given}: there is no such model file or run folder")
    catalog.get(given)  # raises, and names what is close
    raise AssertionError(given)


def _published(row: catalog.Backbone, progress: Callable[[str, int, int | None], None] | None) -> Reference:
    resize = Resize(row.input_size, row.input_size, "crop", row.crop_fraction)
    file = weights.fetch(row, progress=progress)

    def build() -> keras.Model:
        from kerastl import backbones

        return backbones.build(row)

    return Reference(Card(row.name, labels.imagenet(), resize, row.name), file, f"catalogue {row.name}", build)


def _saved(path: Path) -> Reference:
    file = cards.find(path)

    def build() -> keras.Model:
        from kerastl.quiet import import_keras

        keras = import_keras()
        try:
            return keras.models.load_model(file, compile=False)
        except Exception as error:
            reason = str(error).strip().splitlines()[0:1]
            raise ModelError(f"{file} cannot be loaded by Keras ({''.join(reason)[:200]})") from error

    return Reference(cards.read(file), file, "saved", build, cards.network_sha256)
