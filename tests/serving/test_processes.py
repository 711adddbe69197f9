import http.client
import json
import os
import re
import signal
import subprocess
import sys

import pytest

from kerastl.serving._processes import _how

SOON = 60.0


def ask(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SOON)
    try:
        connection.request(method, path, body, {"Content-Type": "image/png"})
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def counting(folder):
    """The processes that have counted something, as the names of their files tell."""
    return sorted({int(re.search(r"_(\d+)\.db$", file.name).group(1)) for file in folder.glob("*/*.db")})


def test_processes_count_together_are_replaced_and_end_together(color_model, red_png, tmp_path):
    command = [sys.executable, "-m", "kerastl", "serve", f"colors={color_model}", "--port=0", "--workers=2"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as parent:
        try:
            while (found := re.search(r"at http://127.0.0.1:(\d+)$", line := parent.stderr.readline().strip())) is None:
                assert line, "it ended"
            port = int(found.group(1))
            for _ in range(6):
                answer = ask(port, "POST", "/v1/classify?top=1", red_png)
                assert json.loads(answer)["results"][0]["predictions"][0]["label"] == "red"
            for _ in range(4):
                assert 'kerastl_requests_total{endpoint="classify",status="200"} 6.0' in ask(port, "GET", "/metrics")
            victim = counting(tmp_path)[0]
            os.kill(victim, signal.SIGKILL)
            assert re.fullmatch(
                rf"kerastl: process {victim} ended \(signal SIGKILL\); process \d+ takes its place\n",
                parent.stderr.readline(),
            )
            assert 'kerastl_requests_total{endpoint="classify",status="200"} 6.0' in ask(port, "GET", "/metrics")
            parent.send_signal(signal.SIGTERM)
            assert parent.wait(SOON) == 0
            # The new one may have had the time to say which model it runs, and nothing else is said.
            assert all(line.startswith("kerastl: colors: version ") for line in parent.stderr)
        finally:
            parent.kill()
    assert list(tmp_path.iterdir()) == []


FAILING = """
import sys
from kerastl.errors import KerastlError
from kerastl.serving import ServeSettings, _server, serve
_server.prepare = lambda *arguments: None
try:
    serve(ServeSettings((("colors", sys.argv[1]),), engine="nothing", workers=2, port=0))
except KerastlError as error:
    sys.exit(str(error))
"""


def test_what_no_process_can_load_ends_all(color_model):
    done = subprocess.run([sys.executable, "-c", FAILING, str(color_model)], capture_output=True, text=True)
    assert done.returncode == 1
    *first, last = done.stderr.splitlines()
    assert last == "the server ends, since its processes do"
    assert 1 <= len(first) <= 2
    assert all(line.startswith("kerastl: unknown engine 'nothing'") for line in first)


@pytest.mark.parametrize(
    ("code", "said"), [(-9, "signal SIGKILL"), (-99, "signal 99"), (3, "code 3"), (None, "code None")]
)
def test_how_a_process_ended(code, said):
    assert _how(code) == said
