from pathlib import Path

import numpy as np
import pytest

from kerastl.data import Dataset, Item
from kerastl.data._number_bins import number_bins, with_bins
from kerastl.data._split import stratified


def test_bins_hold_as_many_numbers_each():
    values = np.random.default_rng(0).exponential(size=1_000)
    bins = number_bins(values, 0.2)
    assert np.bincount(bins).tolist() == [100] * 10
    assert all(values[bins == low].max() < values[bins == low + 1].min() for low in range(9))


@pytest.mark.parametrize(("count", "fraction", "bins"), [(20, 0.2, 4), (20, 0.8, 4), (3, 0.1, 1), (1000, 0.5, 10)])
def test_each_bin_can_give_one_of_its_numbers(count, fraction, bins):
    assert len(set(number_bins(range(count), fraction))) == bins


def test_equal_numbers_share_a_bin():
    assert number_bins([5.0] * 6 + [6.0] * 6).tolist() == [0] * 6 + [1] * 6
    assert number_bins([5.0] * 30 + [6.0, 7.0]).tolist() == [0] * 32
    assert number_bins([3.0] * 8).tolist() == [0] * 8
    assert number_bins([]).tolist() == []


def test_what_is_held_back_spans_the_scale():
    values = np.random.default_rng(1).permutation(100)
    items = tuple(Item(f"{number:03}.png", str(value)) for number, value in enumerate(values))
    dataset = with_bins(Dataset(Path(), ("age",), items, ""), 0.2)
    assert len(dataset.classes) == 10
    chosen = stratified(dataset, [[item.path] for item in items], 0.2, seed=0)
    held_back = sorted(int(item.label) for item in items if item.path in chosen)
    assert [sum(value // 10 == decade for value in held_back) for decade in range(10)] == [2] * 10
