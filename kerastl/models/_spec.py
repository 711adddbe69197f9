"""From a name or a path to a model: its metadata, the file with its weights, and how to build it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from kerastl._base.text import printable
from kerastl._progress import ProgressCallback
from kerastl.errors import ModelError, UnknownNameError, UsageError, WeightsError
from kerastl.images import Resize
from kerastl.models import _metadata as metadata_file
from kerastl.models import _weights as weights_files
from kerastl.models._backbone import Backbone
from kerastl.models._metadata import Metadata
from kerastl.models._registry import BACKBONES
from kerastl.models._saved import loading, schema
from kerastl.models._saved.loading import CHECKS

if TYPE_CHECKING:
    import keras

# Weights by the name that Keras gives them.
IMAGENET = "imagenet"
# Stands where the file of weights would, for a network that has none.
RANDOM = Path("random")


@dataclass(frozen=True)
class ModelSpec:
    """A model that can be built, but need not be.

    Args:
        metadata: Its labels and resizing.
        weights_file: The file its weights come from.
        identity: What it is besides its weights, for cache keys.
        build: Builds it with its weights: raw pixels 0-255 in, probabilities out.
        hash: Hashes what decides its answers in `weights_file`; all of the file's bytes if `None`.
        features: Whether features follow the probabilities in its output.
        engine: What runs `weights_file` as it is, of an exported file; `None` of a model that can be built.

    Example:
        >>> from kerastl.models import resolve
        >>> spec = resolve("kerastl_mini")
        >>> spec.metadata.resize.height, len(spec.metadata.labels.names), spec.build().output_shape
        (32, 200, (None, 200))
    """

    metadata: Metadata
    weights_file: Path
    identity: str
    build: Callable[[], keras.Model]
    hash: Callable[[Path], str] | None = None
    features: bool = False
    engine: str | None = None

    def check_fit(self, inputs: Sequence[Sequence[Any]], outputs: Sequence[Sequence[Any]]) -> None:
        """Raise `ModelError` if the metadata and a network of these shapes do not belong together."""
        try:
            schema.check_fit(self.metadata.reader, len(self.metadata.labels), inputs, outputs, exact=not self.features)
        except ModelError as error:
            raise ModelError(f"{printable(str(self.weights_file))}: {error}") from None


def resolve(
    model: str | os.PathLike[str],
    progress: ProgressCallback | None = None,
    weights: str | os.PathLike[str] | None = IMAGENET,
    trust: bool = False,
) -> ModelSpec:
    """Find the model that a name or a path means.

    Args:
        model: A name of the catalog, a run folder, a `.keras` file that kerastl made, or what `kerastl export` wrote:
            an `.onnx` or `.tflite` file, or an OpenVINO folder. A name of the catalog goes before a folder of that
            name; write `./name` for the folder. Of a name that another package adds it is the other way round.
        progress: Called while weights are fetched: with the file's name, the bytes so far, and those in all if known.
        weights: Of a network of the catalog: `imagenet`, a weights file that fits, or `None` for random ones.
        trust: Whether Keras may run whatever code a saved model brings.

    Raises:
        UsageError: Weights are given for a model that has its own; or neither a name nor a path that exists.
        WeightsError: The published weights are not there and cannot be fetched, or are broken.
        ModelError: The path holds no model of kerastl's.

    Example:
        >>> from kerastl.models import resolve
        >>> resolve("kerastl_mini").metadata.name
        'kerastl_mini'
    """
    given = os.fspath(model)
    if means_backbone(given):
        try:
            row = BACKBONES[given]
        except UnknownNameError as error:  # which names what is close
            raise UsageError(f"{error}; nor is there a run folder or a file of that name") from None
        return _with_weights(row, weights, progress)
    if weights != IMAGENET:
        raise UsageError(f"weights are for networks of the catalog; {given} has its own. Received: {weights!r}")
    if os.path.exists(given):  # noqa: PTH110 - pathlib raises for a name that is too long
        from kerastl.models._exported import reading

        file = reading.find(Path(given))
        return _saved(Path(given), trust) if file is None else _exported(file)
    raise UsageError(f"{given}: there is no such model file or run folder")


def means_backbone(given: str) -> bool:
    """Whether a text is meant as a name of the catalog, be there one of that name or not.

    A name that comes with kerastl goes before a file or folder called so; one of another package goes after it, since
    whoever names a run folder should not wait for a look at what is installed.
    """
    if BACKBONES.is_loaded(given):
        return True
    return not looks_like_path(given) and not os.path.exists(given)  # noqa: PTH110 - likewise


def names_backbone(given: str) -> bool:
    """Whether a text is the name of a network of the catalog, and not that of a file or folder."""
    return means_backbone(given) and given in BACKBONES


def looks_like_path(text: str) -> bool:
    r"""Whether a text is meant as a path and not as a name of the catalog, in the manner of any system.

    `runs/x`, `runs\x`, `C:x`, `.` and `~` are paths everywhere, since names of the catalog hold no such signs.
    """
    return any(sign in text for sign in "/\\:~.")


def _with_weights(
    row: Backbone,
    weights: str | os.PathLike[str] | None,
    progress: ProgressCallback | None,
) -> ModelSpec:
    labels = row.label_set()
    if labels is None:
        raise UsageError(f"{row.name} has no head, so it cannot classify: fine-tune it, and give the run folder")
    resize = Resize(row.input_size, row.input_size, "crop", row.crop_fraction)
    metadata = Metadata(row.name, labels, resize, row.name)
    if weights is None:
        return ModelSpec(metadata, RANDOM, f"random {row.name}", cache(lambda: _random(row)))
    file = weights_files.fetch(row, progress=progress) if weights == IMAGENET else Path(weights)
    if not os.path.isfile(file):  # noqa: PTH113 - likewise
        raise WeightsError(f"{file}: no such weights file")

    def build() -> keras.Model:
        from kerastl.models import _build

        return _build.build(row, weights=weights)

    return ModelSpec(metadata, file, _identity(row), build)


def _identity(row: Backbone) -> str:
    """What a network is besides its weights. One of another package may become another under the same name."""
    if row.name in BACKBONES.bundled:
        return f"catalog {row.name}"
    return f"backbone {row.name}: {row.library}:{row.constructor} {dict(row.arguments)} {row.input_scaling}"


def _random(row: Backbone) -> keras.Model:
    """The same weights each time, which takes Keras's own seed."""
    from kerastl._base.keras_import import import_keras
    from kerastl.models import _build

    import_keras().utils.set_random_seed(0)
    return _build.build(row, weights=None)


def _exported(file: Path) -> ModelSpec:
    from kerastl.models._exported import reading

    found = reading.read(file)

    def build() -> NoReturn:
        metadata_file.refuse_exported(file)
        raise AssertionError(f"{file} is no exported file")

    return ModelSpec(found.metadata, file, f"exported {found.format}", build, engine=found.engine)


def _saved(path: Path, trust: bool) -> ModelSpec:
    file = metadata_file.find(path)

    def build() -> keras.Model:
        model = loading.load(file, trust)
        try:
            inputs, outputs = ([each.shape for each in tensors] for tensors in (model.inputs, model.outputs))
        except (AttributeError, TypeError, ValueError):
            shown = printable(str(file))
            raise ModelError(f"{shown}: its input has no shape; save it anew, built on keras.Input") from None
        spec.check_fit(inputs, outputs)
        return model

    # A network that was compiled under trust answers under trust only.
    identity = f"saved, {'trusted' if trust else f'checked {CHECKS}'}"
    spec = ModelSpec(metadata_file.read_metadata(file), file, identity, build, metadata_file.network_sha256)
    return spec
