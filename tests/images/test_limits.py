"""Bombs are refused before they take memory or time."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sample_images import RED, photo, reason

from kerastl.images import Resize, load_pixels
from kerastl.images import _limits as limits


def png(width, height, *, color_type=2, extra=b""):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, color_type, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(50_000, 50_000), (2**31 - 1, 2**31 - 1), (1, 2**31 - 1)])
def test_bombs_are_refused_by_their_header(tmp_path, size):
    (tmp_path / "a.png").write_bytes(png(*size))
    assert reason(tmp_path / "a.png").startswith(f"too large: {size[0]} x {size[1]} pixels")


def test_a_bomb_inside_an_icon_is_refused(tmp_path):
    bomb = png(9000, 9000)
    header = struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(bomb), 22)
    (tmp_path / "a.ico").write_bytes(header + bomb)
    assert reason(tmp_path / "a.ico").startswith("too large: 9000 x 9000")


def test_very_large_baseline_jpegs_are_decoded_scaled_and_progressive_ones_refused(tmp_path):
    large = Image.new("RGB", (16_000, 12_500), RED)  # 200 megapixels
    large.save(tmp_path / "a.jpg", quality=50)
    assert np.abs(load_pixels(tmp_path / "a.jpg", Resize(32, 32)).astype(int) - RED).max() <= 2
    assert reason(tmp_path / "a.jpg", Resize(32, 32, "keras")).startswith("too large")
    large.save(tmp_path / "b.jpg", quality=50, progressive=True)
    assert reason(tmp_path / "b.jpg", Resize(32, 32)).startswith("too large: decoding takes")


def test_a_jpeg_of_thousands_of_scans_is_refused(tmp_path):
    whole = io.BytesIO()
    photo(2000, 1500).save(whole, "JPEG", progressive=True)
    data = whole.getvalue()
    last_scan = data[data.rindex(b"\xff\xda") : -2]
    (tmp_path / "a.jpg").write_bytes(data[:-2] + last_scan * 1000 + b"\xff\xd9")
    assert reason(tmp_path / "a.jpg").startswith("too large: a JPEG of 3 megapixels in 1010 scans")


def test_huge_files_are_refused(tmp_path):
    with (tmp_path / "a.tif").open("wb") as file:
        file.truncate(3 << 30)
    assert reason(tmp_path / "a.tif") == "too large: a file of 3,072 MiB, the limit is 256"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc to see a process's peak memory")
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "CMYK", "I;16", "P"])
def test_the_largest_images_stay_below_the_limit(tmp_path, mode):
    path = tmp_path / "a.tif"
    Image.new(mode, (9000, 8000)).save(path, compression="tiff_adobe_deflate")
    code = (
        "import sys; from kerastl.images import *; load_pixels(sys.argv[1], Resize(224, 224));"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    peak = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True).stdout
    assert int(peak) / 1024 < 100 + limits.MAX_DECODE_BYTES / limits.MEBIBYTE


def test_large_images_wait_for_each_other():
    order = []

    def second():
        with limits.room.reserved(limits.MAX_DECODE_BYTES):
            order.append("second")

    with limits.room.reserved(limits.MAX_DECODE_BYTES // 2):
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.2)
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]


def content(kind, **options):
    stream = io.BytesIO()
    photo(640, 480).save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "PPM"])
def test_an_image_that_takes_too_long_is_given_up(tmp_path, monkeypatch, kind):
    (tmp_path / "a").write_bytes(content(kind))
    load_pixels(tmp_path / "a", Resize(8, 8))
    monkeypatch.setattr(limits, "MAX_SECONDS", -1.0)
    for source in (tmp_path / "a", content(kind)):
        assert reason(source) == "too costly: more than -1 seconds of work"


def test_work_counts_and_waiting_does_not(monkeypatch):
    monkeypatch.setattr(limits, "MAX_SECONDS", 0.1)
    file = limits.WatchedBytes(b"abc")
    time.sleep(0.2)
    assert file.read(1) == b"a"
    end = time.thread_time() + 0.2
    while time.thread_time() < end:
        pass
    with pytest.raises(limits.RefusedError):
        file.read(1)


def test_each_thread_has_its_own_time(monkeypatch):
    monkeypatch.setattr(limits, "MAX_SECONDS", 0.5)
    read = []
    thread = threading.Thread(target=lambda: read.append(limits.WatchedBytes(b"abc").read()))
    thread.start()
    thread.join()
    assert read == [b"abc"]


def test_files_are_what_they_were(tmp_path):
    (tmp_path / "a").write_bytes(b"0123456789")
    with limits.WatchedFile(io.FileIO(tmp_path / "a")) as file:
        assert (file.read(2), file.seek(-1, 2), file.read(), file.fileno() > 2) == (b"01", 9, b"9", True)
