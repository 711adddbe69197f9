"""The size of an image, before it is decoded."""

from __future__ import annotations

import io

from kerastl.images._encoded import encoded
from kerastl.images._limits import check_pixels
from kerastl.images._opening import reported
from kerastl.images._pillow_warnings import silenced


def check_size(content: bytes, limit: int) -> None:
    """Refuse an image that has too many pixels in its file.

    Args:
        content: What an image file holds.
        limit: Pixels.

    Raises:
        ImageError: It has more, or is no image.
    """
    with reported("image in memory"), silenced(), encoded(io.BytesIO(content)).opened() as image:
        check_pixels(image.size, limit)
