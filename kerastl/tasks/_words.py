"""What the outputs of a model are called, for each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kerastl.tasks._task import CLASSIFICATION, MULTILABEL, ORDINAL, REGRESSION


@dataclass(frozen=True, slots=True)
class OutputWords:
    """What an output of the model is called.

    Args:
        one: One of them.
        many: Several.
        unknown: What happens to images of one that the model does not know.
        counts: Whether it tells something how many there are.
    """

    one: str = "class"
    many: str = "classes"
    unknown: str = "left out"
    counts: bool = True

    def counted(self, n: int) -> str:
        """How many there are, in words."""
        return f"{n:,} {self.one if n == 1 else self.many}" if self.counts else f"a {self.one}"

    def listed(self, names: Sequence[str], most: int) -> str:
        """Their names in a sentence, the first few at most."""
        head = self.many if self.counts else self.one
        return f"{head.capitalize()}: {', '.join(names[:most])}" + (", ..." if len(names) > most else "")


_OF_CLASSES = OutputWords()
WORDS: Mapping[str, OutputWords] = {
    CLASSIFICATION: _OF_CLASSES,
    ORDINAL: _OF_CLASSES,
    MULTILABEL: OutputWords("label", "labels", "on which it does not count"),
    REGRESSION: OutputWords("number", "numbers", counts=False),
}
"""By task."""
