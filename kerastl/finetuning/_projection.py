"""Too many features brought to fewer by a random projection, which nearly keeps the distances among rows."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from kerastl.finetuning._standardization import RowsLike, parts

# The time of a closed form grows with the third power of the smaller of features and rows; all that a deep head reads
# takes a minute. Fewer would cost accuracy: 2,048 in place of 9,856 took 0.4 to 2.1 points from hand signs and from 20
# classes of tiny ImageNet.
MOST = 10_400


@contextmanager
def narrowed(
    features: RowsLike,
    seed: int,
    scratch: str | os.PathLike[str] | None = None,
    check: Callable[[], None] = lambda: None,
) -> Iterator[tuple[RowsLike, Any]]:
    """Bring features to `MOST` numbers where there are more features and more rows (Li, Hastie and Church 2006).

    Args:
        features: Standardized rows, `(n, d)`.
        seed: Of the projection.
        scratch: Folder for a file of `4 n MOST` bytes; default is the one for temporary files.
        check: Called again and again; what it raises ends the work.

    Returns:
        The rows, mapped from the file, and the projection, a sparse matrix `(MOST, d)`; or `features` and None.

    Raises:
        OSError: The disk is full.
    """
    width = np.shape(features[:1])[1]
    if min(len(features), width) <= MOST:
        yield features, None
        return
    from sklearn.random_projection import SparseRandomProjection

    projection = SparseRandomProjection(MOST, random_state=seed).fit(np.zeros((1, width))).components_
    with tempfile.TemporaryFile(dir=scratch) as file:
        for part in parts(features):
            check()
            file.write((projection @ part.T).T.astype(np.float32).tobytes())
        file.flush()
        rows = np.memmap(file, np.float32, "r", shape=(len(features), MOST))
        yield rows, projection
        del rows  # an open map keeps the file on some systems
