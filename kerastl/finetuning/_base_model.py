"""What a run starts from: a network of the catalog, the model of an earlier run, a file, or any Keras model.

What is not of the catalog lies in the run folder as one flat network and is read from there, by a run that begins and
by one that goes on alike: the run then needs nothing but its folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerastl._base.keras_import import import_keras
from kerastl._base.text import listed, printable
from kerastl._progress import stage
from kerastl.data import _training_record as training_record
from kerastl.data._training_record import TrainingRecord
from kerastl.errors import ModelError, StateError
from kerastl.finetuning._building import build_backbone
from kerastl.finetuning._settings import Settings
from kerastl.images import Resize
from kerastl.images._input_size import sides_of
from kerastl.inference._seal import sha256
from kerastl.models._registry import BACKBONES, Backbone
from kerastl.models._saved import loading, schema
from kerastl.tasks._task import CLASSIFICATION, TASKS, Task

if TYPE_CHECKING:
    import keras

    from kerastl.finetuning._network import Network
    from kerastl.finetuning._recipe import Recipe
    from kerastl.finetuning._splits import SplitData


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
        taps: Its tensors that a deep head reads, from the input up.
        classifier: What stood on it before, where its rows can be of use.
    """

    backbone: keras.Model
    stages: dict[str, list[keras.layers.Layer]]
    taps: tuple[keras.KerasTensor, ...]
    classifier: Classifier | None = None

    def with_head(
        self,
        classes: int,
        recipe: Recipe,
        seed: int,
        task: Task = TASKS[CLASSIFICATION],
        labels: NDArray[Any] | None = None,
    ) -> Network:
        """Put the head of a recipe for a task on it; `seed` is that of the first weights, `labels` as it takes them."""
        from kerastl.finetuning._network import attach_head

        taps = self.taps if recipe.features == "deep" else ()
        options: dict[str, Any] = {"dropout": recipe.dropout, "seed": seed, "taps": taps, "task": task}
        return attach_head(self.backbone, self.stages, classes, labels=labels, **options)


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
            return _from_catalog(BACKBONES[self.name], settings)
        return _built(self.record, self.file, settings, self.trust)

    def trained_on(self) -> TrainingRecord | None:
        """The images that an earlier run has trained it on; None where nothing is known of that."""
        return None if self.file is None else training_record.read(self.file)

    def described(self) -> dict[str, Any]:
        """What the metadata of the fine-tuned model says of it; nothing of a network of the catalog."""
        if self.record is None:
            return {}
        return {
            "base_model": {name: self.record[name] for name in ("name", "stages", "own_layers") if self.record[name]}
        }


def _from_catalog(row: Backbone, settings: Settings) -> Built:
    backbone, stages = build_backbone(row, settings)
    from kerastl.models._deep_features import find_taps

    return Built(backbone, stages, find_taps(backbone, row.taps))


def from_catalog(settings: Settings) -> BaseModel:
    """The network of the catalog that settings name."""
    row = BACKBONES[settings.model]
    height, width = sides_of(settings.input_size or row.input_size)
    return BaseModel(row.name, row.name, Resize(height, width, "crop", row.crop_fraction))


def stored(record: Mapping[str, Any], file: Path, trust: bool) -> BaseModel:
    """The base model that lies in a run folder.

    Args:
        record: As `adopted` made it.
        file: Where it lies.
        trust: Whether it may hold what runs code when it is loaded.

    Raises:
        StateError: It is not there, or another, or the record is none.
    """
    try:
        resize = schema.base_model(record)
    except ModelError as error:
        raise StateError(f"the state of the run is damaged ({error}); --overwrite starts anew") from None
    if not file.is_file() or sha256(file) != record["sha256"]:
        raise StateError(f"{printable(str(file))} is not what the run began with; --overwrite starts anew")
    return BaseModel(record["name"], record["backbone"], resize, dict(record), file, trust)


def keep_rows(network: Network, before: Classifier, classes: Sequence[str]) -> str:
    """Start the classifier with what it knew: the rows of classes of the same name.

    Args:
        network: With a fresh head; changed in place.
        before: The classifier that stood on the same features.
        classes: Of the new one.

    Returns:
        What was kept and what was not, in one line.
    """
    head = network.classifier
    kernel, bias = head.get_weights()
    if before.kernel.shape[0] != kernel.shape[0]:
        return "the head starts anew: it gets other features than before"
    if not 1 < kernel.shape[1] == len(classes):
        return "the head starts anew: it has no row for each class"
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


def known_images(base: BaseModel, parts: SplitData) -> list[str]:
    """Say where images that tell how good the model is are ones that an earlier run has trained on: a line or none."""
    if (earlier := base.trained_on()) is None:
        return []
    val = parts.dataset.subset("val")
    images, purpose, advice = val, "to validate on", "split as it did (the same data and --seed)"
    if not val:
        images, purpose, advice = parts.dataset.subset("train"), "to leave out", "hold some back as it did"
    known = earlier.parts([parts.contents.get(item.path, "") for item in images]).count("train")
    if not known:
        return []
    return [
        f"{known:,} of {len(images):,} images {purpose} were trained on by {base.name}, so that the accuracy flatters: "
        f"{advice}, or validate on others"
    ]


def left_classes(base: BaseModel, built: Built, classes: Sequence[str]) -> list[str]:
    """Say where a model knew classes that the data has not: a line or none."""
    known = () if built.classifier is None else built.classifier.classes
    gone = [name for name in known if name not in classes]
    if not gone:
        return []
    return [f"classes of {base.name} that the data lacks are left out ({listed(gone)}); --keep-classes keeps them"]


def _built(record: Mapping[str, Any], file: Path, settings: Settings, trust: bool) -> Built:
    keras = import_keras()
    from kerastl.models._deep_features import find_taps, taps_of
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
    # The head that it had has read these, so that its rows still fit.
    row = BACKBONES.get(record["backbone"]) if record["backbone"] else None
    taps = taps_of(model) or find_taps(backbone, row.taps if row is not None else ())
    return Built(backbone, from_names(backbone, record["stages"]), taps, classifier)


def _classifier(model: keras.Model, classes: Sequence[str]) -> Classifier | None:
    """The rows of a model's last layer; None where it is no Dense layer of as many classes."""
    last = next(layer for layer in reversed(model.layers) if layer.weights)
    weights = [np.asarray(value, np.float32) for value in last.get_weights()]
    if not weights or weights[0].ndim != 2 or weights[0].shape[1] != len(classes):
        return None
    bias = weights[1] if len(weights) > 1 else np.zeros(len(classes), np.float32)
    return Classifier(tuple(classes), weights[0], bias)
