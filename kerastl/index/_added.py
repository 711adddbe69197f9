"""What adding images to an index has changed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Added:
    """What became of the images of a call.

    Args:
        added: Images that are new.
        changed: Whose files have other content than before.
        renamed: Whose files lie elsewhere: they have kept their vectors, labels and predictions.
        unchanged: That were there already; they were not read.
        labeled: Which have another label or split than before, new ones not counted.
        removed: Whose files are gone.
        missing: Paths of those that are gone and were not removed.
        failed: Why images could not be read, by path.

    Example:
        >>> from kerastl.index import Added
        >>> print(Added(added=3, unchanged=2))
        3 added, 2 unchanged
    """

    added: int = 0
    changed: int = 0
    renamed: int = 0
    unchanged: int = 0
    labeled: int = 0
    removed: int = 0
    missing: tuple[str, ...] = ()
    failed: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        said = [
            f"{count:,} {name.replace('labeled', 'labeled anew')}"
            for name, count in self.as_dict().items()
            if isinstance(count, int) and count
        ]
        return ", ".join(said) or "nothing to do"

    def as_dict(self) -> dict[str, Any]:
        """The object that stands for it in JSON."""
        return asdict(self)
