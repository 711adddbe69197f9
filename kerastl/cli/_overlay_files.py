"""Names for the images that `kerastl explain` writes: unique, safe everywhere, and never another's file."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

from kerastl._base.files import replacing
from kerastl._base.text import printable
from kerastl.errors import KerastlError

if TYPE_CHECKING:
    from PIL.Image import Image

    from kerastl.explaining import Explanation

_SOFTWARE = "kerastl explain"
_COMPRESSION = 3  # of 0 to 9; more takes longer than explaining, and saves little
_LONGEST = 60  # of each part: file systems stop at 255 bytes, and a letter may take four


class OverlayFiles:
    """Writes overlays into a folder.

    Args:
        folder: Made with the first file if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._taken: set[str] = set()

    def write(self, explanation: Explanation, image: Image) -> Path:
        """Write one image of an explanation as PNG, whole or not at all, and give its path.

        It is called after the image, the method and the class. A number keeps images of the same name apart. A
        file that an earlier run wrote is replaced; any other is left alone, and the number goes up.

        Raises:
            KerastlError: It cannot be written.
        """
        from PIL.PngImagePlugin import PngInfo

        notes = PngInfo()
        notes.add_text("Software", _SOFTWARE)
        notes.add_itxt("Description", printable(str(explanation)))
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            target = self._free(explanation)
            with replacing(target) as temporary:
                image.save(temporary, "PNG", pnginfo=notes, compress_level=_COMPRESSION)
        except OSError as error:
            reason = error.strerror or error
            raise KerastlError(f"--output {self._folder}: cannot be written ({reason})") from error
        return target

    def _free(self, explanation: Explanation) -> Path:
        stem = Path(explanation.path or "image").stem
        name = "-".join([_safe(stem), explanation.method, _safe(explanation.label)])
        for number in itertools.count(1):
            target = self._folder / (f"{name}.png" if number == 1 else f"{name}-{number}.png")
            # Some file systems take large and small letters for the same.
            if target.name.casefold() not in self._taken and _is_ours(target):
                self._taken.add(target.name.casefold())
                return target
        raise AssertionError("there is always a next number")


def _is_ours(target: Path) -> bool:
    """Whether the file may be written: it is not there, or an earlier run wrote it."""
    import os

    from PIL import Image, UnidentifiedImageError

    if not os.path.lexists(target):
        return True
    try:
        with Image.open(target) as image:
            return not target.is_symlink() and image.info.get("Software") == _SOFTWARE
    except (OSError, UnidentifiedImageError, ValueError):
        return False


def _safe(text: str) -> str:
    """Letters, digits and a few signs that need no quotes; all else becomes an underscore."""
    kept = "".join(letter if letter.isalnum() or letter in "._+" else "_" for letter in text)
    return kept[:_LONGEST].strip("._") or "image"
