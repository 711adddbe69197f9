"""Zips as `zipfile` and others write them, and such as nobody should."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from contextlib import suppress

import pytest
from archive_files import GREEN, RED, zip_of
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastl.images._limits import RefusedError
from kerastl.sources import _limits as limits
from kerastl.sources._zip import zip_members

NAMES = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=60).filter(
    lambda name: not name.endswith("/")
)
KINDS = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])


def read(content):
    return [(member.name, member.read()) for member in zip_members(io.BytesIO(content))]


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.lists(st.tuples(NAMES, st.binary(max_size=2000), KINDS), max_size=5, unique_by=lambda one: one[0]))
def test_it_reads_what_zipfile_writes(files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("folder/", b"")
        for name, body, kind in files:
            archive.writestr(name, body, kind)
    with zipfile.ZipFile(content) as archive:
        wanted = [(info.filename, archive.read(info)) for info in archive.infolist() if not info.is_dir()]
    assert read(content.getvalue()) == wanted


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.binary(min_size=1, max_size=300), st.integers(0, 400))
def test_whatever_stands_there_it_reads_or_refuses_it(noise, place):
    whole = bytearray(zip_of([("a.png", RED), ("b.png", GREEN)]))
    whole[place : place + len(noise)] = noise
    with suppress(RefusedError):
        list(zip_members(io.BytesIO(bytes(whole))))


def test_damage_is_said_of_the_image_that_it_hits(packed, told):
    whole = bytearray(zip_of([("a.png", RED), ("b.png", GREEN)]))
    whole[60] ^= 0xFF
    packed("a.zip", bytes(whole))
    (first, why), second = told("a.zip")
    assert first == "a.zip::a.png"
    assert why.startswith("broken: ")
    assert second == ("a.zip::b.png", GREEN)


def test_without_its_end_it_is_told(packed, told):
    packed("a.zip", zip_of([("a.png", RED)])[:-30])
    ((path, reason),) = told("a.zip")
    assert path == "a.zip"
    assert reason.startswith("no zip, or truncated")


def test_an_encrypted_image_and_one_packed_otherwise_are_told(packed, told):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.png", RED, zipfile.ZIP_BZIP2)
        archive.writestr("b.png", GREEN)
    whole = bytearray(file.getvalue())
    whole[whole.rindex(b"PK\x01\x02") + 8] |= 1  # in the directory, which says that b.png is encrypted
    packed("a.zip", bytes(whole))
    assert told("a.zip") == [
        ("a.zip::a.png", "compressed in another way than deflate"),
        ("a.zip::b.png", "encrypted"),
    ]


def test_no_more_files_are_listed_than_there_may_be(monkeypatch):
    monkeypatch.setattr(limits, "MAX_LISTED", 1)
    with pytest.raises(RefusedError, match="more than 1 files"):
        read(zip_of([("a", b""), ("b", b"")]))
    monkeypatch.setattr(limits, "MAX_LIST_BYTES", 60)
    with pytest.raises(RefusedError, match="directory is larger"):
        read(zip_of([("a", b""), ("b", b"")]))


def test_a_bomb_is_stopped(packed, told, monkeypatch):
    monkeypatch.setattr(limits, "FREE_BYTES", 1 << 20)
    packed("a.zip", zip_of([("a.png", RED), *((f"{n}.png", bytes(1 << 20)) for n in range(3))]))
    found = told("a.zip")
    assert found[0] == ("a.zip::a.png", RED)
    assert found[-1][0] == "a.zip"
    assert found[-1][1].startswith("a bomb: more than 200 bytes come out for each that goes in (")


def test_what_comes_out_is_no_more_than_was_announced(packed, told):
    whole = bytearray(zip_of([("a.png", bytes(1 << 20))]))
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = whole.index(mark) + place
        whole[at : at + 4] = (1000).to_bytes(4, "little")
    packed("a.zip", bytes(whole))
    ((path, reason),) = told("a.zip", Counter())
    assert path == "a.zip::a.png"
    assert "CRC" in reason
