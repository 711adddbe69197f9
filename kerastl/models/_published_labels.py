"""The classes that published weights tell apart."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from kerastl.errors import UsageError
from kerastl.models._labels import LabelSet

_IMAGENET = Path(__file__).with_name("imagenet.txt")
_TINY_IMAGENET = Path(__file__).with_name("_mini") / "classes.txt"


@lru_cache(maxsize=1)
def imagenet() -> LabelSet:
    """The 1,000 classes of ImageNet (ILSVRC 2012), in the order that published weights use."""
    rows = [line.split(" ", 1) for line in _IMAGENET.read_text(encoding="utf-8").splitlines()]
    return LabelSet(names=tuple(name for _, name in rows), wnids=tuple(wnid for wnid, _ in rows))


@lru_cache(maxsize=1)
def tiny_imagenet() -> LabelSet:
    """The 200 classes of Tiny ImageNet, which all are among ImageNet's, in the order of their WordNet ids."""
    everything = imagenet()
    names = dict(zip(everything.wnids or (), everything.names, strict=True))
    wnids = tuple(_TINY_IMAGENET.read_text(encoding="utf-8").split())
    return LabelSet(names=tuple(names[wnid] for wnid in wnids), wnids=wnids)


def published(classes: str) -> LabelSet:
    """The classes that the published weights of a backbone tell apart.

    Args:
        classes: `imagenet` or `tiny_imagenet`, as a row of the catalog says.

    Raises:
        UsageError: It is neither.
    """
    known = {"imagenet": imagenet, "tiny_imagenet": tiny_imagenet}
    if classes not in known:
        raise UsageError(f"labels must be names of classes, or one of {', '.join(known)}. Received: {classes!r}")
    return known[classes]()
