"""Where rows are the pixels themselves, there is no network to run."""

from __future__ import annotations

import numpy as np

from kerastl.inference._engines import Plan, cores


class PixelEngine:
    """An engine that gives pixels as they are.

    Args:
        batch: Images that are handed over together.
    """

    name = "pixels"

    def __init__(self, batch: int = 1) -> None:
        self.plan = Plan(workers=cores(), interpreters=1, threads=1, batch=batch)

    def predict(self, pixels: np.ndarray) -> np.ndarray:
        """Return `pixels`."""
        return pixels
