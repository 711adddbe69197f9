"""What a network makes of pixels: probabilities, and the features behind them."""

from __future__ import annotations

import hashlib
import json
import threading
from typing import TYPE_CHECKING

from kerastl import _tta as test_time
from kerastl.calibration import _temperature as temperature
from kerastl.errors import UsageError
from kerastl.inference._cache import HASHES, CompiledCache, cache_folder
from kerastl.inference._engine_registry import ENGINES
from kerastl.inference._engines import Engine
from kerastl.inference._open import open_engine
from kerastl.inference._seal import remembered_sha256
from kerastl.models._feature_model import feature_model
from kerastl.models._input_reader import reader_as_dict
from kerastl.models._spec import RANDOM, ModelSpec

if TYPE_CHECKING:
    import numpy as np

    from kerastl.calibration._apply import AnswerRules
    from kerastl.inference._precision import Precision
    from kerastl.models._feature_model import FeatureName
    from kerastl.models._labels import Classification


class NetworkOutputs:
    """A network, and the same with features, which is opened when they are first asked for.

    Args:
        spec: The model.
        engine: What runs it.
        precision: That of the engine.
        features: Those that the engine gives beside the probabilities; None where it gives none.
    """

    def __init__(self, spec: ModelSpec, engine: Engine, precision: Precision, features: FeatureName | None) -> None:
        self.engine = engine
        self.temperature = temperature.to_apply(spec.metadata)  # 1 unless kerastl 0.1 calibrated the model
        self._spec = spec
        self._precision = precision
        self._featured: dict[str, Engine] = {} if features is None else {features: engine}
        self._lock = threading.Lock()

    def probabilities(self, pixels: np.ndarray, batch: int) -> np.ndarray:
        """Compute the probabilities as the network gives them, float32 `(n, classes)`.

        Args:
            pixels: uint8 `(n, height, width, 3)`; or `(n, views, height, width, 3)`, whose views are averaged.
            batch: Views that go through the network together.
        """
        metadata = self._spec.metadata
        if pixels.ndim == len(metadata.reader.shape) + 2:
            return test_time.over_views(lambda views: self.probabilities(views, batch), pixels, batch, metadata.task)
        return self.engine.predict(pixels)[:, : len(metadata.labels)]

    def with_features(self, pixels: np.ndarray, features: FeatureName) -> tuple[np.ndarray, np.ndarray]:
        """Compute probabilities, float32 `(n, classes)`, and features of length 1, float32 `(n, d)`.

        Args:
            pixels: uint8 `(n, height, width, 3)`.
            features: Which.

        Raises:
            UsageError: There are none of this name, or of this model, or of this precision.
        """
        output = self._with_features(features).predict(pixels)
        classes = len(self._spec.metadata.labels)
        return output[:, :classes], output[:, classes:]

    def answers(self, pixels: np.ndarray, rules: AnswerRules, batch: int) -> list[Classification]:
        """Answer what is asked of images; pixels and batch are as for `probabilities`."""
        metadata = self._spec.metadata
        if rules.reject:
            return rules.apply(*self.with_features(pixels, "last"), metadata, self.temperature)
        return rules.apply(self.probabilities(pixels, batch), None, metadata, self.temperature)

    def _with_features(self, features: FeatureName) -> Engine:
        if self._precision != "full":
            raise UsageError(f"features hold for full precision only. Received: precision={self._precision!r}")
        with self._lock:
            if features not in self._featured:
                name = self.engine.name if self.engine.name in ENGINES else "keras"
                self._featured[features] = open_engine(feature_model(self._spec, features), name)
        return self._featured[features]


def identity(spec: ModelSpec) -> str:
    """What a model's numbers depend on: its network, the weights, and how it reads images. 32 hexadecimal digits."""
    cache = CompiledCache(cache_folder())
    weights = ""
    if spec.weights_file != RANDOM:
        weights = remembered_sha256(spec.weights_file, cache.folder / HASHES, cache.seal, spec.hash)
    parts = {"network": spec.identity, "weights": weights, "input": reader_as_dict(spec.metadata.reader)}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]
