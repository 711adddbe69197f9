"""Tars as `tarfile` and others write them, and such as nobody should."""

from __future__ import annotations

import gzip
import io
import tarfile
from contextlib import suppress

import pytest
from archive_files import GREEN, RED, tar_gz_of, tar_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kerastl.sources import _limits as limits
from kerastl.sources._limits import EndsHereError
from kerastl.sources._tar import tar_gz_members, tar_members

NAMES = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=300).filter(
    lambda name: name.strip("/") and not name.endswith("/")
)


def read(content, members=tar_members):
    return [(member.name, member.read()) for member in members(io.BytesIO(content))]


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    files=st.lists(st.tuples(NAMES, st.binary(max_size=1500), st.integers(0, 2**33)), max_size=5),
    form=st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
    skipped=st.sets(st.integers(0, 4)),
)
def test_it_reads_what_tarfile_writes(files, form, skipped):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=form) as archive:
        for name, body, mtime in files:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(body), mtime
            archive.addfile(info, io.BytesIO(body))
    with tarfile.open(fileobj=io.BytesIO(content.getvalue())) as archive:
        wanted = [(one.name, archive.extractfile(one).read(), int(one.mtime) * 10**9) for one in archive]
    for members, packed in ((tar_members, content.getvalue()), (tar_gz_members, gzip.compress(content.getvalue(), 1))):
        found = [
            (member.name, None if place in skipped else member.read(), member.mtime_ns)
            for place, member in enumerate(members(io.BytesIO(packed)))
        ]
        expected = [
            (name, None if place in skipped else body, mtime) for place, (name, body, mtime) in enumerate(wanted)
        ]
        assert found == expected


@settings(max_examples=60, derandomize=True, deadline=None)
@given(cut=st.integers(0, 10239), gzipped=st.booleans())
def test_wherever_it_is_cut_off_what_came_before_is_read_and_the_end_is_told(cut, gzipped):
    whole = tar_of([("a.png", RED), ("b.png", GREEN * 9)])
    end = len(whole.rstrip(b"\0")) // 512 * 512 + 512  # where the zeros begin
    if not gzipped and cut >= end + 512:  # one block of zeros ends it
        assert len(read(whole[:cut])) == 2
        return
    packed = gzip.compress(whole, 0) if gzipped else whole
    members, found = tar_gz_members if gzipped else tar_members, []
    with pytest.raises(EndsHereError, match=r"truncated|empty|Not a gzipped file"):
        found.extend((member.name, member.read()) for member in members(io.BytesIO(packed[:cut])))
    assert found == [("a.png", RED), ("b.png", GREEN * 9)][: len(found)]


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.binary(max_size=3000), st.integers(0, 2000), st.booleans())
def test_whatever_stands_there_it_reads_or_refuses_it(noise, place, gzipped):
    whole = bytearray(tar_gz_of([("a.png", RED)]) if gzipped else tar_of([("a.png", RED), ("b.png", GREEN)]))
    whole[place : place + len(noise)] = noise
    with suppress(EndsHereError):
        read(bytes(whole), tar_gz_members if gzipped else tar_members)


def header(name, kind, size, body=b""):
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.USTAR_FORMAT) + body + bytes(-len(body) % 512)


def test_a_header_is_no_larger_than_it_may_be():
    with pytest.raises(EndsHereError, match="larger than any is"):
        read(header("x", tarfile.XHDTYPE, limits.MAX_HEADER_BYTES + 1))
    with pytest.raises(EndsHereError, match="larger than any is"):
        read(header("x", tarfile.GNUTYPE_LONGNAME, 1 << 32))


def test_a_member_has_no_more_headers_than_it_may_have():
    one = header("x", tarfile.GNUTYPE_LONGNAME, 2, b"a\0")
    assert read(one * limits.MAX_HEADERS + tar_of([("b", b"1")])) == [("a", b"1")]
    with pytest.raises(EndsHereError, match="more than 16 headers"):
        read(one * (limits.MAX_HEADERS + 1) + tar_of([("b", b"1")]))


@pytest.mark.parametrize(
    "record", [b"9 path=\n", b"x path=a\n", b"99999999999999999999 path=a\n", b"8 patha\n", b"0 a=b\n"]
)
def test_records_that_make_no_sense_are_refused(record):
    with pytest.raises(EndsHereError, match="a pax header makes no sense"):
        read(header("x", tarfile.XHDTYPE, len(record), record))


def test_no_more_members_are_read_than_there_may_be(monkeypatch):
    monkeypatch.setattr(limits, "MAX_MEMBERS", 2)
    assert len(read(tar_of([("a", b""), ("b", b"")]))) == 2
    with pytest.raises(EndsHereError, match="more than 2 files"):
        read(tar_of([("a", b""), ("b", b""), ("c", b"")]))


def test_a_bomb_is_stopped(monkeypatch):
    monkeypatch.setattr(limits, "FREE_BYTES", 1 << 20)
    members = [("a.png", bytes(4 << 20))]  # a thousand to one
    with pytest.raises(EndsHereError, match="a bomb: more than 200 bytes"):
        read(tar_gz_of(members), tar_gz_members)
    with pytest.raises(EndsHereError, match="a bomb"):  # nor is it passed over
        list(tar_gz_members(io.BytesIO(tar_gz_of(members))))


def test_a_checksum_at_the_end_is_compared():
    packed = bytearray(tar_gz_of([("a.png", RED)]))
    packed[-6] ^= 1
    with pytest.raises(EndsHereError, match="CRC"):
        read(bytes(packed), tar_gz_members)


def test_sparse_files_are_told():
    found = list(tar_members(io.BytesIO(header("a.png", tarfile.GNUTYPE_SPARSE, 0) + tar_of([]))))
    assert [(member.name, member.kind) for member in found] == [("a.png", "sparse file")]
