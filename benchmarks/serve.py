"""A server over loopback: images a second and latency, against a plain handler and against the engine itself.

    python benchmarks/serve.py IMAGE [IMAGE ...] [--model mobilenet_v2] [--clients 1,8,64] [--seconds 10] [--workers 1]
        [--only kerastl,plain,engine]

Three ways answer the same image files. `engine` is `Classifier.classify` on a list of them in one process: no server
can be faster. `kerastl` is `kerastl serve`. `plain` is what one writes first: a FastAPI handler that opens the file
with Keras, resizes it, and calls `model.predict` (needs `fastapi`). Clients are connections that send one image after
the other and wait for each answer; they run in a process of their own, which takes part of the machine as clients do.
One JSON line a row, and at the end the ratios. Answers other than 200 are counted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

PLAIN = """
import io, sys
import fastapi, keras, numpy as np, uvicorn
from kerastl.models._registry import BACKBONES
name, port = sys.argv[1], int(sys.argv[2])
from kerastl.models import build
model, size = build(name), BACKBONES[name].input_size
app = fastapi.FastAPI()

@app.get("/v2/health/ready")
def ready():
    return {}

@app.post("/v1/classify")
async def classify(image: fastapi.UploadFile):
    loaded = keras.utils.load_img(io.BytesIO(await image.read()), target_size=(size, size))
    scores = model.predict(keras.utils.img_to_array(loaded)[None], verbose=0)[0]
    best = np.argsort(scores)[::-1][:5]
    return {"predictions": [[int(index), float(scores[index])] for index in best]}

uvicorn.run(app, port=port, log_level="warning")
"""


def multipart(content: bytes) -> bytes:
    """A request that carries an image as a form does, which both servers take."""
    boundary = b"kerastl-benchmark"
    body = (
        b"--" + boundary + b'\r\nContent-Disposition: form-data; name="image"; filename="image"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n--" + boundary + b"--\r\n"
    )
    head = (
        "POST /v1/classify HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: multipart/form-data; boundary={boundary.decode()}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def client(port: int, requests: list[bytes], start: int, end: float, seconds: list[float]) -> int:
    """Send one request after the other until the end; how many were not answered with 200."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    failed, number = 0, start
    while time.perf_counter() < end:
        began = time.perf_counter()
        writer.write(requests[number % len(requests)])
        number += 1
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next(int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        if b" 200 " in lines[0]:
            seconds.append(time.perf_counter() - began)
        else:
            failed += 1
    writer.close()
    return failed


def load(port: int, clients: int, duration: float, files: list[Path]) -> dict[str, Any]:
    """Ask from several connections at once."""
    requests = [multipart(file.read_bytes()) for file in files]

    async def all_clients() -> dict[str, Any]:
        seconds: list[float] = []
        began = time.perf_counter()
        asking = [client(port, requests, number, began + duration, seconds) for number in range(clients)]
        failed = sum(await asyncio.gather(*asking))
        wall = time.perf_counter() - began
        p50, p99 = np.percentile(seconds, (50, 99)) * 1000
        return {"images_per_s": len(seconds) / wall, "p50_ms": p50, "p99_ms": p99, "failed": failed}

    return asyncio.run(all_clients())


def free_port() -> int:
    """A port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


@contextmanager
def started(command: list[str], port: int) -> Iterator[None]:
    """A server, for as long as the block runs."""
    process = subprocess.Popen(command)
    try:
        while True:
            if process.poll() is not None:
                raise SystemExit(f"{command[:4]} ended by itself")
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/health/ready").close()
                break
            except OSError:
                time.sleep(0.2)
        yield
    finally:
        process.terminate()
        process.wait()


def engine(model: str, files: list[Path], duration: float) -> float:
    """Images a second of the classifier by itself."""
    import kerastl

    classifier = kerastl.load(model)
    contents = [file.read_bytes() for file in files]
    list(classifier.classify(contents))
    images, began = 0, time.perf_counter()
    while time.perf_counter() - began < duration:
        images += len(list(classifier.classify(contents * max(1, 128 // len(contents)))))
    return images / (time.perf_counter() - began)


def main() -> None:
    """Run what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="+", type=Path)
    parser.add_argument("--model", default="mobilenet_v2")
    parser.add_argument("--clients", default="1,8,64")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--only", default="engine,kerastl,plain")
    parser.add_argument("--load", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        port, clients = map(int, options.load.split(","))
        print(json.dumps(load(port, clients, options.seconds, options.images)))
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    port = free_port()
    serve = [sys.executable, "-m", "kerastl", "serve", options.model, "--port", str(port), "--quiet"]
    ways = {
        "kerastl": [*serve, "--workers", str(options.workers)],
        "plain": [sys.executable, "-c", PLAIN, options.model, str(port)],
    }
    found: dict[tuple[str, int], float] = {}
    asked = options.only.split(",")
    limit = engine(options.model, options.images, options.seconds) if "engine" in asked else None
    if limit is not None:
        print(json.dumps({"way": "engine", "images_per_s": round(limit, 1)}), flush=True)
    for way, command in ways.items():
        if way not in asked:
            continue
        with started(command, port):
            for clients in map(int, options.clients.split(",")):
                for duration in (2.0, options.seconds):  # the first warms up
                    again = [sys.executable, __file__, *map(str, options.images), "--load", f"{port},{clients}"]
                    done = subprocess.run([*again, "--seconds", str(duration)], capture_output=True, check=True)
                row = json.loads(done.stdout)
                found[way, clients] = row["images_per_s"]
                rounded = {name: round(value, 1) for name, value in row.items()}
                print(json.dumps({"way": way, "clients": clients, **rounded}), flush=True)
    for (way, clients), rate in found.items():
        if way == "kerastl":
            ratios = {"plain": found.get(("plain", clients)), "engine": limit}
            said = {f"of_{name}": round(rate / other, 2) for name, other in ratios.items() if other}
            print(json.dumps({"clients": clients, **said}), flush=True)


if __name__ == "__main__":
    main()
