"""A form that a model can be exported to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kerastl._base.registry import resolve_reference

if TYPE_CHECKING:
    from pathlib import Path

    from kerastl.exporting._source import ExportSource
    from kerastl.inference._engines import Engine


@dataclass(frozen=True)
class ExportFormat:
    """A form that a model can be exported to.

    Args:
        name: What users type.
        description: What it is for, in a few words that follow the name.
        filename: The file or folder in the output folder.
        writer: Writes the model to a path, which ends in `filename` and is renamed afterwards; or
            `"module:function"`, imported when first used. It raises `ModelError` for a model that the format cannot
            hold.
        runner: Opens what was written, with one thread: uint8 pixels of shape (n, height, width, 3) in, float32 out;
            or `"module:function"`. The export is compared with the Keras model through it.
        missing: Says what is not installed, in a sentence without a full stop that names what to install, or None
            where nothing is; or `"module:function"`.
        check: Raises `KerastlError` for a model, or for options, that it will not be written of, before any work is
            done; or `"module:function"`.
        quantized: Whether it computes in integers, which are fitted to images.
        examples: Names of templates that are written beside: some lines that use the file.
        resizes: Whether it can take images of any size and resize them itself.

    Example:
        >>> from kerastl.exporting import EXPORT_FORMATS
        >>> EXPORT_FORMATS["litert"].filename
        'model.tflite'
    """

    name: str
    description: str
    filename: str
    writer: Callable[[ExportSource, Path], None] | str
    runner: Callable[[Path], Engine] | str
    missing: Callable[[], str | None] | str | None = None
    check: Callable[[ExportSource], None] | str | None = None
    quantized: bool = False
    examples: tuple[str, ...] = ()
    resizes: bool = False

    def unavailable(self) -> str | None:
        """What this machine lacks to write it; None where it can."""
        missing = resolve_reference(self.missing) if isinstance(self.missing, str) else self.missing
        return None if missing is None else missing()

    def check_source(self, source: ExportSource) -> None:
        """Raise `KerastlError` if it will not be written of this model."""
        check = resolve_reference(self.check) if isinstance(self.check, str) else self.check
        if check is not None:
            check(source)

    def write(self, source: ExportSource, path: Path) -> None:
        """Write a model.

        Args:
            source: The model.
            path: The file or folder to make; its folder exists.

        Raises:
            ModelError: The format cannot hold this model.
        """
        writer = resolve_reference(self.writer) if isinstance(self.writer, str) else self.writer
        writer(source, path)

    def open(self, path: Path) -> Engine:
        """Open what `write` wrote.

        Raises:
            ModelError: It cannot be run.
        """
        runner = resolve_reference(self.runner) if isinstance(self.runner, str) else self.runner
        return runner(path)
