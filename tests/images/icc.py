"""Color profiles made by hand: three primaries, or gray, and a curve (ICC.1:2001-04)."""

from __future__ import annotations

import struct

WHITE = (0.9642, 1.0, 0.8249)  # D50, to which all primaries below are adapted


def _fixed(*values):
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _xyz(values):
    return b"XYZ \0\0\0\0" + _fixed(*values)


def _gamma(value):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


_LIKE_SRGB = b"para\0\0\0\0" + struct.pack(">HH", 3, 0) + _fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def profile(tags, space=b"RGB ", *, name="made by hand", kind=b"mntr", connection=b"XYZ "):
    text = name.encode() + b"\0"
    described = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)
    tags = {b"desc": described, b"cprt": b"text\0\0\0\0none\0", b"wtpt": _xyz(WHITE), **tags}
    body, table = b"", b""
    for key, value in tags.items():
        table += key + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = bytearray(128)
    head[8:12], head[12:16], head[16:20], head[20:24], head[36:40] = b"\x02\x40\0\0", kind, space, connection, b"acsp"
    head[68:80] = _fixed(*WHITE)
    head[:4] = struct.pack(">I", 132 + len(table) + len(body))
    return bytes(head) + struct.pack(">I", len(tags)) + table + body


def _rgb(red, green, blue, curve):
    curves = {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    return profile({b"rXYZ": _xyz(red), b"gXYZ": _xyz(green), b"bXYZ": _xyz(blue), **curves})


_SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.7141))
_P3 = ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))
_ADOBE = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
_PROPHOTO = ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82491))

SRGB = _rgb(*_SRGB, _LIKE_SRGB)
P3 = _rgb(*_P3, _LIKE_SRGB)
ADOBE = _rgb(*_ADOBE, _gamma(2.19921875))
PROPHOTO = _rgb(*_PROPHOTO, _gamma(1.8))
LINEAR = _rgb(*_SRGB, _gamma(1.0))
GRAY = profile({b"kTRC": _gamma(1.0)}, b"GRAY")


def _press():
    """A press whose cyan is a neutral gray: half the lightness (L* = 50) where there is nothing else."""
    identity = bytes(range(256))
    corners = b""
    for number in range(16):
        cyan, black = number & 8, number & 1
        corners += bytes([0 if black else 128 if cyan else 255, 128, 128])
    table = b"mft1\0\0\0\0\4\3\2\0" + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1) + identity * 4 + corners + identity * 3
    tags = {b"A2B0": table, b"A2B1": table}
    return profile(tags, b"CMYK", kind=b"prtr", connection=b"Lab ")


CMYK = _press()
