"""Export a model: write it in each format, compare that with Keras, and keep what answers the same."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerastl import _progress as progress
from kerastl._base.arguments import keywords
from kerastl._base.files import folder_path
from kerastl._base.serialization import to_json
from kerastl._base.text import printable
from kerastl._progress import Verbose, shown
from kerastl.errors import KerastlError, ModelError, UsageError
from kerastl.exporting._card import CARD_FILE, card
from kerastl.exporting._embedded import LABELS_FILE, label_lines
from kerastl.exporting._examples import write_examples
from kerastl.exporting._format import ExportFormat
from kerastl.exporting._format_registry import EXPORT_FORMATS
from kerastl.exporting._output_folder import OutputFolder, default_folder
from kerastl.exporting._proof import prove as prove_export
from kerastl.exporting._proof_file import PROOF_FILE, read_proof
from kerastl.exporting._proof_result import Proof
from kerastl.exporting._proof_row import ProofRow
from kerastl.exporting._result import ExportResult
from kerastl.exporting._selected import check_selected, selected
from kerastl.exporting._source import ExportSource
from kerastl.models._spec import resolve

log = logging.getLogger("kerastl")


@keywords()
def export(
    model: str | os.PathLike[str],
    to: str | Sequence[str],
    output: str | os.PathLike[str] | None = None,
    *,
    prove: Any = None,
    calibrate: Any = None,
    with_resize: bool = False,
    min_agreement: float | None = None,
    web_runtime: str | os.PathLike[str] | None = None,
    trust: bool = False,
    verbose: Verbose = "auto",
) -> ExportResult:
    """Write a model for other programs, and compare each file with the Keras model.

    Every format takes raw RGB pixels 0-255 and gives calibrated probabilities; labels and metadata are inside. Beside
    the files stand `labels.txt`, examples that use them, `proof.json`, which says how they compare, and a model card.
    What kerastl wrote there before is replaced, other files never; a format that cannot be written, or that answers
    differently, leaves nothing behind and what was there as it was.

    Args:
        model: What `kerastl.load` takes: a name of the catalog, a run folder or a `.keras` file.
        to: Names of `kerastl.exporting.EXPORT_FORMATS`, in a list or with commas; `all` means those that can be
            written here.
        output: The folder, made if it is not there; `None` takes `export` in a run folder, and else a folder here that
            is called after the model.
        prove: Images to compare on, up to 1,000 of them: labeled ones as `kerastl.evaluate` takes them, which tell the
            accuracy too, or others as `Classifier.classify` takes many. `None` takes those of `calibrate` that integers
            are not fitted to, or else two dozen built-in photographs and drawings.
        calibrate: Images like those to come, at least 40, which formats in integers are fitted to, given as for
            `prove`. `None` takes up to 100 of `prove`.
        with_resize: Whether images of any size go in, in formats that can resize them.
        min_agreement: The fraction of images that must get the same answer as from Keras, between 0 and 1; `None` takes
            0.995 for formats in floating point, 0.97 for those in integers.
        web_runtime: A folder with onnxruntime-web, unpacked or as npm packs it, for `web` where there is no npm.
        trust: As for `kerastl.load`.
        verbose: What is shown while it works: 0 warnings only, 1 bars on a terminal, 2 lines; `auto` shows bars on a
            terminal and lines in a notebook.

    Returns:
        What was written, how it compares, and why other formats were not written.

    Raises:
        UsageError: An argument is wrong; or there is a file in `output` that an export would replace, and kerastl did
            not write it.
        WeightsError: Published weights are not there and cannot be fetched.
        ModelError: The model cannot be loaded, or none of the formats could be written; of several, the first says why.

    Example:
        >>> import kerastl
        >>> result = kerastl.export("kerastl_mini", "litert", "exported")
        >>> result.files["litert"].name
        'model.tflite'
        >>> result.proof.rows[0].agreement
        1.0
    """
    formats, everything = selected(to)
    if min_agreement is not None and not 0 <= min_agreement <= 1:
        raise UsageError(f"min_agreement must be between 0 and 1. Received: {min_agreement!r}")
    with shown(verbose):
        runtime = None if web_runtime is None else folder_path(web_runtime, "web_runtime")
        source = ExportSource(resolve(model, trust=trust), calibrate, with_resize, prove, runtime)
        formats, failed = check_selected(formats, source, everything)
        given = default_folder(os.fspath(model), source.metadata.name) if output is None else output
        folder = OutputFolder(folder_path(given, "output"))
        for each in formats:
            folder.check(each.filename)
        return _export(formats, source, folder, min_agreement, failed)


def _export(
    formats: Sequence[ExportFormat],
    source: ExportSource,
    folder: OutputFolder,
    min_agreement: float | None,
    failed: dict[str, KerastlError],
) -> ExportResult:
    if formats:
        _ = source.images.expected  # before anything is written: what is wrong with them is said first
    files: dict[str, Path] = {}
    rows: list[ProofRow] = []
    for each in formats:
        try:
            files[each.name] = _write(each, source, folder, min_agreement, rows)
        except KerastlError as error:
            failed[each.name] = error
    told = [f"{name} was not exported: {reason}" for name, reason in failed.items()]
    for text in told if files else told[1:]:
        log.warning("%s", text)
    if not files:
        first = next(iter(failed.values()))
        raise (UsageError if isinstance(first, UsageError) else ModelError)(told[0]) from first
    written = [each for each in formats if each.name in files]
    proof = _write_beside(written, source, folder, rows)
    return ExportResult(
        source.metadata.name, folder.path, files, proof, {name: str(reason) for name, reason in failed.items()}
    )


def _write(
    export_format: ExportFormat,
    source: ExportSource,
    folder: OutputFolder,
    min_agreement: float | None,
    rows: list[ProofRow],
) -> Path:
    """Write one format, compare it, which adds to `rows`, and move it to its place; else nothing is left of it."""
    with folder.staging() as staged:
        path = staged / export_format.filename
        with progress.stage(f"{printable(source.metadata.name)}: exporting to {export_format.name}"):
            export_format.write(source, path)
        rows.append(prove_export(export_format, path, source.images, min_agreement))
        rows[-1].check()
        return folder.put(path)


def _write_beside(
    written: Sequence[ExportFormat], source: ExportSource, folder: OutputFolder, rows: Sequence[ProofRow]
) -> Proof:
    """Write what goes with the exports: labels, examples, how they compare with Keras, and the model card."""
    folder.write_beside(LABELS_FILE, label_lines(source.metadata))
    write_examples(written, source, folder)
    there = [each for each in EXPORT_FORMATS.usable() if folder.holds(each.filename)]
    earlier = read_proof(folder.path / PROOF_FILE)
    proof = Proof.of(source.images, rows).with_earlier(earlier, [each.name for each in there])
    folder.write_beside(PROOF_FILE, to_json(proof.as_dict()))
    proven = {row.name for row in proof.rows if not row.reason}
    folder.write_beside(CARD_FILE, card(source, proof, [each for each in there if each.name in proven]))
    return proof
