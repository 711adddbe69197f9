import signal
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kerastl._base import download as download

BODY = bytes(range(256)) * 1000


@pytest.fixture
def server():
    """`/whole`, `/announced` (says that it is large), `/endless` (says nothing and never ends), `/drip`, `/stalled`."""
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            if self.path != "/endless":
                self.send_header("Content-Length", str(10**12 if self.path == "/announced" else len(BODY)))
            self.end_headers()
            try:
                while self.path == "/endless" and not ended.is_set():
                    self.wfile.write(BODY)
                while self.path == "/drip" and not ended.wait(0.01):
                    self.wfile.write(b".")
                if self.path == "/stalled":
                    self.wfile.write(b".")
                    ended.wait(10)
                if self.path == "/whole":
                    self.wfile.write(BODY)
            except OSError:
                pass

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        ended.set()
        running.shutdown()
        thread.join()


def test_a_file_arrives(server, tmp_path):
    told = []
    download.receive(f"{server}/whole", tmp_path / "f", len(BODY), lambda *both: told.append(both))
    assert (tmp_path / "f").read_bytes() == BODY
    assert told[-1] == (len(BODY), len(BODY))


def test_what_is_too_large_is_refused_when_it_is_announced(server, tmp_path):
    with pytest.raises(ValueError, match="announces 1,000,000,000,000 bytes"):
        download.receive(f"{server}/announced", tmp_path / "f", 1000)


def test_a_body_without_end_is_cut_off_at_the_limit(server, tmp_path):
    with pytest.raises(ValueError, match="sends more than 1,000,000 bytes"):
        download.receive(f"{server}/endless", tmp_path / "f", 10**6)
    assert (tmp_path / "f").stat().st_size <= 10**6


def test_a_line_that_is_kept_open_by_single_bytes_counts_as_failed(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_WINDOW", 0.1)
    with pytest.raises(TimeoutError, match="bytes arrived within"):
        download.receive(f"{server}/drip", tmp_path / "f", 10**6)


def test_a_body_that_stalls_counts_as_failed(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_SILENCE", 0.1)
    with pytest.raises(TimeoutError):
        download.receive(f"{server}/stalled", tmp_path / "f", 10**6)


@pytest.mark.parametrize(
    ("to", "refused"),
    [
        ("http://x/f", "leads from https"),
        ("HTTP://x/f", "leads from https"),
        ("ftp://x/f", "no web address"),
        ("file:///etc/passwd", "no web address"),
        ("data:,x", "no web address"),
        ("gopher://x\n/f", r"gopher://x\\n/f', which is no web address"),
        ("https://x/f", ""),
    ],
)
def test_a_redirect_does_not_leave_https(to, refused):
    request = urllib.request.Request("https://example.org/f")
    follow = download._Redirections().redirect_request
    if refused:
        with pytest.raises(ValueError, match=refused):
            follow(request, None, 302, "Found", {}, to)
    else:
        assert follow(request, None, 302, "Found", {}, to).full_url == to


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGTERM that can be handled")
def test_termination_leaves_nothing_behind(server, tmp_path):
    code = (
        "import sys, pathlib; from kerastl.models import _weights as weights\n"
        "from kerastl.models._registry import WeightsFile\n"
        "weights.download(WeightsFile('net.h5', sys.argv[1], None, 10**9), pathlib.Path(sys.argv[2]))"
    )
    child = subprocess.Popen([sys.executable, "-c", code, f"{server}/stalled", str(tmp_path)])
    end = time.monotonic() + 20
    while not list(tmp_path.iterdir()) and time.monotonic() < end:
        time.sleep(0.02)
    assert list(tmp_path.iterdir())
    child.send_signal(signal.SIGTERM)
    assert child.wait(10) == 128 + signal.SIGTERM
    assert not list(tmp_path.iterdir())
