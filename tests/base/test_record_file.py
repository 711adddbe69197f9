import hashlib
import os
from contextlib import closing

import pytest

from kerastl._base.record_file import RecordFile, key_of
from kerastl.errors import KerastlError, UsageError

A, B = key_of("a"), key_of("b")


def opened(file, about=None):
    return closing(RecordFile(file, "test 1", about or {}, 3, "a test"))


@pytest.fixture
def file(tmp_path):
    """Holds a, b, and a again."""
    with opened(tmp_path / "records") as records:
        for key, payload in ((A, b"one"), (B, b"two"), (A, b"new")):
            records.add(key, payload)
        assert records.find(A) is None  # what was added now is for the next
    return tmp_path / "records"


def test_a_key_is_a_hash_that_other_programs_know():
    assert hashlib.blake2b(b"a", digest_size=16).digest() == A
    assert key_of("\udcff") == hashlib.blake2b(b"\xff", digest_size=16).digest()


def test_the_last_record_of_a_key_is_found_and_all_are_read_in_their_order(file):
    with opened(file) as records:
        assert records.count == 3
        assert (records.find(A), records.find(B), records.find(key_of("c"))) == (b"new", b"two", None)
        assert records.places(A) == [2, 0]
        assert list(records.records()) == [(A, b"one"), (B, b"two"), (A, b"new")]


def test_half_a_record_is_cut_off(file):
    os.truncate(file, file.stat().st_size - 1)
    with opened(file) as records:
        assert records.count == 2
        assert records.find(A) == b"one"
        records.add(A, b"end")
    with opened(file) as records:
        assert [record[1] for record in records.records()] == [b"one", b"two", b"end"]


def test_what_is_damaged_is_not_found(file):
    content = bytearray(file.read_bytes())
    content[1024 + 2 * 23 + 16] ^= 1  # the payload of the third
    file.write_bytes(content)
    with opened(file) as records:
        assert records.find(A) == b"one"
        assert records.read(2) is None
        assert list(records.records())[2] is None


def test_of_what_was_there_the_first_can_be_kept(file):
    with opened(file) as records:
        records.keep(1)
        records.add(B, b"two")
        records.flush(to_disk=True)
        assert (records.count, records.find(B)) == (1, None)
    with opened(file) as records:
        assert (records.count, records.find(B)) == (2, b"two")


def test_with_another_header_it_is_begun_anew_and_another_kind_is_left_alone(file, tmp_path):
    with opened(file, {"more": 1}) as records:
        assert records.count == 0
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(KerastlError, match="notes: is no part of a test; remove it, or take another output"):
        RecordFile(tmp_path / "notes", "test 1", {}, 3, "a test")
    assert (tmp_path / "notes").read_text() == "mine"


def test_two_at_once_are_kept_apart(file):
    with opened(file), pytest.raises(UsageError, match="another process is at it"):
        RecordFile(file, "test 1", {}, 3, "a test")
