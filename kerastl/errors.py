"""What can go wrong, as one family: the command line turns each into one line and an exit code."""

from __future__ import annotations

from kerastl._base.text import message as one_line

__all__ = [
    "CacheError",
    "DataError",
    "DownloadError",
    "ImageError",
    "KerastlError",
    "MissingDataError",
    "ModelError",
    "RecipeError",
    "StateError",
    "TrainingError",
    "UsageError",
    "WeightsError",
]


class KerastlError(Exception):
    """Base of every error that kerastl raises on purpose.

    `exit_code` is what the command line exits with.

    Args:
        message: What is wrong, with which file or argument, and what to do. It is kept as one line: what names bring
            along that would break it or mean something to a terminal is escaped.
    """

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(one_line(str(message)))


_RECEIVED = "Received: "
_SHOWN = 120


class UsageError(KerastlError, ValueError):
    """An argument is wrong: unknown name, value out of range, options that contradict each other.

    Of what was received, which may be a whole image, the message shows the beginning only.
    """

    exit_code = 2

    def __init__(self, message: str) -> None:
        said, received, value = message.partition(_RECEIVED)
        super().__init__(f"{said}{received}{value if len(value) <= _SHOWN else value[:_SHOWN] + '...'}")


class UnknownNameError(UsageError, KeyError):
    """There is no option of that name; the message gives close ones."""

    __str__ = Exception.__str__  # not KeyError's, which puts the message in quotes


class PluginError(KerastlError):
    """What another package adds to kerastl cannot be loaded."""


class ImageError(KerastlError):
    """One image cannot be read.

    Args:
        path: The file, or a description such as `"array 3"` for images that are no files.
        reason: Why, as a short phrase without a full stop.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = one_line(reason)

    def __reduce__(self) -> tuple[type[ImageError], tuple[str, str]]:
        return type(self), (self.path, self.reason)


class WeightsError(KerastlError):
    """A weights file is missing, broken, or cannot be downloaded."""


class DownloadError(WeightsError):
    """A weights file cannot be downloaded.

    Args:
        reason: Why, as a short phrase without a full stop.
        message: The whole line.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class ModelError(KerastlError):
    """A saved model cannot be read, or is not what it claims to be."""


class CacheError(KerastlError):
    """The cache of compiled networks cannot be used."""


class DataError(KerastlError):
    """A folder of labeled images cannot be used."""


class MissingDataError(DataError):
    """What was named as data is not there, or is neither a folder nor a table: wrong usage, as an unknown model is."""

    exit_code = 2


class RecipeError(UsageError):
    """A fine-tuning recipe contradicts itself or the backbone."""


class TrainingError(KerastlError):
    """Training cannot go on; what was reached has been kept."""


class StateError(TrainingError):
    """A run cannot be resumed from its state, which is damaged or of another kind; nothing has been changed."""
