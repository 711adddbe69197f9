"""Compare exports with the Keras model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kerastl._inputs import given
from kerastl.errors import KerastlError, ModelError
from kerastl.exporting._format import ExportFormat
from kerastl.exporting._source import ExportSource
from kerastl.inference._engines import KerasEngine
from kerastl.inference._precision import MIN_AGREEMENT, same_answers
from kerastl.tasks._task import TASKS

# Formats in float32 and float16; `MIN_AGREEMENT` is that of integers.
_MIN_AGREEMENT_FLOAT = 0.995
_MOST_IMAGES = 200


@dataclass(frozen=True)
class ProofImages:
    """Images that exports are compared on, and what Keras answers.

    Args:
        source: The model.
        pixels: uint8 array of shape (n, height, width, 3).
    """

    source: ExportSource
    pixels: np.ndarray

    @cached_property
    def expected(self) -> np.ndarray:
        """The Keras model's answers: float32 array of shape (n, outputs)."""
        return KerasEngine(self.source.model).predict(self.pixels)


@dataclass(frozen=True)
class ProofRow:
    """How one export compares with the Keras model: `kerastl.export` gives it.

    Args:
        format: A name of `EXPORT_FORMATS`.
        images: How many were compared.
        agreement: The fraction of them with the same answer.
        difference: The largest of any output.
        megabytes: On disk.
    """

    format: str
    images: int
    agreement: float
    difference: float
    megabytes: float

    def as_dict(self) -> dict[str, Any]:
        """The figures as JSON values."""
        return asdict(self)

    def check(self, bound: float) -> None:
        """Raise `ModelError` if fewer answers than `bound` are the same."""
        if self.agreement < bound:
            raise ModelError(
                f"it gives the same answer as Keras for {100 * self.agreement:.1f} % of {self.images} images only, and "
                f"at least {100 * bound:.1f} % are wanted"
            )


def bound(export_format: ExportFormat, min_agreement: float | None) -> float:
    """The fraction of answers that must be the same."""
    if min_agreement is not None:
        return min_agreement
    return MIN_AGREEMENT if export_format.quantized else _MIN_AGREEMENT_FLOAT


def read_images(data: Any, source: ExportSource) -> ProofImages:
    """Read what exports are compared on.

    Args:
        data: Images, as `Classifier.classify` takes many; or None for patterns, which prove less.
        source: The model.
    """
    if data is None:
        height, width = source.metadata.reader.shape[:2]
        noise = np.random.default_rng(0).integers(0, 256, (8, 4, 4, 3), np.uint8)
        coarse = noise.repeat(-(-height // 4), 1).repeat(-(-width // 4), 2)
        return ProofImages(source, np.ascontiguousarray(coarse[:, :height, :width]))
    read = source.metadata.reader.read
    found = [
        read(image)
        for image, _ in zip(given(data).images, range(_MOST_IMAGES), strict=False)
        if not isinstance(image, KerastlError)
    ]
    return ProofImages(source, np.stack(found))


def prove(written: Sequence[tuple[ExportFormat, Path]], source: ExportSource, images: ProofImages) -> list[ProofRow]:
    """Run exports, and compare them with the Keras model.

    Args:
        written: Formats, and the files or folders that hold them.
        source: The model.
        images: What `read_images` gave.
    """
    return [_row(export_format, path, source, images) for export_format, path in written]


def _row(export_format: ExportFormat, path: Path, source: ExportSource, images: ProofImages) -> ProofRow:
    engine = export_format.open(path)
    received = np.concatenate([engine.predict(images.pixels[i : i + 1]) for i in range(len(images.pixels))])
    same = same_answers(received, images.expected, TASKS[source.metadata.task].kind)
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return ProofRow(
        export_format.name,
        len(images.pixels),
        float(same.mean()),
        float(np.abs(received - images.expected).max()),
        round(sum(each.stat().st_size for each in files) / 1e6, 3),
    )
