"""The tree that WordNet 3.0 makes of ImageNet's classes."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from kerastl.models._hierarchy import Hierarchy
from kerastl.models._labels import LabelSet

_FILE = Path(__file__).with_name("imagenet_tree.txt")
_TOP = "-"
_WNID = re.compile(r"n\d{8}")


def imagenet_tree(labels: LabelSet) -> Hierarchy | None:
    """The part of WordNet's tree that stands above some of ImageNet's classes.

    A group that holds the same classes as one below it is left out.

    Args:
        labels: The classes, known by their WordNet ids, which may be their names.

    Returns:
        None where a class has no id, or one that ImageNet (ILSVRC 2012) does not have, or that of another class.
    """
    wnids = labels.wnids or labels.names
    if not all(map(_WNID.fullmatch, wnids)) or len(set(wnids)) < len(wnids):
        return None
    parents, names = _read()
    if not all(wnid in parents and wnid not in names for wnid in wnids):
        return None
    children: dict[str, set[str]] = {}
    for leaf in wnids:
        wnid = leaf
        while wnid != _TOP:
            children.setdefault(parents[wnid], set()).add(wnid)
            wnid = parents[wnid]
    groups = [wnid for wnid in names if len(children.get(wnid, ())) > 1]
    places: dict[str, int] = {wnid: place for place, wnid in enumerate((*wnids, *groups))}

    def above(wnid: str) -> int | None:
        while (wnid := parents[wnid]) != _TOP and wnid not in places:
            pass
        return places.get(wnid)

    return Hierarchy(
        (*labels.names, *(names[wnid] for wnid in groups)), tuple(map(above, places)), len(labels), tuple(places)
    )


@lru_cache(maxsize=1)
def _read() -> tuple[dict[str, str], dict[str, str]]:
    """The parent of each class and group, and the names of the groups, those above first."""
    parents, names = {}, {}
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            wnid, parents[wnid], *name = line.split(" ")
            if name:
                names[wnid] = name[0]
    return parents, names
