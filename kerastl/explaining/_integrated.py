"""How much each pixel adds to the score of a class, on the way from a blank image to the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl.errors import UsageError
from kerastl.explaining._methods import ExplanationMethod

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from kerastl.explaining._explainer import Explainer
    from kerastl.explaining._gradients import ClassGradient

GRAY = 127.5
"""The blank image that explanations start from. From a black one, black things could not get anything."""

# What the activations and gradients of the points between a blank image and the image may take together.
_MEMORY = 512 << 20
_LARGEST_BATCH = 16


def integrated_gradients(
    gradient: ClassGradient,
    pixels: np.ndarray,
    index: int,
    *,
    steps: int = 64,
    baseline: float = GRAY,
    batch_size: int = 16,
) -> np.ndarray:
    """Integrate the gradient on the straight way from a blank image to the image.

    Sundararajan, Taly and Yan 2017, "Axiomatic Attribution for Deep Networks", equations 1 and 3. The values add up
    to the score of the image minus that of the blank one ("completeness"): approximately, the better the more
    steps.

    Args:
        gradient: Of the scores with respect to pixels of shape (n, height, width, 3).
        pixels: float32 array of shape (height, width, 3), 0-255, RGB.
        index: The class.
        steps: Points on the way at which the gradient is taken, at least 1.
        baseline: The value of all pixels of the blank image, 0 (black) to 255 (white). Pixels of just this value
            get 0.
        batch_size: Points that go through the network together, at least 1; it changes the memory taken only.

    Returns:
        float32 array of shape (height, width), the three channels added up, in units of the score: positive where a
        pixel counts for the class, negative where it counts against it.

    Raises:
        UsageError: `steps`, `baseline` or `batch_size` is out of range.
    """
    import numpy as np

    _check(steps, baseline, batch_size)
    places = (np.arange(steps, dtype=np.float32) + 0.5) / steps
    total = np.zeros(pixels.shape, np.float64)
    for _, slope in _on_the_way(gradient, pixels, index, places, baseline, batch_size):
        total += slope
    return ((pixels - baseline) * total / steps).sum(axis=-1).astype(np.float32)


def idgi(
    gradient: ClassGradient,
    pixels: np.ndarray,
    index: int,
    *,
    steps: int = 64,
    baseline: float = GRAY,
    batch_size: int = 16,
) -> np.ndarray:
    """Share out what the score gains on each step among the pixels, by the squares of their gradients.

    Yang, Wang and Bilgic 2023, "IDGI: A Framework to Eliminate Explanation Noise from Integrated Gradients",
    algorithm 1. Integrated gradients also count the part of each step that leaves the score as it is, which makes
    them noisy; this does not. The values add up to the score of the image minus that of the blank one, whatever
    the number of steps (unless the gradient is 0 throughout at the start of a step: its gain is left out). The price:
    all pixels share the sign of a step, so the map shows what matters, be it for the class or against it.

    Args:
        gradient: As for `integrated_gradients`.
        pixels: As for `integrated_gradients`.
        index: The class.
        steps: Steps on the way, at least 1.
        baseline: The value of all pixels of the blank image, 0 to 255.
        batch_size: Points that go through the network together, at least 1.

    Returns:
        float32 array of shape (height, width), the three channels added up, in units of the score.

    Raises:
        UsageError: `steps`, `baseline` or `batch_size` is out of range.
    """
    import numpy as np

    _check(steps, baseline, batch_size)
    places = np.linspace(0, 1, steps + 1, dtype=np.float32)
    total = np.zeros(pixels.shape[:2], np.float64)
    before: tuple[float, np.ndarray] | None = None
    for score, slope in _on_the_way(gradient, pixels, index, places, baseline, batch_size):
        if before is not None and (whole := before[1].sum()) > 0:
            total += (score - before[0]) * before[1] / whole
        before = score, np.square(slope).sum(axis=-1)
    return total.astype(np.float32)


def _on_the_way(
    gradient: ClassGradient, pixels: np.ndarray, index: int, places: np.ndarray, baseline: float, batch_size: int
) -> Iterator[tuple[float, np.ndarray]]:
    """The score and its gradient, as float64, at each place between the blank image (0) and the image (1)."""
    import numpy as np

    blank = np.float32(baseline)
    for start in range(0, len(places), batch_size):
        shares = places[start : start + batch_size, None, None, None]
        scores, slopes = gradient(blank + shares * (pixels - blank), index)
        for score, slope in zip(scores, slopes, strict=True):
            yield float(score), slope.astype(np.float64)


def _check(steps: int, baseline: float, batch_size: int) -> None:
    if steps < 1 or batch_size < 1 or not 0 <= baseline <= 255:
        raise UsageError(
            "steps and batch_size must be at least 1, and baseline between 0 and 255. "
            f"Received: steps={steps}, batch_size={batch_size}, baseline={baseline}"
        )


def _explain_signed(network: Explainer, pixels: np.ndarray, index: int) -> np.ndarray:
    batch = _batch_size(network)
    return integrated_gradients(network.pixel_gradient, pixels.astype("float32"), index, batch_size=batch)


def _explain_unsigned(network: Explainer, pixels: np.ndarray, index: int) -> np.ndarray:
    return idgi(network.pixel_gradient, pixels.astype("float32"), index, batch_size=_batch_size(network))


def _batch_size(network: Explainer) -> int:
    from kerastl.models._graph import activation_bytes

    return max(1, min(_LARGEST_BATCH, _MEMORY // activation_bytes(network.scores)))


INTEGRATED_GRADIENTS = ExplanationMethod(
    "integrated-gradients",
    "how much each pixel counts for or against the class, with some noise",
    sign="signed",
    needs="gradients",
    function=_explain_signed,
)
IDGI = ExplanationMethod(
    "idgi", "the pixels that matter, for or against", sign="magnitude", needs="gradients", function=_explain_unsigned
)
