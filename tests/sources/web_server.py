"""A web server on loopback that fails on purpose."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Web:
    """What lies on the server, and what goes wrong.

    Attributes:
        files: Contents, by path.
        ranges: Whether parts of files are given.
        faults: Of the next requests, in their order: a code to answer with, `cut` to end in the middle, `stall` to fall
            silent there, `changed` to give another version; `None` for a request that succeeds.
        requests: What was asked for: path and range.
    """

    def __init__(self):
        self.files, self.ranges, self.faults, self.requests = {}, True, [], []
        self.over = threading.Event()
        self.url = ""

    def put(self, name, content):
        self.files[f"/{name}"] = content
        return f"{self.url}/{name}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        web = self.server.web
        path, asked = self.path.partition("?")[0], self.headers.get("Range", "")
        web.requests.append((self.path, asked))
        fault = web.faults.pop(0) if web.faults else None
        if isinstance(fault, int) or path not in web.files:
            self.send_error(fault or 404)
            return
        whole = web.files[path]
        start, end = 0, len(whole)
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", asked)
        if web.ranges and found:
            start, end = int(found[1]), min(int(found[2]) + 1, len(whole))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(whole)}")
        else:
            self.send_response(200)
        self.send_header("ETag", '"2"' if fault == "changed" else '"1"')
        self.send_header("Content-Length", str(end - start))
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.end_headers()
        if fault in ("cut", "stall"):
            self.wfile.write(whole[start : (start + end) // 2])
            self.wfile.flush()
            if fault == "stall":
                self.server.web.over.wait()
            self.close_connection = True
        else:
            self.wfile.write(whole[start:end])

    def log_message(self, *_):
        pass


@contextmanager
def served():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.web = Web()
    server.web.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.web
    finally:
        server.web.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
