"""Why a data set cannot be trained and validated on: said by `check`, raised by `split`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kerastl._base.text import printable
from kerastl.data._dataset import Dataset
from kerastl.tasks._task import TASKS

_NAMED = 5


@dataclass(frozen=True)
class Refusal:
    """One rule that a data set breaks.

    Args:
        kind: A stable name, such as `class_too_small`.
        message: One line, with what to do. It names the classes, a few of them if there are many.
        classes: All classes that break the rule, and what each has.
    """

    kind: str
    message: str
    classes: Mapping[str, str]


def _refused(kind: str, found: Mapping[str, str], one: str, many: str, advice: str) -> list[Refusal]:
    """The refusal of the classes that were found, if any: `one` is said of a single class, `many` of several."""
    if not found:
        return []
    if len(found) == 1:
        ((name, what),) = found.items()
        return [Refusal(kind, f"class '{printable(name)}' has {one.format(what)}; {advice}", found)]
    named = [f"'{printable(name)}' ({what})" for name, what in list(found.items())[:_NAMED]]
    more = len(found) - len(named)
    shown = f"{', '.join(named)} and {more:,} more" if more else f"{', '.join(named[:-1])} and {named[-1]}"
    return [Refusal(kind, f"{len(found):,} classes have {many}: {shown}; {advice}", found)]


def of_parts(
    dataset: Dataset, groups: Sequence[Sequence[str]], *, by_name: bool, elsewhere: Collection[str] = ()
) -> list[Refusal]:
    """What counts against parts that were chosen.

    Args:
        dataset: Each image has its part.
        groups: Paths that had to stay together.
        by_name: Whether there are groups other than those of duplicates.
        elsewhere: Classes that have images elsewhere, so that any number of them will do.
    """
    if TASKS[dataset.task].kind != "index":
        return _too_few_groups(groups, "to be both trained and validated on")
    train, val = dataset.counts("train"), dataset.counts("val")
    poor = [name for name in dataset.classes if not (train[name] and val[name]) and name not in elsewhere]
    apart = _apart(dataset, groups) if poor else Counter()
    return _too_few(dataset, poor, apart, by_name, "to be both trained and validated on")


def of_training(
    dataset: Dataset, groups: Sequence[Sequence[str]], *, by_name: bool, elsewhere: Collection[str] = ()
) -> list[Refusal]:
    """What counts against training on every image: a class that is gone when one group is left out of it.

    Args:
        dataset: The images.
        groups: As for `of_parts`, and so are the next two.
        by_name: Whether there are groups other than those of duplicates.
        elsewhere: Classes that have images elsewhere.
    """
    if TASKS[dataset.task].kind != "index":
        return _too_few_groups(groups, "to leave one out and train on the others")
    apart = _apart(dataset, groups)
    poor = [name for name in dataset.classes if apart[name] < 2 and name not in elsewhere]
    return _too_few(dataset, poor, apart, by_name, "to leave one out and train on the others")


def _too_few_groups(groups: Sequence[Sequence[str]], purpose: str) -> list[Refusal]:
    """Where each image tells something of every class, two that are not the same will do."""
    if len(groups) > 1:
        return []
    return [Refusal("too_few_images", f"too few images that are not the same {purpose}; add images", {})]


def _apart(dataset: Dataset, groups: Sequence[Sequence[str]]) -> Counter[str]:
    """Groups that show a class."""
    names = {item.path: dataset.class_names(item) for item in dataset.items}
    return Counter(name for group in groups for name in {name for path in group for name in names[path]})


def _too_few(
    dataset: Dataset, poor: Sequence[str], apart: Mapping[str, int], by_name: bool, purpose: str
) -> list[Refusal]:
    counts = dataset.counts()
    why = "duplicates, or of --group-by" if by_name else "duplicates"
    found = {}
    for name in poor:
        count = counts[name]
        found[name] = f"{count} image{'s'[: count != 1]}" if count else "no readable image"
        if apart[name] < count:
            found[name] += f" that fall into {apart[name]} group{'s'[: apart[name] != 1]} of {why}"
    classes = "the class" if len(found) == 1 else "the classes"
    return _refused(
        "class_too_small",
        found,
        one=f"{{}}, too few {purpose}",
        many=f"too few images {purpose}",
        advice=f"add images, or leave {classes} out",
    )


def of_given_parts(
    dataset: Dataset, readable: Dataset, result: Dataset, elsewhere: Collection[str] = ()
) -> list[Refusal]:
    """What counts against parts that the data came with.

    Args:
        dataset: What it came as.
        readable: Without unreadable images.
        result: Also without images of `train` that `val` or `test` hold.
        elsewhere: As for `of_parts`.
    """
    counts = [one.counts("train") for one in (dataset, readable, result)]
    found = {}
    for name in dataset.classes if TASKS[dataset.task].kind == "index" else ():
        there, read, left = (count[name] for count in counts)
        if not left and name not in elsewhere:
            reasons = (f"{there - read} unreadable", f"{read} the same as in val or test")
            found[name] = ", ".join(text for text in reasons if not text.startswith("0 ")) or "none at all"
    what = "no readable image in train that val or test has not"
    refused = _refused("class_without_training", found, what + " ({})", what, "add images to train")
    count = len(dataset.subset("val"))
    if not result.subset("val"):
        whole = "the image in val cannot" if count == 1 else f"none of the {count:,} images in val can"
        refused.append(Refusal("no_validation", f"{whole} be read; replace what is in val", {}))
    return refused
