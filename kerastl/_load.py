"""Load a classifier: from a name of the catalog, a run folder or a file."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from kerastl._base.arguments import keywords
from kerastl._classifier import Classifier
from kerastl._inputs import given
from kerastl._progress import ProgressCallback, Verbose, shown
from kerastl.errors import UsageError
from kerastl.images import RESIZE_POLICIES, ResizePolicy
from kerastl.inference._open import EngineName, open_engine
from kerastl.inference._precision import Precision, check_precision
from kerastl.models._default import DEFAULT_MODEL, default_model
from kerastl.models._spec import IMAGENET, ModelSpec, resolve

if TYPE_CHECKING:
    from kerastl.inference._representative import Representative


@keywords({"name_or_path": "model"})
def load(
    model: str | os.PathLike[str] | None = None,
    *,
    resize: ResizePolicy | None = None,
    engine: EngineName = "auto",
    batch_size: int | None = None,
    precision: Precision = "full",
    representative_data: Any = None,
    weights: str | os.PathLike[str] | None = IMAGENET,
    progress: ProgressCallback | None = None,
    verbose: Verbose = "auto",
    trust: bool = False,
) -> Classifier:
    """Load a classifier.

    Args:
        model: A name of the catalog (`kerastl models` lists them), the run folder or `.keras` file of a model that
            kerastl fine-tuned, or what `kerastl export` wrote: an `.onnx` or `.tflite` file, or an OpenVINO folder,
            which run without TensorFlow. `None` takes MobileNetV2; where its weights are not on this machine and
            cannot be downloaded, `kerastl_mini`, which comes with kerastl and knows 200 classes, and a warning is
            logged. What is named is never replaced.
        resize: How images become the network's input: `crop` (antialiased, center crop), `squash`, `pad`, or
            `keras` (what `keras.utils.load_img` does). `None` takes what belongs to the model.
        engine: `auto` runs the network compiled, without TensorFlow, where it can; `litert` insists on that;
            `keras` runs the Keras model. An exported file has one engine, which `auto` takes.
        batch_size: Images that go through the network together; `None` takes what this machine does fastest.
        precision: `full` computes in float32. `fast` computes in 8-bit integers where that pays, two to four times as
            fast on the CPU where it was measured: compiled once for given weights, and refused where less than 97 %
            of images get the same answer as in float32. Sets (`coverage`) and rejection need `full`.
        representative_data: Images like those to classify, at least 40, as `Classifier.classify` takes many: `fast`
            is fitted to some of them and compared with float32 on the others when it is compiled, and does not look
            at them later.
        weights: Of a network of the catalog: `imagenet`, a weights file that fits, or `None` for random ones, the
            same each time, whose answers mean nothing: for tests and for trying things out without a download. They
            run in Keras, and set its seed.
        progress: Called while weights are fetched: with the file's name, the bytes so far, and those in all if known.
        verbose: What is shown while it works: 0 warnings only, 1 bars on a terminal, 2 lines; `auto` shows bars on a
            terminal and lines in a notebook.
        trust: Whether a saved model may hold what runs code or reads files when it is loaded, such as `Lambda` layers.
            Only for models whose maker you trust.

    Returns:
        The classifier. The first use of a network with given weights compiles it, which takes some seconds.

    Raises:
        UsageError: An argument is wrong; or `fast` was not compiled yet, and there are too few representative images.
        WeightsError: Published weights are not there and cannot be fetched, or are broken.
        ModelError: The saved model is broken, or holds what is loaded only with `trust`; or its answers change too
            often in `fast` precision.

    Example:
        >>> import kerastl
        >>> classifier = kerastl.load("kerastl_mini")
        >>> classifier.classify("data/umbrella.png", top=3).label
        'umbrella'
    """
    check_resize(resize)
    if batch_size is not None and batch_size < 1:
        raise UsageError(f"batch_size must be at least 1. Received: {batch_size}")
    check_precision(precision)
    if weights is None and (engine == "litert" or precision == "fast"):
        asked = f"engine={engine!r}, precision={precision!r}"
        raise UsageError(f"random weights run in Keras only, in full precision. Received: {asked} with weights=None")
    with shown(verbose):
        spec = find_model(model, resize, progress, weights, trust)
        chosen = "keras" if weights is None and engine == "auto" else engine
        sample = None if representative_data is None else partial(_representative, representative_data, spec)
        return Classifier(spec, open_engine(spec, chosen, precision, sample), batch_size, precision=precision)


def check_resize(resize: str | None) -> None:
    """Raise `UsageError` for a way of resizing that there is not."""
    if resize is not None and resize not in RESIZE_POLICIES:
        raise UsageError(f"resize must be one of {', '.join(RESIZE_POLICIES)}. Received: {resize!r}")


def find_model(
    model: str | os.PathLike[str] | None,
    resize: ResizePolicy | None = None,
    progress: ProgressCallback | None = None,
    weights: str | os.PathLike[str] | None = IMAGENET,
    trust: bool = False,
) -> ModelSpec:
    """Find the model that `load` is asked for, and have it read images as it is to; the arguments are those of `load`.

    Raises:
        KerastlError: As `load` does.
    """
    if model is None:
        model = default_model(progress=progress) if weights == IMAGENET else DEFAULT_MODEL
    spec = resolve(model, progress, weights, trust)
    if resize is None:
        return spec
    return replace(spec, metadata=replace(spec.metadata, reader=replace(spec.metadata.resize, policy=resize)))


def _representative(data: Any, spec: ModelSpec) -> Representative:
    from kerastl.inference._representative import read_representative

    return read_representative(given(data).images, spec.metadata.reader)
