"""What can run a network, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kerastl._base.registry import Registry, resolve_reference
from kerastl.errors import ModelError, UsageError

if TYPE_CHECKING:
    import keras

    from kerastl.inference._engines import Engine
    from kerastl.inference._precision import Sample
    from kerastl.models._spec import ModelSpec


@dataclass(frozen=True)
class EngineFactory:
    """A way of running networks.

    Args:
        name: What users type.
        description: When to take it, in a few words that follow the name.
        opener: Opens the engine for a model, or `"module:function"`, imported when first used. `spec.build()` gives
            the Keras model. It raises `EngineError` for a model that this engine cannot run. None where the engine
            runs exported files only.
        missing: Says what this machine lacks to run it, in a sentence without a full stop, or None where it can be
            used; or `"module:function"`.
        fast_opener: Opens it in fewer bits than float32, or `"module:function"`; None where it has no such way. It is
            given the model and a function that reads images like those to come, to be called where they are needed.
            It raises `ModelError` where answers change too often.
        file_opener: Opens it for a file of `kerastl export`, which is `spec.weights_file`, or `"module:function"`;
            None where it runs none.

    Example:
        >>> from kerastl.inference import EngineFactory, KerasEngine
        >>> plain = EngineFactory("plain", "Keras as it is", lambda spec: KerasEngine(spec.build()))
        >>> plain.name
        'plain'
    """

    name: str
    description: str
    opener: Callable[[ModelSpec], Engine] | str | None
    missing: Callable[[], str | None] | str | None = None
    fast_opener: Callable[[ModelSpec, Sample], Engine] | str | None = None
    file_opener: Callable[[ModelSpec], Engine] | str | None = None

    def unavailable(self) -> str | None:
        """Why this machine cannot run it; None where it can."""
        missing = resolve_reference(self.missing) if isinstance(self.missing, str) else self.missing
        return None if missing is None else missing()

    def open(self, spec: ModelSpec) -> Engine:
        """Open it for a model.

        Raises:
            EngineError: It cannot run this model.
            UsageError: It runs exported files only.
        """
        if self.opener is None:
            raise UsageError(f"the engine {self.name} runs files that kerastl export wrote")
        opener = resolve_reference(self.opener) if isinstance(self.opener, str) else self.opener
        return opener(spec)

    def open_fast(self, spec: ModelSpec, sample: Sample) -> Engine:
        """Open it for a model in fewer bits than float32.

        Raises:
            UsageError: It computes in float32 only.
            ModelError: It cannot run this model so, or answers change too often.
        """
        if self.fast_opener is None:
            raise UsageError(f"the engine {self.name} computes in full precision only")
        opener = resolve_reference(self.fast_opener) if isinstance(self.fast_opener, str) else self.fast_opener
        return opener(spec, sample)

    def open_file(self, spec: ModelSpec) -> Engine:
        """Open it for an exported file.

        Raises:
            UsageError: It runs no exported files.
            ModelError: It cannot run this one.
        """
        if self.file_opener is None:
            raise UsageError(f"the engine {self.name} runs no exported files")
        opener = resolve_reference(self.file_opener) if isinstance(self.file_opener, str) else self.file_opener
        return opener(spec)


class EngineError(ModelError):
    """An engine cannot run a model, and another one may.

    Args:
        message: Why.
        model: The Keras model, where it was built already.
    """

    def __init__(self, message: str, model: keras.Model | None = None) -> None:
        super().__init__(message)
        self.model = model


ENGINES: Registry[EngineFactory] = Registry(
    "engine",
    "kerastl.engines",
    EngineFactory,
    {
        "litert": EngineFactory(
            "litert",
            "compiled once, then starts 20 times faster",
            "kerastl.inference._open:open_litert",
            "kerastl.inference._open:litert_missing",
            "kerastl.inference._fast:open_fast_litert",
            "kerastl.inference._exported:open_litert_file",
        ),
        "keras": EngineFactory("keras", "works everywhere", "kerastl.inference._open:open_keras"),
        "onnx": EngineFactory(
            "onnx",
            "runs .onnx files of kerastl export",
            None,
            "kerastl.inference._onnx_engine:onnx_missing",
            file_opener="kerastl.inference._exported:open_onnx_file",
        ),
        "openvino": EngineFactory(
            "openvino",
            "runs OpenVINO folders of kerastl export",
            None,
            "kerastl.inference._openvino_engine:openvino_missing",
            file_opener="kerastl.inference._exported:open_openvino_file",
        ),
    },
    hint="there are auto, {names}",
)
"""Other packages add to it by entry points of the group `kerastl.engines`."""

AUTO_ORDER = ("litert", "keras")
"""What `auto` tries. Engines of other packages run where they are named."""


def register_engine(engine: EngineFactory, *, replace: bool = False) -> EngineFactory:
    """Add an engine for as long as this process runs.

    Args:
        engine: Its name is what users type: letters, digits, `_` and `-`.
        replace: Whether it may take the place of one of that name.

    Returns:
        `engine`.

    Raises:
        UsageError: It is no `EngineFactory`, or there is one of that name.

    Example:
        >>> import kerastl
        >>> from kerastl.inference import EngineFactory, KerasEngine, register_engine
        >>> plain = EngineFactory("plain", "Keras as it is", lambda spec: KerasEngine(spec.build()))
        >>> added = register_engine(plain)
        >>> kerastl.load("kerastl_mini", engine="plain").classify("data/umbrella.png").label
        'umbrella'
    """
    return ENGINES.register(engine, replace=replace)
