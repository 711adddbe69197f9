"""What an index says of itself, beside its table: `index.json`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from kerastl._base.files import read_regular, write_text
from kerastl._base.serialization import to_json
from kerastl.embedding._embedder import DTYPES, VectorDType
from kerastl.errors import KerastlError, MissingDataError
from kerastl.images import RESIZE_POLICIES, ResizePolicy
from kerastl.models._feature_model import FEATURES, FeatureName

FACTS_FILE = "index.json"
FORMAT = 1
MOST_DIMENSIONS = 1 << 16
_LARGEST = 1 << 16  # bytes
_LONGEST = 4096  # letters


@dataclass(frozen=True)
class ApproximateSearch:
    """How the nearest are found among very many, and how well.

    Args:
        kind: Of the index, as LanceDB calls it.
        rows: Images that it was built for.
        partitions: Groups that the vectors fall into.
        probes: Of which so many are looked through.
        refined: As many times as are wanted are compared in full.
        recall: Of the 10 nearest of images of a sample, the fraction that is found.
    """

    kind: str
    rows: int
    partitions: int
    probes: int
    refined: int
    recall: float


@dataclass(frozen=True)
class IndexFacts:
    """What is the same for all images of an index.

    Args:
        model: The model whose vectors these are, as `kerastl.load` takes it: a name or an absolute path.
        identity: What the vectors depend on, see `kerastl.embedding.Embedder.identity`: only those of the same identity
            can be compared.
        dimension: How many numbers a vector has.
        root: The folder that the paths of images are relative to, absolute.
        features: `last` or `deep`, see `kerastl.Classifier.embed`.
        dtype: `float32` or `float16`.
        resize: How images became the network's input; None is the model's own way.
        approximate: How the nearest are found among very many; None where all are compared.

    Example:
        >>> from kerastl.index import IndexFacts
        >>> IndexFacts("mobilenet_v2", "0f3a", 1280, "/home/ada/photos").dtype
        'float32'
    """

    model: str
    identity: str
    dimension: int
    root: str
    features: FeatureName = "last"
    dtype: VectorDType = "float32"
    resize: ResizePolicy | None = None
    approximate: ApproximateSearch | None = None


def write_facts(folder: Path, facts: IndexFacts) -> None:
    """Write them, whole or not at all."""
    write_text(folder / FACTS_FILE, to_json({"format": FORMAT, **asdict(facts)}) + "\n")


def read_facts(folder: Path) -> IndexFacts:
    """Read what an index says of itself, which anyone may have written.

    Raises:
        MissingDataError: There is no index in the folder.
        KerastlError: What is there is damaged, or of a later version.
    """
    file = folder / FACTS_FILE
    try:
        found = json.loads(read_regular(file, _LARGEST))
    except (FileNotFoundError, NotADirectoryError):
        raise MissingDataError(
            f"{folder}: there is no index here; kerastl index SOURCE --db {folder} makes one"
        ) from None
    except OSError as error:
        raise KerastlError(f"{file}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise _damaged(file) from None
    if isinstance(found, dict) and isinstance(found.get("format"), int) and found["format"] > FORMAT:
        raise KerastlError(f"{file}: was written by a later version of kerastl; update kerastl to use it")
    facts = _checked(found)
    if facts is None:
        raise _damaged(file)
    return facts


def _damaged(file: Path) -> KerastlError:
    return KerastlError(f"{file}: is damaged, or no file of kerastl index; make the index anew in another folder")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST and "\0" not in value


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 40


_FACTS: dict[str, Callable[[Any], bool]] = {
    "model": _is_text,
    "identity": _is_text,
    "dimension": lambda value: _is_count(value) and value <= MOST_DIMENSIONS,
    "root": lambda value: _is_text(value) and Path(value).is_absolute(),
    "features": lambda value: isinstance(value, str) and value in FEATURES,
    "dtype": lambda value: value in DTYPES,
    "resize": lambda value: value is None or value in RESIZE_POLICIES,
    "approximate": lambda value: value is None or _approximate(value) is not None,
}
_APPROXIMATE: dict[str, Callable[[Any], bool]] = {
    "kind": _is_text,
    "rows": _is_count,
    "partitions": _is_count,
    "probes": _is_count,
    "refined": _is_count,
    "recall": lambda value: isinstance(value, float | int) and 0 <= value <= 1,
}


def _fits(found: Any, wanted: dict[str, Callable[[Any], bool]]) -> bool:
    try:
        return isinstance(found, dict) and all(name in found and fits(found[name]) for name, fits in wanted.items())
    except TypeError:  # a list where a name is looked up
        return False


def _approximate(found: Any) -> ApproximateSearch | None:
    return ApproximateSearch(**{name: found[name] for name in _APPROXIMATE}) if _fits(found, _APPROXIMATE) else None


def _checked(found: Any) -> IndexFacts | None:
    if not _fits(found, _FACTS):
        return None
    values = {field.name: found[field.name] for field in fields(IndexFacts)}
    approximate = values.pop("approximate")
    return IndexFacts(**values, approximate=None if approximate is None else _approximate(approximate))
