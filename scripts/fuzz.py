"""Feed what reads files from outside with broken ones: `python scripts/fuzz.py --seconds 60 [TARGET...]`.

Each target gets valid samples with bytes changed, cut, doubled and moved, and must answer with a value or with one
line of kerastl's own errors. Anything else (another exception, a line break in a message, seconds of work) is a
finding, printed with the input that shows it as small as Hypothesis can make it. Exit code: 0 none, 1 some.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from PIL import Image

from kerastl import card
from kerastl.data import read_split, scan
from kerastl.errors import KerastlError
from kerastl.images import Resize, load_pixels
from kerastl.labels import LabelSet
from kerastl.trust import stored

SECONDS = 5.0
"""One input may take this long."""
_LONGEST = 2_000  # characters of a message
_EXAMPLES = 200  # between two looks at the clock


@dataclass(frozen=True)
class Target:
    """What is fuzzed.

    Args:
        samples: Valid inputs, which are changed.
        read: Reads one; gets its bytes and a folder of its own.
    """

    samples: Callable[[], Sequence[bytes]]
    read: Callable[[bytes, Path], object]


def _picture(kind: str, mode: str, **options: object) -> bytes:
    values = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(values).convert(mode).save(stream, kind, **options)
    return stream.getvalue()


def _pictures() -> list[bytes]:
    kinds = [
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("PNG", "I;16"),
        ("GIF", "P"),
        ("BMP", "RGB"),
        ("TIFF", "RGB"),
        ("WEBP", "RGB"),
    ]
    kinds += [
        ("PPM", "RGB"),
        ("TGA", "RGB"),
        ("ICO", "RGBA"),
        ("PCX", "L"),
        ("JPEG2000", "RGB"),
        ("DDS", "RGB"),
        ("SGI", "RGB"),
    ]
    found = [_picture(kind, mode) for kind, mode in kinds]
    found.append(_picture("JPEG", "RGB", progressive=True))
    found.append(_picture("JPEG", "CMYK"))
    found.append(_picture("TIFF", "RGB", compression="tiff_lzw"))
    return found


def _card() -> dict[str, object]:
    labels = LabelSet(("cat", "dog"), ("n02121808", "n02084071"))
    extra = {"temperature": 1.5, "metrics": {"val_accuracy": 0.5, "notes": ["a"]}, "data_fingerprint": "0" * 64}
    return card.Card("pets", labels, Resize(32, 32), "kerastl_mini", extra).as_dict()


def _archive(content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", "{}")
        archive.writestr(card.MEMBER, content)
    return stream.getvalue()


def _read_card(content: bytes, folder: Path) -> object:
    (folder / "model.keras").write_bytes(_archive(content))
    return card.read(folder / "model.keras")


def _read_archive(content: bytes, folder: Path) -> object:
    (folder / "model.keras").write_bytes(content)
    return card.read(folder / "model.keras")


def _trust() -> bytes:
    stream = io.BytesIO()
    references = np.eye(3, dtype=np.float16)
    np.savez(stream, set_scores=np.linspace(0, 1, 5), references=references, novelty_threshold=np.float64(0.5))
    return stream.getvalue()


def _read_trust(content: bytes, folder: Path) -> object:
    file = folder / "model.keras"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr(stored.ARRAYS, content)
    return stored.read(file)


def _read_table(content: bytes, folder: Path) -> object:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (folder / name).touch()
    (folder / "labels.csv").write_bytes(content)
    return scan(folder / "labels.csv")


def _read_split(content: bytes, folder: Path) -> object:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (folder / name).touch()
    (folder / "split.csv").write_bytes(content)
    return read_split(folder / "split.csv", folder)


TARGETS = {
    "image": Target(_pictures, lambda content, _: load_pixels(io.BytesIO(content), Resize(8, 8))),
    "card": Target(lambda: [json.dumps(_card(), indent=1).encode()], _read_card),
    "archive": Target(lambda: [_archive(json.dumps(_card()).encode())], _read_archive),
    "calibration": Target(lambda: [_trust()], _read_trust),
    "table": Target(
        lambda: [
            b"path,label,split\na.jpg,cat,train\nb.jpg,dog,train\nc.jpg,cat,val\n",
            b'\xef\xbb\xbfimage_id;breed\r\na;"c;at"\r\nb;dog\r\n',
            "path\tlabel\na.jpg\tk\u00e4fer\nb.jpg\t\u732b\n".encode("utf-16"),
        ],
        _read_table,
    ),
    "split": Target(lambda: [b"path,label,split\na.jpg,cat,train\nb.jpg,dog,train\nc.jpg,cat,val\n"], _read_split),
}

_EDITS = ("change", "cut", "insert", "repeat", "end")


@st.composite
def changed(draw: st.DrawFn, samples: Sequence[bytes]) -> bytes:
    """A sample with some edits."""
    content = bytearray(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(0, 6))):
        edit, place = draw(st.sampled_from(_EDITS)), draw(st.integers(0, max(0, len(content) - 1)))
        piece = draw(
            st.one_of(st.binary(max_size=8), st.sampled_from([b"\0" * 4, b"\xff" * 4, b"\n", b'"', b",", b"1e999"]))
        )
        length = draw(st.integers(1, 16))
        if edit == "change":
            content[place : place + len(piece)] = piece
        elif edit == "cut":
            del content[place : place + length]
        elif edit == "insert":
            content[place:place] = piece
        elif edit == "repeat":
            content[place:place] = content[place : place + length] * draw(st.integers(1, 50))
        else:
            del content[place:]
    return bytes(content)


def look(target: Target, content: bytes) -> None:
    """Read one input; raises what is a finding."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        try:
            target.read(content, Path(folder))
        except KerastlError as error:
            message = str(error)
            assert "\n" not in message, f"a message of several lines: {message!r}"
            assert len(message) <= _LONGEST, f"a message of {len(message)} characters"
    assert time.monotonic() - start < SECONDS, "it takes too long"


def fuzz(target: Target, start: int, examples: int) -> None:
    """Try some inputs; raises the smallest finding. The same `start` tries the same inputs."""

    @seed(start)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(changed(target.samples()))
    def attempt(content: bytes) -> None:
        look(target, content)

    attempt()


def main() -> int:
    """Fuzz the targets in turn until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all by default")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    names = arguments.targets or list(TARGETS)
    found = 0
    for name in names:
        end, rounds = time.monotonic() + arguments.seconds / len(names), 0
        try:
            while time.monotonic() < end:
                fuzz(TARGETS[name], arguments.seed + rounds, _EXAMPLES)
                rounds += 1
        except Exception as error:
            found += 1
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
            for note in getattr(error, "__notes__", ()):
                print(note, file=sys.stderr)
        print(f"{name}: {rounds * _EXAMPLES:,} inputs")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
