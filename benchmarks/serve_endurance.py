"""A server over many requests: its memory, and what is lost while models are replaced and when it is stopped.

    python benchmarks/serve_endurance.py IMAGE [IMAGE ...] [--requests 100000] [--clients 8] [--reloads 10]
        [--workers 1]

The model is kerastl_mini in a file, which is replaced again and again meanwhile. One request in ten is a wrong one, or
holds what is no image. A JSON line for each tenth of the requests gives the resident memory of the server's processes
together, in MiB. When all have been sent the server is told to stop while the clients go on. `lost` counts requests
that were sent and not answered, `refused` those that were told that the server stops, and `reloads` how often a process
replaced its model: several changes within seconds are one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from serve import free_port, multipart

_WRONG_EVERY = 10


@dataclass
class Tally:
    """What has come of the requests so far."""

    statuses: Counter[int] = field(default_factory=Counter)
    lost: int = 0
    reloads: int = 0

    @property
    def answered(self) -> int:
        """How many were answered."""
        return self.statuses.total()


def write_model(file: Path, name: str) -> None:
    """kerastl_mini as a file; another name makes it another version."""
    from kerastl.models import Metadata, build, embed_metadata, resolve
    from kerastl.models._metadata import read_metadata, update

    if file.exists():
        update(file, replace(read_metadata(file), name=name))
        return
    build("kerastl_mini").save(file)
    given = resolve("kerastl_mini").metadata
    embed_metadata(file, Metadata(name, given.labels, given.reader))


async def client(port: int, requests: list[bytes], number: int, tally: Tally) -> None:
    """Send one request after the other, until nobody listens."""
    writer = None
    while True:
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return
        try:
            writer.write(requests[number % len(requests)])
            number += 1
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError):
            tally.lost += 1
            writer.close()
            writer = None
            continue
        tally.statuses[int(head.split()[1])] += 1
        if b"connection: close" in head:
            writer.close()
            writer = None


def resident(process: int) -> float:
    """MiB of a process and its children."""
    found = subprocess.run(["ps", "-o", "rss=", "-p", str(process), "--ppid", str(process)], capture_output=True)
    return sum(map(int, found.stdout.split())) / 1024


def reloaded(port: int) -> int:
    """How often a process has replaced its model, as the server counts."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    counts = (line for line in lines if line.startswith("kerastl_model_reloads_total") and '"success"' in line)
    return sum(int(float(line.split()[-1])) for line in counts)


async def endure(server: subprocess.Popen[bytes], port: int, file: Path, options: argparse.Namespace) -> Tally:
    """Ask, replace the model meanwhile, and stop the server at the end."""
    images = [multipart(image.read_bytes()) for image in options.images]
    wrong = [multipart(b"no image"), images[0].replace(b"/v1/classify", b"/v1/classify?top=0", 1)]
    requests = [wrong[n // _WRONG_EVERY % 2] if n % _WRONG_EVERY == 0 else images[n % len(images)] for n in range(420)]
    tally, began = Tally(), time.perf_counter()
    clients = [asyncio.create_task(client(port, requests, number, tally)) for number in range(options.clients)]
    reloads = 0
    for tenth in range(1, 11):
        while tally.answered < options.requests * tenth / 10:
            await asyncio.sleep(0.05)
            due = int(tally.answered / options.requests * (options.reloads + 1))
            if reloads < min(due, options.reloads):
                reloads += 1
                await asyncio.to_thread(write_model, file, f"mini-{reloads}")
        seconds = time.perf_counter() - began
        row = {"requests": tally.answered, "seconds": round(seconds, 1), "mib": round(resident(server.pid), 1)}
        print(json.dumps(row), flush=True)
    tally.reloads = await asyncio.to_thread(reloaded, port)
    server.send_signal(signal.SIGTERM)
    await asyncio.gather(*clients)
    return tally


def main() -> None:
    """Run what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="+", type=Path)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--reloads", type=int, default=10)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file, port = Path(folder, "model.keras"), free_port()
        write_model(file, "mini")
        command = [sys.executable, "-m", "kerastl", "serve", folder, "--port", str(port), "-q"]
        server = subprocess.Popen([*command, "--workers", str(options.workers)])
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/health/ready").close()
                break
            except OSError:
                time.sleep(0.2)
        tally = asyncio.run(endure(server, port, file, options))
        code = server.wait()
    refused = tally.statuses.pop(503, 0)
    last = {"statuses": tally.statuses, "reloads": tally.reloads, "refused": refused, "lost": tally.lost}
    print(json.dumps({**last, "exit_code": code}))


if __name__ == "__main__":
    main()
