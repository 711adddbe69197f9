import numpy as np
import pytest

from kerastl.errors import UsageError
from kerastl.explaining._occlusion import occlusion


def corner(pixels):
    """Two classes; the first is as probable as the pixel at the top left is red."""
    red = pixels[:, 0, 0, 0] / 255
    return np.stack([red, 1 - red], axis=1)


def test_only_squares_over_the_corner_count():
    pixels = np.full((4, 4, 3), 255, np.uint8)
    found = occlusion(corner, pixels, 0, patch=2, color=0)
    # Squares start at 0, 1 and 2. Only the one at (0, 0) lowers the score, from 1 to 0; (0, 0) lies in that one
    # alone, (0, 1) and (1, 0) in two, (1, 1) in four.
    expected = np.zeros((4, 4))
    expected[:2, :2] = [[1, 1 / 2], [1 / 2, 1 / 4]]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(occlusion(corner, pixels, 1, patch=2, color=0), -expected, atol=1e-6)
    assert (pixels == 255).all()


@pytest.mark.parametrize(("height", "width", "patch"), [(5, 9, 2), (7, 4, 3), (6, 6, 6), (3, 8, 1), (20, 13, None)])
def test_every_pixel_is_covered(height, width, patch):
    mean = lambda pixels: pixels.mean(axis=(1, 2, 3))[:, None] / 255  # noqa: E731
    found = occlusion(mean, np.full((height, width, 3), 255, np.uint8), 0, patch=patch)
    assert found.shape == (height, width)
    # Each square takes the same from the mean, and so does each pixel's average over squares.
    side = patch or max(2, min(height, width) // 6)
    np.testing.assert_allclose(found, (127 / 255) * side**2 / (height * width), rtol=1e-4)


@pytest.mark.parametrize("option", [{"patch": 0}, {"patch": 5}, {"color": 256}])
def test_arguments_out_of_range_are_refused(option):
    with pytest.raises(UsageError, match="patch must be between 1 and 4"):
        occlusion(corner, np.zeros((4, 6, 3), np.uint8), 0, **option)
