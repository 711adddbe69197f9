"""One file becomes RGB pixels, the same way for training and for prediction.

Everything that Pillow reads is read, upright and over white, by as many threads as wanted. What cannot be
read is an `ImageError` with a short reason, whatever the file holds.
"""

from __future__ import annotations

from kerastl.images.depth import white_of_all
from kerastl.images.kinds import IMAGE_SUFFIXES
from kerastl.images.loading import load_pixels, open_image
from kerastl.images.resizing import MAX_SIDE, RESIZE_POLICIES, Resize, ResizePolicy

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_SIDE",
    "RESIZE_POLICIES",
    "Resize",
    "ResizePolicy",
    "load_pixels",
    "open_image",
    "white_of_all",
]
