"""What is being done, for people who wait: `stage` around all that may take more than a second or two.

Whoever does the work opens stages and knows nothing of who looks on. The command line, `finetune` and `pretrain` say
with `reporting` how they are shown; without, they show on a terminal and in a notebook, and nowhere else.
"""

from __future__ import annotations

from kerastl._progress.reporter import (
    CountCallback,
    ProgressCallback,
    Reporter,
    Stage,
    Verbose,
    chosen,
    current,
    reporting,
    shown,
    stage,
)

__all__ = [
    "CountCallback",
    "ProgressCallback",
    "Reporter",
    "Stage",
    "Verbose",
    "chosen",
    "current",
    "reporting",
    "shown",
    "stage",
]
