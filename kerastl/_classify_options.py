"""What `Classifier.classify` may be asked for, and what cannot be had together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict

from kerastl._tta import views_of
from kerastl.errors import UsageError

if TYPE_CHECKING:
    from kerastl._classifier import Classifier
    from kerastl._tta import TTAName
    from kerastl.inference._precision import Precision

OnError: TypeAlias = Literal["raise", "return"]


class ClassifyOptions(TypedDict, total=False):
    """What is given by name; see `Classifier.classify`."""

    errors: OnError
    coverage: float | None
    reject: bool
    tta: TTAName | None
    urls: bool
    sure: float | None


def check_options(classifier: Classifier, errors: str, tta: str | None, *, judged: bool) -> None:
    """Raise `UsageError` for what a classifier cannot be asked.

    Args:
        classifier: The classifier.
        errors: As for `Classifier.classify`, as is the next.
        tta: Test-time augmentation.
        judged: Whether sets or rejection are asked for.
    """
    if errors not in ("raise", "return"):
        raise UsageError(f"errors must be 'raise' or 'return'. Received: {errors!r}")
    if tta is not None:
        views_of(tta, classifier.metadata.reader)
    if judged:
        check_as_calibrated(classifier.precision, tta)


def check_as_calibrated(precision: Precision, tta: str | None = None) -> None:
    """Raise `UsageError` unless answers come about as when the model was calibrated."""
    if precision != "full":
        raise UsageError(
            f"calibration, coverage and rejection hold for full precision only. Received: precision={precision!r}"
        )
    if tta is not None:
        raise UsageError(f"coverage and rejection hold for one view an image only. Received: tta={tta!r}")
