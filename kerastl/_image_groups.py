"""What a classifier does with many images: groups of them go through the network in threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl import _inputs as inputs
from kerastl.calibration._apply import AnswerRules, classify_images

if TYPE_CHECKING:
    from kerastl._classifier import Classifier
    from kerastl._classify_options import OnError
    from kerastl._network_outputs import NetworkOutputs
    from kerastl._tta import TTAName
    from kerastl.images._loading import ImageLike
    from kerastl.models._feature_model import FeatureName
    from kerastl.models._labels import Classification


def classify_group(
    classifier: Classifier,
    network: NetworkOutputs,
    rules: AnswerRules,
    errors: OnError,
    tta: TTAName | None,
) -> Callable[[list[Any]], list[Classification]]:
    """What classifies a group of images.

    Args:
        classifier: Reads them.
        network: Of the classifier.
        rules: What is asked of each.
        errors: As for `Classifier.classify`, and so is `tta`.
        tta: Test-time augmentation.
    """

    def answers(pixels: list[np.ndarray]) -> list[Classification]:
        return network.answers(np.stack(pixels), rules, classifier.parallelism.batch)

    def results(group: list[Any]) -> list[Classification]:
        found = classify_images(
            group, lambda image: classifier.pixels(image, tta), answers, classifier.name, returned=errors == "return"
        )
        precision = None if classifier.precision == "full" else classifier.precision
        return [replace(result, tta=tta, precision=precision) for result in found]

    return results


def probabilities(
    classifier: Classifier, images: ImageLike | Iterable[ImageLike], tta: TTAName | None, urls: bool
) -> np.ndarray:
    """See `Classifier.predict_proba`."""

    def rows(group: list[Any]) -> list[np.ndarray]:
        return list(classifier.predict_pixels(np.stack([classifier.pixels(image, tta) for image in group])))

    found = list(classifier.stream(inputs.given(images, urls).images, rows))
    return np.stack(found) if found else np.empty((0, len(classifier.labels)), np.float32)


def embeddings(
    classifier: Classifier, images: ImageLike | Iterable[ImageLike], features: FeatureName, urls: bool
) -> np.ndarray:
    """See `Classifier.embed`."""
    given = inputs.given(images, urls).images

    def rows(group: list[Any]) -> list[np.ndarray]:
        return list(classifier.predict_features(np.stack([classifier.pixels(image) for image in group]), features)[1])

    found = list(classifier.stream(given, rows))
    return np.stack(found) if found else np.empty((0, dimension(classifier, features)), np.float32)


def dimension(classifier: Classifier, features: FeatureName) -> int:
    """How many numbers the features of an image are."""
    blank = np.zeros((1, *classifier.metadata.reader.shape), np.uint8)
    return classifier.predict_features(blank, features)[1].shape[1]
