"""Test-time augmentation: several views of an image, whose answers become one (Krizhevsky et al. 2012, section 4.1)."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from kerastl.errors import UsageError
from kerastl.images._encoded import encoded, is_encoded
from kerastl.images._input_size import MAX_SIDE
from kerastl.images._resizing import Resize
from kerastl.tasks._task import CLASSIFICATION, TASKS

if TYPE_CHECKING:
    import numpy as np

    from kerastl.models._input_reader import InputReader
    from kerastl.tasks._task import Activation

TTAName: TypeAlias = Literal["mirror", "crops"]

# How much larger than the input an image is read to cut crops out, where the model's own reading cuts nothing off.
_CROP_FRACTION = 0.875


@dataclass(frozen=True)
class Views:
    """A way of looking at an image several times.

    Args:
        description: What the views are, and what they cost, in a few words that follow the name.
        count: Views an image.
        read: From a reader of images and an image to uint8 pixels of shape (count, height, width, 3); the first are
            those that the reader gives.
    """

    description: str
    count: int
    read: Callable[[Resize, Any], np.ndarray]


def views_of(tta: str, reader: InputReader) -> Views:
    """Look a way up, for a network.

    Args:
        tta: One of `TTA`.
        reader: The network's.

    Raises:
        UsageError: There is none of that name, or the network takes no images.
    """
    if tta not in TTA:
        raise UsageError(f"tta must be None or one of {', '.join(TTA)}. Received: {tta!r}")
    if not isinstance(reader, Resize):
        raise UsageError(f"tta is for networks that take images, and this one takes {reader.describe()}")
    return TTA[tta]


def read_views(tta: str, reader: InputReader, image: Any) -> np.ndarray:
    """Read all views of an image: uint8 array of shape (views, height, width, 3).

    Raises:
        UsageError: As for `views_of`.
        ImageError: It cannot be read.
    """
    views = views_of(tta, reader)
    assert isinstance(reader, Resize)  # noqa: S101 - `views_of` has looked
    return views.read(reader, image)


def over_views(
    predict: Callable[[np.ndarray], np.ndarray], pixels: np.ndarray, batch: int, task: str = CLASSIFICATION
) -> np.ndarray:
    """Predict each view, a few at a time, and combine the answers.

    Args:
        predict: From uint8 pixels of shape (m, height, width, 3) to float32 answers of shape (m, outputs).
        pixels: uint8 array of shape (n, views, height, width, 3).
        batch: The m that suits the machine.
        task: What the answers are.

    Returns:
        float32 array of shape (n, outputs).
    """
    import numpy as np

    single = pixels.reshape(-1, *pixels.shape[2:])
    found = np.concatenate([predict(single[start : start + batch]) for start in range(0, len(single), batch)])
    return combined(found.reshape(*pixels.shape[:2], -1), TASKS[task].activation)


def combined(answers: np.ndarray, activation: Activation = "softmax") -> np.ndarray:
    """Make one answer of those for the views: the mean of what goes into the activation.

    Of a softmax, that is the normalized geometric mean of the probabilities: dividing logits by a temperature before or
    after makes no difference, so that a calibrated network's scores keep their scale.

    Args:
        answers: float32 array of shape (n, views, outputs).
        activation: Of the network's last layer.

    Returns:
        float32 array of shape (n, outputs).
    """
    return _COMBINED[activation](answers)


def _of_classes(probabilities: np.ndarray) -> np.ndarray:
    import numpy as np

    logs = np.log(np.maximum(probabilities.astype(np.float64), np.finfo(np.float32).tiny)).mean(axis=1)
    powers = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)


def _of_labels(probabilities: np.ndarray) -> np.ndarray:
    import numpy as np

    tiny = np.finfo(np.float32).tiny
    given = probabilities.astype(np.float64)
    odds = np.log(np.maximum(given, tiny)) - np.log(np.maximum(1 - given, tiny))
    found: np.ndarray = (1 / (1 + np.exp(-odds.mean(axis=1)))).astype(probabilities.dtype)
    return found


def _of_numbers(numbers: np.ndarray) -> np.ndarray:
    found: np.ndarray = numbers.mean(axis=1, dtype=float).astype(numbers.dtype)
    return found


_COMBINED: Mapping[Activation, Callable[[np.ndarray], np.ndarray]] = {
    "softmax": _of_classes,
    "sigmoid": _of_labels,
    "linear": _of_numbers,
}


def _mirror(reader: Resize, image: Any) -> np.ndarray:
    import numpy as np

    return _with_mirrored(np.stack([reader.read(image)]))


def _crops(reader: Resize, image: Any) -> np.ndarray:
    import numpy as np

    again = _readable_twice(image)
    own = reader.read(again)
    fraction = reader.crop_fraction if reader.policy == "crop" and reader.crop_fraction < 1 else _CROP_FRACTION
    height, width = (min(MAX_SIDE, round(side / fraction)) for side in (reader.height, reader.width))
    large = replace(reader, height=height, width=width, crop_fraction=1.0).read(again)
    return _with_mirrored(np.stack([own, *_corners(large, reader.height, reader.width)]))


def _corners(pixels: np.ndarray, height: int, width: int) -> Iterator[np.ndarray]:
    down, right = pixels.shape[0] - height, pixels.shape[1] - width
    for top in (0, down):
        for left in (0, right):
            yield pixels[top : top + height, left : left + width]


def _with_mirrored(views: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.concatenate([views, views[:, :, ::-1]])


def _readable_twice(image: Any) -> Any:
    """The image itself, or what it held: a web address is fetched and a stream read once."""
    if not is_encoded(image):
        return image
    found = encoded(image)
    if found.content is None:
        return image
    stream = io.BytesIO(found.content)
    stream.name = found.name  # for messages
    return stream


TTA: dict[str, Views] = {
    "mirror": Views("and its mirror image, twice the work", 2, _mirror),
    "crops": Views("with its four corners, and all five mirrored, ten times the network's work", 10, _crops),
}
