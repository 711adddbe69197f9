"""Color profiles (ICC): what an image's numbers mean becomes sRGB, which networks were trained on.

What PNG says of its colors in other ways (gAMA, cHRM, cICP) is not looked at.
"""

from __future__ import annotations

import functools
import io
import zlib
from typing import IO, Any

from PIL import Image

MAX_PROFILE_BYTES = 4 << 20
"""Larger profiles are ignored; those of printing presses take up to 2.7 MB."""
_KEPT = 32
_INVISIBLE = 2
"""A profile that moves no color by more levels of 255 is taken for sRGB."""

_COLOR_SPACES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_GRAY_MODES = ("L", "LA", "La", "I", "F", "1")


def to_srgb(rgb: Image.Image, original: Image.Image) -> Image.Image:
    """Convert an image's colors to sRGB, if a profile says that they mean something else.

    Args:
        rgb: The image in mode RGB; where `original` is gray, so is this.
        original: As it was read, of any mode, with its profile. CMYK has been converted before: see `from_cmyk`.

    Returns:
        An image of mode RGB; `rgb` itself if there is nothing to do, or if the profile is broken or for another kind
        of image.
    """
    profile = _profile(original)
    if profile is None or original.mode in ("CMYK", "LAB", "YCbCr", "HSV"):
        return rgb
    gray = original.mode in _GRAY_MODES or original.mode.startswith("I;16")
    transform = _transform(profile, "L" if gray else "RGB")
    if transform is None:
        return rgb
    return _applied(transform, rgb.getchannel(0) if gray else rgb)


def from_cmyk(image: Image.Image, original: Image.Image) -> Image.Image:
    """Convert an image of mode CMYK, or a strip of `original`, to RGB: by its profile, if it has a usable one."""
    profile = _profile(original)
    transform = None if profile is None else _transform(profile, "CMYK")
    return image.convert("RGB") if transform is None else _applied(transform, image)


def taken_out(file: IO[bytes]) -> tuple[bytes, bytes | None] | None:
    """Separate a PNG and its profile.

    Args:
        file: The PNG, open for reading.

    Returns:
        What the file holds without the profile, and the profile if it is no larger than those that are honored; None
        if there is none.
    """
    file.seek(0)
    content = file.read()
    start = 8
    while len(header := content[start : start + 8]) == 8 and header[4:] != b"IDAT":
        end = start + 12 + int.from_bytes(header[:4], "big")
        if header[4:] == b"iCCP":
            # A name that ends with a null byte, the number of the method, and what is compressed by it.
            data = content[start + 8 : end - 4].partition(b"\0")[2][1:]
            return content[:start] + content[end:], _decompressed(data)
        start = end
    return None


def _decompressed(data: bytes) -> bytes | None:
    try:
        profile = zlib.decompressobj().decompress(data, MAX_PROFILE_BYTES + 1)
    except zlib.error:
        return None
    return profile if len(profile) <= MAX_PROFILE_BYTES else None


def _profile(image: Image.Image) -> bytes | None:
    profile = image.info.get("icc_profile")
    return profile if isinstance(profile, bytes) and 128 < len(profile) <= MAX_PROFILE_BYTES else None


def _applied(transform: Any, image: Image.Image) -> Image.Image:
    target = Image.new("RGB", image.size)
    transform.apply(image, target)
    target.info.pop("icc_profile", None)
    return target


@functools.lru_cache(_KEPT)
def _transform(profile: bytes, mode: str) -> Any:
    """What turns images of `mode` into sRGB; None if nothing has to be done or can be. Threads may share it."""
    # Here, since most images have no profile.
    try:
        from PIL import ImageCms
    except ImportError:
        return None
    # Profiles are broken in many ways, and no reason to give the image up.
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if _COLOR_SPACES.get(source.profile.xcolor_space.strip()) != mode:
            return None
        # Without the cache of the last color, which threads would share.
        flags = ImageCms.Flags.NOCACHE | ImageCms.Flags.BLACKPOINTCOMPENSATION
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        transform = ImageCms.buildTransform(source, _srgb(), mode, "RGB", intent, flags)
        return None if mode != "CMYK" and _moves_nothing(transform, mode) else transform
    except Exception:
        return None


@functools.cache
def _srgb() -> Any:
    from PIL import ImageCms

    return ImageCms.createProfile("sRGB")


def _moves_nothing(transform: Any, mode: str) -> bool:
    import numpy as np

    steps = np.linspace(0, 255, 6 if mode == "RGB" else 64).astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(1, -1, 3) if mode == "RGB" else steps[None]
    moved = np.asarray(_applied(transform, Image.fromarray(grid))).astype(int)
    return int(np.abs(moved - grid.reshape(1, moved.shape[1], -1)).max()) <= _INVISIBLE
