"""What an index calls images: paths from its root, absolute paths, addresses, and names of what lies in archives."""

from __future__ import annotations

import os
import re

from kerastl._base.text import as_unicode
from kerastl.sources._addresses import is_address

MEMBER = "::"
"""Between an archive and what lies in it, as `kerastl.sources.StoredImage` has it."""
WRONG = r"\x00|(^|[/\\])\.\.([/\\]|$)|^$"
"""What is in no path of an index: it would lead out of the root."""
LONGEST = 4096
"""Bytes."""


def stored(root: str, path: str) -> str:
    """What an index calls a file: its path from the root, or an absolute one; of addresses themselves.

    Args:
        root: Absolute.
        path: Of the file, from the current folder.
    """
    if is_address(path):
        return path
    file, inside, member = path.partition(MEMBER)
    path = os.path.abspath(file) + inside + member  # noqa: PTH100 - as text
    below = path.startswith(root if root.endswith(os.sep) else root + os.sep)
    return (path[len(root) :].lstrip(os.sep) if below else path).replace(os.sep, "/")


def located(root: str, path: str) -> str:
    """Where an image lies that an index calls so."""
    return path if is_address(path) else os.path.join(root, path)  # noqa: PTH118 - as text


def from_here(file: str) -> str:
    """The path from the current folder where a file lies below it, as users write it."""
    here = os.path.join(os.getcwd(), "")  # noqa: PTH109, PTH118 - as text
    return file.removeprefix(here)


def refusal(path: str) -> str | None:
    """Why an index cannot hold a path; None if it can."""
    if as_unicode(path) != path:
        return "its name is no text, which an index cannot hold"
    if len(path.encode()) > LONGEST or re.search(WRONG, path):
        return "its name is too long for an index, or leads out of its folder"
    return None
