"""The head that kerastl solves in closed form, as a classifier of vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from kerastl.errors import UsageError
from kerastl.finetuning._ridge import solve_ridge


class RidgeHeadClassifier(ClassifierMixin, BaseEstimator):
    """Ridge regression on one-hot targets, whose penalty and temperature leave-one-out chooses; nothing is to be tuned.

    It is the head of the recipe `probe`, see `kerastl.finetuning.solve_ridge`.

    Args:
        random_state: Seed of the samples where there are too many rows to look at all.

    Attributes:
        classes_: The classes, ascending, shape (classes,).
        coef_: float32 of shape (d, classes), divided by the temperature.
        intercept_: float32 of shape (classes,), likewise.
        strength_: The penalty that was chosen.
        n_features_in_: d.

    Example:
        >>> import numpy as np
        >>> from kerastl.sklearn import RidgeHeadClassifier
        >>> labels = np.array(["cat", "dog"] * 20)
        >>> rows = np.random.default_rng(0).normal(size=(40, 3)) + 4 * (labels == "dog")[:, None]
        >>> RidgeHeadClassifier().fit(rows, labels).score(rows, labels) > 0.9
        True
    """

    def __init__(self, random_state: int = 0) -> None:
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> RidgeHeadClassifier:
        """Solve the head.

        Args:
            X: Vectors, shape (n, d), finite.
            y: Their classes, shape (n,); two or more.

        Raises:
            UsageError: There is one class only.
        """
        X, y = validate_data(self, X, y, dtype=[np.float32, np.float64])
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise UsageError(f"the samples must be of 2 classes or more. Received: n_samples = {len(y)} of one class")
        rows, weights = np.asarray(X, np.float32), np.ones(len(y), np.float32)
        found = solve_ridge(
            rows, labels.astype(np.int64), len(self.classes_), weights, np.arange(len(y)), seed=self.random_state
        )
        self.coef_, self.intercept_, self.strength_ = found.kernel, found.bias, found.strength
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Compute scores: of shape (n, classes), or (n,) where there are two, above 0 for the second.

        Args:
            X: Vectors, shape (n, d).
        """
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict_proba(self, X: Any) -> np.ndarray:
        """Compute the probability of every class, in the order of `classes_`: float of shape (n, classes).

        Args:
            X: Vectors, shape (n, d).
        """
        from scipy.special import softmax

        found: np.ndarray = softmax(self._scores(X), axis=1)
        return found

    def predict(self, X: Any) -> np.ndarray:
        """Tell the class of each vector, shape (n,).

        Args:
            X: Vectors, shape (n, d).
        """
        best = self._scores(X).argmax(axis=1)  # says where nothing is fitted yet
        return self.classes_[best]

    def _scores(self, rows: Any) -> np.ndarray:
        check_is_fitted(self)
        rows = validate_data(self, rows, dtype=[np.float32, np.float64], reset=False)
        return rows @ self.coef_.astype(np.float64) + self.intercept_
