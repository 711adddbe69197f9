"""The file that keeps the sums of a head beside the features that they are of."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kerastl._base import files
from kerastl._base.text import printable
from kerastl._progress import stage
from kerastl.finetuning._array_files import read_arrays, write_arrays
from kerastl.finetuning._folder import HEAD_SUMS, KEPT_FEATURES
from kerastl.finetuning._kept_features import KeptFeatures
from kerastl.finetuning._living.sums import CONSTANT, MOST, HeadSums, SumsRows, computed, pays
from kerastl.finetuning._ridge_inverse import mirror

# Rows of the inverse in one array; what is left of its diagonal is not kept, since it is symmetric.
_ROWS = 512
_BLOCKS = -(-MOST // _ROWS)
_KINDS: Mapping[str, tuple[str, int]] = {
    "images": ("u", 1),
    "steps": ("i", 1),
    "penalty": ("f", 0),
    "features": ("U", 0),
    **{f"inverse_{number}": ("f", 2) for number in range(_BLOCKS)},
}
# Steps beyond these are of features that no half or single precision holds.
_FARTHEST = 8 * 150

log = logging.getLogger("kerastl")


def write_sums(file: Path, sums: HeadSums, features: Path) -> None:
    """Write them.

    Args:
        file: Where to.
        sums: Of the features.
        features: Their file, by which they are told from others.
    """
    blocks = {
        f"inverse_{number}": sums.inverse[start : start + _ROWS, start:]
        for number, start in enumerate(range(0, len(sums.inverse), _ROWS))
    }
    about = {"images": sums.images, "steps": sums.steps, "penalty": np.array(sums.penalty)}
    write_arrays(file, {**about, "features": np.array(_identity(features)), **blocks})


def read_sums(file: Path, features: Path) -> HeadSums | None:
    """Read what `write_sums` has written; None where it is of other features.

    Raises:
        ValueError: The file is broken; says how.
    """
    found = read_arrays(file, _KINDS, needed=("images", "steps", "penalty", "features", "inverse_0"))
    if str(found["features"]) != _identity(features):
        return None
    images, steps, penalty = found["images"].astype(np.uint64), found["steps"], float(found["penalty"])
    blocks = [found[f"inverse_{number}"] for number in range(_BLOCKS) if f"inverse_{number}" in found]
    n = sum(map(len, blocks))
    if not 0 < n <= MOST or not len(images) or n not in (len(images), 2 * len(images)) or not penalty > 0:
        raise ValueError("its parts do not fit together")
    if not (np.abs(steps[steps != CONSTANT]) <= _FARTHEST).all():
        raise ValueError("its scales are none of features")
    inverse = np.empty((n, n), np.float64 if blocks[0].dtype.itemsize == 8 else np.float32)
    for block, start in zip(blocks, range(0, n, _ROWS), strict=False):
        if block.shape != (min(_ROWS, n - start), n - start):
            raise ValueError("its parts do not fit together")
        inverse[start : start + _ROWS, start:] = block
    mirror(inverse)
    return HeadSums(inverse, images, steps.astype(np.int16), penalty)


def _identity(features: Path) -> str:
    """What tells a file of features from others: the check sums that its directory holds.

    Raises:
        ValueError: It is no such file.
    """
    try:
        with files.open_regular(features) as stream, zipfile.ZipFile(stream) as archive:
            entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise ValueError(str(error)) from None
    wanted = [entries[name] for name in ("rows", "mirrored", "hashes") if name in entries]
    return " ".join(f"{entry.CRC:08x}-{entry.file_size}" for entry in wanted)


def keep_sums(folder: Path, balanced: bool) -> None:
    """Compute the sums of a run that has just ended, so that the first change of its head is quick, too.

    Args:
        folder: Of the run; nobody else may work there.
        balanced: Whether classes were weighed against their frequency.
    """
    from scipy.linalg import LinAlgError

    features = folder / KEPT_FEATURES
    if not features.is_file():
        return
    kept = KeptFeatures.read(features)
    if not pays(kept, balanced):
        return
    with stage("computing the sums of the head"):
        try:
            write_sums(folder / HEAD_SUMS, computed(SumsRows(kept)), features)
        except (OSError, LinAlgError) as error:
            log.warning("the sums of the head are not kept (%s): changing it takes longer", printable(str(error)))
