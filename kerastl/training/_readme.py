"""The README of a run folder: what each file is, and how to use what came out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from kerastl._base.files import write_text
from kerastl._base.text import printable

README = "README.md"
UNDER_WAY = {"state/": "what `--resume` goes on from"}
"""What else there is in the folder of a run that was stopped."""

_MARK = "<!-- written by kerastl, and again by each run into this folder -->"
_LONGEST = 64 * 1024


def write_readme(
    folder: Path,
    title: str,
    facts: Iterable[str],
    uses: Mapping[str, str],
    files: Mapping[str, str],
    coming: Iterable[str] = (),
) -> None:
    """Write `README.md`, unless somebody else has.

    Args:
        folder: The run folder, with all other files in it but those that are `coming`.
        title: In the first line.
        facts: What there is to know, a point each.
        uses: Commands or code, each under what it is for.
        files: What each file is, by its name; those that are not there are left out.
        coming: Names of files that are written after it.
    """
    if (folder / README).exists() and not is_ours(folder / README):
        return
    parts = [f"# {escaped(title)}", "", *(f"- {escaped(fact)}" for fact in facts), ""]
    for what, text in uses.items():
        parts += [f"{what}:", "", *(f"    {printable(line)}".rstrip() for line in text.splitlines()), ""]
    parts += ["| file | what it is |", "| --- | --- |"]
    parts += [f"| `{name}` | {what} |" for name, what in files.items() if name in coming or (folder / name).exists()]
    write_text(folder / README, "\n".join([*parts, "", _MARK]) + "\n")


def is_ours(file: Path) -> bool:
    """Whether a README is one that `write_readme` wrote."""
    if not file.is_file():
        return False
    try:
        with file.open("rb") as stream:
            return _MARK.encode() in stream.read(_LONGEST)
    except OSError:
        return False


def escaped(text: str) -> str:
    """A text that stays on its line and means nothing to Markdown."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#|!&" else letter for letter in printable(text))
