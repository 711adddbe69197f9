"""What became of an export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastl._base.text import percent, printable
from kerastl.exporting._proof import ProofRow


@dataclass(frozen=True)
class ExportResult:
    """What became of an export: `kerastl.export` gives it.

    Args:
        model: What the model is called.
        output: The folder.
        files: The file or folder of each format that was written, by the format's name.
        proof: How each of them compares with the Keras model, in the same order.
        failed: Why other formats were not written, by the format's name.
    """

    model: str
    output: Path
    files: Mapping[str, Path]
    proof: tuple[ProofRow, ...]
    failed: Mapping[str, str]

    def as_dict(self) -> dict[str, Any]:
        """The result as JSON values."""
        return {
            "model": self.model,
            "output": str(self.output),
            "files": {name: str(path) for name, path in self.files.items()},
            "proof": [row.as_dict() for row in self.proof],
            "failed": dict(self.failed),
        }

    def __str__(self) -> str:
        lines = [
            f"{row.format}: {printable(str(self.files[row.format]))}, {row.megabytes:.3g} MB, same answer for "
            f"{percent(row.agreement)} of {row.images} images, largest difference {row.difference:.1g}"
            for row in self.proof
        ]
        return "\n".join([*lines, *(f"{name}: not written: {reason}" for name, reason in self.failed.items())])
