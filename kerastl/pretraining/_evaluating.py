"""What the features are worth after an epoch: their spread, their rank, and the neighbors' vote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kerastl.images._input_size import InputSize
from kerastl.pretraining._feature_quality import effective_rank, neighbor_accuracy, relative_spread
from kerastl.pretraining._pixels import Pixels, resized_whole

if TYPE_CHECKING:
    import keras

    from kerastl.pretraining._collection import Roles

_LOOKED_AT = 1_000
_VOTERS = 5_000
_BATCH = 64
_SETTLED_ON = 512


@dataclass(frozen=True)
class Findings:
    """What one look at the network has shown.

    Args:
        spread: `health.relative_spread` of the embeddings.
        rank: `health.effective_rank` of the features.
        accuracy: `neighbors.neighbor_accuracy` on held-out images; None without labels.
    """

    spread: float
    rank: float
    accuracy: float | None


class Examination:
    """Looks at the same images each time.

    Args:
        pixels: All images.
        roles: Which of them are trained on, held out, and of which class.
        size: Height and width of the network's input, or one number for both.
        seed: Of the choice, where there are very many.
    """

    def __init__(self, pixels: Pixels, roles: Roles, size: InputSize, seed: int) -> None:
        self._pixels = pixels
        self._size = size
        random = np.random.default_rng((seed, 5))
        trained = random.permutation(roles.trained)
        voters = trained[roles.classes[trained] >= 0] if len(roles.held_out) else trained[:0]
        self._voters = voters[:_VOTERS]
        self._asked = roles.held_out if len(self._voters) else roles.held_out[:0]
        self._looked_at = self._voters[:_LOOKED_AT] if len(self._voters) else trained[:_LOOKED_AT]
        self._classes = roles.classes

    def settle(self, features: keras.Model, projector: keras.Model) -> None:
        """Let BatchNorm's statistics be those of a few hundred images; arguments as in `look`."""
        from kerastl.pretraining._networks import settle_norms

        parts = _parts(self._looked_at[:_SETTLED_ON])
        for network in (features, projector):
            pixels = (resized_whole(self._pixels.rows(part), self._size).astype(np.float32) for part in parts)
            batches = pixels if network is features else (_predict(features, part) for part in pixels)
            settle_norms(network, batches)

    def look(self, features: keras.Model, projector: keras.Model) -> Findings:
        """Compute features of the images as prediction sees them, and judge them.

        Args:
            features: Raw pixels to features.
            projector: Features to embeddings.
        """
        known = self._features(features, self._voters if len(self._voters) else self._looked_at)
        sample = known[: len(self._looked_at)]
        accuracy = None
        if len(self._asked):
            asked = self._features(features, self._asked)
            accuracy = neighbor_accuracy(known, self._classes[self._voters], asked, self._classes[self._asked])
        embeddings = np.concatenate([_predict(projector, part) for part in _parts(sample)])
        return Findings(relative_spread(embeddings), effective_rank(sample), accuracy)

    def _features(self, network: keras.Model, numbers: np.ndarray) -> np.ndarray:
        rows = [_predict(network, resized_whole(self._pixels.rows(part), self._size)) for part in _parts(numbers)]
        return np.concatenate(rows)


def _parts(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]


def _predict(network: keras.Model, part: np.ndarray) -> np.ndarray:
    """Predict a batch; filled up, so that only one shape is compiled."""
    full = np.zeros((_BATCH, *part.shape[1:]), np.float32)
    full[: len(part)] = part
    return np.asarray(network.predict_on_batch(full), np.float32)[: len(part)]
