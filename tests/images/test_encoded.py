"""Images as bytes, as open files, and at web addresses."""

from __future__ import annotations

import gzip
import io
import mmap
import os
import tempfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from sample_images import exact, photo, reason

from kerastl.errors import ImageError, UsageError
from kerastl.images import Resize, load_pixels
from kerastl.images import _encoded as encoded
from kerastl.images._encoded import path_of


def held(kind="PNG", size=(96, 64)):
    buffer = io.BytesIO()
    photo(*size).save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").write_bytes(held())
    return tmp_path / "a.png"


RGB = np.asarray(photo())


@pytest.mark.parametrize("kind", ["PNG", "PPM", "BMP", "TIFF", "GIF", "WEBP", "JPEG"])
def test_bytes_of_a_file(kind):
    for content in (held(kind), bytearray(held(kind)), memoryview(held(kind))):
        assert np.abs(exact(content, 96, 64).astype(int) - RGB).mean() < 12


def test_files_inside_of_files(file):
    with gzip.open("a.png.gz", "wb") as packed:
        packed.write(held())
    with gzip.open("a.png.gz") as packed:
        assert np.array_equal(exact(packed, 96, 64), RGB)
    with zipfile.ZipFile("a.zip", "w") as archive:
        archive.write("a.png")
        assert np.array_equal(exact(zipfile.Path(archive, "a.png"), 96, 64), RGB)
        assert reason(zipfile.Path(archive, "b.png")) == "no such file"


@pytest.mark.parametrize("address", ["s3://bucket/a.png", "gs://b/a.png", "file:///a.png"])
def test_other_addresses_are_not_fetched(address):
    assert reason(address) == f"an address of {address[: address.index(':')]}, which is not fetched: give a file"


def test_bytes_that_are_a_path(file):
    assert np.array_equal(exact(os.fsencode(file), 96, 64), RGB)
    file.rename("BM GIF89a.png")
    assert np.array_equal(exact(b"BM GIF89a.png", 96, 64), RGB)
    assert reason(b"none.png") == "no such file"
    assert path_of(b"none.png") == "none.png"
    assert path_of(held()) is None


@pytest.mark.parametrize("place", [0, 7, None])
def test_memory_files_are_read_from_their_beginning(place):
    buffer = io.BytesIO(held())
    buffer.seek(*((0, 2) if place is None else (place,)))
    assert np.array_equal(exact(buffer, 96, 64), RGB)
    assert np.array_equal(exact(buffer, 96, 64), RGB)


def test_open_files(file):
    with file.open("rb") as opened:
        assert np.array_equal(exact(opened, 96, 64), RGB)
        assert np.array_equal(exact(opened, 96, 64), RGB)
        assert path_of(opened) == str(file)
    with os.fdopen(os.open(file, os.O_RDONLY), "rb", buffering=0) as numbered:
        assert np.array_equal(exact(numbered, 96, 64), RGB)
        assert path_of(numbered) is None


class Stream:
    """What comes over a network can be read once."""

    def __init__(self, content):
        self.read = io.BytesIO(content).read


def test_streams_that_cannot_go_back():
    assert np.array_equal(exact(Stream(held()), 96, 64), RGB)


class Upload:
    """As web frameworks have them: reading has to be waited for."""

    filename = "a.png"

    async def read(self, size=-1):
        return held()


def test_files_that_have_to_be_waited_for():
    with pytest.raises(UsageError, match=r"a\.png: reading gives a coroutine"):
        load_pixels(Upload(), Resize(8, 8))


def test_files_of_any_kind_that_can_go_back(file):
    with tempfile.SpooledTemporaryFile() as spooled, zipfile.ZipFile("a.zip", "w") as archive:
        spooled.write(held())
        assert np.array_equal(exact(spooled, 96, 64), RGB)
        archive.write("a.png")
    with zipfile.ZipFile("a.zip") as archive, archive.open("a.png") as member:
        member.read(9)
        assert np.array_equal(exact(member, 96, 64), RGB)
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert np.array_equal(exact(mapped, 96, 64), RGB)


def test_files_that_are_not_open_for_bytes(file):
    message = r"open as text; an image is opened with open\(path, 'rb'\)"
    with file.open(encoding="utf-8") as text, pytest.raises(UsageError, match=message):
        load_pixels(text, Resize(8, 8))
    with file.open(encoding="latin-1") as text, pytest.raises(UsageError, match=message):
        load_pixels(text, Resize(8, 8))
    with file.open("ab") as appended, pytest.raises(UsageError, match="cannot be read"):
        load_pixels(appended, Resize(8, 8))
    with file.open("rb") as closed:
        pass
    with pytest.raises(UsageError, match="closed file"):
        load_pixels(closed, Resize(8, 8))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "an empty file"),
        (held("JPEG")[:600], "truncated"),
        (b"\0\1\2", "not an image"),
        (b"x" * 30_000, "a text file, not an image"),
        (b"<!doctype html>\0", "a web page (HTML), not an image"),
    ],
)
def test_bytes_that_are_no_image(content, expected):
    assert reason(content).startswith(expected)
    with pytest.raises(ImageError) as caught:
        load_pixels(io.BytesIO(content), Resize(8, 8))
    assert len(str(caught.value)) < 200


def test_text_that_is_no_path_is_not_repeated_in_full():
    with pytest.raises(ImageError) as caught:
        load_pixels("data:image/png;base64," + "A" * 30_000, Resize(8, 8))
    assert len(str(caught.value)) < 200


class Site(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
        elif self.path == "/none.png":
            self.send_error(404)
        else:
            content = {"/a.png": held(), "/page": b"<!doctype html>"}.get(self.path, bytes(2_000))
            self.send_response(200)
            if self.path != "/unannounced":
                self.send_header("Content-Length", str(len(content) + 9 * (self.path == "/short")))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site():
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(autouse=True)
def direct(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


def test_a_web_address(site):
    assert np.array_equal(exact(f"{site}/a.png", 96, 64), RGB)
    assert np.array_equal(exact(f"{site}/to/{site}/a.png", 96, 64), RGB)
    assert path_of(f"{site}/a.png") == f"{site}/a.png"


def test_what_a_web_address_may_not_be(site, file):
    assert reason(f"{site}/page") == "a web page (HTML), not an image"
    assert reason(f"{site}/none.png") == "the server answers 404 Not Found"
    assert reason(f"{site}/short").startswith("cannot be fetched")
    for address in (file.as_uri(), "data:,x", "ftp://127.0.0.1/a.png", f"{site}/to/" * 7 + "/a.png"):
        elsewhere = ("the server leads to '", "the server redirects more than 5 times, or in a circle")
        assert reason(f"{site}/to/{address}").startswith(elsewhere)
    assert reason("http://127.0.0.1:1/a.png").startswith("cannot be fetched: ")
    assert reason("http://[/a.png").startswith("cannot be fetched: ")
    for address in (file.as_uri(), "ftp://127.0.0.1/a.png", "data:image/png;base64,AAAA"):
        assert reason(address).endswith(", which is not fetched: give a file")


@pytest.mark.parametrize("path", ["/large", "/unannounced"])
def test_a_web_address_gives_no_more_than_the_limit(site, monkeypatch, path):
    monkeypatch.setattr(encoded, "MAX_BYTES", 1_000)
    assert reason(site + path).startswith("too large: more than")


def test_a_web_address_that_does_not_answer(monkeypatch):
    monkeypatch.setattr(encoded, "SECONDS", 0.05)
    monkeypatch.setattr("kerastl._base.download.opened", lambda url: threading.Event().wait(30))
    assert reason("http://127.0.0.1/a.png") == "no image within 0.05 seconds"
