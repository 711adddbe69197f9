import pytest

from kerastl.data._layouts.numbers import as_label, float32_twins, looks_numeric, read_numbers
from kerastl.errors import DataError


def read(*texts):
    return read_numbers(texts, [f"table.csv, row {number}" for number in range(2, len(texts) + 2)])


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["12", " -0.5 ", "1e-3", "+7", ".5", "3."], [12, -0.5, 0.001, 7, 0.5, 3]),
        (["\u22124", "\uff11\uff12"], [-4, 12]),  # a minus sign, digits of full width
        (["1,5", "12", "-0,25"], [1.5, 12, -0.25]),
        (["1,234.5", "7"], [1234.5, 7]),
        (["1,234,567", "12"], [1234567, 12]),
        (["1.234,5", "7,25", "1.500"], [1234.5, 7.25, 1500]),
        (["1,234", "0,5"], [1.234, 0.5]),  # no thousands: the other has one digit
    ],
)
def test_numbers_are_read_as_they_are_written(texts, numbers):
    assert read(*texts) == numbers


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["1", ""], "row 3: there is no number; fill it in"),
        (["1", "NaN"], "row 3: 'NaN' stands where a number is missing"),
        (["inf"], "row 2: 'inf' is not finite"),
        (["-\u221e"], "row 2: '-\u221e' is not finite"),
        (["12 cm", "3"], "row 2: '12 cm' has a unit"),
        (["45%"], "row 2: '45%' has a unit"),
        (["$3.50"], r"row 2: '\$3.50' has a unit"),
        (["tall"], "row 2: 'tall' is no number; --task classification"),
        (["1", "0x10"], "row 3: '0x10'"),
        (["1_000"], "row 2: '1_000' is no number"),
        (["1e39"], "row 2: 1e39 is too large"),
        (["1e999"], "row 2: 1e999 is too large"),
        (["9" * 60], "row 2: '9{40}' is no number"),
        (["1", "2,345"], "row 3: '2,345' may mean 2.345 or 2345"),
        (["1,2,3"], "row 2: '1,2,3' is no number"),
        (["1,5", "2.5"], "row 2: '1,5' is no number"),
    ],
)
def test_what_is_no_number_is_refused_with_its_row(texts, said):
    with pytest.raises(DataError, match=said):
        read(*texts)


def test_a_column_of_numbers_is_told_from_one_of_classes():
    assert looks_numeric(["1", "2,5", "", "3"])
    assert not looks_numeric(["0", "1", "1", "0"])  # yes and no
    assert not looks_numeric(["1", "2", "three", "4"])


def test_numbers_that_float32_cannot_tell_apart_are_found():
    assert float32_twins([16777216.0, 5.0, 16777217.0]) == (16777216.0, 16777217.0)
    assert float32_twins([0.5, 0.5, 1.5]) is None


@pytest.mark.parametrize("value", [12.0, 0.1, -3.25e-7, 1e300, 123456789012.0])
def test_a_number_and_its_label_are_the_same(value):
    assert float(as_label(value)) == value
