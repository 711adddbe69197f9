"""Run the notebooks from top to bottom, and save them with what came out.

    python scripts/run_notebooks.py [--only 2]

Weights are used where Keras's cache has them (`KERAS_HOME`); nothing is downloaded. What changes with every run and
says nothing is left out, so that differences are small. A notebook that fails stays as it was.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
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
    """The notebook without the metadata of the machine that ran it."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        for output in cell.get("outputs", ()):
            if "metadata" in output:
                output.metadata = nbformat.from_dict({})
    return notebook


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
