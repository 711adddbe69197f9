"""Learn, relabel and forget images of a finished run, without the others."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np

from kerastl.errors import DataError
from kerastl.finetuning._living import new_images
from kerastl.finetuning._living import rows as kept_rows
from kerastl.finetuning._living.given_images import check_labels, given_files, known_contents, labeled_files
from kerastl.finetuning._living.journal import Change
from kerastl.finetuning._living.result import HeadChange, head_change
from kerastl.finetuning._living.run import opened
from kerastl.finetuning._living.split_rows import SplitRows
from kerastl.inference._cache import CompiledCache, cache_folder
from kerastl.training._feature_cache import FeatureCache

_FEATURES = "features"


def forget(model: str | os.PathLike[str], images: Any, *, refit: bool = False, trust: bool = False) -> HeadChange:
    """Take images out of what a model has learnt, as if it had been fine-tuned without them.

    The head is solved again from the features of the other images, which lie in the run folder; the images themselves
    are not needed. Of a forgotten image nothing stays in the run folder but eight digits of its content hash, in the
    journal: its features, its row in `split.csv`, its answers and its hash in the model's file go, and so do compiled
    copies of the earlier head in the cache of this machine. The network below the head was not trained on it.
    Copies of the earlier model elsewhere, such as exported ones, are not reached, and there is no way back.

    Args:
        model: The run folder of a head that was solved (recipe `probe`).
        images: One image or many, as files: paths, a folder, a pattern or a list of these. They are known by their
            content, so that copies of them go, too.
        refit: Choose the penalty, whether mirrored images train and how much the last layer counts again, as
            fine-tuning does; otherwise these are chosen again where it is quick or a tenth of the images has changed.
        trust: Whether the model may hold what runs code when it is loaded, as for `kerastl.load`.

    Returns:
        What became of the model.

    Raises:
        DataError: An image is not among those that the model knows, or fewer than two classes would be left.
        ImageError: An image cannot be read.
        UsageError: The run keeps no features.
        ModelError: What the run folder holds is broken.

    Example:
        >>> import kerastl
        >>> from kerastl.finetuning import forget
        >>> run = kerastl.finetune("data/shapes", "kerastl_mini", output="runs/shapes", verbose=0)
        >>> forget(run.folder, "data/shapes/star/star_01.jpg").images
        87
    """
    with opened(model) as run:
        files = given_files(images)
        contents = known_contents(run, files)
        gone = np.isin(run.kept.hashes, np.array(contents, np.uint64))
        names = np.array(run.kept.classes)[run.kept.labels[gone]]
        pairs = zip(names.tolist(), run.kept.hashes[gone].tolist(), strict=True)
        changes = [Change("forgotten", "", name, content) for name, content in pairs]
        related = np.isin(run.kept.groups, run.kept.groups[gone]) & ~gone
        kept, dropped = kept_rows.without_empty_classes(run.kept.without(gone))
        solved = run.solve(kept, len(changes), refit, partial(new_images.last_width, run, trust))
        metrics = run.write(solved, changes, lambda rows: rows.without(rows.of(files, contents)), len(run.kept))
        FeatureCache(run.folder / _FEATURES, 0).clear()
        with suppress(OSError):  # a cache that cannot be written
            CompiledCache(cache_folder()).remove(run.metadata.name)
    notes = []
    if count := int(related.sum()):
        notes.append(
            f"{count:,} image{'s'[: count != 1]} that belong{'s'[: count == 1]} to the same group (nearly the same "
            "picture, or the same subject) stay: forget them, too, if they are meant"
        )
    return head_change(run, changes, solved, metrics, dropped=dropped, notes=notes)


def relabel(
    model: str | os.PathLike[str],
    images: Any,
    label: str | None = None,
    *,
    new_class: bool = False,
    refit: bool = False,
    trust: bool = False,
) -> HeadChange:
    """Give images that a model has learnt another class, as if it had been fine-tuned with it.

    Args:
        model: The run folder of a head that was solved (recipe `probe`).
        images: One image or many, as for `forget`; or, without `label`, a table of paths and labels as
            `kerastl.data.scan` takes it, or rows `(path, label)`.
        label: The class of all of them.
        new_class: Whether classes that the model does not know are added to it; otherwise they are refused.
        refit: As for `forget`.
        trust: As for `forget`.

    Returns:
        What became of the model. A class whose last image has gone to another is dropped.

    Raises:
        DataError: An image is not among those that the model knows.
        UsageError: A class is unknown, or as `forget` does; so do ImageError and ModelError.

    Example:
        >>> import kerastl
        >>> from kerastl.finetuning import relabel
        >>> run = kerastl.finetune("data/shapes", "kerastl_mini", output="runs/shapes", verbose=0)
        >>> relabel(run.folder, "data/shapes/star/star_01.jpg", "circle").changes[0]["before"]
        'star'
    """
    with opened(model) as run:
        files, labels = labeled_files(run, images, label)
        check_labels(run, labels, new_class)
        wanted = dict(zip(known_contents(run, files), labels, strict=True))
        before = [run.kept.classes[place] for place in run.kept.labels]
        rows = [n for n, (content, name) in enumerate(zip(run.kept.hashes.tolist(), before, strict=True))
                if wanted.get(content, name) != name]  # fmt: skip
        if not rows:
            raise DataError("every image has that label already: nothing was changed")
        after = [wanted[int(run.kept.hashes[row])] for row in rows]
        changes = [
            Change("relabeled", new, before[row], int(run.kept.hashes[row]))
            for row, new in zip(rows, after, strict=True)
        ]
        kept = kept_rows.relabeled(run.kept, np.array(rows), after)
        kept, dropped = kept_rows.without_empty_classes(kept)
        solved = run.solve(kept, len(changes), refit, partial(new_images.last_width, run, trust))

        def table(split: SplitRows) -> None:
            for name in dict.fromkeys(labels):
                own = [file for file, label in zip(files, labels, strict=True) if label == name]
                split.relabel(split.of(own, [content for content, to in wanted.items() if to == name]), name)

        metrics = run.write(solved, changes, table, len(run.kept))
    return head_change(run, changes, solved, metrics, dropped=dropped)


def add_class(
    model: str | os.PathLike[str],
    *folders: str | os.PathLike[str],
    label: str | None = None,
    refit: bool = False,
    trust: bool = False,
) -> HeadChange:
    """Teach a model further images and classes, as if it had been fine-tuned with them, without the old images.

    Args:
        model: The run folder of a head that was solved (recipe `probe`).
        *folders: Each a folder of images that is named after their class; or one with a folder for each class, or a
            table. Classes that the model knows get more images. An image that it knows takes the class it has here.
        label: The class of images that lie in the folders themselves, instead of the folders' names.
        refit: As for `forget`.
        trust: As for `forget`.

    Returns:
        What became of the model. New classes come behind those that there were.

    Raises:
        DataError: There are no images, or none that can be read, or all of them are known already.
        UsageError: As `forget` does; so does ModelError.

    Example:
        >>> import shutil
        >>> import kerastl
        >>> from kerastl.finetuning import add_class
        >>> _ = shutil.copytree("data/shapes", "three", ignore=shutil.ignore_patterns("star"))
        >>> run = kerastl.finetune("three", "kerastl_mini", output="runs/three", verbose=0)
        >>> add_class(run.folder, "data/shapes/star").classes
        ('circle', 'square', 'triangle', 'star')
    """
    with opened(model) as run:
        found = new_images.scan_folders(folders, label, run.earlier.class_folders)
        known = dict(zip(run.kept.hashes.tolist(), run.kept.labels.tolist(), strict=True))
        new = [n for n, content in enumerate(found.contents) if content not in known]
        moved = {content: name for content, name in zip(found.contents, found.labels, strict=True)
                 if content in known and run.kept.classes[known[content]] != name}  # fmt: skip
        if not new and not moved:
            raise DataError("the model knows all of these images already: nothing was changed")
        changes = [Change("learnt", found.labels[n], "", found.contents[n]) for n in new]
        kept = run.kept
        if new:
            fresh = found.of(new)
            classes = [*kept.classes, *dict.fromkeys(name for name in fresh.labels if name not in kept.classes)]
            kept = kept_rows.joined(kept, new_images.compute_features(run, fresh, classes, trust))
        if moved:
            places = np.flatnonzero(np.isin(kept.hashes, np.array(list(moved), np.uint64)))
            after = [moved[int(kept.hashes[place])] for place in places]
            changes += [Change("relabeled", name, kept.classes[kept.labels[place]], int(kept.hashes[place]))
                        for place, name in zip(places, after, strict=True)]  # fmt: skip
            kept = kept_rows.relabeled(kept, places, after)
        kept, dropped = kept_rows.without_empty_classes(kept)
        solved = run.solve(kept, len(changes), refit, partial(new_images.last_width, run, trust))

        def table(split: SplitRows) -> None:
            for content, name in moved.items():
                split.relabel(split.of([found.files[found.contents.index(content)]], [content]), name)
            for number in new:
                split.add(found.files[number], found.labels[number])

        metrics = run.write(solved, changes, table, len(run.kept))
    notes = [f"skipped {line}" for line in found.skipped]
    if same := len(found.files) - len(new) - len(moved):
        notes.append(f"{same:,} image{'s'[: same != 1]} known already, with the same label")
    return head_change(run, changes, solved, metrics, dropped=dropped, notes=notes)
