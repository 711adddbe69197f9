"""Find an exported file, and read what it says of itself.

Its metadata are those of the model, and beside them stands under `exported` what the export added: the format and the
version of kerastl.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kerastl._base.registry import resolve_reference
from kerastl._base.text import printable
from kerastl.errors import ModelError, UsageError
from kerastl.models._metadata import MODEL_FILE, Metadata
from kerastl.models._saved import kinds, schema
from kerastl.models._saved.archive import parsed

EXPORTED = "exported"
OPENVINO_FILE = "model.xml"


@dataclass(frozen=True)
class ExportedKind:
    """A kind of exported file.

    Args:
        words: What messages call it.
        engine: What runs it, a name of `kerastl.inference.ENGINES`.
        text: Checks a file and reads its metadata, JSON in UTF-8, or gives None where it has none: `"module:function"`.
    """

    words: str
    engine: str
    text: str


_HERE = "kerastl.models._exported"
KINDS = {
    ".onnx": ExportedKind("an ONNX network", "onnx", f"{_HERE}.onnx_file:text"),
    ".tflite": ExportedKind("a LiteRT network", "litert", f"{_HERE}.litert_file:text"),
    ".xml": ExportedKind("an OpenVINO network", "openvino", f"{_HERE}.openvino_file:text"),
}
"""By the suffix of the file that the engine opens."""


@dataclass(frozen=True)
class Exported:
    """What an exported file says of itself.

    Args:
        metadata: Those of the model.
        format: That of the export, such as `onnx-int8`.
        engine: What runs it.
    """

    metadata: Metadata
    format: str
    engine: str


def find(path: Path) -> Path | None:
    """Find the exported file that a path names: itself, or the one in a folder; None where it names something else.

    Raises:
        ModelError: A folder holds several, and it is not said which.
    """
    if not path.is_dir():
        return path if path.suffix.lower() in KINDS else None
    if (path / MODEL_FILE).exists():
        return None
    found = [path / OPENVINO_FILE] if (path / OPENVINO_FILE).is_file() else _inside(path)
    if len(found) > 1:
        names = ", ".join(printable(os.fspath(file)) for file in found)
        raise ModelError(f"{printable(os.fspath(path))} holds several exported models; name one of them: {names}")
    return found[0] if found else None


def refuse_features(file: Path) -> None:
    """Raise `UsageError` for an exported file: it gives probabilities, and not the features behind them."""
    if file.suffix.lower() in KINDS:
        raise UsageError(
            f"{printable(os.fspath(file))}: rejection and embeddings need features, and an exported file gives "
            "probabilities only; use the run folder or .keras file that it was exported from"
        )


def _inside(folder: Path) -> list[Path]:
    entries = sorted(folder.iterdir())
    files = [entry for entry in entries if entry.suffix.lower() in (".onnx", ".tflite")]
    return files + [entry for entry in entries if (entry / OPENVINO_FILE).is_file()]


def read(file: Path) -> Exported:
    """Read what an exported file says of itself; the network is checked for what a runtime must not be given.

    Args:
        file: From `find`.

    Raises:
        ModelError: It was not made by `kerastl export`, is broken, or holds what none holds. Names the file.
    """
    kind = KINDS[file.suffix.lower()]
    shown = printable(os.fspath(file))
    read_text: Callable[[Path], bytes | None] = resolve_reference(kind.text)
    try:
        _check_beginning(file)
        text = read_text(file)
        if text is not None:
            return _exported(parsed(text, "the metadata"), kind)
    except OSError as error:
        raise ModelError(f"{shown} cannot be read ({error.strerror or error})") from error
    except ModelError as error:
        raise ModelError(f"{shown}: {error}") from error
    raise ModelError(
        f"{shown}: it has no labels inside, so kerastl export did not make it, or it is incomplete; {kind.words} of "
        "another program cannot be taken, since nothing says how it reads images and what its outputs mean"
    )


def _check_beginning(file: Path) -> None:
    """Refuse what is something else, such as a web page, in words that help."""
    found, expected = kinds.of_file(file), kinds.EXPORTED[file.suffix.lower()]
    if found != expected and file.suffix.lower() != ".xml":
        raise ModelError(f"it is {found or 'a zip archive'}")


def _exported(values: dict[str, object], kind: ExportedKind) -> Exported:
    about = values.pop(EXPORTED, None)
    schema.check_exported(about)
    assert isinstance(about, dict)  # noqa: S101 - which was checked
    return Exported(Metadata.from_dict(values), about["format"], kind.engine)
