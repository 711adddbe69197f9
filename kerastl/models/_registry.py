"""Every backbone as a row of facts: size, pixel mode, scores, weights files, stages.

They are those of `keras.applications`, and `kerastl_mini`, which comes with kerastl.

Nothing here imports TensorFlow or Keras, and a row is made when it is asked for, so that looking one up costs next
to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from kerastl.errors import UsageError
from kerastl.models._families import FAMILIES
from kerastl.models._hashes import DOWNLOAD_HASHES, HASHES
from kerastl.models._rows import EXCEPTIONS, ROWS

PixelMode = Literal["caffe", "tf", "torch", "inside"]
"""How raw pixels become the network's input.

`caffe`: BGR order, each channel minus its ImageNet mean. `tf`: scaled to [-1, 1]. `torch`: scaled to [0, 1], minus
mean, divided by standard deviation. `inside`: the network's own first layers do it.
"""


@dataclass(frozen=True)
class Stage:
    """A group of layers that are frozen and unfrozen together.

    Args:
        name: What recipes call it; the stage above the features is `head`.
        first_layer: The layer it starts with, or None.
        after: The layer that comes right before it, or None. Used where Keras leaves the first layer unnamed.
            Where both are None, the stage starts with the input.
    """

    name: str
    first_layer: str | None = None
    after: str | None = None


@dataclass(frozen=True)
class WeightsFile:
    """A weights file, which is downloaded or comes with kerastl.

    Args:
        file: Its name in `KERAS_HOME/models`, or in its folder of the package.
        url: Where Keras downloads it; empty for one that comes with kerastl.
        hash: MD5 (32 digits) or SHA-256 (64 digits) in hexadecimal; None where Keras knows none.
        parameters: How many numbers it holds.
        shipped: Where it lies in the package, or None for one that is downloaded.
    """

    file: str
    url: str
    hash: str | None
    parameters: int
    shipped: Path | None = None

    @property
    def download_hash(self) -> str | None:
        """What a download must hash to; None where nobody says."""
        return self.hash or DOWNLOAD_HASHES.get(self.file)


@dataclass(frozen=True)
class Backbone:
    """One row of the catalog.

    Args:
        name: What users type.
        constructor: The name of the function in `library` that builds it.
        library: The module that holds the constructor: `keras.applications`, or one of kerastl's own.
        module: The module of `keras.applications` that holds its `preprocess_input`; of others, the family's name.
        arguments: What the constructor takes beyond the usual.
        input_size: Height and width in pixels that the weights were made for.
        min_size: The smallest height and width that the network takes, in pixels.
        pixel_mode: How raw pixels become the network's input.
        parameters: Number of parameters with the head that the published weights have.
        classes: What that head tells apart, as `kerastl.models._labels.published` knows it.
        top1: Published ImageNet top-1 in percent, or None.
        top5: Published ImageNet top-5 in percent, or None.
        source: Where the scores are published.
        crop_fraction: How much of the shorter side the evaluation crop keeps, in (0, 1].
        crop_reason: Why that much.
        stages: From the head down. A stage reaches up to where the one above it starts, in the order of the layers.
        weights: The published weights with the head.
        weights_no_top: The published weights without the head; for a shipped network the same file.
        weight_sizes: The input sizes that have weights of their own; empty where one file serves all.
        flattens: Whether the head flattens the feature map, so that with it only `input_size` fits.
    """

    name: str
    constructor: str
    library: str
    module: str
    arguments: Mapping[str, Any]
    input_size: int
    min_size: int
    pixel_mode: PixelMode
    parameters: int
    classes: str
    top1: float | None
    top5: float | None
    source: str
    crop_fraction: float
    crop_reason: str
    stages: tuple[Stage, ...]
    weights: WeightsFile
    weights_no_top: WeightsFile
    weight_sizes: tuple[int, ...]
    flattens: bool

    @property
    def shipped(self) -> bool:
        """Whether the weights come with kerastl, so that they need no download."""
        return self.weights.shipped is not None

    @property
    def megabytes(self) -> float:
        """Size of the parameters as 32-bit floats, in MB of 2**20 bytes."""
        return round(self.parameters * 4 / 2**20, 1)

    def stage(self, name: str) -> Stage:
        """The stage of that name; UsageError names the stages there are."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        known = ", ".join(stage.name for stage in self.stages)
        raise UsageError(f"{self.name} has no stage {name!r}; it has, from the head down: {known}")

    def weights_file(self, include_top: bool = True, input_size: tuple[int, int] | None = None) -> WeightsFile:
        """The published weights that Keras loads for a height and width in pixels (default: `input_size`).

        MobileNet and MobileNetV2 were trained at several sizes; sizes without their own weights get those of 224.
        """
        weights = self.weights if include_top else self.weights_no_top
        height, width = input_size or (self.input_size, self.input_size)
        if height != width or height == self.input_size or height not in self.weight_sizes:
            return weights
        file = weights.file.replace(f"_{self.input_size}", f"_{height}")
        url = weights.url.removesuffix(weights.file) + file
        return WeightsFile(file, url, HASHES.get(file), weights.parameters)


_PACKAGE = Path(__file__).parent
_ROWS_BY_NAME = {row[0]: row for row in ROWS}


def names() -> tuple[str, ...]:
    """The names of all backbones, family by family, smaller before larger."""
    return tuple(_ROWS_BY_NAME)


def rows() -> Iterator[Backbone]:
    """All backbones, in the order of `names()`."""
    return map(get, names())


@cache
def get(name: str) -> Backbone:
    """The backbone called `name`.

    Raises:
        UsageError: There is none; the message names the closest ones.
    """
    if name not in _ROWS_BY_NAME:
        raise UsageError(f"unknown model {name!r}{_suggestion(name)}; `kerastl models` lists all")
    _, family_name, constructor, arguments, size, parameters, no_top, top1, top5, stem = _ROWS_BY_NAME[name]
    family = FAMILIES[family_name]
    facts = {**family, **EXCEPTIONS.get(name, {})}
    fraction, reason = facts["crop"]
    return Backbone(
        name=name,
        constructor=constructor,
        library=facts.get("library", "keras.applications"),
        module=facts.get("module", stem if family_name == "vgg" else family_name),
        arguments=MappingProxyType(arguments),
        input_size=size,
        min_size=facts.get("min_size", 32),
        pixel_mode=facts["pixel_mode"],
        parameters=parameters,
        classes=facts.get("classes", "imagenet"),
        top1=top1,
        top5=top5,
        source=facts["source"],
        crop_fraction=fraction or size / (size + 32),
        crop_reason=reason,
        stages=_stages(name, facts),
        weights=_weights_file(facts, stem, 0, parameters),
        weights_no_top=_weights_file(facts, stem, 1, parameters if "shipped" in facts else no_top),
        weight_sizes=facts.get("weight_sizes", ()),
        flattens=facts.get("flattens", False),
    )


def _suggestion(name: str) -> str:
    """The closest names as `, did you mean ...?`, or nothing."""
    import difflib

    def plain(text: str) -> str:
        return text.lower().replace("_", "").replace("-", "")

    by_plain = {plain(known): known for known in _ROWS_BY_NAME}
    close = difflib.get_close_matches(plain(name), by_plain, n=3, cutoff=0.7)
    return f", did you mean {' or '.join(by_plain[match] for match in close)}?" if close else ""


def _weights_file(facts: Mapping[str, Any], stem: str, which: Literal[0, 1], parameters: int) -> WeightsFile:
    file = facts["files"][which].format(stem=stem)
    if "shipped" in facts:
        return WeightsFile(file, "", None, parameters, _PACKAGE / facts["shipped"] / file)
    remote = facts.get("remote", facts["files"])[which].format(stem=stem)
    return WeightsFile(file, facts["url"].format(stem=stem) + remote, HASHES.get(file), parameters)


def _stages(name: str, facts: Mapping[str, Any]) -> tuple[Stage, ...]:
    """The family's stages with the row's own boundaries put in above the stage that each splits."""
    starts = list(facts["stages"].items())
    # A further boundary stands above the stage that it continues: conv4_block13 above conv4, block7 above block6.
    for extra, start in facts.get("more_stages", {}).items():
        below = [i for i, (stage, _) in enumerate(starts) if extra.startswith(stage)]
        starts.insert(below[0] if below else 1, (extra, start))
    stages = []
    for stage, start in starts:
        how, _, layer = start.format(name=name).partition(" ")
        stages.append(Stage(stage, layer if how == "at" else None, layer if how == "after" else None))
    return tuple(stages)
