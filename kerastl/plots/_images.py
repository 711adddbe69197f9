"""Images side by side: with what a model says of them, as training sees them, and with their explanations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from kerastl._base.text import brief, percent
from kerastl.errors import ImageError, UsageError
from kerastl.images import Resize, load_pixels, open_image
from kerastl.models._labels import Classification
from kerastl.plots import _style as style
from kerastl.plots._style import label, label_style

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

    from kerastl.data._augmentation import Augmentation

_SIDE = 1.75  # inches
_PIXELS = 240
# What the colors of a map mean, by the sign of its values.
_COLORS = {
    "positive": "violet to yellow: for",
    "signed": "orange: for, blue: against",
    "magnitude": "violet to yellow: matters",
}


def image_grid(
    images: Sequence[Any], titles: Sequence[str], correct: Sequence[bool | None] | None = None, *, columns: int = 4
) -> Figure:
    """Draw images in rows, each with a title.

    Args:
        images: Paths, PIL images or uint8 arrays of shape (height, width, 3). They are shown whole. In place of one
            that cannot be read stands the reason.
        titles: As many; a title may have several lines.
        correct: Right ones get a blue frame and a tick, wrong ones an orange frame and a cross, `None` gets neither.
        columns: Images in a row, at least 1.

    Raises:
        UsageError: There are no images, or the numbers differ.

    Example:
        >>> from kerastl import plots
        >>> files = ["data/candle.jpg", "data/umbrella.png"]
        >>> figure = plots.image_grid(files, ["candle", "umbrella"], [True, None])
        >>> figure.savefig("images.png")
    """
    marks = [None] * len(images) if correct is None else list(correct)
    if not len(images) or not len(images) == len(titles) == len(marks) or columns < 1:
        raise UsageError(
            "images, titles and correct must be as many, and at least one. "
            f"Received: {len(images)}, {len(titles)}, {len(marks)}, columns={columns}"
        )
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    lines = max(title.count("\n") + 1 for title in titles)
    figure = style.new_figure(_SIDE * columns, (_SIDE + 0.17 * lines) * rows)
    cells = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, image, title, mark in zip(cells, images, titles, marks, strict=False):
        _cell(axes, image, title, mark)
    for axes in cells[len(images) :]:
        axes.set_axis_off()
    return figure


def _cell(axes: Axes, image: Any, title: str, mark: bool | None) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_anchor("N")  # titles of a row stand at one height, whatever the images' proportions
    color = style.LIGHT if mark is None else style.BLUE if mark else style.ORANGE
    for spine in axes.spines.values():
        spine.set(color=color, linewidth=1 if mark is None else 2.5)
    sign = "" if mark is None else "✓ " if mark else "✗ "
    short = "\n".join(label(line, 26) for line in (sign + title).split("\n"))
    axes.set_title(short, color=style.TEXT, **label_style(short, style.SMALL))
    try:
        thumbnail = open_image(image, target=Resize(_PIXELS, _PIXELS, "pad"))
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
    images: Sequence[Any] | None = None,
    columns: int = 4,
) -> Figure:
    """Draw images with what a model says of them.

    Args:
        results: What `Classifier.classify` gives for a list.
        truth: The right labels; wrong answers get it as a second line.
        images: The images, if they did not come from files.
        columns: Images in a row.

    Raises:
        UsageError: There are no results, the numbers differ, or a result has no file and no images are given.

    Example:
        >>> import kerastl
        >>> from kerastl import plots
        >>> answers = kerastl.load("kerastl_mini").classify(["data/candle.jpg", "data/umbrella.png"])
        >>> figure = plots.predictions(answers, ["candle", "umbrella"])
        >>> figure.savefig("predictions.png")
    """
    shown = [result.path for result in results] if images is None else list(images)
    if any(image is None for image in shown):
        raise UsageError("results of images from memory have no path; give the images, too")
    names = [None] * len(results) if truth is None else list(truth)
    if len(names) != len(results):
        raise UsageError(f"truth must be as many labels as results. Received: {len(names)}, {len(results)} results")
    titles, marks = [], []
    for result, name in zip(results, names, strict=True):
        title = str(result.best) if result.predictions else "not classified"
        wrong = name is not None and bool(result.predictions) and result.label != name
        titles.append(f"{title}\ntrue: {brief(name or '')}" if wrong else title)
        marks.append(None if name is None or not result.predictions else not wrong)
    return image_grid(shown, titles, marks, columns=columns)


def augmented(
    image: Any, augmentation: Augmentation, resize: Resize, *, count: int = 7, seed: int = 0, columns: int = 4
) -> Figure:
    """Draw an image as prediction sees it, and as training sees it in its first epochs.

    `mixup` and `cutmix` mix images of a batch and are not shown.

    Args:
        image: A path, a PIL image or a uint8 array of shape (height, width, 3).
        augmentation: How training varies images.
        resize: The network's size and policy.
        count: How many varied views, at least 1.
        seed: Of the run, 0 or more.
        columns: Images in a row.

    Raises:
        ImageError: The image cannot be read.
        UsageError: `count` or `seed` is out of range.

    Example:
        >>> from kerastl import plots
        >>> from kerastl.data import Augmentation, Flip
        >>> from kerastl.images import Resize
        >>> varied = Augmentation(flip=Flip())
        >>> figure = plots.augmented("data/shapes/star/star_03.jpg", varied, Resize(96, 96), count=3)
        >>> figure.savefig("augmented.png")
    """
    from kerastl.data._augment import augment, image_rng

    if count < 1 or seed < 0:
        raise UsageError(f"count must be at least 1 and seed at least 0. Received: count={count}, seed={seed}")
    opened = open_image(image)
    views = [augment(opened, resize, augmentation, image_rng(seed, epoch, 0)) for epoch in range(count)]
    titles = ["as predicted", *(f"epoch {epoch + 1}" for epoch in range(count))]
    return image_grid([load_pixels(image, resize), *views], titles, columns=columns)


class Explained(Protocol):
    """What is drawn of an explanation; `kerastl.explaining.Explanation` has it."""

    @property
    def pixels(self) -> np.ndarray:
        """uint8 array of shape (height, width, 3), RGB."""

    @property
    def label(self) -> str:
        """The class that is explained."""

    @property
    def score(self) -> float:
        """Its probability."""

    @property
    def method(self) -> str:
        """How the map was made."""

    @property
    def sign(self) -> str:
        """What the sign of its values means: `positive`, `signed` or `magnitude`."""

    def overlay(self) -> Image:
        """The map over the image."""


def saliency(*explanations: Explained) -> Figure:
    """Draw each explanation in a row: the image as the network sees it, and the map over it.

    Args:
        explanations: One or more.

    Example:
        >>> import kerastl
        >>> from kerastl import plots
        >>> classifier = kerastl.load("kerastl_mini")
        >>> figure = plots.saliency(classifier.explain("data/umbrella.png", method="occlusion"))
        >>> figure.savefig("saliency.png")
    """
    figure = style.new_figure(5.2, 2.95 * max(1, len(explanations)))
    cells = figure.subplots(max(1, len(explanations)), 2, squeeze=False)
    for (left, right), one in zip(cells, explanations, strict=True):
        for axes, image in ((left, one.pixels), (right, one.overlay())):
            axes.imshow(image, interpolation="nearest")
            axes.set_axis_off()
        title = f"{label(one.label, 40)}\n{percent(one.score)}"
        left.set_title(title, color=style.TEXT, **label_style(title, style.NORMAL))
        right.set_title(_legend(one), fontsize=style.NORMAL, color=style.TEXT)
    return figure


def _legend(one: Explained) -> str:
    return f"{one.method}\n{_COLORS[one.sign]}"
