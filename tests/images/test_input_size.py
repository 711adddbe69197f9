"""Height and width as people write them, and as JSON holds them."""

import numpy as np
import pytest

from kerastl.errors import UsageError
from kerastl.images._input_size import check_input_size, parse_input_size, sides_of, size_text


@pytest.mark.parametrize(
    ("given", "size"),
    [(None, None), (224, 224), (np.int64(96), 96), ((96, 96), 96), ((128, 512), (128, 512)), ([128, 512], (128, 512)),
     (64.0, 64)],
)  # fmt: skip
def test_a_square_is_one_number_and_all_else_a_pair(given, size):
    assert check_input_size(given) == size


@pytest.mark.parametrize("given", [0, -1, True, "96", 1.5, (1, 2, 3), (), (0, 5), (5, 9000), (5, None), {5, 6}])
def test_what_is_no_size_is_said(given):
    with pytest.raises(UsageError, match=r"input_size must be a whole number .* or a pair \(height, width\)"):
        check_input_size(given)


@pytest.mark.parametrize(
    ("text", "size"),
    [("224", 224), ("128x512", (128, 512)), (" 128 X 512 ", (128, 512)), ("96\u00d796", 96)],
)
def test_sizes_are_read_as_they_are_written(text, size):
    assert parse_input_size(text) == size
    assert parse_input_size(size_text(size)) == size


@pytest.mark.parametrize("text", ["", "x", "12x", "x12", "1x2x3", "-3", "1.5", "\u0661\u0662", "9" * 30])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(UsageError, match="is no number of pixels, nor HEIGHTxWIDTH"):
        parse_input_size(text)


def test_both_sides():
    assert sides_of(5) == (5, 5)
    assert sides_of((5, 6)) == (5, 6)
