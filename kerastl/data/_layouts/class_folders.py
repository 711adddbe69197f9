"""Which of nested folders, such as `animals/dogs/beagle`, are the classes."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from kerastl.errors import UsageError

ClassFolders: TypeAlias = Literal["leaf", "top", "path"]
"""What names a class in nested folders: the innermost folder, the outermost, or the way from there down."""

CLASS_FOLDERS: tuple[str, ...] = get_args(ClassFolders)


def check_class_folders(classes: str | None) -> None:
    """Raise `UsageError` for what is none of `ClassFolders`, nor None."""
    if classes is not None and classes not in CLASS_FOLDERS:
        raise UsageError(f"classes must be one of {', '.join(CLASS_FOLDERS)}. Received: {classes!r}")
