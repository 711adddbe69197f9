"""The model that is exported, in the forms that formats start from; each is made once, when it is first wanted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base.text import printable
from kerastl.calibration import _state as state_file
from kerastl.calibration import _temperature as temperatures
from kerastl.errors import ModelError, UsageError
from kerastl.inference._engine_registry import EngineError
from kerastl.inference._engines import LiteRTEngine, Parallelism
from kerastl.inference._open import build, open_litert
from kerastl.models._metadata import Metadata
from kerastl.models._spec import ModelSpec

if TYPE_CHECKING:
    import keras
    import numpy as np

    from kerastl.exporting._proof_images import ProofImages
    from kerastl.inference._representative import Representative

ONE_THREAD = Parallelism(workers=1, interpreters=1, threads=1, batch=1)
"""How exports are compared, and timed: one image after the other."""

_GIVE = "give some with --calibrate DATA (calibrate= in Python)"


@dataclass(frozen=True)
class ExportSource:
    """A model to export.

    Args:
        spec: The model.
        calibrate: Images like those to come, which integers are fitted to; None takes some of `prove`.
        with_resize: Whether images of any size go in, where the format can resize them.
        prove: Images that exports are compared on, as for `kerastl.export`.
        web_runtime: A folder with ONNX Runtime Web for the page in a browser; None fetches it through npm, once.

    Example:
        >>> from kerastl.exporting import ExportSource
        >>> from kerastl.models import resolve
        >>> ExportSource(resolve("kerastl_mini")).model.output_shape
        (None, 200)
    """

    spec: ModelSpec
    calibrate: Any = None
    with_resize: bool = False
    prove: Any = None
    web_runtime: Path | None = None

    @cached_property
    def _temperature(self) -> float:
        """What answers are still to be scaled with: 1 unless kerastl 0.1 calibrated the model."""
        return temperatures.to_apply(self.spec.metadata)

    @cached_property
    def metadata(self) -> Metadata:
        """The metadata of what is exported: its temperature is inside the network, and sets need no other file."""
        metadata = self.spec.metadata
        if self._temperature != 1:
            extra = {name: value for name, value in metadata.extra.items() if name != temperatures.TEMPERATURE}
            inside = temperatures.record(temperatures.of(metadata), temperatures.LABELED)
            metadata = replace(metadata, extra={**extra, **inside})
        arrays = state_file.for_export(self.spec.weights_file, temperatures.inside(metadata))
        return replace(metadata, extra={**metadata.extra, **arrays}) if arrays else metadata

    @cached_property
    def model(self) -> keras.Model:
        """The Keras model: float32 pixels 0-255 of shape (n, height, width, 3) in, calibrated float32 answers out."""
        return build(replace(self.spec, build=lambda: self._built))

    @cached_property
    def _built(self) -> keras.Model:
        model = self.spec.build()
        if self._temperature == 1:
            return model
        from kerastl.models._scaled_logits import with_temperature

        return with_temperature(model, self._temperature)

    @cached_property
    def flatbuffer(self) -> bytes:
        """The network for LiteRT in float32: uint8 pixels of shape (n, height, width, 3) in, float32 out, n free.

        Raises:
            ModelError: It cannot be compiled.
        """
        if self._temperature == 1 and self.spec.weights_file.is_file():
            # What classifies fast is compiled once for all, and kept.
            spec = replace(self.spec, build=lambda: self._built)
            try:
                compiled = open_litert(spec).model
                return compiled if isinstance(compiled, bytes) else compiled.read_bytes()
            except EngineError as error:
                reason = error  # the cache folder may be at fault, and the network none
        else:
            reason = None
        return self._compiled(reason)

    def _compiled(self, reason: Exception | None) -> bytes:
        from kerastl.inference import _export as compiling

        if (lacking := compiling.unavailable()) is not None:
            raise ModelError(lacking) from reason
        content = compiling.to_litert(self.model)
        compiling.check(LiteRTEngine(content, ONE_THREAD), self.model)
        return content

    @cached_property
    def onnx(self) -> bytes:
        """The network as ONNX in float32: `pixels`, uint8 of shape (batch, height, width, 3), in, `probabilities` out.

        Raises:
            ModelError: It cannot become ONNX.
        """
        from kerastl.exporting._onnx_conversion import function_to_onnx, to_onnx

        name = printable(self.metadata.name)
        try:
            return to_onnx(self.flatbuffer, name).SerializeToString()
        except ModelError as error:
            # Of what LiteRT cannot hold, ONNX holds some.
            try:
                return function_to_onnx(self.model, name).SerializeToString()
            except ModelError:
                raise error from None

    @property
    def calibrating(self) -> np.ndarray:
        """Images to fit integers to: uint8 array of shape (n, height, width, 3).

        Raises:
            UsageError: None were given, or too few can be read.
        """
        return self._representative.calibrating

    @property
    def judging(self) -> np.ndarray:
        """Others of those that were given, to compare integers on; see `calibrating`."""
        return self._representative.judging

    @cached_property
    def _representative(self) -> Representative:
        from kerastl.exporting._calibrating_images import images_in
        from kerastl.inference._representative import read_representative

        self.check_calibrating()
        images = images_in(self.prove if self.calibrate is None else self.calibrate)
        return read_representative(images, self.metadata.reader, "a model in 8-bit integers", _GIVE)

    @cached_property
    def images(self) -> ProofImages:
        """What exports are compared on, with what Keras answers.

        Raises:
            DataError: Not one image can be read.
        """
        from kerastl.exporting._proof_images import read_images

        return read_images(self.prove, self)

    def check_calibrating(self) -> None:
        """Raise `UsageError` where no images to fit integers to were given."""
        if self.calibrate is None and self.prove is None:
            raise UsageError(
                f"{printable(self.metadata.name)}: a model in 8-bit integers is fitted to images like those to come; "
                f"{_GIVE}"
            )
