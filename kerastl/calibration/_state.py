"""What was fitted on images that the network did not learn from, inside the model's file.

The temperature is in the network itself, and the metadata say so. The arrays, which only sets and rejection need, are
a member of their own.
"""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl._base.scratch import temporary_folder
from kerastl._base.text import printable
from kerastl.calibration import _conformal as conformal
from kerastl.calibration import _ood as ood
from kerastl.calibration import _temperature as temperatures
from kerastl.calibration._network import scaled_members
from kerastl.calibration._temperature import LABELED, LEAVE_ONE_OUT, FittedOn
from kerastl.errors import ModelError, UsageError
from kerastl.models import _metadata as metadata_file
from kerastl.models._metadata import Metadata

if TYPE_CHECKING:
    import keras

ARRAYS = "kerastl-trust.npz"
SUMMARY = "calibration"
EXPORTED_ARRAYS = "calibration_arrays"
"""Where the metadata of an exported file hold the arrays, in base64, as no member can."""
PUBLISHED = (
    "coverage and rejection need a calibrated model, and published networks are not calibrated: fine-tune one on your "
    "own images (kerastl finetune), calibrate it (kerastl calibrate), name it with --model RUN_DIR"
)
_MOST_EXPORTED = 100_000  # scores
_LONGEST = 500  # letters of a reason
# Of a temperature, the fraction that is nothing but rounding: for that the network is not written anew.
_SAME = 1e-5
# The kind of numbers and the axes of each array.
_KINDS = {
    "set_scores": ("f", 1),
    "temperature": ("f", 0),
    "references": ("f", 2),
    "novelty_threshold": ("f", 0),
    "unfitted": ("U", 0),
    "fitted_on": ("U", 0),
}


@dataclass(frozen=True)
class CalibrationState:
    """What answers are judged by.

    Args:
        set_scores: float32 array of shape (n,): `conformal.scores` of the calibration images, ascending, or of numbers
            by how much they are off. They are of probabilities before the temperature: that is fitted on the same
            images, and the guarantee must not depend on it.
        references: float16 array of shape (m, d): features of training images, rows of length 1; `None` where
            rejection was not fitted.
        ood_threshold: Images further than that from every reference are unlike the training images.
        unfitted: Why rejection was not fitted, where it was not.
        temperature: What the network's logits have been divided by since `set_scores` were taken.
        fitted_on: What images these are: labeled ones, or those of the training, each scored without itself.

    Example:
        >>> import numpy as np
        >>> from kerastl.calibration import CalibrationState
        >>> state = CalibrationState(set_scores=np.sort(np.random.default_rng(0).random(20).astype("float32")))
        >>> state.references is None
        True
    """

    set_scores: np.ndarray
    references: np.ndarray | None = None
    ood_threshold: float | None = None
    unfitted: str = ""
    temperature: float = 1.0
    fitted_on: FittedOn = LABELED

    @cached_property
    def _single(self) -> np.ndarray:
        assert self.references is not None  # noqa: S101 - `ood_score` has looked
        return self.references.astype(np.float32)

    def check_coverage(self, coverage: float) -> None:
        """Raise `UsageError` if there are too few calibration images for a coverage."""
        conformal.threshold(self.set_scores, coverage)

    def check_rejection(self) -> None:
        """Raise `UsageError` if rejection was not fitted."""
        if self.references is None or self.ood_threshold is None:
            reason = self.unfitted or "why is not known, kerastl 0.1 calibrated this model; calibrate it again"
            raise UsageError(f"rejection was not fitted by kerastl calibrate: {printable(reason)}")

    def set_sizes(self, probabilities: np.ndarray, coverage: float) -> np.ndarray:
        """How many of the best classes make up each image's set.

        Args:
            probabilities: float array of shape (n, classes), as the network gives them.
            coverage: How often the right class is to be among them, between 0 and 1.

        Raises:
            UsageError: There are too few calibration images for that.
        """
        before = temperatures.undo(probabilities, self.temperature)
        return conformal.sizes(before, conformal.threshold(self.set_scores, coverage))

    def half_width(self, coverage: float) -> float:
        """How far an interval reaches to both sides of a number, so that it holds the right one that often.

        Args:
            coverage: As for `set_sizes`, and so are the errors.
        """
        return conformal.threshold(self.set_scores, coverage)

    def ood_scores(self, features: np.ndarray) -> np.ndarray:
        """How unlike the training images each image is: float32 array of shape (n,), values in [0, 2].

        Args:
            features: float array of shape (n, d), rows of length 1.

        Raises:
            UsageError: Rejection was not fitted.
        """
        self.check_rejection()
        return ood.distances(features, self._single)


def write(
    model_file: Path,
    metadata: Metadata,
    state: CalibrationState,
    temperature: float,
    summary: dict[str, Any],
    build: Callable[[], keras.Model],
) -> Metadata:
    """Store what was fitted, in the model's file and in the copy of the metadata beside it.

    The temperature goes into the network, in place of one that was fitted before: plain Keras gives scaled
    probabilities from then on.

    Args:
        model_file: The model; replaced whole.
        metadata: Its metadata.
        state: The arrays; its own temperature is not looked at.
        temperature: T, more than 0: of the network as it was before it was calibrated for the first time.
        summary: What was fitted on what, as JSON values.
        build: Loads the network in the file; called if it must change.

    Returns:
        The new metadata.
    """
    before = temperatures.inside(metadata_file.read_metadata(model_file))
    factor = temperature / before
    temperature = temperature if abs(factor - 1) > _SAME else before
    extra = {name: value for name, value in metadata.extra.items() if name != temperatures.TEMPERATURE}
    new = replace(metadata, extra={**extra, **temperatures.record(temperature, LABELED), SUMMARY: summary})
    with temporary_folder() as folder:
        network = {} if temperature == before else scaled_members(model_file, build(), factor, folder)
        metadata_file.update(model_file, new, {**network, **members(replace(state, temperature=temperature))})
    return new


def members(state: CalibrationState) -> dict[str, bytes]:
    """The arrays as a member of the model's file, by its name."""
    stream = io.BytesIO()
    arrays = {
        "set_scores": state.set_scores,
        "temperature": np.float64(state.temperature),
        "fitted_on": np.array(state.fitted_on),
    }
    if state.references is not None:
        arrays["references"] = state.references
        arrays["novelty_threshold"] = np.float64(state.ood_threshold)
    else:
        arrays["unfitted"] = np.array(state.unfitted[:_LONGEST])
    np.savez(stream, **arrays)
    return {ARRAYS: stream.getvalue()}


def _stored(model_file: Path) -> bytes | None:
    """The arrays as they lie in a model's file; None where there are none."""
    from kerastl.models._exported import reading

    if reading.find(model_file) is not None:
        text = reading.read(model_file).metadata.extra.get(EXPORTED_ARRAYS)
        try:
            return None if text is None else base64.b64decode(text, validate=True)
        except ValueError as error:
            raise ModelError(f"{model_file}: what kerastl calibrate stored is broken ({error})") from None
    if model_file.suffix != ".keras":
        raise UsageError(PUBLISHED)
    return metadata_file.member(model_file, ARRAYS)


def for_export(model_file: Path, temperature: float) -> dict[str, str]:
    """What goes along into the metadata of an exported file: the arrays without features, which it does not give.

    Args:
        model_file: The model that is exported.
        temperature: What the logits of the exported network have been divided by.

    Returns:
        Values of `Metadata.extra`; none where the model was not calibrated.

    Raises:
        ModelError: What is stored is broken.
    """
    try:
        state = read(model_file)
    except UsageError:
        return {}
    # Of more than fit, every so-manieth from above: sets become a little larger for it, never smaller.
    step = -(-len(state.set_scores) // _MOST_EXPORTED)
    scores = state.set_scores[step - 1 :: step]
    alone = CalibrationState(scores, unfitted="exported", temperature=temperature, fitted_on=state.fitted_on)
    return {EXPORTED_ARRAYS: base64.b64encode(members(alone)[ARRAYS]).decode()}


def read(model_file: Path) -> CalibrationState:
    """Read what `write` stored.

    Raises:
        UsageError: Nothing was.
        ModelError: It is broken.
    """

    def above_zero(value: float) -> float:
        if value <= 0:
            raise ValueError("its temperature is no number above 0")
        return value

    from kerastl.models._saved import arrays

    content = _stored(model_file)
    if content is None:
        again = "" if model_file.suffix == ".keras" else ", and export it again"
        raise UsageError(
            f"{printable(str(model_file))}: not calibrated yet; do that with kerastl calibrate RUN_DIR DATA{again}"
        )
    try:
        found = arrays.read_npz(content, _KINDS)
        threshold = found["novelty_threshold"] if "references" in found else None
        return CalibrationState(
            found["set_scores"],
            found.get("references"),
            None if threshold is None else float(threshold),
            str(found.get("unfitted", ""))[:_LONGEST],
            above_zero(float(found.get("temperature", 1.0))),
            LEAVE_ONE_OUT if found.get("fitted_on") == LEAVE_ONE_OUT else LABELED,
        )
    except KeyError as error:
        raise ModelError(f"{model_file}: what kerastl calibrate stored is broken (no {error}); run it again") from None
    except (ValueError, OSError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile) as error:
        raise ModelError(f"{model_file}: what kerastl calibrate stored is broken ({error}); run it again") from error
