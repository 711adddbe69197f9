"""Labels as keywords: `kerastl classify --format xmp` and `--format exif`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING

from kerastl._base.text import message, printable
from kerastl.errors import ImageError, KerastlError, UsageError

if TYPE_CHECKING:
    from kerastl.keywords import Written
    from kerastl.models._labels import Classification

MIN_SCORE = 0.5
"""Classes that score less become no keywords, unless --min-score says otherwise."""


@dataclass(frozen=True)
class KeywordFormat:
    """A way to write keywords.

    Args:
        writer: Module and function: from an image's path and keywords to what was written.
        changes_images: Whether they go into the images, which must be asked for.
    """

    writer: str
    changes_images: bool = False

    def write(self, path: str, keywords: Sequence[str]) -> Written:
        """Write keywords of an image."""
        module, _, name = self.writer.rpartition(".")
        writer: Callable[[str, Sequence[str]], Written] = getattr(import_module(module), name)
        return writer(path, keywords)


KEYWORD_FORMATS = {
    "xmp": KeywordFormat("kerastl.keywords._sidecar.write_sidecar"),
    "exif": KeywordFormat("kerastl.keywords._embedding.embed_keywords", changes_images=True),
}


def check(form: str, in_place: bool) -> None:
    """Refuse to change images unasked, and to be asked where none are changed."""
    changes = form in KEYWORD_FORMATS and KEYWORD_FORMATS[form].changes_images
    if changes and not in_place:
        raise UsageError(
            f"--format {form} writes into the images themselves: add --in-place if it may, or take --format xmp, which "
            "writes beside them"
        )
    if in_place and not changes:
        raise UsageError(f"--in-place goes with --format exif. Received: --format {form}")


def min_score(form: str) -> float:
    """What classes must score where --min-score is not given."""
    from kerastl import _progress as progress

    if form not in KEYWORD_FORMATS:
        return 0.0
    progress.current().say(f"kerastl: classes that score at least {MIN_SCORE} become keywords; --min-score sets that")
    return MIN_SCORE


def written(results: Iterable[Classification], form: str, nothing: str) -> Iterator[tuple[Classification, str]]:
    """Write the keywords of each result, and give it with a line that says so.

    Args:
        results: Their predictions are what becomes keywords.
        form: One of `KEYWORD_FORMATS`.
        nothing: What is said of an image without predictions.

    Yields:
        The result, with an error where the keywords could not be written, and its line.
    """
    for result in results:
        if result.error is not None:
            yield result, ""
            continue
        try:
            where = _where(result, KEYWORD_FORMATS[form])
        except (KerastlError, OSError) as error:
            yield replace(result, predictions=(), error=_reason(error)), ""
            continue
        answer = result.answer() or nothing
        yield result, f"{printable(result.path or '')}: {answer}{where}\n"


def _where(result: Classification, form: KeywordFormat) -> str:
    """Write the keywords of a result; say where they are."""
    from kerastl.images._encoded import is_web_address

    path = result.path or ""
    if is_web_address(path):
        raise ImageError(path, "is at a web address, where no keywords can be written")
    words = [prediction.label for prediction in result.predictions]
    if result.sure is not None and result.sure.label is not None:
        words.insert(0, result.sure.label)
    if result.rejected or not words:
        return ""
    there = form.write(path, words)
    return f", {'written to' if there.added else 'already in'} {printable(str(there.path))}"


def _reason(error: KerastlError | OSError) -> str:
    if isinstance(error, ImageError):
        return error.reason
    return message(f"keywords cannot be written ({error.strerror})" if isinstance(error, OSError) else str(error))
