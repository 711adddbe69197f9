"""A model that is given to be fine-tuned, a Keras model or a file: told from a name, made ready, and written down."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base.keras_import import import_keras, keras_reason
from kerastl._base.text import listed, printable
from kerastl._progress import stage
from kerastl.data import _training_record as training_record
from kerastl.errors import ModelError, UsageError
from kerastl.finetuning._base_model import BaseModel, stored
from kerastl.finetuning._folder import BASE_MODEL
from kerastl.finetuning._settings import Settings
from kerastl.images import Resize
from kerastl.inference._seal import sha256
from kerastl.models import _metadata as metadata_file
from kerastl.models import _weights as weights
from kerastl.models._metadata import Metadata
from kerastl.models._registry import BACKBONES
from kerastl.models._saved import allowed, loading
from kerastl.models._spec import means_backbone

if TYPE_CHECKING:
    import keras

    from kerastl.models._adapt import Adapted

_KINDS = "a name that `kerastl models` lists, a run folder, a .keras file or a keras.Model"


def given_model(model: Any, gone: bool = False) -> keras.Model | Path | None:
    """Tell a model that is given from a name of the catalog.

    Args:
        model: What `finetune` was given.
        gone: Whether a path may lead nowhere, as when a run goes on that has a copy.

    Returns:
        A Keras model, or the path of a run folder or `.keras` file; None for a name of the catalog, and for None.

    Raises:
        UsageError: It is something else, or a path that leads nowhere. What is no path may be no name either.
    """
    if model is None or (isinstance(model, str) and means_backbone(model)):
        return None
    keras = sys.modules.get("keras")
    if keras is not None and isinstance(model, keras.Model):
        return model
    if not isinstance(model, (str, os.PathLike)):
        raise UsageError(f"model must be {_KINDS}. Received: {type(model).__name__}")
    if os.path.exists(model):  # noqa: PTH110 - a name may be too long
        try:
            metadata_file.find(model)
        except ModelError as error:
            raise UsageError(f"model must be {_KINDS}: {error}") from None
    elif not gone:
        raise UsageError(f"model must be {_KINDS}: {printable(os.fspath(model))} does not exist")
    return Path(model)


def check_base(wanted: Settings, given: bool) -> None:
    """Refuse a backbone, a size or weights that there are not, and what is not said of the kind of model.

    Args:
        wanted: By the run.
        given: Whether it starts from a model that is not of the catalog.

    Raises:
        UsageError: As above.
        WeightsError: There is no such weights file.
    """
    from kerastl.models._build import check_size

    if given:
        if wanted.weights != "imagenet":
            raise UsageError(f"weights are for networks of the catalog; {wanted.model} has its own")
        return
    for name in ("input_scaling", "stages", "pooling"):
        if (value := getattr(wanted, name)) is not None:
            raise UsageError(f"{name} is for models that are not of the catalog. Received: {name}={value!r}")
    row = BACKBONES[wanted.model]
    if wanted.input_size is not None:
        check_size(row, wanted.input_size)
    if wanted.weights not in (None, "imagenet"):
        weights.own_file(wanted.weights)


def check_output(given: keras.Model | Path | None, output: Path) -> None:
    """Refuse to replace what the run starts from.

    Raises:
        UsageError: `output` is the run folder that is given, or holds the file that is.
    """
    if isinstance(given, Path) and output.resolve() in (given.resolve(), *given.resolve().parents):
        raise UsageError(f"{printable(str(output))} holds the model to start from: give the run another output")


def name_of(given: keras.Model | Path) -> str:
    """What people call a given model."""
    return printable(str(given) if isinstance(given, Path) else given.name)


def adopted(given: keras.Model | Path, settings: Settings, folder: Path, trust: bool = False) -> BaseModel:
    """Make a network that can be fine-tuned of a model that was given, and write it into a folder.

    Args:
        given: A Keras model, or the run folder or `.keras` file of one.
        settings: What was said about it.
        folder: Gets `BASE_MODEL`.
        trust: Whether a file may hold what runs code when it is loaded.

    Raises:
        UsageError: The model cannot be taken, or something must be said about it.
        ModelError: The file is broken, or holds what is loaded only with `trust`.
    """
    import_keras()
    from kerastl.models._adapt import adapt

    model, metadata = _opened(given, trust) if isinstance(given, Path) else (given, None)
    known = {} if metadata is None else metadata.extra.get("base_model", {})
    with stage(f"{printable(model.name)}: looking at its layers"):
        adapted = adapt(
            model,
            input_size=settings.input_size,
            input_scaling=settings.input_scaling or ("inside" if metadata else None),
            stages=settings.stages or known.get("stages"),
            pooling=settings.pooling,
            seed=settings.seed,
        )
    had_classes = metadata is not None and adapted.classifier is not adapted.backbone
    file = folder / BASE_MODEL
    try:
        (adapted.classifier if had_classes else adapted.backbone).save(file)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise UsageError(f"the model {model.name!r} cannot be saved ({keras_reason(error)})") from None
    if isinstance(given, Path):
        _copy_training_record(metadata_file.find(given), file)
    record: dict[str, Any] = {
        "name": name_of(given),
        "backbone": metadata.backbone if metadata is not None else None,
        "resize": asdict(_resize(adapted, metadata)),
        "stages": {name: layers[0].name for name, layers in adapted.stages.items() if layers},
        "classes": list(metadata.labels.names) if metadata is not None and had_classes else [],
        "own_layers": _own_layers(adapted.backbone),
        "given": identity(given),
        "sha256": sha256(file),
    }
    # What was in memory is the caller's own code, and what the file was trusted with is in the copy.
    found = stored(record, file, trust or not isinstance(given, Path))
    return replace(found, findings=(*adapted.findings, *_trust_needed(record["own_layers"])))


def _copy_training_record(source: Path, target: Path) -> None:
    """What an earlier run has trained on goes along with what it has trained."""
    import zipfile

    if (content := metadata_file.member(source, training_record.MEMBER)) is not None:
        with zipfile.ZipFile(target, "a") as archive:
            archive.writestr(training_record.MEMBER, content)


def identity(given: keras.Model | Path) -> str:
    """What tells a given model from another: a hash of its weights, or of the file without what kerastl adds to it."""
    if isinstance(given, Path):
        return metadata_file.network_sha256(metadata_file.find(given))
    from kerastl.training._feature_cache import weights_digest

    return weights_digest(given)


def still_there(given: keras.Model | Path) -> bool:
    """Whether a given model can be compared with another; a file may be gone when a run goes on."""
    return not isinstance(given, Path) or given.exists()


def _opened(path: Path, trust: bool) -> tuple[keras.Model, Metadata | None]:
    """The model in a run folder or a file, and what kerastl knows of it, where kerastl made it."""
    file = metadata_file.find(path)
    known = metadata_file.member(file, metadata_file.MEMBER) is not None
    metadata = metadata_file.read_metadata(file) if known else None
    with stage(f"{printable(str(path))}: loading the network into Keras"):
        return loading.load(file, trust), metadata


def _resize(adapted: Adapted, metadata: Metadata | None) -> Resize:
    height, width = adapted.backbone.input_shape[1:3]
    if metadata is not None:
        return replace(metadata.resize, height=height, width=width)
    return Resize(height, width, "crop", adapted.crop_fraction)


def _own_layers(model: keras.Model) -> list[str]:
    """The kinds of layers that are not Keras's own, or run code."""
    kinds = {type(layer) for layer in model.layers}
    own = (kind for kind in kinds if kind.__name__ in allowed.REFUSED or not kind.__module__.startswith("keras.src."))
    return sorted({kind.__name__ for kind in own})


def _trust_needed(own_layers: Sequence[str]) -> list[str]:
    """What to say of them."""
    if not own_layers:
        return []
    return [
        f"model.keras will hold layers that are not Keras's own, or run code ({listed(own_layers)}): kerastl loads it "
        "with trust=True (--trust-model), once the module that registers them has been imported"
    ]
