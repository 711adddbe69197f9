"""Feed what reads files from outside with broken ones: `python scripts/fuzz.py --seconds 60 [TARGET...]`.

Each target gets valid samples with bytes changed, cut, doubled and moved, and must answer with a value or with one
line of kerastl's own errors. Anything else (another exception, a line break in a message, seconds of work) is a
finding, printed with the input that shows it as small as Hypothesis can make it. Exit code: 0 none, 1 some.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from fuzz_targets import TARGETS, Target
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from kerastl.errors import KerastlError

SECONDS = 5.0
"""One input may take this long."""
_LONGEST = 2_000  # characters of a message
_EXAMPLES = 200  # between two looks at the clock

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
    start = time.process_time()  # others may be at work on this machine
    with tempfile.TemporaryDirectory() as folder:
        try:
            target.read(content, Path(folder))
        except KerastlError as error:
            message = str(error)
            assert "\n" not in message, f"a message of several lines: {message!r}"
            assert len(message) <= _LONGEST, f"a message of {len(message)} characters"
    assert time.process_time() - start < SECONDS, "it takes too long"


def fuzz(target: Target, start: int, examples: int) -> None:
    """Try some inputs; raises the smallest finding. The same `start` tries the same inputs."""
    samples = target.samples()
    with tempfile.TemporaryDirectory() as folder, suppress(KerastlError):
        target.read(samples[0], Path(folder))  # imports what it needs

    @seed(start)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(changed(samples))
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
