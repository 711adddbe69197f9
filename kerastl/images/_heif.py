"""HEIC images, which the extra `kerastl[heif]` reads."""

from __future__ import annotations

import functools

from kerastl.images import _kinds as kinds
from kerastl.images import _limits as limits


@functools.cache
def register() -> None:
    """Have Pillow open HEIC from now on.

    Raises:
        RefusedError: The extra is not installed, or does not work here.
    """
    if not kinds.has_heif():
        raise limits.RefusedError(kinds.HEIC)
    try:
        from pillow_heif import register_heif_opener

        register_heif_opener()
    except (ImportError, OSError) as error:  # built for another Pillow or C library
        raise limits.RefusedError(f"HEIC, and pillow-heif does not work here ({error})") from None
