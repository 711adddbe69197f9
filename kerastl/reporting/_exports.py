"""How a model's exports compare with it, where they stand in its run folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kerastl._base.text import percent
from kerastl._classifier import Classifier
from kerastl.exporting._output_folder import EXPORTS
from kerastl.exporting._proof_file import PROOF_FILE, read_proof
from kerastl.exporting._proof_result import Proof, grouped
from kerastl.inference._seal import sha256


@dataclass(frozen=True)
class Exports:
    """What the section shows.

    Args:
        proof: What was compared.
        rows: Cells under the proof's headings.
        refused: Names of formats that were not kept, and why.
        sure: Where agreement of those that were kept may lie on other images.
        is_current: Whether the model is still the one that was exported.
    """

    proof: Proof
    rows: Sequence[Sequence[str]]
    refused: Sequence[tuple[str, str]]
    sure: str
    is_current: bool


def exports(classifier: Classifier) -> Exports | None:
    """Read what stands beside a model; None where nothing was exported there."""
    file = classifier.file.parent / EXPORTS / PROOF_FILE
    proof = read_proof(file) if file.is_file() else None
    if proof is None:
        return None
    sure = grouped((row.name, row.interval, percent) for row in proof.rows if not row.reason)
    refused = [(row.name, row.reason) for row in proof.rows if row.reason]
    return Exports(proof, proof.table(), refused, sure, proof.sha256 == sha256(classifier.file))
