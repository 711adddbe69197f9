"""Classify a stream of paths with actors of Ray, in order: what `kerastl classify --ray N` does."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from kerastl._base.extras import require
from kerastl._inputs import Expanded
from kerastl._load import load
from kerastl.errors import ImageError, KerastlError, UsageError
from kerastl.models._labels import Classification
from kerastl.ray._processors import limit_processors
from kerastl.sources import StoredImage

if TYPE_CHECKING:
    from kerastl._classifier import Classifier

log = logging.getLogger("kerastl")

_GROUP = 32
"""Images a call: some milliseconds of work each, where a call costs one."""
_UNDER_WAY = 3
"""Calls an actor has at most, so that it never waits for the next."""
_TRIES = 2
"""For an image whose actor died over it, each with a new actor."""


@dataclass(frozen=True)
class Job:
    """What each actor does; plain values, so that one that died is made anew from them.

    Args:
        load: The arguments of `kerastl.load`.
        classify: The arguments of `Classifier.classify` but for the images.

    Example:
        >>> from kerastl.ray import Job
        >>> Job({"model": "kerastl_mini"}, {"top": 1}).load
        {'model': 'kerastl_mini'}
    """

    load: dict[str, Any]
    classify: dict[str, Any] = field(default_factory=dict)


class _Actor:
    """Holds one classifier."""

    def __init__(self, job: Job) -> None:
        self._job = job
        limit_processors()
        self._classifier: Classifier = load(**job.load, verbose=0)

    def answer(self, paths: list[Any]) -> list[Classification]:
        """Classify a group."""
        images = Expanded(paths, urls=True)
        return list(self._classifier.classify(images, errors="return", **self._job.classify))


def classify_on_ray(images: Iterable[Any], job: Job, actors: int) -> Iterator[Classification]:
    """Classify images with actors of Ray, on the cluster that `RAY_ADDRESS` names or on this machine.

    Where an actor dies, it is made anew and answers again what it was asked. An image that ends every actor which
    reads it is told in its place, and stops no other.

    Args:
        images: Paths that every node finds, or what else can be sent; read a little ahead.
        job: What to do with them.
        actors: How many processes; each gets an equal share of the processors.

    Yields:
        One answer an image, in order.

    Raises:
        MissingExtraError: Ray is not installed.
        UsageError: There are more actors than processors.
        KerastlError: No cluster can be reached, or no actor can open the model.

    Example:
        >>> from kerastl.ray import Job, classify_on_ray
        >>> def labels(paths):
        ...     job = Job({"model": "kerastl_mini"}, {"top": 1})
        ...     return [answer.label for answer in classify_on_ray(paths, job, actors=2)]
    """
    with classifying_actors(job, actors) as classify:
        yield from classify(images)


@contextmanager
def classifying_actors(job: Job, actors: int) -> Iterator[Callable[[Iterable[Any]], Iterator[Classification]]]:
    """Keep actors for several streams of images.

    Args:
        job: As for `classify_on_ray`, and so is `actors`.
        actors: How many processes.

    Yields:
        A function from images to their answers, as `classify_on_ray` gives them.

    Raises:
        MissingExtraError: Ray is not installed.
        UsageError: There are more actors than processors.
        KerastlError: No cluster can be reached.

    Example:
        >>> from kerastl.ray import Job, classifying_actors
        >>> def labels(folders):
        ...     with classifying_actors(Job({"model": "kerastl_mini"}), actors=2) as classify:
        ...         return [[answer.label for answer in classify(folder)] for folder in folders]
    """
    require("classifying on Ray", "ray", "ray")
    with _cluster() as ray:
        pool = _Pool(ray, job, actors)
        try:
            yield pool.answers
        finally:
            pool.close()


@contextmanager
def _cluster() -> Iterator[Any]:
    """Ray, connected; a cluster that was there before stays."""
    # What Ray will do later, and warns of until then.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    if ray.is_initialized():
        yield ray
        return
    try:
        ray.init(include_dashboard=False, logging_level=logging.ERROR, log_to_driver=False)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        raise KerastlError(f"Ray does not start, or is not there: {str(error).strip().splitlines()[0]}") from error
    try:
        yield ray
    finally:
        ray.shutdown()


class _Pool:
    """The actors, and which calls they have.

    Actors that die are made anew here: Ray's own retries also count those calls that only waited for the one that
    ended an actor.
    """

    def __init__(self, ray: Any, job: Job, actors: int) -> None:
        self._ray = ray
        processors = int(ray.cluster_resources().get("CPU", 0))
        if not 1 <= actors <= processors:
            raise UsageError(f"--ray must be 1 to {processors}, the processors that Ray has. Received: {actors}")
        kind = ray.remote(_Actor).options(num_cpus=processors // actors)
        self._made = lambda: kind.remote(job)
        self._actors = [self._made() for _ in range(actors)]

    def answers(self, images: Iterable[Any]) -> Iterator[Classification]:
        """See `classify_on_ray`."""
        stream = iter(images)
        groups = iter(lambda: list(islice(stream, _GROUP)), [])
        under_way: deque[tuple[list[Any], int, Any, Any]] = deque()
        for number, given in enumerate(groups):
            group = [_sendable(image) for image in given]
            place = number % len(self._actors)
            actor = self._actors[place]
            under_way.append((group, place, actor, actor.answer.remote(group)))
            if len(under_way) >= _UNDER_WAY * len(self._actors):
                yield from self._answered(*under_way.popleft())
        while under_way:
            yield from self._answered(*under_way.popleft())

    def close(self) -> None:
        """End the actors, whoever still has a hold of them: others may wait for their processors."""
        for actor in self._actors:
            self._ray.kill(actor)

    def _answered(self, group: list[Any], place: int, actor: Any, call: Any) -> list[Classification]:
        try:
            return self._result(call)
        except self._ray.exceptions.RayActorError:
            self._replace(place, actor)
            if len(group) > 1:
                log.warning("an actor died over %d images: each is tried alone", len(group))
            # Which of them it was is found by asking for each.
            return [self._alone(image, place) for image in group]

    def _alone(self, image: Any, place: int) -> Classification:
        for _ in range(_TRIES):
            actor = self._actors[place]
            try:
                return self._result(actor.answer.remote([image]))[0]
            except self._ray.exceptions.RayActorError:
                self._replace(place, actor)
        return Classification(str(image), "", error="it ended every process that read it")

    def _result(self, call: Any) -> list[Classification]:
        errors = self._ray.exceptions
        try:
            return self._ray.get(call)
        except errors.RayTaskError as error:
            raise error.cause if isinstance(error.cause, KerastlError) else error from None
        except errors.RayActorError as error:
            if "__init__" not in str(error):
                raise
            raise KerastlError(f"no actor can open the model: {_last_line(error)}") from None

    def _replace(self, place: int, dead: Any) -> None:
        """Make an actor anew, unless another call has noticed its death first."""
        if self._actors[place] is dead:
            self._actors[place] = self._made()


def _sendable(image: Any) -> Any:
    """An image of an archive with its bytes, which may be on their way; or why there are none."""
    if not isinstance(image, StoredImage):
        return image
    try:
        return replace(image, content=image.read_bytes())
    except ImageError as error:
        return error


def _last_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[-1].strip()
