"""One model of a server: its classifier, and the queue before it."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastl._classifier import Classifier
from kerastl.calibration import _temperature as temperature
from kerastl.calibration._apply import AnswerRules, classify_images
from kerastl.models._labels import Classification
from kerastl.serving._batching import BatchObserver, MicroBatcher
from kerastl.serving._image_size import check_size


@dataclass(frozen=True, slots=True)
class Query:
    """One image of a request, and what is asked of it.

    Args:
        image: What an image file holds, or pixels: uint8 array of shape (height, width, 3), RGB. Those of the network's
            own size are taken as they are.
        rules: What is asked.
    """

    image: bytes | np.ndarray
    rules: AnswerRules


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes of a query.

    Args:
        result: The answer for people, or why the image cannot be read.
        output: float32 array of shape (classes,): all probabilities; None where the image cannot be read.
    """

    result: Classification
    output: np.ndarray | None


class ServedModel:
    """A model that answers requests.

    Args:
        name: Its name in requests.
        classifier: What answers.
        version: Tells it from the one that it replaced.
        queue: Images that may wait.
        max_pixels: Of an image as stored in its file.
        load_seconds: That loading it took.
        observer: As for `MicroBatcher`.
    """

    def __init__(
        self,
        name: str,
        classifier: Classifier,
        version: str,
        *,
        queue: int,
        max_pixels: int,
        load_seconds: float = 0.0,
        observer: BatchObserver | None = None,
    ) -> None:
        self.name, self.classifier, self.version = name, classifier, version
        self.load_seconds, self.loaded_at = load_seconds, time.time()
        self._max_pixels = max_pixels
        self._holders = 0
        self._released = threading.Condition()
        self._scale = temperature.to_apply(classifier.metadata)
        parallelism = classifier.parallelism
        self.batcher = MicroBatcher(
            self._answers, workers=parallelism.workers, batch=parallelism.batch, capacity=queue, observer=observer
        )

    async def answer(self, queries: Sequence[Query], deadline: float) -> list[Answer]:
        """Answer some images; if the caller is canceled, those that wait are dropped.

        Args:
            queries: The images.
            deadline: As for `MicroBatcher.submit`.

        Raises:
            QueueFullError: Too many images wait.
            DeadlineError: There is no answer in time.
        """
        return await self.batcher.answers(queries, deadline)

    def hold(self) -> None:
        """Keep the model open until the running task, which answers a request, has ended."""
        try:
            task = asyncio.current_task()
        except RuntimeError:  # no task, no request
            return
        if task is not None:
            with self._released:
                self._holders += 1
            task.add_done_callback(self._release)

    def _release(self, task: asyncio.Task[Any]) -> None:
        with self._released:
            self._holders -= 1
            self._released.notify_all()

    def close(self, seconds: float | None = None) -> None:
        """Wait for the requests that hold it, answer what waits, and end.

        Args:
            seconds: After which it ends whatever waits.
        """
        with self._released:
            self._released.wait_for(lambda: self._holders == 0, seconds)
        self.batcher.close(seconds)

    def _answers(self, queries: list[Query]) -> list[Answer]:
        """Read a group of images, and have those answered together that can be read."""
        readable: list[Query] = []
        outputs: list[np.ndarray] = []

        def read(query: Query) -> np.ndarray:
            pixels = self._pixels(query.image)
            readable.append(query)
            return pixels

        def answers(pixels: list[np.ndarray]) -> list[Classification]:
            found, features = self._outputs(pixels, any(query.rules.reject for query in readable))
            outputs.extend(found)
            metadata, scale = self.classifier.metadata, self._scale
            return [
                query.rules.apply(
                    found[i : i + 1], features[i : i + 1] if query.rules.reject else None, metadata, scale
                )[0]
                for i, query in enumerate(readable)
            ]

        results = classify_images(queries, read, answers, self.classifier.name, returned=True)
        rows = iter(temperature.apply(np.stack(outputs), self._scale) if outputs else ())
        return [Answer(result, None if result.error is not None else next(rows)) for result in results]

    def _pixels(self, image: bytes | np.ndarray) -> np.ndarray:
        if not isinstance(image, bytes):
            fits = image.shape == tuple(self.classifier.metadata.reader.shape)
            return image if fits else self.classifier.pixels(image)
        check_size(image, self._max_pixels)
        # An open file, since bytes alone may be taken for a path.
        return self.classifier.pixels(io.BytesIO(image))

    def _outputs(self, pixels: list[np.ndarray], features: bool) -> tuple[np.ndarray, np.ndarray]:
        """What the network gives, and the features that rejection needs, or nothing."""
        together = np.stack(pixels)
        # Of a model that is scaled outside its network only this gives what the network gives.
        if features or self._scale != 1:
            return self.classifier.predict_features(together)
        return self.classifier.predict_pixels(together), np.empty((len(pixels), 0), np.float32)
