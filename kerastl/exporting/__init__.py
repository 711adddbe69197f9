"""Exporting: the model in forms that other programs run, each compared with Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.exporting._exporting import export as export
    from kerastl.exporting._format import ExportFormat as ExportFormat
    from kerastl.exporting._format_registry import EXPORT_FORMATS as EXPORT_FORMATS
    from kerastl.exporting._format_registry import register_export_format as register_export_format
    from kerastl.exporting._proof_result import Proof as Proof
    from kerastl.exporting._proof_row import ProofRow as ProofRow
    from kerastl.exporting._result import ExportResult as ExportResult
    from kerastl.exporting._source import ExportSource as ExportSource

_MODULES = {
    "EXPORT_FORMATS": "kerastl.exporting._format_registry",
    "ExportFormat": "kerastl.exporting._format",
    "ExportResult": "kerastl.exporting._result",
    "ExportSource": "kerastl.exporting._source",
    "Proof": "kerastl.exporting._proof_result",
    "ProofRow": "kerastl.exporting._proof_row",
    "export": "kerastl.exporting._exporting",
    "register_export_format": "kerastl.exporting._format_registry",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
