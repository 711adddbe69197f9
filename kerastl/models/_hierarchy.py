"""Classes in a tree: groups of classes, groups of groups, and how scores add up along it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kerastl.errors import ModelError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike

MAX_DEPTH = 100
"""Levels that a tree may have."""


@dataclass(frozen=True)
class Hierarchy:
    """A tree of classes.

    Its nodes are the classes, in the order of a model's scores, and then the groups. What holds everything, the root,
    is no node. A class may have classes below it: `dogs` for dogs whose breed nobody wrote down, and `dogs/beagle`.

    Args:
        names: One name a node.
        parents: For each node the place of the one above it in `names`; None at the top.
        classes: How many of the nodes are classes.
        wnids: WordNet ids of the nodes, or None.

    Raises:
        UsageError: It is no tree, or more than 100 levels deep, or a group has no class.

    Example:
        >>> from kerastl.models import Hierarchy
        >>> tree = Hierarchy.of_paths(("birds/owl", "dogs/beagle", "dogs/pug"))
        >>> tree.names
        ('birds/owl', 'dogs/beagle', 'dogs/pug', 'birds', 'dogs')
        >>> tree.parents
        (3, 4, 4, None, None)
        >>> tree.scores([[0.125, 0.5, 0.375]]).tolist()
        [[0.125, 0.5, 0.375, 0.125, 0.875]]
    """

    names: tuple[str, ...]
    parents: tuple[int | None, ...]
    classes: int
    wnids: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if problem := _problem(self.parents, self.classes, len(self.names)):
            raise UsageError(f"hierarchy: {problem}")

    @classmethod
    def of_paths(cls, classes: Sequence[str]) -> Hierarchy:
        """Read the tree off names of classes that are paths with slashes, such as `animals/dogs/beagle`.

        Raises:
            UsageError: A path has more than 100 parts.
        """
        known = set(classes)
        groups = sorted({path[:at] for path in classes for at, letter in enumerate(path) if letter == "/" and at})
        names = (*classes, *(group for group in groups if group not in known))
        places = {name: place for place, name in enumerate(names)}
        return cls(names, tuple(places.get(name.rpartition("/")[0]) for name in names), len(classes))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], classes: Sequence[str]) -> Hierarchy:
        """Read what `as_dict` wrote.

        Args:
            values: The groups and the parents; each of the kind that `as_dict` gives.
            classes: The names of the classes.

        Raises:
            ModelError: It is no tree of these classes.
        """
        try:
            return cls((*classes, *values["groups"]), tuple(values["parents"]), len(classes))
        except UsageError as error:
            raise ModelError(f"the metadata's {error}") from None

    def as_dict(self) -> dict[str, Any]:
        """The groups, and the parents of all nodes, as JSON values; the classes stand in the metadata anyway."""
        return {"groups": list(self.names[self.classes :]), "parents": list(self.parents)}

    @cached_property
    def children(self) -> dict[int | None, tuple[int, ...]]:
        """The nodes below each node, and under None those at the top; in their order."""
        found: dict[int | None, list[int]] = {}
        for node, parent in enumerate(self.parents):
            found.setdefault(parent, []).append(node)
        return {parent: tuple(nodes) for parent, nodes in found.items()}

    @cached_property
    def depths(self) -> tuple[int, ...]:
        """The level of each node: 1 at the top."""
        return tuple(len(self.path(node)) for node in range(len(self.names)))

    def path(self, node: int) -> tuple[int, ...]:
        """The nodes from the top down to a node, with itself."""
        found = [node]
        while (parent := self.parents[found[-1]]) is not None:
            found.append(parent)
        return tuple(reversed(found))

    def at_depth(self, depth: int) -> tuple[int, ...]:
        """What stands for each class at a level: the node above it there, or itself where it stands higher.

        Args:
            depth: At least 1.
        """
        return tuple(self.path(node)[:depth][-1] for node in range(self.classes))

    def scores(self, probabilities: ArrayLike) -> np.ndarray:
        """Add up the probabilities of the classes below each node, with its own if it is a class.

        Args:
            probabilities: Array of shape (n, classes).

        Returns:
            float64 array of shape (n, nodes).
        """
        import numpy as np

        order, ends = self._ranges
        values = np.asarray(probabilities, np.float64)[:, order]
        padded = np.concatenate([values, np.zeros((len(values), 1))], axis=1)  # an end may be one past the last
        return np.add.reduceat(padded, ends, axis=1)[:, ::2]

    @cached_property
    def _ranges(self) -> tuple[list[int], list[int]]:
        """The classes in an order in which those below a node stand together; start and end of each node in it."""
        order: list[int] = []
        ends = [0] * (2 * len(self.names))
        waiting = [(node, False) for node in reversed(self.children[None])]
        while waiting:
            node, is_left = waiting.pop()
            if is_left:
                ends[2 * node + 1] = len(order)
                continue
            ends[2 * node] = len(order)
            if node < self.classes:
                order.append(node)
            waiting.append((node, True))
            waiting += [(child, False) for child in reversed(self.children.get(node, ()))]
        return order, ends


def _problem(parents: Sequence[int | None], classes: int, nodes: int) -> str:
    """What is wrong with a tree; empty if nothing is."""
    if not 0 <= classes <= nodes:
        return f"{classes:,} classes among {nodes:,} nodes"
    if len(parents) != nodes:
        return f"{nodes:,} nodes, and parents of {len(parents):,}"
    if not all(parent is None or (type(parent) is int and 0 <= parent < nodes) for parent in parents):
        return f"a parent is neither null nor a place among {nodes:,} nodes"
    if (lost := _too_deep(parents)) is not None:
        return f"node {lost + 1} goes round in circles, or lies more than {MAX_DEPTH} levels deep"
    filled: set[int | None] = {None}
    for each in range(classes):
        node: int | None = each
        while node not in filled:
            filled.add(node)
            node = parents[node]  # type: ignore[index]  # None is in it
    empty = next((node for node in range(nodes) if node not in filled), None)
    return "" if empty is None else f"node {empty + 1} has no class below it"


def _too_deep(parents: Sequence[int | None]) -> int | None:
    """A node that is more than `MAX_DEPTH` levels below the top, or below no top at all; each is looked at once."""
    levels: dict[int | None, int] = {None: 0}
    for node in range(len(parents)):
        trail: list[int | None] = [node] if node not in levels else []
        while trail and (above := parents[trail[-1]]) not in levels and len(trail) <= MAX_DEPTH:  # type: ignore[index]
            trail.append(above)
        for each in reversed(trail):
            levels[each] = levels.get(parents[each], MAX_DEPTH) + 1  # type: ignore[index]
            if levels[each] > MAX_DEPTH:
                return node
    return None
