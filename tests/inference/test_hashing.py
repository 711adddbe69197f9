import os

import pytest

from kerastl.inference import _seal as hashing
from kerastl.inference._seal import Seal, remembered_sha256, sha256

# The SHA-256 of the three bytes "abc", from FIPS 180-2, appendix B.1.
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.fixture
def seal(tmp_path):
    return Seal(tmp_path)


def test_the_hash_is_the_standards(tmp_path):
    (tmp_path / "f").write_bytes(b"abc")
    assert sha256(tmp_path / "f") == ABC


def test_a_file_is_hashed_once_a_version(tmp_path, seal, monkeypatch):
    file, memory = tmp_path / "f", tmp_path / "memory"
    file.write_bytes(b"abc")
    calls = []
    real = hashing.sha256
    monkeypatch.setattr(hashing, "sha256", lambda path: calls.append(path) or real(path))
    assert remembered_sha256(file, memory, seal) == ABC
    assert remembered_sha256(file, memory, seal) == ABC
    assert len(calls) == 1
    before = file.stat()
    file.write_bytes(b"abd")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert remembered_sha256(file, memory, seal) != ABC
    assert len(calls) == 2


def test_a_broken_memory_is_not_trusted(tmp_path, seal):
    file, memory = tmp_path / "f", tmp_path / "memory"
    file.write_bytes(b"abc")
    remembered_sha256(file, memory, seal)
    (note,) = memory.iterdir()
    note.write_text("{")
    assert remembered_sha256(file, memory, seal) == ABC


def test_a_memory_that_cannot_be_written_is_done_without(tmp_path):
    file = tmp_path / "f"
    file.write_bytes(b"abc")
    assert remembered_sha256(file, file / "memory", Seal(file)) == ABC
