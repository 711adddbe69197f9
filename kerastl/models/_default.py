"""Which network is meant where none is named: MobileNetV2, or the bundled one where that cannot be had."""

from __future__ import annotations

import logging

from kerastl._base.extras import require_module
from kerastl._progress import ProgressCallback
from kerastl.errors import DownloadError
from kerastl.images._input_size import InputSize
from kerastl.models import _weights as weights
from kerastl.models._registry import BACKBONES

DEFAULT_MODEL = "mobilenet_v2"
BUNDLED_MODEL = "kerastl_mini"

# Seconds: who named no network is not kept waiting for one.
_PATIENCE = 4.0

log = logging.getLogger("kerastl")


class _Fetching:
    """What this process knows of fetching: a network that failed once is not asked again."""

    failure: str | None = None


def default_model(
    include_top: bool = True, input_size: InputSize | None = None, progress: ProgressCallback | None = None
) -> str:
    """Choose the network, and fetch its weights.

    Where the weights of MobileNetV2 cannot be fetched, a warning says so in one line.

    Args:
        include_top: Whether the weights of the head are wanted.
        input_size: Height and width in pixels (default: the backbone's own).
        progress: Told how far a download has come.

    Returns:
        A name of the catalog: `DEFAULT_MODEL`, or `BUNDLED_MODEL`.

    Raises:
        MissingExtraError: Keras is not installed.
    """
    require_module("keras")  # before something is fetched that nothing can run
    row = BACKBONES[DEFAULT_MODEL]
    if weights.cached(row, include_top, input_size) is not None:
        return DEFAULT_MODEL
    if _Fetching.failure is None:
        try:
            weights.fetch(row, include_top, progress, input_size, patience=_PATIENCE)
        except DownloadError as error:
            _Fetching.failure = error.reason
        else:
            return DEFAULT_MODEL
    log.warning(_message(include_top))
    return BUNDLED_MODEL


def _message(include_top: bool) -> str:
    box = BACKBONES[BUNDLED_MODEL]
    instead = (
        f"{box.name} answers, which comes with kerastl and knows 200 classes"
        if include_top
        else f"{box.name} is the backbone, which comes with kerastl and sees {box.input_size} x {box.input_size} pixels"
    )
    download = f"kerastl download {DEFAULT_MODEL}" + ("" if include_top else " --no-top")
    return (
        f"{DEFAULT_MODEL} is not on this machine and cannot be downloaded ({_Fetching.failure}): {instead}. "
        f"`{download}` fetches it where there is a network; KERAS_HOME names a folder that holds it"
    )
