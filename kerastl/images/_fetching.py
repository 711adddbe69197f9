"""An image from a web address."""

from __future__ import annotations

from http.client import HTTPException

from kerastl._base import download as fetching
from kerastl._base.text import brief
from kerastl.errors import ImageError
from kerastl.images import _limits as limits

SECONDS = 60.0
"""All that fetching may take, finding the server included."""
MAX_BYTES = 64 * limits.MEBIBYTE


def fetch(url: str) -> bytes:
    """Get what lies at a web address.

    Args:
        url: Of http or https. So is what it redirects to.

    Raises:
        ImageError: There is nothing, or it is too large, or takes too long.
    """
    try:
        return fetching.content(url, MAX_BYTES, SECONDS)
    except fetching.LateError:
        reason = f"no image within {SECONDS:g} seconds"
    except fetching.TooLargeError:
        reason = f"too large: more than {MAX_BYTES // limits.MEBIBYTE} MiB"
    except (OSError, HTTPException, ValueError) as error:
        said = fetching.failure(error)
        reason = said if said.startswith("the server") else f"cannot be fetched: {said}"
    raise ImageError(brief(url), reason)
