import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from kerastl.data._dataset import Dataset, Item
from kerastl.data._training_record import MEMBER, TrainingRecord, read
from kerastl.errors import ModelError

ITEMS = (Item("a/1", "a", "train"), Item("a/2", "a", "val"), Item("b/1", "b", "train"), Item("b/2", "b", "test"))
CONTENTS = {"a/1": "00000000000000ff" + 16 * "0", "a/2": 32 * "1", "b/1": 32 * "f", "b/2": 32 * "3"}


@pytest.fixture
def record():
    return TrainingRecord.of(Dataset(Path(), ("a", "b"), ITEMS, ""), CONTENTS)


def test_eight_bytes_of_each_hash_are_kept_in_order(record):
    assert record.hashes["train"].tolist() == [255, 2**64 - 1]
    assert record.hashes["val"].tolist() == [0x1111111111111111]
    assert len(record) == 3


def test_images_are_known_by_their_hashes_and_empty_ones_never(record):
    contents = [32 * "f", 32 * "1", 32 * "3", "", "00000000000000ff" + 16 * "7"]
    assert record.parts(contents) == ["train", "val", None, None, "train"]


def test_what_was_trained_on_goes_before_what_was_validated_on():
    both = (Item("1", "a", "train"), Item("2", "a", "val"))
    record = TrainingRecord.of(Dataset(Path(), ("a",), both, ""), {"1": 32 * "5", "2": 32 * "5"})
    assert record.parts([32 * "5"]) == ["train"]


def test_there_and_back(record):
    again = TrainingRecord.from_bytes(record.to_bytes())
    assert again.to_bytes() == record.to_bytes()
    assert {part: values.tolist() for part, values in again.hashes.items()} == {
        part: values.tolist() for part, values in record.hashes.items()
    }


def savez(save=np.savez, **arrays):
    stream = io.BytesIO()
    save(stream, **arrays)
    return stream.getvalue()


NUMBERS = np.arange(3, dtype=np.uint64)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nothing",
        savez(train=NUMBERS),
        savez(train=NUMBERS, val=NUMBERS.astype(np.float64)),
        savez(train=NUMBERS, val=NUMBERS[None]),
        savez(train=NUMBERS, val=np.array([{"a": 1}], dtype=object)),
        savez(np.savez_compressed, train=np.zeros(10**6, np.uint64), val=NUMBERS),
        savez(train=NUMBERS, val=NUMBERS)[:-30],
        savez(train=NUMBERS, val=NUMBERS).replace(b"NUMPY", b"NUMPI"),
    ],
    ids=["empty", "text", "a part", "floats", "2-D", "objects", "compressed", "truncated", "changed"],
)
def test_another_content_is_one_line(content, tmp_path):
    file = tmp_path / "m.keras"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr(MEMBER, content)
    with pytest.raises(ModelError, match=r"m\.keras: its list of training images is broken"):
        read(file)


def test_a_file_without_one(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    assert read(tmp_path / "m.keras") is None
