"""The ImageNet weights files: where they lie, whether they are whole, and how they get there.

They lie where Keras keeps them, so that what Keras has downloaded serves kerastl and the other way round. Nothing
here imports TensorFlow or Keras.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from kerastl._base.files import replacing, write_text
from kerastl._base.scratch import tidy_when_terminated
from kerastl._base.text import printable
from kerastl._progress import ProgressCallback, stage
from kerastl.errors import DownloadError, WeightsError
from kerastl.images._input_size import InputSize
from kerastl.models._registry import BACKBONES, Backbone, WeightsFile

"""Told of a download: file name, bytes so far, bytes in all or None where the server does not say."""

_CHUNK = 1 << 20
# A file holds its numbers in 4 bytes each, names, and perhaps the network's description.
_SPARE_FACTOR, _SPARE = 2, 16 << 20


def keras_home() -> Path:
    """The folder that holds Keras's `models`: `KERAS_HOME`, or `~/.keras`."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()


def folder() -> Path:
    """The folder of the weights files. It need not exist."""
    return keras_home() / "models"


def cached(backbone: Backbone, include_top: bool = True, input_size: InputSize | None = None) -> Path | None:
    """The backbone's weights file if it is on this machine, else None. It is not looked into.

    Args:
        backbone: A row of the catalog.
        include_top: Whether the weights of the ImageNet head are wanted.
        input_size: Height and width in pixels (default: the backbone's own).
    """
    if not backbone.has_weights(include_top):
        return None
    wanted = backbone.weights_file(include_top, input_size)
    path = wanted.bundled or folder() / wanted.file
    return path if path.is_file() else None


def cached_weights(name: str, *, include_top: bool = True) -> Path | None:
    """The published weights of a network, if they are on this machine: nothing is downloaded, and nothing read.

    Args:
        name: Of the catalog (`kerastl.list_models()`).
        include_top: Whether the weights of the ImageNet head are wanted.

    Returns:
        The file, or None. `kerastl download` fetches it; a network that comes with kerastl always has one.

    Raises:
        UsageError: There is no such network.

    Example:
        >>> from kerastl.models import cached_weights
        >>> cached_weights("kerastl_mini").name
        'kerastl_mini.weights.h5'
    """
    return cached(BACKBONES[name], include_top)


def own_file(path: str | os.PathLike[str]) -> Path:
    """The path of a weights file that is not a published one.

    Raises:
        WeightsError: It is not there.
    """
    if not Path(path).is_file():
        name = printable(str(path))
        raise WeightsError(f"{name}: no such weights file; give a path, 'imagenet', or None (none on the command line)")
    return Path(path)


def fetch(
    backbone: Backbone,
    include_top: bool = True,
    progress: ProgressCallback | None = None,
    input_size: InputSize | None = None,
    check: bool = False,
    patience: float | None = None,
) -> Path:
    """The backbone's weights file, downloaded and verified if the cache does not hold it.

    A file that is there already is looked into only when `check` says so: reading half a gigabyte takes a second or
    more, and who wants a compiled network needs the file's name only. Whatever loads weights checks them first
    (`kerastl.models._build.build`).

    Args:
        backbone: A row of the catalog.
        include_top: Whether the weights of the ImageNet head are wanted.
        progress: Told how far a download has come.
        input_size: Height and width in pixels (default: the backbone's own).
        check: Whether to verify a file that is there already.
        patience: Seconds that the connection for a download may take in all; None waits as long as something answers.

    Raises:
        WeightsError: The file in the cache is broken (it is left as it is), or the download failed.
    """
    wanted = backbone.weights_file(include_top, input_size)
    path = cached(backbone, include_top, input_size)
    if path is None:
        if wanted.bundled:
            raise WeightsError(f"{wanted.bundled} is missing, which comes with its package; install that again")
        return download(wanted, folder(), progress, patience)
    if check:
        verify(path, wanted)
    return path


def verify(path: str | os.PathLike[str], weights: WeightsFile) -> None:
    """Check that a file is the weights file it is taken for.

    By its hash where Keras knows one. Else (MobileNet, MobileNetV2) by its HDF5 structure: HDF5 notices a
    truncated file, and the numbers in it must be as many as the network takes, finite, and no kernel all zero, as a
    file would hold that was never written to its end.

    Raises:
        WeightsError: It is not, with the file, the reason, and what to do.
    """
    path = Path(path)
    try:
        reason = _hash_fault(path, weights.hash) if weights.hash else _hdf5_fault(path, weights.parameters)
    except OSError as error:
        reason = error.strerror or str(error)
    if reason and weights.bundled:
        raise WeightsError(f"{path}: broken weights file ({reason}); it comes with its package: install that again")
    if reason:
        raise WeightsError(
            f"{path}: broken weights file ({reason}); delete it to have it downloaded again, "
            f"or put a good copy of {weights.file} there"
        )


def download(
    weights: WeightsFile, target: Path, progress: ProgressCallback | None = None, patience: float | None = None
) -> Path:
    """Download a weights file into the folder `target`, whole and verified or not at all.

    Args:
        weights: One that is downloaded.
        target: Made if it is not there.
        progress: Told how far it has come.
        patience: Seconds that the connection may take in all; None waits as long as something answers.

    Raises:
        DownloadError: It failed. The message says which file is wanted, from where, and where it may be put by hand.
    """
    from http.client import HTTPException

    from kerastl._base import download as fetching  # takes as long to import as an image to classify

    path = target / weights.file
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tidy_when_terminated(), replacing(path) as temporary:
            with stage(f"downloading {weights.file}, MB") as told:

                def heard(received: int, total: int | None) -> None:
                    told.update(received >> 20, None if total is None else total >> 20)
                    if progress:
                        progress(weights.file, received, total)

                fetching.receive(
                    weights.url, temporary, _SPARE_FACTOR * weights.parameters * 4 + _SPARE, heard, patience
                )
            expected = weights.download_hash
            reason = _hash_fault(temporary, expected) if expected else _hdf5_fault(temporary, weights.parameters)
            if reason:
                raise _failed(weights, target, f"what arrived is broken: {reason}")
    except (OSError, HTTPException, ValueError) as error:
        raise _failed(weights, target, fetching.failure(error)) from error
    return path


def imagenet_class_index() -> Path:
    """The file with ImageNet's class names that Keras's `decode_predictions` reads, written if it is not there.

    Keras would download it; kerastl knows the names. What it writes is the same to the byte, so that Keras takes it.

    Raises:
        WeightsError: The folder cannot be written.

    Example:
        >>> from kerastl.models import imagenet_class_index
        >>> imagenet_class_index().name
        'imagenet_class_index.json'
    """
    from kerastl.models import _published_labels as labels

    path = folder() / "imagenet_class_index.json"
    if not path.is_file():
        names = labels.imagenet()
        index = {str(n): pair for n, pair in enumerate(zip(names.wnids or (), names.names, strict=True))}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, json.dumps(index))
        except OSError as error:
            raise WeightsError(f"{path} cannot be written ({_first_line(error)})") from error
    return path


def _failed(weights: WeightsFile, target: Path, reason: str) -> DownloadError:
    return DownloadError(
        reason,
        f"cannot download {weights.file} from {weights.url} ({reason}); "
        f"it may be put by hand into {target} (the environment variable KERAS_HOME chooses the folder above it)",
    )


def _first_line(error: object) -> str:
    """An error in one line: the operating system's words for it where it has some."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0]


def _hash_fault(path: Path, expected: str) -> str | None:
    """Why the file's hash is wrong, or None. MD5 is what Keras publishes; it guards against accidents only."""
    digest = hashlib.md5(usedforsecurity=False) if len(expected) == 32 else hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    if digest.hexdigest() == expected:
        return None
    return f"{digest.name.upper()} is {digest.hexdigest()}, not {expected}"


def _hdf5_fault(path: Path, parameters: int) -> str | None:
    """Why the HDF5 file cannot hold that many weights, or None."""
    import h5py
    import numpy as np

    from kerastl.models._saved import arrays

    faults: list[str] = []

    def look(name: str, item: Any) -> None:
        if not isinstance(item, h5py.Dataset):
            return
        values = item[()]
        if not np.isfinite(values).all():
            faults.append(f"{name} is not finite")
        elif values.ndim > 1 and not values.any():
            faults.append(f"{name} is all zero")

    try:
        # Before a number is read, which would take what the file says that it takes.
        if (found := arrays.count_numbers(path)) != parameters:
            return f"it holds {found:,} numbers, not {parameters:,}"
    except arrays.HDF5Error as error:
        return str(error)
    try:
        with h5py.File(path, "r") as file:
            file.visititems(look)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        return _first_line(error)
    return faults[0] if faults else None
