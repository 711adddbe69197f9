"""What `Classifier.classify` may be asked for, and what cannot be had together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict

from kerastl.errors import UsageError

if TYPE_CHECKING:
    from kerastl.inference._precision import Precision

OnError: TypeAlias = Literal["raise", "return"]


class ClassifyOptions(TypedDict, total=False):
    """What is given by name; see `Classifier.classify`."""

    errors: OnError
    coverage: float | None
    reject: bool
    urls: bool


def check_errors(errors: str) -> None:
    """Raise `UsageError` for what is no way of dealing with errors."""
    if errors not in ("raise", "return"):
        raise UsageError(f"errors must be 'raise' or 'return'. Received: {errors!r}")


def check_full(precision: Precision) -> None:
    """Raise `UsageError` unless a network computes as exactly as when it was calibrated."""
    if precision != "full":
        raise UsageError(
            f"calibration, coverage and rejection hold for full precision only. Received: precision={precision!r}"
        )
