"""Choose which images to validate on: groups stay together, and each class gets its share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from kerastl.data._dataset import Dataset
from kerastl.data._duplicates import joined
from kerastl.data._inspection import Inspection
from kerastl.errors import UsageError


def groups_of(dataset: Dataset, inspection: Inspection, group_by: str | None) -> list[list[str]]:
    """The images in groups that stay together, most of one image; sorted."""
    paths = [item.path for item in dataset.items]
    place = {path: number for number, path in enumerate(paths)}
    links: list[Iterable[Sequence[int]]] = [[[number] for number in range(len(paths))]]
    similar = ([place[path] for path in group if path in place] for group in inspection.similar_groups)
    links.append([group for group in similar if group])  # an inspection may know more images than the data set
    if group_by is not None:
        keys: dict[str, list[int]] = {}
        for number, key in enumerate(_keys(paths, group_by)):
            keys.setdefault(key, []).append(number)
        links.append(keys.values())
    return [[paths[number] for number in group] for group in sorted(joined(*links))]


def _keys(paths: Sequence[str], group_by: str) -> list[str]:
    try:
        pattern = re.compile(group_by)
    except re.error as error:
        raise UsageError(f"group_by is no regular expression ({error}). Received: {group_by!r}") from error
    keys = [found and (found[1] if pattern.groups else found[0]) for found in map(pattern.search, paths)]
    missed = [path for path, key in zip(paths, keys, strict=True) if not key]
    if missed:
        more = f" and in {len(missed) - 1:,} more of {len(paths):,} paths" if len(missed) > 1 else ""
        raise UsageError(f"group_by {group_by!r} finds nothing in {missed[0]!r}{more}; it must match each path")
    return [str(key) for key in keys]


def choose(dataset: Dataset, groups: Sequence[Sequence[str]], fraction: float, seed: int) -> set[str]:
    """Take groups in random order, each that brings the classes' counts in `val` closer to what is wanted.

    scikit-learn's splitters know groups that keep together or fractions that are met, not both, and may leave
    a small class without any image in `val`.
    """
    import numpy as np

    labels = {item.path: item.label for item in dataset.items}
    wanted = {name: min(max(1, round(fraction * count)), max(1, count - 1)) for name, count in dataset.counts().items()}
    order = np.random.default_rng(seed).permutation(len(groups))
    contents = [Counter(labels[path] for path in groups[number]) for number in order]
    taken: set[int] = set()
    have: Counter[str] = Counter()
    left = Counter(label for content in contents for label in content)  # groups in train that show a class
    for number, content in enumerate(contents):
        gain = sum(count * (2 * (wanted[name] - have[name]) - count) for name, count in content.items())
        if gain > 0 and all(left[name] > 1 for name in content):
            _take(number, content, taken, have, left)
    _fill(contents, wanted, taken, have, left)
    return {path for number in taken for path in groups[order[number]]}


def _fill(
    contents: Sequence[Mapping[str, int]],
    wanted: Mapping[str, int],
    taken: set[int],
    have: Counter[str],
    left: Counter[str],
) -> None:
    """Give each class that has none in `val` its smallest group, where another stays in `train`."""
    places: dict[str, list[int]] = {name: [] for name in wanted if not have[name]}
    for number, content in enumerate(contents):
        for name in content:
            if name in places:
                places[name].append(number)
    for name, numbers in places.items():
        if have[name]:  # by now, with another class's group
            continue
        free = [
            (sum(contents[number].values()), number)
            for number in numbers
            if number not in taken and all(left[other] > 1 for other in contents[number])
        ]
        if free:
            number = min(free)[1]
            _take(number, contents[number], taken, have, left)


def _take(number: int, content: Mapping[str, int], taken: set[int], have: Counter[str], left: Counter[str]) -> None:
    taken.add(number)
    have.update(content)
    left.subtract(dict.fromkeys(content, 1))
