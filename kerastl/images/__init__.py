"""One file becomes RGB pixels, the same way for training and for prediction.

Everything that Pillow reads is read, upright and over white, by as many threads as wanted. What cannot be
read is an `ImageError` with a short reason, whatever the file holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.images._formats import IMAGE_SUFFIXES as IMAGE_SUFFIXES
    from kerastl.images._input_size import InputSize as InputSize
    from kerastl.images._loading import load_pixels as load_pixels
    from kerastl.images._loading import open_image as open_image
    from kerastl.images._resizing import RESIZE_POLICIES as RESIZE_POLICIES
    from kerastl.images._resizing import Resize as Resize
    from kerastl.images._resizing import ResizePolicy as ResizePolicy

_MODULES = {
    "IMAGE_SUFFIXES": "kerastl.images._formats",
    "InputSize": "kerastl.images._input_size",
    "RESIZE_POLICIES": "kerastl.images._resizing",
    "Resize": "kerastl.images._resizing",
    "ResizePolicy": "kerastl.images._resizing",
    "load_pixels": "kerastl.images._loading",
    "open_image": "kerastl.images._loading",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
