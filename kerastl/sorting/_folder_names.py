"""Folders for classes: names that every file system takes, whatever the classes are called."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from kerastl._base.walking import is_hidden

_LONGEST = 200  # bytes of UTF-8; file systems stop at 255, and a number may come
_DEEPEST = 12  # folders; deeper ones become part of the last name
# Devices of Windows, whatever suffix they have.
_DEVICES = frozenset(("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))))
_UNSAFE = frozenset('<>:"\\|?*')


def key(name: str) -> str:
    """What a name is compared by: some file systems take large and small letters, or ways to write accents, as one."""
    return unicodedata.normalize("NFC", name).casefold()


def class_folders(labels: Sequence[str], reserved: Iterable[str] = ()) -> tuple[PurePath, ...]:
    """A folder for each class, each another one; a number keeps apart what would be called the same.

    Args:
        labels: The classes in the order of the model's outputs; one with slashes is a path of folders.
        reserved: Names that are taken.

    Returns:
        Relative paths in the order of the labels.
    """
    taken = {key(name) for name in reserved}
    folders = []
    for label in labels:
        parts = [safe_name(part) for part in label.split("/", _DEEPEST)]
        folder, number = PurePath(*parts), 1
        while key(folder.as_posix()) in taken:
            number += 1
            folder = PurePath(*parts[:-1], f"{parts[-1]}-{number}")
        taken.add(key(folder.as_posix()))
        folders.append(folder)
    return tuple(folders)


def safe_name(text: str) -> str:
    """A text as the name of a file or folder: no separators, control characters or dots in front, not too long."""
    letters = "".join(letter if letter.isprintable() and letter not in _UNSAFE else "_" for letter in text)
    name = letters.replace("/", "_").strip().lstrip(".").rstrip(". ")
    name = name.encode("utf-8", "replace")[:_LONGEST].decode("utf-8", "ignore").rstrip(". ") or "_"
    unusable = is_hidden(name) or name.partition(".")[0].rstrip().lower() in _DEVICES
    return f"_{name}" if unusable else name
