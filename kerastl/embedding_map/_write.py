"""`kerastl.write_map`: images laid out by similarity, as a page or a figure."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from kerastl import _progress as progress
from kerastl._base.files import check_target, replacing, write_text
from kerastl._base.text import listed
from kerastl._progress import Verbose, shown
from kerastl.embedding_map._layout import LAYOUTS, LayoutName, arrange, layout_for
from kerastl.embedding_map._map_images import MapImages, counted, sampled, sampling_note
from kerastl.errors import UsageError
from kerastl.images import ResizePolicy
from kerastl.inference._open import EngineName
from kerastl.models._feature_model import FeatureName

LIMIT = 5_000
"""Images of a map where nothing is said: such a page has some 8 MB."""
MOST = 20_000


@dataclass(frozen=True)
class WrittenMap:
    """What became of a map.

    Args:
        output: Its file.
        count: Images that it shows.
        layout: How it is laid out: a name of `LAYOUTS`.
        mistakes: How many of the images have a wrong answer; None where labels cannot be compared with answers.
        failed: Why images could not be read, by path.
        notes: What else to know, one line each.

    Example:
        >>> from pathlib import Path
        >>> from kerastl.embedding_map import WrittenMap
        >>> WrittenMap(Path("map.html"), 88, "tsne", 3).failed
        {}
    """

    output: Path
    count: int
    layout: str
    mistakes: int | None
    failed: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def write_map(
    data: Any = None,
    output: str | os.PathLike[str] = "map.html",
    *,
    db: str | os.PathLike[str] | None = None,
    model: str | os.PathLike[str] | None = None,
    layout: LayoutName = "auto",
    limit: int = LIMIT,
    seed: int = 0,
    features: FeatureName = "last",
    resize: ResizePolicy | None = None,
    engine: EngineName = "auto",
    trust: bool = False,
    verbose: Verbose = "auto",
) -> WrittenMap:
    """Lay images out by similarity, and write the map: a page with their thumbnails, or a figure.

    The page is one HTML file that needs no network and no other file. It colors images by label or answer, outlines
    mistakes, searches, and shows an image larger when it is clicked.

    Args:
        data: A labeled folder, or a table, as `kerastl.data.scan` takes it; or paths, folders or patterns of images
            without labels. `MapImages` have their vectors already. None where there is `db`.
        output: The file: `.html` for the page; `.png`, `.svg` or `.pdf` for a figure of points. Replaced whole.
        db: The folder of an index of `kerastl index`, which has vectors, labels and answers.
        model: Of `data`, as for `kerastl.load`, and so are `resize`, `engine` and `trust`; no exported file. Images
            that it was trained on get their leave-one-out answers, where its run has kept these.
        layout: As for `arrange`.
        limit: Images at most, 1 to 20,000; of more, a sample is shown, in which each label has its part.
        seed: Of the layout and the sample, 0 or more.
        features: Of `data`: `last` or `deep`, see `Classifier.embed`.
        resize: How images become the network's input.
        engine: What runs the network.
        trust: Whether a saved model may run any code.
        verbose: What is shown while it works, as for `kerastl.load`.

    Returns:
        How many images there are, and which could not be read.

    Raises:
        UsageError: An argument is wrong, or there are no images.
        KerastlError: The index is damaged, a package is missing, or no image can be read.
        OSError: The file cannot be written.

    Example:
        >>> import kerastl
        >>> kerastl.write_map("data/shapes", "map.html", model="kerastl_mini", layout="pca").count
        88
    """
    target = Path(output)
    draw = _format_for(target)
    check_target(target, "--output")
    if (data is None) == (db is None):
        raise UsageError("a map is of data or of an index (--db DIR): give one of them")
    if not 1 <= limit <= MOST or seed < 0:
        raise UsageError(f"limit must be 1 to {MOST:,} and seed 0 or more. Received: limit={limit}, seed={seed}")
    layout_for(MOST, layout)
    if db is not None or isinstance(data, MapImages):
        asked = {"model": model is not None, "features": features != "last", "resize": resize is not None}
        _refuse({**asked, "engine": engine != "auto", "trust": trust})
    failed: dict[str, str] = {}
    with shown(verbose):
        if isinstance(data, MapImages):
            images = _taken(data, limit, seed)
        elif db is not None:
            from kerastl.embedding_map._of_index import images_of_index

            images = images_of_index(db, limit, seed)
        else:
            from kerastl.embedding import load_embedder
            from kerastl.embedding_map._of_data import images_of_data

            embedder = load_embedder(model, features=features, resize=resize, engine=engine, trust=trust)
            images, failed = images_of_data(data, embedder, limit, seed)
        return _written(images, failed, target, draw, layout, seed)


def _refuse(given: Mapping[str, bool]) -> None:
    """Raise for what is asked of a model where there are vectors already."""
    if any(given.values()):
        names = ", ".join(name for name, is_given in given.items() if is_given)
        raise UsageError(f"these images have vectors of their own model already: leave {names} out")


def _taken(images: MapImages, limit: int, seed: int) -> MapImages:
    places = sampled(len(images), limit, images.labels, seed)
    return replace(images.taken(places), notes=(*images.notes, *sampling_note(len(places), len(images))))


Draw = Callable[[MapImages, np.ndarray, Sequence[str], Path], dict[str, str]]


def _written(
    images: MapImages, failed: dict[str, str], target: Path, draw: Draw, layout: LayoutName, seed: int
) -> WrittenMap:
    method = layout_for(len(images), layout)
    with progress.stage(f"laying {counted(len(images))} out by {LAYOUTS[method].description}"):
        positions = arrange(images.vectors, layout, seed)
    notes = [*images.notes, f"{counted(len(images))}, laid out by {LAYOUTS[method].description}"]
    missing = [f"not shown, since it cannot be read: {counted(len(failed))}"] * bool(failed)
    unread = draw(images, positions, [*notes, *missing], target)
    wrong = None if images.mistakes is None else int(images.mistakes.sum())
    return WrittenMap(target, len(images), method, wrong, {**failed, **unread}, images.notes)


def _draw_page(images: MapImages, positions: np.ndarray, notes: Sequence[str], target: Path) -> dict[str, str]:
    from kerastl.embedding_map._page import page
    from kerastl.embedding_map._thumbnails import make_sheets, side_for

    with progress.stage("making thumbnails", len(images)) as counter:
        sheets = make_sheets(images.files, side_for(len(images)), counter.update)
    write_text(target, page(images, positions, sheets, notes))
    return {images.files[place]: reason for place, reason in sheets.failed.items()}


def _draw_figure(images: MapImages, positions: np.ndarray, notes: Sequence[str], target: Path) -> dict[str, str]:
    from kerastl import plots

    colored = images.answers if images.labels is None else images.labels
    figure = plots.embedding_map(positions, colored, images.mistakes, title=images.name)
    with replacing(target) as temporary:
        # Without the date, which would make two files of the same map differ.
        figure.savefig(temporary, metadata={"Date": None} if target.suffix.lower() == ".svg" else None)
    return {}


MAP_FORMATS: dict[str, Draw] = {".html": _draw_page, ".png": _draw_figure, ".svg": _draw_figure, ".pdf": _draw_figure}
"""What writes a map, by the suffix of its file."""


def _format_for(target: Path) -> Draw:
    draw = MAP_FORMATS.get(target.suffix.lower())
    if draw is None:
        raise UsageError(
            f"the file of a map must end in one of {listed(tuple(MAP_FORMATS))}. Received: {str(target)!r}"
        )
    return draw
