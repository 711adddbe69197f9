"""Run the notebooks from top to bottom, and save them with what came out.

    python scripts/run_notebooks.py [--only 2]

Weights are used where Keras's cache has them (`KERAS_HOME`); nothing is downloaded. What changes with every run and
says nothing is left out, so that differences are small. A notebook that fails stays as it was.
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
# What is told of work that takes a second or more, and how long epochs took.
_WAITING = re.compile(r" \.\.\.$|: (done|\d[\d,]*) in \d[\d.]* (s|min|h)$")
_SECONDS = re.compile(r" \(\d[\d.]* (s|min|h)\)$")
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def notebooks() -> list[Path]:
    """The notebooks, in the order in which they are read."""
    return sorted(FOLDER.glob("*.ipynb"))


def executed(path: Path, **environment: str) -> nbformat.NotebookNode:
    """Run a notebook in a fresh kernel that sees this checkout.

    Args:
        path: The notebook; it stays as it is.
        **environment: Variables to set for the kernel.

    Returns:
        The notebook with the new outputs, and without what changes with every run.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell failed.
    """
    notebook = nbformat.read(path, as_version=4)
    searched = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    variables = {**os.environ, "PYTHONPATH": searched, **environment}
    where: Any = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, timeout=600, kernel_name="python3", resources=where, record_timing=False)
    client.execute(env=variables)
    return stripped(notebook)


def stripped(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without the metadata of the machine that ran it, and without how long that took."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        for output in cell.get("outputs", ()):
            if "metadata" in output:
                output.metadata = nbformat.from_dict({})
        if "outputs" in cell:
            cell.outputs = list(_joined(cell.outputs))
    return notebook


def _joined(outputs: Iterable[nbformat.NotebookNode]) -> Iterator[nbformat.NotebookNode]:
    """The outputs with what was printed line by line in one piece, as Jupyter shows it."""
    for (kind, name), group in itertools.groupby(outputs, lambda output: (output.output_type, output.get("name"))):
        if kind != "stream":
            yield from group
        elif text := "".join(filter(None, map(_timeless, "".join(one.text for one in group).splitlines(True)))):
            yield nbformat.v4.new_output("stream", name=name, text=text)


def _timeless(line: str) -> str:
    """A line without seconds; nothing of one that tells only slow machines what they do."""
    return "" if _WAITING.search(line) else _SECONDS.sub("", line)


def main() -> None:
    """Run and save them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="TEXT", default="", help="those whose name holds this text")
    only = parser.parse_args().only
    for path in notebooks():
        if only in path.name:
            print(path.name, flush=True)
            nbformat.write(executed(path), path)


if __name__ == "__main__":
    main()
