import http.client
import signal
import subprocess
import sys
import threading

import pytest

SOON = 60.0

# A server whose network begins with a line on standard output and ends when it reads a byte of standard input.
SLOW = """
import os, sys
import numpy as np
from kerastl.inference import EngineFactory, Parallelism, register_engine
from kerastl.serving import ServeSettings, _server, serve

class Slow:
    name = "slow"
    parallelism = Parallelism(workers=1, interpreters=1, threads=1, batch=1)

    def predict(self, pixels):
        print("begun", flush=True)
        os.read(0, 1)
        return np.tile(np.float32([0.5, 0.3, 0.2]), (len(pixels), 1))

register_engine(EngineFactory("slow", "", lambda spec: Slow()))
_server.prepare = lambda *arguments: None  # the process that compiles does not know the engine
_server.announce = lambda settings, sock: print(sock.getsockname()[1], flush=True)
try:
    serve(ServeSettings((("colors", sys.argv[1]),), port=0, engine="slow"))
except KeyboardInterrupt:
    os._exit(130)
"""


@pytest.fixture
def slow(color_model):
    """A process with the slow network, and its port."""
    command = [sys.executable, "-c", SLOW, str(color_model)]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, **pipes) as process:
        try:
            process.port = int(process.stdout.readline())
            yield process
        finally:
            process.kill()


class Asking(threading.Thread):
    """Asks a question in a thread, on a connection that could be used again."""

    def __init__(self, port, image):
        super().__init__(daemon=True)
        self.port, self.image, self.status, self.headers = port, image, None, {}
        self.start()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SOON)
        try:
            connection.request("POST", "/v1/classify", self.image, {"Content-Type": "image/png"})
            answer = connection.getresponse()
            answer.read()
            self.status, self.headers = answer.status, answer.headers
        except OSError as error:
            self.status = error
        finally:
            connection.close()


def test_what_was_asked_before_is_answered_and_what_comes_later_is_refused(slow, red_png):
    first = Asking(slow.port, red_png)
    assert slow.stdout.readline() == b"begun\n"
    slow.send_signal(signal.SIGTERM)
    while not refused(slow.port):
        pass
    assert first.status is None
    slow.stdin.write(b".")
    slow.stdin.close()
    first.join(SOON)
    assert first.status == 200
    assert first.headers["Connection"] == "close"
    assert slow.wait(SOON) == 0
    assert slow.stderr.read() == b""


def refused(port):
    """Whether a new request is: in words, and a moment later by nobody listening."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SOON)
    try:
        connection.request("GET", "/v1/models")
        return connection.getresponse().status == 503
    except OSError:
        return True
    finally:
        connection.close()


def test_a_second_interrupt_ends_it_at_once(slow, red_png):
    asking = Asking(slow.port, red_png)
    assert slow.stdout.readline() == b"begun\n"
    slow.send_signal(signal.SIGINT)
    while not refused(slow.port):
        pass
    slow.send_signal(signal.SIGINT)
    assert slow.wait(SOON) == 130
    asking.join(SOON)
    assert asking.status != 200


def test_requests_during_the_drain_are_told_to_go_elsewhere(serving, red_png):
    with serving() as client:
        assert "Connection" not in client.get("/v1/models").headers
        client.app.state.server.draining = True
        answer = client.post("/v1/classify", content=red_png, headers={"Content-Type": "image/png"})
        assert (answer.status_code, answer.json()["code"]) == (503, "draining")
        assert (answer.headers["Connection"], answer.headers["Retry-After"]) == ("close", "2")
        metrics = client.get("/metrics")
        assert (metrics.status_code, metrics.headers["Connection"]) == (200, "close")
        assert 'kerastl_errors_total{code="draining"} 1.0' in metrics.text
