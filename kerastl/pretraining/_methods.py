"""The methods of pre-training: their names, their papers, and what each is. Nothing here imports Keras."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """One row.

    Args:
        idea: What it does, in a line.
        paper: Where it is published.
    """

    idea: str
    paper: str


METHODS = {
    "barlow": Method(
        "each feature the same in both views, no two features the same",
        "Zbontar et al. 2021, Barlow Twins: Self-Supervised Learning via Redundancy Reduction, arXiv:2103.03230",
    ),
    "byol": Method(
        "predict what a slowly following copy of the network sees in the other view",
        "Grill et al. 2020, Bootstrap Your Own Latent, arXiv:2006.07733",
    ),
}
