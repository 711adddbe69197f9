"""What became of an export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastl._base.text import printable
from kerastl.exporting._proof_result import Proof


@dataclass(frozen=True)
class ExportResult:
    """What became of an export: `kerastl.export` gives it.

    Args:
        model: What the model is called.
        output: The folder.
        files: The file or folder of each format that was written, by the format's name.
        proof: How they compare with the Keras model, and those that were refused.
        failed: Why other formats were not written, by the format's name.
    """

    model: str
    output: Path
    files: Mapping[str, Path]
    proof: Proof
    failed: Mapping[str, str]

    def as_dict(self) -> dict[str, Any]:
        """The result as JSON values."""
        return {
            "model": self.model,
            "output": str(self.output),
            "files": {name: str(path) for name, path in self.files.items()},
            "proof": self.proof.as_dict(),
            "failed": dict(self.failed),
        }

    def __str__(self) -> str:
        return "\n".join([*self.lines(), "", str(self.proof)])

    def lines(self) -> list[str]:
        """Where each file is, and why others are not there, a line each."""
        return [*self.places(), *(f"{name}: not written: {reason}" for name, reason in self.failed.items())]

    def places(self) -> list[str]:
        """Where each file is, a line each."""
        return [f"{name}: {printable(str(path))}" for name, path in self.files.items()]

    def _repr_html_(self) -> str:
        return self.proof._repr_html_()
