"""The most confident errors, each with its image and with what made the model say so."""

from __future__ import annotations

import base64
import io
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kerastl._progress import CountCallback
from kerastl.errors import ImageError, KerastlError
from kerastl.evaluation._result import Answer, Evaluation

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from kerastl._classifier import Classifier


# Twice what the page shows them at on a small screen, for sharp ones.
_SIDE = 208
_QUALITY = 72


@dataclass(frozen=True)
class Mistake:
    """One wrong answer.

    Args:
        path: The image, relative to the data.
        label: The right class.
        predicted: What the model said.
        score: How sure it was.
        label_score: What it gave the right class.
        image: What the network saw, as a data URI; empty where the file cannot be read any more.
        overlay: The same with what spoke for `predicted`; empty where there is no explanation.
        trouble: Why there is no explanation or no image; empty if there are.
    """

    path: str
    label: str
    predicted: str
    score: float
    label_score: float
    image: str
    overlay: str
    trouble: str


def worst(evaluation: Evaluation, most: int, progress: CountCallback | None = None) -> list[Mistake]:
    """Look at the mistakes with the highest scores.

    An image that cannot be explained, for whatever reason, is shown without an explanation.

    Args:
        evaluation: With its classifier; without it there are no explanations.
        most: How many at most.
        progress: Called with the mistakes done and their number, first with 0.
    """
    answers = evaluation.mistakes(most)
    if answers and progress is not None:
        progress(0, len(answers))
    found = []
    for answer in answers:
        found.append(_mistake(answer, Path(evaluation.data), evaluation.classifier))
        if progress is not None:
            progress(len(found), len(answers))
    return found


def _mistake(answer: Answer, root: Path, classifier: Classifier | None) -> Mistake:
    image = overlay = trouble = ""
    try:
        pixels = _pixels(root / answer.path, classifier)
        image = _uri(pixels)
        if classifier is not None:
            overlay = _uri(classifier.explain(pixels, answer.predictions[0].index).overlay())
    except ImageError as error:
        trouble = error.reason
    except KerastlError as error:
        trouble = str(error)
    except Exception as error:  # a backend may fail in any way, which must not cost the report
        logging.getLogger(__name__).debug("%s is not explained", answer.path, exc_info=True)
        trouble = f"{type(error).__name__}: {error}".split("\n", 1)[0]
    best = answer.predictions[0]
    return Mistake(answer.path, answer.label, best.label, best.score, answer.label_score, image, overlay, trouble[:200])


def _pixels(file: Path, classifier: Classifier | None) -> np.ndarray:
    from kerastl.images import Resize, load_pixels

    return load_pixels(file, Resize(_SIDE, _SIDE, "pad")) if classifier is None else classifier.pixels(file)


def _uri(image: np.ndarray | Image) -> str:
    """A small WebP as a data URI."""
    import numpy as np
    from PIL import Image

    shown = Image.fromarray(image) if isinstance(image, np.ndarray) else image.copy()
    shown.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    shown.save(stream, "WEBP", quality=_QUALITY, method=6)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
