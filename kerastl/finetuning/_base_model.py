"""What a run starts from: a network of the catalog, the model of an earlier run, a file, or any Keras model.

What is not of the catalog is written into the run folder as one flat network and read from there, by a run that begins
and by one that goes on alike: the run then needs nothing but its folder.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl._base.keras_import import import_keras, keras_reason
from kerastl._base.text import listed, printable
from kerastl._progress import stage
from kerastl.errors import ModelError, StateError, UsageError
from kerastl.finetuning._building import build_backbone
from kerastl.finetuning._folder import BASE_MODEL
from kerastl.finetuning._settings import Settings
from kerastl.images import Resize
from kerastl.inference._seal import sha256
from kerastl.models import _metadata as metadata_file
from kerastl.models import _registry as catalog
from kerastl.models import _weights as weights
from kerastl.models._metadata import Metadata
from kerastl.models._saved import allowed, loading
from kerastl.models._spec import means_backbone

if TYPE_CHECKING:
    import keras

    from kerastl.finetuning._network import Network
    from kerastl.models._adapt import Adapted


_KINDS = "a name that `kerastl models` lists, a run folder, a .keras file or a keras.Model"


@dataclass(frozen=True)
class Classifier:
    """The last layer of a model that knew classes already.

    Args:
        classes: Their names, in the order of its outputs.
        kernel: float32 `(features, classes)`.
        bias: float32 `(classes,)`.
    """

    classes: tuple[str, ...]
    kernel: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True)
class Built:
    """A network without a head.

    Args:
        backbone: Raw pixels `(n, h, w, 3)` to a feature map `(n, h, w, c)` or features `(n, c)`.
        stages: Name to layers, from the top down.
        classifier: What stood on it before, where its rows can be of use.
    """

    backbone: keras.Model
    stages: dict[str, list[keras.layers.Layer]]
    classifier: Classifier | None = None


@dataclass(frozen=True)
class BaseModel:
    """What a run starts from.

    Args:
        name: What people call it.
        backbone: The network of the catalog that it is or was made from, or None.
        resize: How images become its input; the policy and the white level where an earlier run has decided them.
        record: What the state of a run holds of it; None for a network of the catalog, which settings name.
        file: Where it lies; None for a network of the catalog.
        trust: Whether the file may hold what runs code when it is loaded.
        findings: What was found in it and done to it, one line each.
    """

    name: str
    backbone: str | None
    resize: Resize
    record: dict[str, Any] | None = None
    file: Path | None = None
    trust: bool = False
    findings: Sequence[str] = ()

    def build(self, settings: Settings) -> Built:
        """Build the network in the precision of a run."""
        if self.record is None or self.file is None:
            return Built(*build_backbone(catalog.get(self.name), settings))
        return _built(self.record, self.file, settings, self.trust)

    def described(self) -> dict[str, Any]:
        """What the metadata of the fine-tuned model say of it; nothing of a network of the catalog."""
        if self.record is None:
            return {}
        return {"base_model": {"name": self.name, "stages": self.record["stages"]}}


def from_catalog(settings: Settings) -> BaseModel:
    """The network of the catalog that settings name."""
    row = catalog.get(settings.model)
    side = settings.input_size or row.input_size
    return BaseModel(row.name, row.name, Resize(side, side, "crop", row.crop_fraction))


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
    row = catalog.get(wanted.model)
    if wanted.input_size is not None:
        check_size(row, wanted.input_size)
    if wanted.weights not in (None, "imagenet"):
        weights.own_file(wanted.weights)


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
    record = {
        "name": name_of(given),
        "backbone": metadata.backbone if metadata is not None else None,
        "resize": asdict(_resize(adapted, metadata)),
        "stages": {name: layers[0].name for name, layers in adapted.stages.items() if layers},
        "classes": list(metadata.labels.names) if metadata is not None and had_classes else [],
        "given": identity(given),
        "sha256": sha256(file),
    }
    # What was in memory is the caller's own code, and what the file was trusted with is in the copy.
    found = stored(record, file, trust or not isinstance(given, Path))
    return replace(found, findings=(*adapted.findings, *_trust_needed(adapted.backbone)))


def identity(given: keras.Model | Path) -> str:
    """What tells a given model from another: a hash of its weights, or of the file without what kerastl adds to it."""
    if isinstance(given, Path):
        return metadata_file.network_sha256(metadata_file.find(given))
    from kerastl.training._feature_cache import weights_digest

    return weights_digest(given)


def still_there(given: keras.Model | Path) -> bool:
    """Whether a given model can be compared with another; a file may be gone when a run goes on."""
    return not isinstance(given, Path) or given.exists()


def stored(record: Mapping[str, Any], file: Path, trust: bool) -> BaseModel:
    """The base model that lies in a run folder.

    Args:
        record: As `adopted` made it.
        file: Where it lies.
        trust: Whether it may hold what runs code when it is loaded.

    Raises:
        StateError: It is not there, or another.
    """
    if not file.is_file() or sha256(file) != record["sha256"]:
        raise StateError(f"{printable(str(file))} is not what the run began with; --overwrite starts anew")
    return BaseModel(record["name"], record["backbone"], Resize(**record["resize"]), dict(record), file, trust)


def keep_rows(network: Network, before: Classifier, classes: Sequence[str]) -> str:
    """Start the classifier with what it knew: the rows of classes of the same name.

    Args:
        network: With a fresh head; changed in place.
        before: The classifier that stood on the same features.
        classes: Of the new one.

    Returns:
        What was kept and what was not, in one line.
    """
    head = network.stages["head"][-1]
    kernel, bias = head.get_weights()
    if before.kernel.shape[0] != kernel.shape[0]:
        return "the head starts anew: it gets other features than before"
    places = {name: place for place, name in reversed(list(enumerate(before.classes)))}
    for place, name in enumerate(classes):
        if name in places:
            kernel[:, place], bias[place] = before.kernel[:, places[name]], before.bias[places[name]]
    head.set_weights([kernel, bias])
    new = [name for name in classes if name not in places]
    gone = [name for name in before.classes if name not in classes]
    told = [f"{len(classes) - len(new):,} of {len(classes):,} classes keep their rows in the head"]
    told += [f"new: {listed(new)}"] if new else []
    told += [f"gone: {listed(gone)}"] if gone else []
    return "; ".join(told)


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


def _trust_needed(model: keras.Model) -> list[str]:
    """What to say of layers that a saved model brings along and that are not Keras's own."""
    own = {
        type(layer).__name__
        for layer in model.layers
        if type(layer).__name__ in allowed.REFUSED or not type(layer).__module__.startswith("keras.src.")
    }
    if not own:
        return []
    return [
        f"model.keras will hold layers that are not Keras's own, or run code ({listed(sorted(own))}): kerastl loads it "
        "with trust=True (--trust-model), once the module that registers them has been imported"
    ]


def _built(record: Mapping[str, Any], file: Path, settings: Settings, trust: bool) -> Built:
    keras = import_keras()
    from kerastl.models._flatten import flatten
    from kerastl.models._graph import graph_of
    from kerastl.models._head import cut_head
    from kerastl.models._stages import from_names

    with stage(f"{printable(record['name'])}: loading the network into Keras"):
        model = loading.load(file, trust)
    if settings.precision != "float32":
        pixels = keras.Input(model.input_shape[1:], name="pixels")
        outputs, _ = flatten(graph_of(model), pixels, precision=settings.precision, seed=settings.seed)
        model = keras.Model(pixels, outputs[0], name=model.name)
    features = model.outputs[0]
    classifier = None
    if record["classes"]:
        features, _ = cut_head(features)
        classifier = _classifier(model, record["classes"])
    backbone = keras.Model(model.inputs[0], features, name=model.name.removesuffix("_classifier"))
    return Built(backbone, from_names(backbone, record["stages"]), classifier)


def _classifier(model: keras.Model, classes: Sequence[str]) -> Classifier | None:
    """The rows of a model's last layer; None where it is no Dense layer of as many classes."""
    last = next(layer for layer in reversed(model.layers) if layer.weights)
    weights = [np.asarray(value, np.float32) for value in last.get_weights()]
    if not weights or weights[0].ndim != 2 or weights[0].shape[1] != len(classes):
        return None
    bias = weights[1] if len(weights) > 1 else np.zeros(len(classes), np.float32)
    return Classifier(tuple(classes), weights[0], bias)
