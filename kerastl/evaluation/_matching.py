"""Which class of a model a folder's name means: by name, never by place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kerastl.errors import DataError
from kerastl.models._labels import LabelSet


@dataclass(frozen=True)
class Matching:
    """Classes of a data set against those of a model.

    Args:
        indices: Class of the data set to place in the model's output.
        unknown: Classes of the data set that the model does not know, and why if there is more to say.
        missing: Classes of the model that the data set has no images of.
    """

    indices: dict[str, int]
    unknown: dict[str, str]
    missing: tuple[str, ...]


def match(classes: Sequence[str], labels: LabelSet, model: str) -> Matching:
    """Find each class of a data set among those of a model.

    A class goes by what `LabelSet.find` takes for it. A name that several classes have is not guessed at.

    Args:
        classes: Names in the data set.
        labels: The model's classes.
        model: Its name, for messages.

    Raises:
        DataError: Not one of the classes is known.
    """
    indices, unknown = {}, {}
    for name in classes:
        found = labels.places(name)
        if len(found) == 1:
            indices[name] = found[0]
        else:
            unknown[name] = _several(found, labels)
    if not indices:
        raise DataError(f"{model} knows none of the classes ({_some(classes)}); it knows {_some(labels.names)}")
    met = set(indices.values())
    missing = tuple(name for index, name in enumerate(labels.names) if index not in met)
    return Matching(indices, unknown, missing)


def _several(found: Sequence[int], labels: LabelSet) -> str:
    if not found:
        return ""
    if labels.wnids is None:
        return f"{len(found)} classes of the model are called so"
    return f"{len(found)} classes are called so: name the folder {' or '.join(labels.wnids[i] for i in found)}"


def _some(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
