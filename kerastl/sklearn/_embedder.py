"""Vectors of images as a step of a pipeline."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from kerastl.embedding import Embedder as ImageEmbedder
from kerastl.sklearn._images import as_images, loaded, vectors


class Embedder(TransformerMixin, BaseEstimator):
    """Turns images into vectors of length 1, which are near each other where images are alike.

    It learns nothing from data, so that `transform` needs no `fit`. The network is no part of a pickle: it is loaded
    where it is used.

    Args:
        model: As for `kerastl.load`, and so are `resize`, `engine` and `trust`; no exported file.
        features: `last` or `deep`, see `kerastl.Classifier.embed`.
        dtype: `float32` or `float16`.
        resize: How images become the network's input.
        engine: What runs the network.
        trust: Whether a saved model may run any code.

    Example:
        >>> from kerastl.sklearn import Embedder
        >>> Embedder("kerastl_mini").fit_transform(["data/candle.jpg", "data/umbrella.png"]).shape
        (2, 320)
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = None,
        *,
        features: str = "last",
        dtype: str = "float32",
        resize: str | None = None,
        engine: str = "auto",
        trust: bool = False,
    ) -> None:
        self.model = model
        self.features = features
        self.dtype = dtype
        self.resize = resize
        self.engine = engine
        self.trust = trust

    def fit(self, X: Any, y: Any = None) -> Embedder:
        """Check the parameters, and what is given for images, and load the network.

        Args:
            X: As for `transform`.
            y: Not looked at.

        Raises:
            UsageError: A parameter is wrong, or X holds no images.
        """
        as_images(X)
        self._network()
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Compute the vectors.

        Args:
            X: Images, one a place: a list, a column of a table or an array of paths, or of whatever
                `kerastl.load_pixels` takes; or an array of shape (n, height, width, channels).

        Returns:
            Shape (n, d), rows of length 1.

        Raises:
            UsageError: X holds no images, or a parameter is wrong.
            ImageError: An image cannot be read.
        """
        return vectors(as_images(X), self._network())

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the columns, shape (d,): `embedding0` and so on.

        Args:
            input_features: Not looked at.
        """
        return np.array([f"embedding{number}" for number in range(self._network().dimension)], object)

    def _network(self) -> ImageEmbedder:
        return loaded(self.model, self.features, self.dtype, self.resize, self.engine, self.trust)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags
