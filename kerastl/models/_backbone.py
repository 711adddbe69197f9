"""What kerastl knows of a backbone: how it is built, what it takes, its stages and its weights. No Keras in here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base.registry import resolve_reference
from kerastl.errors import UsageError, WeightsError
from kerastl.images._input_size import InputSize, sides_of
from kerastl.models._adapt_options import InputScaling, check_input_scaling
from kerastl.models._hashes import DOWNLOAD_HASHES, HASHES

if TYPE_CHECKING:
    import keras

    from kerastl.models._labels import LabelSet


@dataclass(frozen=True)
class Stage:
    """A group of layers that are frozen and unfrozen together.

    Args:
        name: What recipes call it; the stage above the features is `head`.
        first_layer: The layer it starts with, or None.
        after: The layer that comes right before it, or None. Used where Keras leaves the first layer unnamed.
            Where both are None, the stage starts with the input.

    Example:
        >>> from kerastl.models import BACKBONES
        >>> BACKBONES["mobilenet_v2"].stage("block_13")
        Stage(name='block_13', first_layer='block_13_expand', after=None)
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
        bundled: Where it lies in the package, or None for one that is downloaded.

    Example:
        >>> from kerastl.models import BACKBONES
        >>> BACKBONES["mobilenet_v2"].weights_file(include_top=False).file
        'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5'
    """

    file: str
    url: str
    hash: str | None
    parameters: int
    bundled: Path | None = None

    @property
    def download_hash(self) -> str | None:
        """What a download must hash to; None where nobody says."""
        return self.hash or DOWNLOAD_HASHES.get(self.file)


@dataclass(frozen=True)
class Backbone:
    """A network that can be fine-tuned by its name.

    Args:
        name: What users type.
        builder: Builds it, or `"module:function"`, imported when it is first built. It is called as the functions of
            `keras.applications` are, with `include_top`, `weights=None`, `input_tensor` (pixels, scaled, float32, of
            shape (n, height, width, 3)), `input_shape` (height, width, 3) and what `arguments` holds, and returns a
            functional model from that tensor: to probabilities (n, classes), or without top to a feature map
            (n, rows, columns, channels) or features (n, d).
        input_size: Height and width in pixels that it is made for.
        stages: From the head down. A stage reaches up to where the one above it starts, in the order of the layers.
            The first is `head`, which holds what `include_top` adds; the last one starts with the input.
        input_scaling: What is done to raw pixels before the network sees them.
        arguments: What the builder takes beyond the usual.
        min_size: The smallest height and width that it takes, in pixels.
        crop_fraction: How much of the shorter side of an image it should see, in (0, 1].
        crop_reason: Why that much.
        weights: Published weights with the head; None where there are none.
        weights_no_top: Published weights without the head.
        weight_sizes: The input sizes that have weights of their own; empty where one file serves all.
        after_loading: Called with the model when published weights have been loaded; or `"module:function"`.
        labels: What the head of the published weights tells apart: names in the order of the outputs, a `LabelSet`,
            or `imagenet`; None for a backbone that has no head.
        parameters: Number of parameters with that head.
        top1: Published ImageNet top-1 in percent, or None.
        top5: Published ImageNet top-5 in percent, or None.
        source: Where the scores are published.
        flattens: Whether the head flattens the feature map, so that with it only `input_size` fits.
        taps: The layers whose outputs a deep head reads beside the network's output, from the input up; where there are
            none, they are found in the graph, see `find_taps`.
        preprocess_input: The function, or `"module:function"`, whose scaling `input_scaling` repeats, where there is
            one: `kerastl.testing.check_backbone` compares them.
        license: Of the published weights, an SPDX identifier such as `Apache-2.0`; empty where it is not known.
        license_source: Who says so.

    Raises:
        UsageError: The stages, the scaling, a size or the crop fraction are none.

    Example:
        >>> from kerastl.models import Backbone, Stage
        >>> Backbone(
        ...     "half_resnet", "keras.applications:ResNet50", 224,
        ...     stages=(Stage("head", after="conv5_block3_out"), Stage("body")), input_scaling="caffe",
        ... ).stage("body")
        Stage(name='body', first_layer=None, after=None)
    """

    name: str
    builder: Callable[..., keras.Model] | str
    input_size: int
    stages: tuple[Stage, ...]
    input_scaling: InputScaling = "inside"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    min_size: int = 32
    crop_fraction: float = 0.875
    crop_reason: str = ""
    weights: WeightsFile | None = None
    weights_no_top: WeightsFile | None = None
    weight_sizes: tuple[int, ...] = ()
    after_loading: Callable[[keras.Model], None] | str | None = None
    labels: LabelSet | Sequence[str] | str | None = None
    parameters: int | None = None
    top1: float | None = None
    top5: float | None = None
    source: str = ""
    flattens: bool = False
    taps: tuple[str, ...] = ()
    preprocess_input: Callable[[Any], Any] | str | None = None
    license: str = ""
    license_source: str = ""

    def __post_init__(self) -> None:
        check_input_scaling(self.input_scaling)
        if not 1 <= self.min_size <= self.input_size or not 0 < self.crop_fraction <= 1:
            raise UsageError(
                f"{self.name} must have 1 <= min_size <= input_size and 0 < crop_fraction <= 1. Received: "
                f"min_size={self.min_size}, input_size={self.input_size}, crop_fraction={self.crop_fraction}"
            )
        names = [stage.name for stage in self.stages]
        if len(names) < 2 or names[0] != "head" or len(set(names)) < len(names):
            raise UsageError(f"the stages of {self.name} must be 'head' and others below it. Received: {names}")
        if self.stages[-1] != Stage(names[-1]):
            raise UsageError(
                f"the last stage of {self.name}, {names[-1]!r}, starts with the input, so it has no first layer"
            )

    @property
    def library(self) -> str:
        """The module that its builder comes from."""
        return self.builder.partition(":")[0] if isinstance(self.builder, str) else self.builder.__module__

    @property
    def constructor(self) -> str:
        """The name of its builder."""
        if isinstance(self.builder, str):
            return self.builder.partition(":")[2]
        return getattr(self.builder, "__qualname__", type(self.builder).__name__)

    @property
    def bundled(self) -> bool:
        """Whether the weights come with a package, so that they need no download."""
        return self.weights is not None and self.weights.bundled is not None

    @property
    def megabytes(self) -> float | None:
        """Size of the parameters as 32-bit floats, in MB of 2**20 bytes; None where their number is not known."""
        return None if self.parameters is None else round(self.parameters * 4 / 2**20, 1)

    def build(self, **arguments: Any) -> keras.Model:
        """Call the builder."""
        builder = resolve_reference(self.builder) if isinstance(self.builder, str) else self.builder
        return builder(**arguments, **self.arguments)

    def label_set(self) -> LabelSet | None:
        """What the head of the published weights tells apart."""
        from kerastl.models._labels import LabelSet
        from kerastl.models._published_labels import published

        if isinstance(self.labels, str):
            return published(self.labels)
        return LabelSet(tuple(self.labels)) if isinstance(self.labels, Sequence) else self.labels

    def stage(self, name: str) -> Stage:
        """The stage of that name; UsageError names the stages there are."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        known = ", ".join(stage.name for stage in self.stages)
        raise UsageError(f"{self.name} has no stage {name!r}; it has, from the head down: {known}")

    def has_weights(self, include_top: bool = True) -> bool:
        """Whether there are published weights, with the head or without."""
        return (self.weights if include_top else self.weights_no_top) is not None

    def weights_file(self, include_top: bool = True, input_size: InputSize | None = None) -> WeightsFile:
        """The published weights that Keras loads for a height and width in pixels (None: `input_size`).

        MobileNet and MobileNetV2 were trained at several sizes; sizes without their own weights get those of 224.

        Raises:
            WeightsError: There are none.
        """
        weights = self.weights if include_top else self.weights_no_top
        if weights is None:
            head = "with a head" if include_top else "without a head"
            raise WeightsError(
                f"{self.name} has no published weights {head}; give a file, or None for random ones (none on the "
                "command line)"
            )
        height, width = sides_of(input_size or self.input_size)
        if height != width or height == self.input_size or height not in self.weight_sizes:
            return weights
        file = weights.file.replace(f"_{self.input_size}", f"_{height}")
        url = weights.url.removesuffix(weights.file) + file
        return WeightsFile(file, url, HASHES.get(file), weights.parameters)
