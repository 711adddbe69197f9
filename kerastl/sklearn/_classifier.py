"""A classifier of images that is fitted in closed form."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from kerastl.sklearn._head import RidgeHeadClassifier
from kerastl.sklearn._images import as_images, loaded, vectors


class KerastlClassifier(ClassifierMixin, BaseEstimator):
    """Learns classes of images: a head on features of a network, solved in closed form.

    `kerastl.finetune` with the recipe `probe` does the same with mirrored copies beside the images, and writes a model
    that `kerastl.load` takes; this is for scikit-learn's searches, ensembles and cross-validation. The network is no
    part of a pickle: it is loaded where it is used.

    Args:
        model: As for `kerastl.load`, and so are `resize`, `engine` and `trust`; no exported file.
        features: What the head reads: `deep` or `last`, see `kerastl.Classifier.embed`.
        resize: How images become the network's input.
        engine: What runs the network.
        trust: Whether a saved model may run any code.
        random_state: As for `RidgeHeadClassifier`.

    Attributes:
        classes_: The classes, ascending, shape (classes,).
        head_: The fitted `RidgeHeadClassifier`.

    Example:
        >>> from kerastl.sklearn import KerastlClassifier
        >>> images = ["data/candle.jpg", "data/umbrella.png"]
        >>> KerastlClassifier("kerastl_mini").fit(images * 4, ["candle", "umbrella"] * 4).predict(images).tolist()
        ['candle', 'umbrella']
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = None,
        *,
        features: str = "deep",
        resize: str | None = None,
        engine: str = "auto",
        trust: bool = False,
        random_state: int = 0,
    ) -> None:
        self.model = model
        self.features = features
        self.resize = resize
        self.engine = engine
        self.trust = trust
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> KerastlClassifier:
        """Learn.

        Args:
            X: Images, as for `Embedder.transform`.
            y: Their classes, shape (n,); two or more.

        Raises:
            UsageError: X holds no images, there is one class only, or a parameter is wrong.
            ImageError: An image cannot be read.
        """
        images = as_images(X)
        if y is None:
            raise ValueError("KerastlClassifier requires y to be passed, but the target y is None")
        check_consistent_length(images, y)
        self.head_ = RidgeHeadClassifier(self.random_state).fit(self._vectors(images), y)
        self.classes_ = self.head_.classes_
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Compute scores, as `RidgeHeadClassifier.decision_function` gives them.

        Args:
            X: Images, as for `fit`.
        """
        check_is_fitted(self)
        return self.head_.decision_function(self._vectors(as_images(X)))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Compute the probability of every class, in the order of `classes_`: float of shape (n, classes).

        Args:
            X: Images, as for `fit`.
        """
        check_is_fitted(self)
        return self.head_.predict_proba(self._vectors(as_images(X)))

    def predict(self, X: Any) -> np.ndarray:
        """Tell the class of each image, shape (n,).

        Args:
            X: Images, as for `fit`.
        """
        check_is_fitted(self)
        return self.head_.predict(self._vectors(as_images(X)))

    def _vectors(self, images: Any) -> np.ndarray:
        network = loaded(self.model, self.features, "float32", self.resize, self.engine, self.trust)
        return vectors(images, network)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = tags.input_tags.string = True
        return tags
