"""What the phases of a run share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kerastl.finetuning._budget import PhaseTime
from kerastl.finetuning._loop import Observers
from kerastl.finetuning._network import Network
from kerastl.finetuning._state import FineTuningState
from kerastl.finetuning._training_data import TrainingData
from kerastl.training._state import StateWriter


@dataclass
class Context:
    """What the phases of a run share.

    Args:
        network: Trained in place.
        data: The images.
        seed: Of the run.
        scratch: Where large things may lie for a moment.
        writer: Writes the state.
        observers: Who watches.
        state: How far the run has come.
        time: That the phase may take.
    """

    network: Network
    data: TrainingData
    seed: int
    scratch: Path
    writer: StateWriter
    observers: Observers
    state: FineTuningState
    time: PhaseTime
