"""What was fitted on validation images, inside the model's file.

The temperature stands in the metadata, as `extra["temperature"]`, since every answer needs it. The arrays, which only
sets and rejection need, are a member of their own.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kerastl._base.text import printable
from kerastl.calibration import _conformal as conformal
from kerastl.calibration import _ood as ood
from kerastl.calibration._temperature import TEMPERATURE
from kerastl.errors import ModelError, UsageError
from kerastl.models import _metadata as metadata_file
from kerastl.models._metadata import Metadata

ARRAYS = "kerastl-trust.npz"
SUMMARY = "calibration"
PUBLISHED = (
    "coverage and rejection need a calibrated model, and published networks are not calibrated: fine-tune one on your "
    "own images (kerastl finetune), calibrate it (kerastl calibrate), name it with --model RUN_DIR"
)
_LONGEST = 500  # letters of a reason
# The kind of numbers and the axes of each array.
_KINDS = {"set_scores": ("f", 1), "references": ("f", 2), "novelty_threshold": ("f", 0), "unfitted": ("U", 0)}


@dataclass(frozen=True)
class CalibrationState:
    """What answers are judged by.

    Args:
        set_scores: float32 array of shape (n,): `conformal.scores` of the calibration images, ascending. They are of
            the network's own probabilities, before the temperature: that is fitted on the same images, and the
            guarantee must not depend on it.
        references: float16 array of shape (m, d): features of training images, rows of length 1; `None` where
            rejection was not fitted.
        ood_threshold: Images further than that from every reference are unlike the training images.
        unfitted: Why rejection was not fitted, where it was not.

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
            probabilities: float array of shape (n, classes): of the network itself, before the temperature.
            coverage: How often the right class is to be among them, between 0 and 1.

        Raises:
            UsageError: There are too few calibration images for that.
        """
        return conformal.sizes(probabilities, conformal.threshold(self.set_scores, coverage))

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
    model_file: Path, metadata: Metadata, state: CalibrationState, temperature: float, summary: dict[str, Any]
) -> Metadata:
    """Store what was fitted, in the model's file and in the copy of the metadata beside it.

    Args:
        model_file: The model; replaced whole.
        metadata: Its metadata.
        state: The arrays.
        temperature: See `kerastl.calibration._temperature`.
        summary: What was fitted on what, as JSON values.

    Returns:
        The new metadata.
    """
    stream = io.BytesIO()
    arrays = {"set_scores": state.set_scores}
    if state.references is not None:
        arrays["references"] = state.references
        arrays["novelty_threshold"] = np.float64(state.ood_threshold)
    else:
        arrays["unfitted"] = np.array(state.unfitted[:_LONGEST])
    np.savez(stream, **arrays)  # type: ignore[arg-type]
    new = replace(metadata, extra={**metadata.extra, TEMPERATURE: temperature, SUMMARY: summary})
    metadata_file.update(model_file, new, {ARRAYS: stream.getvalue()})
    return new


def read(model_file: Path) -> CalibrationState:
    """Read what `write` stored.

    Raises:
        UsageError: Nothing was.
        ModelError: It is broken.
    """
    from kerastl.models._saved import arrays

    if model_file.suffix != ".keras":
        raise UsageError(PUBLISHED)
    content = metadata_file.member(model_file, ARRAYS)
    if content is None:
        raise UsageError(
            f"{printable(str(model_file))}: not calibrated yet; do that with kerastl calibrate RUN_DIR DATA"
        )
    try:
        found = arrays.read_npz(content, _KINDS)
        threshold = found["novelty_threshold"] if "references" in found else None
        return CalibrationState(
            found["set_scores"],
            found.get("references"),
            None if threshold is None else float(threshold),
            str(found.get("unfitted", ""))[:_LONGEST],
        )
    except KeyError as error:
        raise ModelError(f"{model_file}: what kerastl calibrate stored is broken (no {error}); run it again") from None
    except (ValueError, OSError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile) as error:
        raise ModelError(f"{model_file}: what kerastl calibrate stored is broken ({error}); run it again") from error
