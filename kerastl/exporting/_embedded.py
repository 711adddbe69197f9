"""What every exported file knows of its model: the metadata as JSON, and the labels as lines."""

from __future__ import annotations

from dataclasses import replace

from kerastl._base.serialization import to_json
from kerastl._base.text import printable
from kerastl._version import __version__
from kerastl.models._metadata import Metadata

KEY = "kerastl"
"""The name of the JSON text where a format keeps texts by name."""
JSON_FILE, LABELS_FILE = "kerastl.json", "labels.txt"
"""Its name, and that of the labels, where a format keeps files."""


# How the model was trained may name files of the machine, which are nothing to those who get the export.
_LEFT_OUT = frozenset({"settings"})


def described(metadata: Metadata, format_name: str) -> str:
    """The metadata as JSON text, with the format and the version of kerastl that wrote it, without training's settings.

    Args:
        metadata: Of the exported model.
        format_name: A name of `EXPORT_FORMATS`.

    Returns:
        ASCII, on one line. Without the field `exported` it is what `Metadata.from_dict` reads.
    """
    exported = {"format": format_name, "kerastl": __version__}
    return to_json({**given_away(metadata).as_dict(), "exported": exported}, None)


def given_away(metadata: Metadata) -> Metadata:
    """The metadata without what concerns the machine only that the model was trained on."""
    return replace(metadata, extra={name: value for name, value in metadata.extra.items() if name not in _LEFT_OUT})


def label_lines(metadata: Metadata) -> str:
    """The labels, one a line in the order of the outputs, for readers of other packages.

    What would break a line is escaped; the JSON text has the names as they are.
    """
    return "".join(f"{printable(name)}\n" for name in metadata.labels.names)
