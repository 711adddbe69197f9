import io
import threading
import time

import pytest
from sample_images import photo, reason

from kerastl.images import Resize, load_pixels
from kerastl.images import _watched as watched


def content(kind, **options):
    stream = io.BytesIO()
    photo(640, 480).save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "PPM"])
def test_an_image_that_takes_too_long_is_given_up(tmp_path, monkeypatch, kind):
    (tmp_path / "a").write_bytes(content(kind))
    load_pixels(tmp_path / "a", Resize(8, 8))
    monkeypatch.setattr(watched, "MAX_SECONDS", -1.0)
    for source in (tmp_path / "a", content(kind)):
        assert reason(source) == "too costly: more than -1 seconds of work"


def test_work_counts_and_waiting_does_not(monkeypatch):
    monkeypatch.setattr(watched, "MAX_SECONDS", 0.1)
    file = watched.WatchedBytes(b"abc")
    time.sleep(0.2)
    assert file.read(1) == b"a"
    end = time.thread_time() + 0.2
    while time.thread_time() < end:
        pass
    with pytest.raises(watched.RefusedError):
        file.read(1)


def test_each_thread_has_its_own_time(monkeypatch):
    monkeypatch.setattr(watched, "MAX_SECONDS", 0.5)
    read = []
    thread = threading.Thread(target=lambda: read.append(watched.WatchedBytes(b"abc").read()))
    thread.start()
    thread.join()
    assert read == [b"abc"]


def test_files_are_what_they_were(tmp_path):
    (tmp_path / "a").write_bytes(b"0123456789")
    with watched.WatchedFile(io.FileIO(tmp_path / "a")) as file:
        assert (file.read(2), file.seek(-1, 2), file.read(), file.fileno() > 2) == (b"01", 9, b"9", True)
