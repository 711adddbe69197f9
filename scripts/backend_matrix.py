"""Try what kerastl does on each backend of Keras that is installed, and write what works as a page.

Usage: python scripts/backend_matrix.py [--backends tensorflow,jax] [--page FILE]

Each cell is a command of its own, on the images of data/shapes and the bundled network at 48 px. Minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from kerastl._base.files import write_text

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "backends.md"
BACKENDS = ("tensorflow", "jax", "torch")
_BEGIN, _END = "<!-- written by scripts/backend_matrix.py -->", "<!-- end -->"
_SMALL = ["--model", "kerastl_mini", "--input-size", "48"]
_IMAGE = "data/shapes/star/star_01.jpg"

# What is tried, in this order: later rows use what `probe` leaves. `{out}` is a folder of the backend's own.
ROWS: Mapping[str, Sequence[str]] = {
    "`finetune --recipe probe`": ["finetune", "data/shapes", "-o", "{out}/probe", "-r", "probe", *_SMALL],
    "`finetune --recipe gradual`": ["finetune", "data/shapes", "-o", "{out}/gradual", "-r", "gradual", "--epochs", "2",
                                    *_SMALL],
    "`finetune --recipe full`": ["finetune", "data/shapes", "-o", "{out}/full", "-r", "full", "--epochs", "2", *_SMALL],
    "`finetune --precision mixed_bfloat16`": ["finetune", "data/shapes", "-o", "{out}/mixed", "-r", "full",
                                              "--epochs", "2", "--precision", "mixed_bfloat16", *_SMALL],
    "`lr-find`": ["lr-find", "data/shapes", "-o", "{out}/lr.png", *_SMALL],
    "`pretrain --method barlow`": ["pretrain", "data/shapes", "-o", "{out}/barlow", "--method", "barlow",
                                   "--epochs", "1", "--batch-size", "32", *_SMALL],
    "`pretrain --method byol`": ["pretrain", "data/shapes", "-o", "{out}/byol", "--method", "byol", "--epochs", "1",
                                 "--batch-size", "32", *_SMALL],
    "`evaluate`": ["evaluate", "{out}/probe", "data/shapes"],
    "`classify`, compiled": ["classify", _IMAGE, "-m", "{out}/probe", "--engine", "litert"],
    "`classify --engine keras`": ["classify", _IMAGE, "-m", "{out}/probe", "--engine", "keras"],
    "`explain --method gradcam`": ["explain", _IMAGE, "-m", "{out}/probe", "-o", "{out}/e1", "--method", "gradcam"],
    "`explain --method integrated-gradients`": ["explain", _IMAGE, "-m", "{out}/probe", "-o", "{out}/e2",
                                                "--method", "integrated-gradients"],
    "`explain --method occlusion`": ["explain", _IMAGE, "-m", "{out}/probe", "-o", "{out}/e3",
                                     "--method", "occlusion"],
    "`export --to litert,litert-fp16`": ["export", "{out}/probe", "--to", "litert,litert-fp16", "-o", "{out}/x1"],
    "`export --to litert-int8`": ["export", "{out}/probe", "--to", "litert-int8", "--calibrate", "data/shapes",
                                  "-o", "{out}/x2"],
    "`export --to onnx,openvino`": ["export", "{out}/probe", "--to", "onnx,openvino", "-o", "{out}/x3"],
    "`export --to savedmodel`": ["export", "{out}/probe", "--to", "savedmodel", "-o", "{out}/x4"],
}  # fmt: skip


def installed(backend: str) -> str | None:
    """The version of a backend, None where it is not there."""
    try:
        return version(backend)
    except PackageNotFoundError:
        return None


def attempt(backend: str, arguments: Sequence[str], out: Path) -> str:
    """Run a command; what the cell says."""
    filled = [each.format(out=out) for each in arguments]
    environment = {**os.environ, "KERAS_BACKEND": backend, "KERASTL_CACHE": str(out / "cache")}
    command = [sys.executable, "-m", "kerastl", *filled]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    lines = [line for line in done.stderr.splitlines() if line.startswith("kerastl:")]
    print(f"{backend}: {' '.join(filled)}: {done.returncode} {' '.join(lines)}", flush=True)
    if done.returncode:
        reason = lines[-1].removeprefix("kerastl: ") if lines else f"exit code {done.returncode}"
        return "no: " + reason.replace("|", "\\|").replace(str(out), "RUN")[:150]
    return figure(out, filled)


def figure(out: Path, arguments: Sequence[str]) -> str:
    """`yes`, and how good a run is, where it is one."""
    if arguments[0] != "finetune":
        return "yes"
    metrics = json.loads(Path(arguments[arguments.index("-o") + 1], "metrics.json").read_text(encoding="utf-8"))
    return f"yes, {100 * metrics['loo_accuracy']:.1f} %"


def table(backends: Sequence[str]) -> str:
    """The matrix in Markdown."""
    versions = {name: installed(name) for name in BACKENDS}
    columns = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in backends:
            out = Path(folder, name)
            out.mkdir()
            columns[name] = [attempt(name, arguments, out) for arguments in ROWS.values()]
    heads = [f"{name} {versions[name] or '(not installed)'}" for name in backends]
    lines = [f"| | {' | '.join(heads)} |", "| --- |" + " --- |" * len(backends)]
    for number, row in enumerate(ROWS):
        cells = [columns[name][number] for name in backends]
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return f"With Keras {version('keras')}:\n\n" + "\n".join(lines)


def main() -> None:
    """Fill the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backends", default=",".join(name for name in BACKENDS if installed(name)))
    parser.add_argument("--page", type=Path, default=PAGE)
    arguments = parser.parse_args()
    before, _, rest = arguments.page.read_text(encoding="utf-8").partition(_BEGIN)
    after = rest.partition(_END)[2]
    filled = table(arguments.backends.split(","))
    write_text(arguments.page, f"{before}{_BEGIN}\n\n{filled}\n\n{_END}{after}")


if __name__ == "__main__":
    main()
