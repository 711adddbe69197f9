"""Images decoded ahead, compared with reading them."""

import hashlib
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from kerastl.data import _prefetch as prefetch
from kerastl.errors import ImageError
from kerastl.images import Resize, load_pixels
from kerastl.training._samples import ImageSample, PrefetchedSample

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no files without a name")

RESIZE = Resize(8, 12, "crop")


@pytest.fixture
def files(tmp_path):
    noise = np.random.default_rng(0)
    paths = []
    for number in range(5):
        path = tmp_path / f"{number}.png"
        Image.fromarray(noise.integers(0, 256, (20, 30, 3), np.uint8)).save(path)
        paths.append(path)
    paths[3].write_bytes(b"no image")
    return paths


def wait_for(decoded, file):
    """What is decoded, as soon as it is."""
    limit = time.monotonic() + 60
    while (found := decoded.get(file)) is None and time.monotonic() < limit:
        time.sleep(0.02)
    return found


def test_gives_what_reading_the_file_gives(files, tmp_path):
    decoded = prefetch.PrefetchedImages(files, RESIZE, tmp_path)
    try:
        for file in (files[4], *files[:3]):  # with the last one all before it have been tried
            digest, pixels = wait_for(decoded, file)
            assert digest == hashlib.sha256(file.read_bytes()).hexdigest()
            np.testing.assert_array_equal(pixels, load_pixels(file, RESIZE))
        assert decoded.get(files[3]) is None
        assert decoded.get(tmp_path / "another.png") is None
    finally:
        decoded.close()
    assert decoded.get(files[0]) is None


def test_nothing_of_it_is_seen_in_the_folder(files, tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    decoded = prefetch.PrefetchedImages(files, RESIZE, scratch)
    try:
        wait_for(decoded, files[0])
        assert list(scratch.iterdir()) == []
    finally:
        decoded.close()


def test_hash_and_pixels_belong_together_where_a_file_changes(files, tmp_path):
    before = load_pixels(files[0], RESIZE)
    digest = hashlib.sha256(files[0].read_bytes()).hexdigest()
    decoded = prefetch.PrefetchedImages(files, RESIZE, tmp_path)
    try:
        wait_for(decoded, files[0])
        decoded.stop()
        Image.new("RGB", (20, 30), "red").save(files[0])
        found = decoded.get(files[0])
        assert found is not None
        assert found[0] == digest
        np.testing.assert_array_equal(found[1], before)
    finally:
        decoded.close()


def test_takes_no_more_room_than_it_may(files, tmp_path, monkeypatch):
    monkeypatch.setattr(prefetch, "LIMIT", 2 * (32 + 8 * 12 * 3) + 1)
    decoded = prefetch.PrefetchedImages(files, RESIZE, tmp_path)
    try:
        assert wait_for(decoded, files[1]) is not None
        assert decoded._child.wait(timeout=60) == 0
        assert decoded.get(files[2]) is None
    finally:
        decoded.close()


def test_a_row_that_was_not_decoded_is_read_from_its_file(files):
    row = PrefetchedSample(ImageSample(files[0], lambda path: load_pixels(path, RESIZE)), lambda path: None)
    assert row.digest() == hashlib.sha256(files[0].read_bytes()).hexdigest()
    np.testing.assert_array_equal(row.pixels(), load_pixels(files[0], RESIZE))
    broken = PrefetchedSample(ImageSample(files[3], lambda path: load_pixels(path, RESIZE)), lambda path: None)
    with pytest.raises(ImageError):
        broken.pixels()


def test_the_process_ends_with_its_parent(files, tmp_path):
    program = (
        "import sys, time, pathlib\n"
        "from kerastl.data import _prefetch as prefetch\n"
        "from kerastl.images import Resize\n"
        "files = [pathlib.Path(sys.argv[1])] * 200_000\n"
        "decoded = prefetch.PrefetchedImages(files, Resize(8, 8, 'crop'), pathlib.Path(sys.argv[2]))\n"
        "print(decoded._child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    command = [sys.executable, "-c", program, files[0], tmp_path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        os.kill(child, 0)
        parent.send_signal(signal.SIGKILL)
    limit = time.monotonic() + 60
    while _runs(child) and time.monotonic() < limit:
        time.sleep(0.05)
    assert not _runs(child)


def _runs(process):
    """Whether a process is there and not merely waiting for somebody to ask how it ended."""
    try:
        status = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no ps here")
    return bool(status.stdout.strip()) and not status.stdout.strip().startswith("Z")
