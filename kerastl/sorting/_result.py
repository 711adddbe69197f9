"""What became of images that were sorted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kerastl._base.text import brief, message, percent, printable
from kerastl.models._labels import NONE_GIVEN
from kerastl.sorting._transfer import ACTIONS


@dataclass(frozen=True, slots=True)
class SortedImage:
    """What became of one image, or would have become of it in a dry run.

    One that goes to the folders of several labels has one of these for each.

    Args:
        path: Where it was.
        label: Its best class, or the label that sent it there; `None` if it could not be read.
        score: The model's probability for that, between 0 and 1.
        to: Where it went, or would go; `None` if it stays where it is.
        action: `copy`, `move` or `link`; `None` if it stays where it is.
        unsure: Whether the model was not sure enough of the class, or the image is unlike those it was trained on.
        sidecars: Where its sidecars went.
        error: Why it was not sorted, though it should have been.
        dry_run: Whether nothing was done.

    Example:
        >>> from kerastl.sorting import SortedImage
        >>> print(SortedImage("in/a.jpg", "cat", 0.931, to="out/cat/a.jpg", action="copy"))
        in/a.jpg: cat 93.1 %, copied to out/cat/a.jpg
    """

    path: str
    label: str | None = None
    score: float | None = None
    to: str | None = None
    action: str | None = None
    unsure: bool = False
    sidecars: tuple[str, ...] = ()
    error: str | None = None
    dry_run: bool = False

    def __str__(self) -> str:
        if self.error is not None:
            return f"{printable(self.path)}: {message(self.error)}"
        answer = f"{brief(self.label)} {percent(self.score)}" if self.label and self.score is not None else NONE_GIVEN
        what = f"{printable(self.path)}: {answer}"
        if self.to is None or self.action is None:
            return f"{what}, {'would stay' if self.dry_run else 'left'} where it is"
        done = ACTIONS[self.action].done
        more = f" with {len(self.sidecars)} sidecar{'s'[: len(self.sidecars) > 1]}" if self.sidecars else ""
        return f"{what}, {'would be ' if self.dry_run else ''}{done} to {printable(self.to)}{more}"

    def as_dict(self) -> dict[str, Any]:
        """The object that stands in JSON for this image."""
        if self.error is not None:
            return {"path": self.path, "error": self.error}
        score = None if self.score is None else float(f"{self.score:.7g}")
        values: dict[str, Any] = {"path": self.path, "label": self.label, "score": score, "unsure": self.unsure}
        values |= {"action": self.action, "to": self.to, "sidecars": list(self.sidecars)}
        return values | ({"dry_run": True} if self.dry_run else {})


class SortResult(list[SortedImage]):
    """What became of each image, in the order of the sources.

    Args:
        images: What became of each.
        left_out: How many images of the sources were left out: of the folder itself, or sorted there before.

    Example:
        >>> from kerastl.sorting import SortedImage, SortResult
        >>> result = SortResult([SortedImage("in/a.jpg", "cat", 0.93, to="out/cat/a.jpg", action="copy")])
        >>> print(result)
        1 image copied into 1 folder
    """

    def __init__(self, images: Sequence[SortedImage] = (), left_out: int = 0) -> None:
        super().__init__(images)
        self.left_out = left_out

    def __str__(self) -> str:
        tally = Tally()
        for image in self:
            tally.add(image)
        return str(tally)


class Tally:
    """Counts what became of images."""

    def __init__(self) -> None:
        self._done: Counter[str] = Counter()
        self._folders: set[str] = set()
        self._left = 0
        self._failed = 0
        self._last: str | None = None

    def add(self, image: SortedImage) -> None:
        """Count one; what became of an image comes one after the other."""
        if image.error is not None:
            self._failed += 1
        elif image.to is None or image.action is None:
            self._left += 1
        else:
            would = "would be " if image.dry_run else ""
            self._done[would + ACTIONS[image.action].done] += image.path != self._last
            self._folders.add(image.to.replace("\\", "/").rpartition("/")[0])
        self._last = image.path

    def __str__(self) -> str:
        failed = [f"{_images(self._failed)} not sorted"] if self._failed else []
        return ", ".join([*self._sorted(), *failed]) or "no images"

    def without_failures(self) -> str:
        """The same without those that could not be sorted; empty where these are all there are."""
        return ", ".join(self._sorted()) or ("" if self._failed else "no images")

    def _sorted(self) -> list[str]:
        folders = f"{len(self._folders):,} folder{'' if len(self._folders) == 1 else 's'}"
        parts = [f"{_images(count)} {done} into {folders}" for done, count in self._done.items()]
        if self._left:
            parts.append(f"{_images(self._left)} left where {'it is' if self._left == 1 else 'they are'}, as unsure")
        return parts


def _images(count: int) -> str:
    return f"{count:,} image{'' if count == 1 else 's'}"
