"""Weights files of Keras: taken over by a wider network, and written small."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
from numpy.typing import NDArray

from kerastl._base.files import replacing

MANTISSA_BITS = 5
"""Bits after the leading one that the weights of a small kernel keep of the ten of half precision."""
LARGE_KERNEL, STEPS = 140_000, 8
"""Of a kernel with so many weights, all are multiples of a step, of which so many at least make a standard deviation.
Measured: small kernels do not bear this; all rounding together costs 0.15 points on the held-out images."""


def grow(model: keras.Model, weights: Path) -> None:
    """Give a network the weights of an earlier one, which may have been narrower.

    Each of the earlier arrays becomes the corner of the new one. What was there before hears nothing of what is new,
    so that the scores are those of the earlier network (a simpler way than that of Chen et al. 2016, "Net2Net",
    https://arxiv.org/abs/1511.05641: the new channels are random ones).
    """
    with tempfile.TemporaryDirectory() as folder:
        full = Path(folder) / "full.weights.h5"
        model.save_weights(full)
        with h5py.File(full, "r+") as target, h5py.File(weights) as source:
            source.visititems(lambda name, item: _copy_corner(item, target[name]))
        model.load_weights(full)


def _copy_corner(source: Any, target: Any) -> None:
    if isinstance(source, h5py.Dataset):
        value = target[()]
        if value.ndim > 1:
            value[..., source.shape[-2] :, : source.shape[-1]] = 0
        value[tuple(slice(length) for length in source.shape)] = source[()]
        target[...] = value


def save_half(model: keras.Model, path: Path) -> None:
    """Write a weights file of half-precision numbers, which Keras loads like any other."""
    with replacing(path) as whole:
        full = whole.with_suffix(".full.weights.h5")
        model.save_weights(full)
        with h5py.File(full) as source, h5py.File(whole, "w") as target:
            source.visititems(lambda name, item: _copy_half(name, item, target))
        full.unlink()


def _copy_half(name: str, item: Any, target: h5py.File) -> None:
    if isinstance(item, h5py.Dataset):
        value = item[()].astype(np.float16)
        if value.ndim > 1:
            value = _stepped(value) if value.size >= LARGE_KERNEL else _rounded(value, MANTISSA_BITS)
        # In one chunk, which compresses better than many.
        copy = target.create_dataset(
            name, data=value, chunks=value.shape, compression="gzip", compression_opts=9, shuffle=True
        )
    else:
        copy = target.require_group(name)
    for key, value in item.attrs.items():
        copy.attrs[key] = value


def _stepped(value: NDArray[np.float16]) -> NDArray[np.float16]:
    """The nearest multiples of a power of two."""
    step = 2 ** np.floor(np.log2(value.std(dtype=np.float32) / STEPS))
    return (np.rint(value / step) * step).astype(np.float16)


def _rounded(value: NDArray[np.float16], mantissa: int) -> NDArray[np.float16]:
    """The nearest numbers of fewer bits, which compress better."""
    lost = 10 - mantissa
    bits = value.view(np.uint16).astype(np.uint32) + (1 << (lost - 1))
    return (bits >> lost << lost).astype(np.uint16).view(np.float16)
