import dataclasses
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h5py
import numpy as np
import pytest

from kerastl.errors import DownloadError, WeightsError
from kerastl.models import _weights as weights
from kerastl.models._registry import BACKBONES, WeightsFile

BODY = bytes(range(256)) * 10_000  # 2.56 MB, so more than one piece


@pytest.fixture
def server():
    """A server on this machine: `/whole`, `/truncated` (half the body it announces), `/endless`; all else is 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            kind = self.path.split("/")[1]
            if kind not in ("whole", "truncated", "unannounced"):
                self.send_error(404)
                return
            self.send_response(200)
            if kind != "unannounced":
                self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            self.wfile.write(BODY[: len(BODY) // 2] if kind == "truncated" else BODY)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def wanted(url, body=BODY):
    return WeightsFile("net.h5", url, hashlib.md5(body, usedforsecurity=False).hexdigest(), 7)


def write_hdf5(path, kernel):
    with h5py.File(path, "w") as file:
        file["dense/kernel:0"] = kernel
        file["dense/bias:0"] = np.zeros(2, "float32")


def test_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "k"))
    assert weights.folder() == tmp_path / "k" / "models"
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert weights.keras_home() == tmp_path / ".keras"


def test_download(server, tmp_path):
    told = []
    target = tmp_path / "not" / "there"
    path = weights.download(wanted(f"{server}/whole"), target, lambda *all_three: told.append(all_three))
    assert path == target / "net.h5"
    assert path.read_bytes() == BODY
    assert [entry.name for entry in target.iterdir()] == ["net.h5"]
    assert told[-1] == ("net.h5", len(BODY), len(BODY))
    assert [done for _, done, _ in told] == sorted({done for _, done, _ in told})


def test_download_of_unannounced_length(server, tmp_path):
    told = []
    path = weights.download(wanted(f"{server}/unannounced"), tmp_path, lambda *all_three: told.append(all_three))
    assert path.read_bytes() == BODY
    assert told[-1] == ("net.h5", len(BODY), None)


def test_sha256(server, tmp_path):
    file = WeightsFile("net.h5", f"{server}/whole", hashlib.sha256(BODY).hexdigest(), 7)
    assert weights.download(file, tmp_path).read_bytes() == BODY


def test_the_default_network_is_held_to_a_hash_where_it_is_downloaded_only(server, tmp_path):
    default = BACKBONES["mobilenet_v2"].weights
    assert default.hash is None
    with pytest.raises(DownloadError, match=r"what arrived is broken: SHA256 is [0-9a-f]{64}, not 3e195a2857356cfc"):
        weights.download(dataclasses.replace(default, url=f"{server}/whole"), tmp_path)
    assert not list(tmp_path.iterdir())
    write_hdf5(tmp_path / default.file, np.ones((2, 2), "float32"))  # saved anew: other bytes, the same numbers
    weights.verify(tmp_path / default.file, dataclasses.replace(default, parameters=6))


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("truncated", BODY, r"the connection ended after 1,280,000 of 2,560,000 bytes"),
        ("missing", BODY, "the server answers 404 Not Found"),
        ("whole", b"other", r"what arrived is broken: MD5 is [0-9a-f]{32}, not 795f3202b17cb6bc3d4b771d8c6c9eaf"),
    ],
)
def test_failed_download_is_one_line_and_leaves_nothing(server, tmp_path, kind, body, reason):
    with pytest.raises(WeightsError, match=reason) as raised:
        weights.download(wanted(f"{server}/{kind}", body), tmp_path)
    message = str(raised.value)
    assert "\n" not in message
    assert message.startswith(f"cannot download net.h5 from {server}/{kind} (")
    assert f"put by hand into {tmp_path} " in message
    assert "KERAS_HOME" in message
    assert list(tmp_path.iterdir()) == []


def test_refused_connection(server, tmp_path, unused_port):
    with pytest.raises(WeightsError, match="Connection refused"):
        weights.download(wanted(f"http://127.0.0.1:{unused_port}/whole"), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def unused_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_folder_that_cannot_be_made(server, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(WeightsError, match=r"cannot download net\.h5 .*\(Not a directory\)"):
        weights.download(wanted(f"{server}/whole"), tmp_path / "file" / "models")


def test_interrupted_download_leaves_nothing(server, tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        weights.download(wanted(f"{server}/whole"), tmp_path, interrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_download_without_a_hash_is_checked_as_hdf5(server, tmp_path):
    with pytest.raises(WeightsError, match="what arrived is broken"):
        weights.download(WeightsFile("net.h5", f"{server}/whole", None, 8), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_wrong_hash_names_the_file_and_keeps_it(tmp_path):
    path = tmp_path / "net.h5"
    path.write_bytes(b"something else")
    with pytest.raises(WeightsError, match=rf"^{path}: broken weights file \(MD5 is .*\); delete it"):
        weights.verify(path, wanted("https://example.org"))
    assert path.read_bytes() == b"something else"
    path.write_bytes(BODY)
    weights.verify(path, wanted("https://example.org"))


def test_hdf5_without_a_hash(tmp_path):
    path = tmp_path / "net.h5"
    write_hdf5(path, np.ones((3, 2), "float32"))
    weights.verify(path, WeightsFile("net.h5", "", None, 8))
    with pytest.raises(WeightsError, match="it holds 8 numbers, not 9"):
        weights.verify(path, WeightsFile("net.h5", "", None, 9))


@pytest.mark.parametrize(
    ("kernel", "reason"),
    [(np.zeros((3, 2)), "dense/kernel:0 is all zero"), (np.full((3, 2), np.nan), "dense/kernel:0 is not finite")],
)
def test_hdf5_with_impossible_numbers(tmp_path, kernel, reason):
    path = tmp_path / "net.h5"
    write_hdf5(path, kernel)
    with pytest.raises(WeightsError, match=reason):
        weights.verify(path, WeightsFile("net.h5", "", None, 8))


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(WeightsError, match="No such file"):
        weights.verify(tmp_path / "net.h5", WeightsFile("net.h5", "", None, 8))


@pytest.mark.parametrize("length", [0, 1, 100, 5_000, 100_000, -1])
def test_truncated_hdf5(keras_home, tmp_path, length):
    weights_file = BACKBONES["mobilenet_025"].weights
    whole = (keras_home / "models" / weights_file.file).read_bytes()
    path = tmp_path / weights_file.file
    path.write_bytes(whole[:length])
    with pytest.raises(WeightsError, match="broken weights file"):
        weights.verify(path, weights_file)
    # As a file system leaves it after a crash: its full length, the end never written.
    path.write_bytes(whole[:length] + bytes(len(whole) - len(whole[:length])))
    if length > 0:
        with pytest.raises(WeightsError, match="broken weights file"):
            weights.verify(path, weights_file)


@pytest.mark.parametrize("include_top", [True, False])
@pytest.mark.parametrize("name", ["mobilenet_025", "mobilenet_v2"])
def test_real_files_are_whole(keras_home, monkeypatch, name, include_top):
    monkeypatch.setenv("KERAS_HOME", str(keras_home))
    row = BACKBONES[name]
    path = weights.fetch(row, include_top, check=True)
    assert path == weights.cached(row, include_top) == keras_home / "models" / row.weights_file(include_top).file


def test_a_file_for_another_width_is_recognised(keras_home):
    narrow, wide = BACKBONES["mobilenet_025"].weights, BACKBONES["mobilenet_050"].weights
    with pytest.raises(WeightsError, match="it holds 475,544 numbers, not 1,342,536"):
        weights.verify(keras_home / "models" / narrow.file, wide)


def test_fetch_looks_into_a_cached_file_only_when_asked(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    row = BACKBONES["vgg16"]
    assert weights.cached(row) is None
    (tmp_path / "models").mkdir()
    path = tmp_path / "models" / "vgg16_weights_tf_dim_ordering_tf_kernels.h5"
    path.write_bytes(b"broken")
    assert weights.cached(row) == weights.fetch(row) == path
    with pytest.raises(WeightsError, match="broken weights file"):
        weights.fetch(row, check=True)
    assert path.exists()


def test_fetch_downloads_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    asked = []
    monkeypatch.setattr(weights, "download", lambda *given: asked.append(given) or Path("there"))
    row = BACKBONES["mobilenet_025"]
    assert weights.fetch(row, include_top=False, input_size=(160, 160)) == Path("there")
    assert asked == [(row.weights_file(False, (160, 160)), tmp_path / "models", None, None)]


def test_the_class_index_is_what_keras_wants(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    path = weights.imagenet_class_index()
    assert path == tmp_path / "models" / "imagenet_class_index.json"
    # The hash that keras.applications checks a download against.
    assert hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() == "c2c37ea517e94d9795004a39431a14cb"
    path.write_text("kept")
    assert weights.imagenet_class_index().read_text() == "kept"


def test_a_class_index_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file"))
    with pytest.raises(WeightsError, match=r"imagenet_class_index.json cannot be written"):
        weights.imagenet_class_index()
