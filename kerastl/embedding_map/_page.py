"""The map as one HTML page: thumbnails, what is known of the images, and the scripts that draw them."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from kerastl._base.serialization import script_json
from kerastl._base.text import as_unicode, printable, shortened
from kerastl._version import __version__
from kerastl.embedding_map._map_images import MapImages
from kerastl.embedding_map._neighbors import most_similar
from kerastl.embedding_map._thumbnails import SHEET, Sheets
from kerastl.images._encoded import is_web_address
from kerastl.plots._categories import PALETTE, class_styles
from kerastl.reporting._templates import page_environment

SCRIPTS = (
    "data.js",
    "sheets.js",
    "view.js",
    "drawing.js",
    "filter.js",
    "detail.js",
    "moving.js",
    "input.js",
    "page.js",
)
"""In the order in which they run: each may use those before it."""
_NEIGHBORS = 6
_GRID = 65_535  # places are whole numbers up to this
_LONGEST = 1_000  # letters of a name


def page(images: MapImages, positions: np.ndarray, sheets: Sheets, notes: Sequence[str]) -> str:
    """Make the page.

    Args:
        images: What it shows.
        positions: Shape (n, 2), in [0, 1].
        sheets: Their thumbnails.
        notes: What to say of them, one line each.

    Returns:
        HTML that can be written as UTF-8, whatever the names hold: scripts read them as data and write them as text.
    """
    script = "\n".join(_template(name) for name in SCRIPTS)
    style = _template("style.css")
    return (
        page_environment("kerastl.embedding_map")
        .get_template("map.html")
        .render(
            title=_name(images.name),
            script=script,
            style=style,
            hashes={"script": _hash(script), "style": _hash(style)},
            sheets=[base64.b64encode(content).decode("ascii") for content in sheets.contents],
            data=script_json(_data(images, positions, sheets)),
            notes=[printable(note) for note in notes],
            failed=[(_name(images.paths[place]), printable(reason)) for place, reason in sheets.failed.items()],
            version=__version__,
        )
    )


def _data(images: MapImages, positions: np.ndarray, sheets: Sheets) -> dict[str, Any]:
    scores = None if images.scores is None else _scores(images.scores)
    return {
        "side": sheets.side,
        "columns": SHEET // sheets.side,
        "sizes": sheets.sizes.ravel().tolist(),
        "places": np.round(positions * _GRID).astype(np.int64).ravel().tolist(),
        "grid": _GRID,
        "palette": PALETTE,
        "paths": [_name(path) for path in images.paths],
        "addresses": _addresses(images),
        "columnsOf": {
            name: _column(values, positions)
            for name, values in (("label", images.labels), ("answer", images.answers))
            if values is not None
        },
        "scores": scores,
        "mistakes": None if images.mistakes is None else np.flatnonzero(images.mistakes).tolist(),
        "neighbors": most_similar(np.asarray(images.vectors, np.float32), _NEIGHBORS).tolist(),
    }


def _scores(scores: np.ndarray) -> list[float]:
    """Scores with the digits that are shown; what is no number in [0, 1] becomes one."""
    return np.clip(np.nan_to_num(np.asarray(scores, np.float64), posinf=0), 0, 1).round(4).tolist()


def _column(values: Sequence[str], positions: np.ndarray) -> dict[str, Any]:
    """The classes of images: their names, a number each, -1 for none, and the colors and shapes of the classes."""
    names = sorted({*values} - {""})
    place = {name: number for number, name in enumerate(names)}
    codes = np.array([place.get(value, -1) for value in values])
    styles = class_styles(positions, codes, len(names))
    return {"names": [_name(name) for name in names], "codes": codes.tolist(), "styles": styles.ravel().tolist()}


def _addresses(images: MapImages) -> dict[str, Any]:
    """Where the images themselves lie, which a page that was opened from a disk shows large."""
    root = images.root.absolute()
    odd = {}
    for number, path in enumerate(images.paths):
        if is_web_address(path):
            odd[number] = ""
        elif os.path.isabs(path):  # noqa: PTH117 - paths stay text
            odd[number] = Path(path).as_uri()
        elif (quoted := quote(os.fsencode(path))) != path:
            odd[number] = quoted
    return {"root": f"{root.as_uri()}/", "odd": odd}


def _name(text: str) -> str:
    return as_unicode(printable(shortened(text, _LONGEST)))


def _hash(content: str) -> str:
    """What the page's policy knows its own script and style by."""
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode("ascii")


def _template(name: str) -> str:
    return files("kerastl.embedding_map").joinpath(f"templates/{name}").read_text(encoding="utf-8")
