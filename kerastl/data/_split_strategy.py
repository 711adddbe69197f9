"""The ways of choosing which images to validate on, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kerastl._base.registry import Registry, resolve_reference
from kerastl._base.text import brief
from kerastl.data._dataset import Dataset
from kerastl.errors import PluginError

Groups = Sequence[Sequence[str]]


@dataclass(frozen=True)
class SplitStrategy:
    """A way of choosing which images to validate on.

    Args:
        name: What users type.
        description: Which it chooses, in a line that follows the name.
        chooser: Gives the paths of the images to validate on, for a data set that is not split, the groups of paths
            that must stay together (each image is in one, most are alone), the fraction to choose, in (0, 1), and a
            seed. The same arguments give the same choice. Or `"module:function"`, imported when first used.

    Example:
        >>> from kerastl.data import SPLIT_STRATEGIES
        >>> SPLIT_STRATEGIES["stratified"].name
        'stratified'
    """

    name: str
    description: str
    chooser: Callable[[Dataset, Groups, float, int], set[str]] | str

    def choose(self, dataset: Dataset, groups: Groups, fraction: float, seed: int) -> set[str]:
        """Choose the images to validate on.

        Raises:
            PluginError: A group is torn apart, or a path is none of the data set.
        """
        chooser = resolve_reference(self.chooser) if isinstance(self.chooser, str) else self.chooser
        chosen = chooser(dataset, groups, fraction, seed)
        if unknown := chosen - {item.path for item in dataset.items}:
            raise PluginError(f"the split strategy {self.name!r} chooses {brief(min(unknown))!r}, which is not there")
        for group in groups:
            if 0 < len(chosen.intersection(group)) < len(group):
                raise PluginError(f"the split strategy {self.name!r} tears apart what belongs to {brief(group[0])!r}")
        return chosen


SPLIT_STRATEGIES: Registry[SplitStrategy] = Registry(
    "split strategy",
    "kerastl.split_strategies",
    SplitStrategy,
    {
        "stratified": SplitStrategy(
            "stratified", "the same fraction of each class, at random", "kerastl.data._split:stratified"
        )
    },
)
"""The first is the default. Other packages add to it by entry points of the group `kerastl.split_strategies`."""


def register_split_strategy(strategy: SplitStrategy, *, replace: bool = False) -> SplitStrategy:
    """Add a way of splitting for as long as this process runs.

    Args:
        strategy: Its name is what users type: letters, digits, `_` and `-`.
        replace: Whether it may take the place of one of that name.

    Returns:
        `strategy`.

    Raises:
        UsageError: It is no `SplitStrategy`, or there is one of that name.

    Example:
        >>> from kerastl.data import SPLIT_STRATEGIES, SplitStrategy, register_split_strategy
        >>> def last(dataset, groups, fraction, seed):
        ...     paths = sorted(item.path for item in dataset.items)
        ...     return set(paths[-int(fraction * len(paths)) :])
        ...
        >>> strategy = register_split_strategy(SplitStrategy("last", "those whose paths come last", last))
        >>> "last" in SPLIT_STRATEGIES
        True
    """
    return SPLIT_STRATEGIES.register(strategy, replace=replace)
