"""Sort, or undo, in a process that dies, as by SIGKILL, at its n-th step that changes a file; then resume or undo.

A program of its own, since processes with threads must not fork: `python killed.py FOLDER ACTION STRIDE`, for each n or
each second one.
"""

import os
import sys
from pathlib import Path

from kerastl.images import Resize
from kerastl.models import LabelSet
from kerastl.models._labels import Classification, decode
from kerastl.models._metadata import Metadata
from kerastl.sorting import undo_sort
from kerastl.sorting._sorting import Sorting, SortOptions

STEPS = ("open", "fsync", "unlink", "mkdir", "rmdir", "replace", "symlink", "close")
FILES = {"a.jpg": "red", "b.jpg": "blue", "b.xmp": "", "c.jpg": "red"}
SORTED = ["blue", "blue/b.jpg", "blue/b.xmp", "red", "red/a.jpg", "red/c.jpg", "sort.csv"]

os.fsync = lambda descriptor: None  # it is only for machines that crash; a killed process loses nothing it has written


class ByContent:
    """A classifier of files that say what they show."""

    name, labels = "by content", LabelSet(("red", "blue"))
    metadata = Metadata(name, labels, Resize(8, 8))

    def classify(self, paths, top, **options):
        for path in paths:
            answer = decode([[1.0, 0.0] if "red" in Path(path).read_text() else [0.0, 1.0]], self.labels, top)[0]
            yield Classification(path, self.name, answer)


def sort(place, action, resume=False):
    options = SortOptions(place / "out", action, resume=resume)
    images = (str(path) for path in sorted((place / "in").glob("*.jpg")))
    list(Sorting(ByContent(), options).run(images))


def dies(work, steps):
    """Do work in a process that dies after so many steps; whether it did."""
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0

    def dying(function):
        def call(*arguments, **options):
            nonlocal steps
            steps -= 1
            return function(*arguments, **options) if steps >= 0 else os._exit(9)

        return call

    for name in STEPS:
        setattr(os, name, dying(getattr(os, name)))
    work()
    os._exit(0)


def content(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.name.startswith("."))


def check_undone(place, before):
    assert not [file.error for file in undo_sort(place / "out") if file.error]
    # Nothing but what a process that died left of itself.
    assert not (place / "out").exists() or files(place / "out") == [], files(place / "out")
    assert content(place / "in") == before


def check_sorted(place, action, before):
    assert files(place / "out") == SORTED, files(place / "out")
    assert content(place / "in") == ({} if action == "move" else before)
    for name, text in before.items():
        assert next((place / "out").rglob(name)).read_text() == text


def resumed(place, action, steps, before):
    died = dies(lambda: sort(place, action), steps)
    if died:
        journal = place / "out" / "sort.csv"
        sort(place, action, resume=journal.exists() and journal.stat().st_size > 50)
    check_sorted(place, action, before)
    return died


def undone(place, action, steps, before):
    died = dies(lambda: sort(place, action), steps)
    if (place / "out" / "sort.csv").exists():
        check_undone(place, before)
    assert content(place / "in") == before
    return died


def undone_again(place, action, steps, before):
    sort(place, action)
    died = dies(lambda: undo_sort(place / "out"), steps)
    if (place / "out" / "sort.csv").exists():
        check_undone(place, before)
    assert content(place / "in") == before
    return died


def main():
    root, action, stride = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    for number, check in enumerate((resumed, undone, undone_again)):
        steps, died = number % stride, True
        while died:
            place = root / f"{check.__name__}-{steps}"
            (place / "in").mkdir(parents=True)
            for name, text in FILES.items():
                (place / "in" / name).write_text(f"{text} {name}")
            died = check(place, action, steps, content(place / "in"))
            steps += stride
        assert steps > 20, steps
    sys.stdout.write(f"{steps} steps\n")


main()
