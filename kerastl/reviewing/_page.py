"""A page on which labels are accepted or corrected: one HTML file that needs nothing else."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from typing import Any

from kerastl._base.arguments import keywords
from kerastl._base.files import write_text
from kerastl._base.serialization import script_json, to_json
from kerastl._base.text import as_unicode, percent, printable
from kerastl._progress import stage
from kerastl._version import __version__
from kerastl.errors import ImageError, UsageError
from kerastl.index._paths import located
from kerastl.reporting._templates import page_environment
from kerastl.reporting._thumbnails import data_uri
from kerastl.reviewing._result import LabelError, Outlier, Review, ToLabel
from kerastl.sources._by_name import image_named

IMAGES = 200
# The longer side of an image in pixels, as large as a phone shows it.
_SIDE = 400
_KEYS = 9
# Labels of so many images make a page of some ten megabytes.
_MOST_LABELS = 200_000


@keywords()
def write_review_page(review: Review, path: str | os.PathLike[str], *, images: int = IMAGES) -> None:
    """Write a review as one HTML file on which labels are accepted or corrected by keys or by touch.

    What was decided stays in the browser, and is saved as tables of paths and labels: `corrections.csv` holds what
    changed, for `kerastl relabel`, and `labels.csv` every label, for `kerastl finetune`. Paths in them are absolute.

    Args:
        review: What `kerastl.review` gave.
        path: The file; replaced whole.
        images: How many the page holds at most: label errors first, then what to label next, then outliers.

    Raises:
        UsageError: `images` is below 1.
        OSError: The file cannot be written.

    Example:
        >>> from pathlib import Path
        >>> from kerastl.reviewing import LabelError, Review, write_review_page
        >>> error = LabelError("star/star_01.jpg", "star", "circle", 0.1, 0.8, -0.7)
        >>> found = Review("a run", Path("data/shapes"), ("circle", "star"), 88, 88, 0, (error,))
        >>> write_review_page(found, "review.html")
    """
    if images < 1:
        raise UsageError(f"images must be 1 or more. Received: images={images}")
    write_text(path, render(review, images))


def render(review: Review, images: int = IMAGES) -> str:
    """Make the page; arguments as for `write_review_page`."""
    found = list(_merged(review).items())
    shown = found[:images]
    with stage("writing the page", len(shown)) as counter:
        entries = []
        for one, entry in shown:
            entries.append(entry | {"image": _picture(review, one)})
            counter.advance()
    labels = review.labels if len(review.labels) <= _MOST_LABELS else ()
    places = {name: place for place, name in enumerate(review.classes)}
    known_labels = [[path, places[label]] for path, label in labels if as_unicode(path) == path]
    data = {
        "root": os.path.abspath(review.root),  # noqa: PTH100 - as text
        "classes": list(review.classes),
        "entries": entries,
        "labels": known_labels,
        "more": len(found) - len(shown),
        "unnamed": len(labels) - len(known_labels),
    }
    # Decisions are kept under this name: browsers may let all files share what they keep.
    known = to_json([data["root"], [[entry["path"], entry["label"]] for entry in entries]])
    data["key"] = f"kerastl-review-{hashlib.sha256(known.encode()).hexdigest()[:16]}"
    template = page_environment("kerastl.reviewing").get_template("review.html")
    return template.render(version=__version__, source=printable(review.source), data=script_json(data))


def _merged(review: Review) -> dict[str, dict[str, Any]]:
    """One entry an image, with all that is said of it, by path; names that are no text cannot stand in a table."""
    found: dict[str, dict[str, Any]] = {}
    for path, label, reason, suggestion, choices in _entries(review):
        if as_unicode(path) != path:
            continue
        known = found.setdefault(
            path, {"path": path, "label": label, "suggestion": suggestion, "reasons": [], "choices": []}
        )
        known["reasons"].append(reason)
        known["suggestion"] = known["suggestion"] or suggestion
        known["choices"] = known["choices"] or _offered(review, label, choices)
    return found


def _entries(review: Review) -> Iterator[tuple[str, str, str, str, tuple[tuple[str, float], ...]]]:
    one: LabelError | ToLabel | Outlier
    for one in review.label_errors:
        reason = f"Labeled {one.label} ({percent(one.label_score)}), looks like {one.suggestion}"
        yield one.path, one.label, f"{reason} ({percent(one.suggestion_score)}).", one.suggestion, one.others
    for one in review.label_next:
        reason = f"Has no label; perhaps {one.suggestion} ({percent(one.suggestion_score)})."
        yield one.path, "", reason, one.suggestion, one.others
    for one in review.outliers:
        yield one.path, one.label, f"Unlike all other {one.label} (distance {one.distance:.2f}).", "", ()


def _offered(review: Review, label: str, choices: tuple[tuple[str, float], ...]) -> list[list[Any]]:
    """The classes behind the keys: all in their order, so that fingers learn them, or else the most probable."""
    scores = dict(choices)
    if len(review.classes) <= _KEYS:
        names = list(review.classes)
    else:
        names = [name for name, _ in choices] or [label]
        if label and label not in names:
            names[_KEYS - 1 :] = [label]
    return [[name, percent(scores[name]) if name in scores else ""] for name in names]


def _picture(review: Review, path: str) -> str:
    """The image, small, as a data URI; empty where it cannot be read."""
    from kerastl.images import Resize, open_image

    try:
        shown = open_image(image_named(located(str(review.root), path)), target=Resize(_SIDE, _SIDE))
    except ImageError:
        return ""
    return data_uri(shown, _SIDE, method=4)
