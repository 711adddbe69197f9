"""Arrays and tensors: range, channels, and one clear line for the others."""

from __future__ import annotations

import numpy as np
import pytest
from sample_images import exact, photo

from kerastl.errors import UsageError
from kerastl.images import Resize, load_pixels

RGB = np.asarray(photo())


@pytest.mark.parametrize(
    "array",
    [
        RGB / 255.0, (RGB / 255).astype(np.float32), (RGB / 255).astype(np.float16), RGB.astype(np.float32),
        RGB.astype(np.float64) + 0.2, RGB.astype(np.int64), RGB.astype(np.int16), RGB.astype(np.uint32),
        RGB[:, ::-1][:, ::-1],
    ],
    ids=lambda a: f"{a.dtype}-{a.max():.0f}",
)  # fmt: skip
def test_any_range_and_type_gives_the_same_image(array):
    assert np.abs(exact(array, 96, 64).astype(int) - RGB).max() <= (1 if array.dtype == np.float16 else 0)


@pytest.mark.parametrize("array", [RGB[..., 0], RGB[..., :1], RGB[..., 0] / 255], ids=["(h, w)", "(h, w, 1)", "float"])
def test_gray(array):
    assert np.array_equal(exact(array, 96, 64), np.repeat(RGB[..., :1], 3, 2))


@pytest.mark.parametrize("factor", [1, 1 / 255])
def test_alpha_shows_white(factor):
    alpha = np.full((64, 96, 1), 255)
    alpha[:10], alpha[10:20] = 0, 51
    pixels = exact(np.concatenate([RGB, alpha], 2) * factor, 96, 64).astype(int)
    assert (pixels[:10] == 255).all()
    assert np.abs(pixels[10:20] - (204 + RGB[10:20] / 5)).max() <= 1
    assert np.array_equal(pixels[20:], RGB[20:])


def test_truth_values():
    assert exact(np.eye(4, dtype=bool), 4, 4)[..., 1].tolist() == (255 * np.eye(4)).tolist()


def test_what_rounding_leaves_beside_the_range_is_cut_off():
    assert exact(np.array([[-1e-7, 0.5, 1.0000002]]), 3, 1)[0, :, 0].tolist() == [0, 128, 255]
    assert exact(np.array([[-0.1, 128, 255.3]]), 3, 1)[0, :, 0].tolist() == [0, 128, 255]


def test_all_black_and_all_white():
    assert (exact(np.zeros((4, 4)), 4, 4) == 0).all()
    assert (exact(np.ones((4, 4, 3), np.float32), 4, 4) == 255).all()


class Tensor:
    """As PyTorch has them: an array only once it is detached and on the CPU."""

    shape, dtype = (64, 96, 3), "torch.uint8"

    def __init__(self, ready=()):
        self.ready = ready

    def detach(self):
        return Tensor((*self.ready, "detached"))

    def cpu(self):
        return Tensor((*self.ready, "cpu"))

    def __array__(self, dtype=None, copy=None):
        if self.ready != ("detached", "cpu"):
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.\nUse something else")
        return RGB


def test_tensors_of_other_libraries():
    assert np.array_equal(exact(Tensor(), 96, 64), RGB)


class Bare:
    """Becomes an array, and tells nothing else of itself."""

    def __array__(self, dtype=None, copy=None):
        return RGB


class Exchanged:
    """Speaks DLPack only."""

    def __dlpack__(self, **options):
        return RGB.copy().__dlpack__(**options)

    def __dlpack_device__(self):
        return RGB.__dlpack_device__()


class Ready(Tensor):
    """As TensorFlow has them: an array at once, with a warning for who asks for more."""

    def detach(self):
        raise AssertionError("nobody needs that")

    cpu = detach

    def __array__(self, dtype=None, copy=None):
        return RGB


class Half(Tensor):
    """As PyTorch has bfloat16, which is no type of NumPy."""

    dtype = "torch.bfloat16"

    def float(self):
        return Ready()

    detach = cpu = lambda self: self


@pytest.mark.parametrize(
    "source", [Ready(), Half(), Bare(), Exchanged(), memoryview(RGB.copy()), np.ma.masked_array(RGB, mask=False)]
)
def test_whatever_becomes_an_array(source):
    assert np.array_equal(exact(source, 96, 64), RGB)


class Symbolic:
    shape, dtype = (4, 4, 3), "float32"

    def __array__(self, dtype=None, copy=None):
        raise ValueError("it has no values yet\nand never will")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.full((4, 4, 3), np.nan), "no NaN"),
        (np.full((4, 4, 3), np.inf, np.float32), "no infinite"),
        (np.full((4, 4, 3), -1.0), "floats from 0 to 1, or from 0 to 255. Received: -1 to -1"),
        (np.full((4, 4, 3), 256.0), "Received: 256 to 256"),
        (np.full((4, 4, 3), 1.02), "Received: 1.02 to 1.02"),
        (np.full((4, 4, 3), -3), "whole numbers from 0 to 255, or to 65535. Received: -3 to -3"),
        (np.full((4, 4, 3), 70000), "Received: 70000 to 70000"),
        (np.zeros((4, 4, 3), complex), "must hold numbers: .* dtype=complex128"),
        (np.zeros((4, 4, 3), object), "must hold numbers: .* dtype=object"),
        (np.zeros((3, 40, 50)), r"channels last: array.transpose\(1, 2, 0\) .* shape=\(3, 40, 50\)"),
        (np.zeros((9, 40, 50)), r"a batch the shape \(n, height, width, channels\). Received: shape=\(9, 40, 50\)"),
        (np.zeros((0, 4, 3), np.uint8), r"Received: shape=\(0, 4, 3\)"),
        (np.zeros((1, 4, 4, 3), np.uint8), r"Received: shape=\(1, 4, 4, 3\)"),
        (np.zeros(7, np.uint8), r"Received: shape=\(7,\)"),
        (Symbolic(), r"a Symbolic cannot be read as an array \(it has no values yet\)"),
        (np.ma.masked_less(np.zeros((4, 4), np.uint8), 1), r"masked array .* array.filled\(0\)"),
        (float("nan"), "a missing value is no image"),
        (Bare, "Received: type"),
        ([[0]], "a PIL image, or an array .* Received: list"),
        (3, "Received: int: 3"),
        (None, "None is no image .cv2.imread gives None"),
    ],
)
def test_what_is_no_image_is_one_short_line(source, message):
    with pytest.raises(UsageError, match=message) as caught:
        load_pixels(source, Resize(8, 8))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300
