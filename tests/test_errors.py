import pytest

from kerastl import errors
from kerastl.data import read_split, scan


@pytest.mark.parametrize("kind", [errors.KerastlError, errors.UsageError, errors.ModelError, errors.DataError])
@pytest.mark.parametrize("sign", ["\n", "\r", "\x1b[31m", "\u2028", "\x85", "\u202e", "\x00", "\udc80"])
def test_a_message_is_one_line_for_whoever_catches_it(kind, sign):
    text = str(kind(f"the file 'a{sign}b' is odd"))
    assert text.isprintable()
    assert text.startswith("the file 'a\\")


def test_of_an_image_path_and_reason_are_kept():
    error = errors.ImageError("a\nb.jpg", "odd\nthing")
    assert (str(error), error.path, error.reason) == ("a\\nb.jpg: odd\\nthing", "a\nb.jpg", "odd\\nthing")


def test_a_message_is_no_longer_than_anybody_reads():
    assert len(str(errors.KerastlError("x" * 1_000_000))) < 5_000


def test_a_header_with_a_line_break_is_shown_on_one_line(tmp_path):
    (tmp_path / "t.csv").write_text('"a\nb","c\rd"\n1,2\n')
    with pytest.raises(errors.KerastlError) as caught:
        scan(tmp_path / "t.csv")
    assert len(str(caught.value).splitlines()) == 1


def test_a_long_header_is_shortened(tmp_path):
    (tmp_path / "split.csv").write_text("\x01" * 10_000 + ",split\n1,2\n")
    with pytest.raises(errors.DataError, match="needs the columns path and label") as caught:
        read_split(tmp_path / "split.csv", tmp_path)
    assert len(str(caught.value)) < 500
