"""Pictures side by side: with what a model says of them, and as training sees them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kerastl.errors import ImageError, UsageError
from kerastl.images import Resize, load_pixels, open_image
from kerastl.labels import Classification
from kerastl.plots import style
from kerastl.plots.labels import label, label_style
from kerastl.text import brief

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from kerastl.data.augmentation import Augmentation

_SIDE = 1.75  # inches
_PIXELS = 240


def picture_grid(
    pictures: Sequence[Any], titles: Sequence[str], correct: Sequence[bool | None] | None = None, *, columns: int = 4
) -> Figure:
    """Draw pictures in rows, each with a title.

    Args:
        pictures: Paths, PIL images or uint8 arrays of shape (height, width, 3). They are shown whole. In place of one
            that cannot be read stands the reason.
        titles: As many; a title may have several lines.
        correct: Right ones get a blue frame and a tick, wrong ones an orange frame and a cross, `None` gets neither.
        columns: Pictures in a row, at least 1.

    Raises:
        UsageError: There are no pictures, or the numbers differ.
    """
    marks = [None] * len(pictures) if correct is None else list(correct)
    if not len(pictures) or not len(pictures) == len(titles) == len(marks) or columns < 1:
        raise UsageError(
            "pictures, titles and correct must be as many, and at least one. "
            f"Received: {len(pictures)}, {len(titles)}, {len(marks)}, columns={columns}"
        )
    columns = min(columns, len(pictures))
    rows = math.ceil(len(pictures) / columns)
    lines = max(title.count("\n") + 1 for title in titles)
    figure = style.new_figure(_SIDE * columns, (_SIDE + 0.17 * lines) * rows)
    cells = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, picture, title, mark in zip(cells, pictures, titles, marks, strict=False):
        _cell(axes, picture, title, mark)
    for axes in cells[len(pictures) :]:
        axes.set_axis_off()
    return figure


def _cell(axes: Axes, picture: Any, title: str, mark: bool | None) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_anchor("N")  # titles of a row stand at one height, whatever the pictures' proportions
    colour = style.LIGHT if mark is None else style.BLUE if mark else style.ORANGE
    for spine in axes.spines.values():
        spine.set(color=colour, linewidth=1 if mark is None else 2.5)
    sign = "" if mark is None else "✓ " if mark else "✗ "
    short = "\n".join(label(line, 26) for line in (sign + title).split("\n"))
    axes.set_title(short, color=style.TEXT, **label_style(short, style.SMALL))
    try:
        thumbnail = open_image(picture, target=Resize(_PIXELS, _PIXELS, "pad"))
    except ImageError as error:
        reason = label(error.reason, 200)
        axes.text(0.5, 0.5, reason, ha="center", va="center", wrap=True, **label_style(reason, style.SMALL))
        axes.set(aspect="equal", xlim=(0, 1), ylim=(0, 1))
        return
    thumbnail.thumbnail((_PIXELS, _PIXELS))
    axes.imshow(thumbnail)


def predictions(
    results: Sequence[Classification],
    truth: Sequence[str] | None = None,
    *,
    pictures: Sequence[Any] | None = None,
    columns: int = 4,
) -> Figure:
    """Draw pictures with what a model says of them.

    Args:
        results: What `Classifier.classify` gives for a list.
        truth: The right labels; wrong answers get it as a second line.
        pictures: The pictures, if they did not come from files.
        columns: Pictures in a row.

    Raises:
        UsageError: There are no results, the numbers differ, or a result has no file and no pictures are given.
    """
    shown = [result.path for result in results] if pictures is None else list(pictures)
    if any(picture is None for picture in shown):
        raise UsageError("results of pictures from memory have no path; give the pictures, too")
    names = [None] * len(results) if truth is None else list(truth)
    if len(names) != len(results):
        raise UsageError(f"truth must be as many labels as results. Received: {len(names)}, {len(results)} results")
    titles, marks = [], []
    for result, name in zip(results, names, strict=True):
        title = str(result.best) if result.predictions else "not classified"
        wrong = name is not None and bool(result.predictions) and result.label != name
        titles.append(f"{title}\ntrue: {brief(name or '')}" if wrong else title)
        marks.append(None if name is None or not result.predictions else not wrong)
    return picture_grid(shown, titles, marks, columns=columns)


def augmented(
    picture: Any, augmentation: Augmentation, resize: Resize, *, count: int = 7, seed: int = 0, columns: int = 4
) -> Figure:
    """Draw a picture as prediction sees it, and as training sees it in its first epochs.

    `mixup` and `cutmix` mix pictures of a batch and are not shown.

    Args:
        picture: A path, a PIL image or a uint8 array of shape (height, width, 3).
        augmentation: How training varies pictures.
        resize: The network's size and policy.
        count: How many varied views, at least 1.
        seed: Of the run, 0 or more.
        columns: Pictures in a row.

    Raises:
        ImageError: The picture cannot be read.
        UsageError: `count` or `seed` is out of range.
    """
    from kerastl.data.augmenting import augment, picture_rng

    if count < 1 or seed < 0:
        raise UsageError(f"count must be at least 1 and seed at least 0. Received: count={count}, seed={seed}")
    image = open_image(picture)
    views = [augment(image, resize, augmentation, picture_rng(seed, epoch, 0)) for epoch in range(count)]
    titles = ["as predicted", *(f"epoch {epoch + 1}" for epoch in range(count))]
    return picture_grid([load_pixels(picture, resize), *views], titles, columns=columns)
