"""`proof.json`: what a comparison of exports found, to read again. Anyone may have written the file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerastl._base.files import read_regular
from kerastl.evaluation._base_result import Figure
from kerastl.exporting._proof_result import SCHEMA, Proof
from kerastl.exporting._proof_row import ProofRow
from kerastl.tasks._task import TASKS

PROOF_FILE = "proof.json"
_LONGEST = 1 << 20
_ROWS, _NOTES, _LETTERS = 100, 100, 1_000


def read_proof(file: Path) -> Proof | None:
    """Read what `Proof.as_dict` gave; None where there is no such file, or another."""
    try:
        values = json.loads(read_regular(file, _LONGEST))
        return _proof(values) if isinstance(values, dict) and values.get("schema") == SCHEMA else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return None


def _proof(values: Mapping[str, Any]) -> Proof:
    task = _text(values["task"])
    if task not in TASKS:
        raise ValueError(task)
    references, formats, refused = (values[name] for name in ("references", "formats", "refused"))
    return Proof(
        _text(values["model"]),
        _text(values["sha256"] or ""),
        task,
        _text(values["data"]),
        _count(values["images"]),
        tuple(_row(row) for row in references[:_ROWS]),
        tuple(_row(row) for row in [*formats, *refused][:_ROWS]),
        tuple(_text(note) for note in values["notes"][:_NOTES]),
        {_text(name): _text(version) for name, version in values["versions"].items()},
    )


def _row(values: Mapping[str, Any]) -> ProofRow:
    agreement = values["agreement"]
    images, same = _count(agreement["images"]), _count(agreement["same"], 0)
    if same > images:
        raise ValueError(same)
    return ProofRow(
        _text(values["format"]),
        images,
        same,
        _number(agreement["bound"]),
        _number(values["largest_difference"]),
        _number(values["milliseconds"]),
        _number(values["megabytes"]),
        {_text(name): Figure(*(_number(figure[end]) for end in ("value", "low", "high")))
         for name, figure in values["figures"].items()},
        _text(values.get("reason", "")),
        _text(values["data"]),
    )  # fmt: skip


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LETTERS:
        raise ValueError(value)
    return value


def _count(value: object, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 10**9:
        raise ValueError(value)
    return value


def _number(value: object) -> float:
    """A number; NaN for null, which stands for one that is not known."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(value)
    return float(value)
