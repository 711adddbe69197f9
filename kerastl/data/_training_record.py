"""Which images a model was trained on, inside its file: known again by what is in them, wherever they lie."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kerastl._base.text import printable
from kerastl.data._dataset import Dataset, Split
from kerastl.errors import ModelError
from kerastl.models import _metadata as metadata_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MEMBER = "kerastl-training.npz"
# Hexadecimal digits of a content hash that are kept: 8 bytes. Among a million images one that was never seen is taken
# for one of a million that were with a probability of 10^6 * 10^6 / 2^64 = 5e-8.
_DIGITS = 16
_PARTS: tuple[Split, ...] = ("val", "train")  # the later ones go before
_MOST = 1 << 24  # images a part, 128 MiB


@dataclass(frozen=True)
class TrainingRecord:
    """Hashes of the images that a model was trained and validated on.

    Args:
        hashes: Part to uint64 `(n,)`, ascending, each once.
    """

    hashes: Mapping[Split, NDArray[np.uint64]]

    @classmethod
    def of(cls, dataset: Dataset, contents: Mapping[str, str]) -> TrainingRecord:
        """Record a data set.

        Args:
            dataset: With a part in each item.
            contents: `Item.path` to its content hash, as `kerastl.data._file_inspection` gives it.
        """
        return cls({part: _numbers([contents.get(item.path, "") for item in dataset.subset(part)]) for part in _PARTS})

    def __len__(self) -> int:
        return sum(len(values) for values in self.hashes.values())

    def parts(self, contents: Sequence[str]) -> list[Split | None]:
        """The part that each image had in training, by its content hash; None where it had none."""
        import numpy as np

        numbers = np.array([content_number(content) for content in contents], np.uint64)
        readable = np.array([bool(content) for content in contents], bool)
        found: list[Split | None] = [None] * len(contents)
        for part in _PARTS:
            for index in np.flatnonzero(np.isin(numbers, self.hashes[part]) & readable):
                found[index] = part
        return found

    def joined(self, earlier: TrainingRecord) -> TrainingRecord:
        """The images of this record and of an earlier one, such as that of the model that was trained further."""
        import numpy as np

        return TrainingRecord({part: np.union1d(self.hashes[part], earlier.hashes[part]) for part in _PARTS})

    def to_bytes(self) -> bytes:
        """The content of the member that a model's file gets."""
        import numpy as np

        stream = io.BytesIO()
        np.savez(stream, **self.hashes)  # type: ignore[arg-type]
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> TrainingRecord:
        """Read what `to_bytes` gave.

        Raises:
            ValueError: It is something else.
        """
        import numpy as np

        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                # Hashes do not compress, so that what is there takes no more memory than the file.
                if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                    raise ValueError("it is compressed")
            with np.load(io.BytesIO(content), allow_pickle=False) as stored:
                hashes = {part: stored[part] for part in _PARTS}
        except (KeyError, OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
            raise ValueError(str(error)) from error
        for values in hashes.values():
            if values.dtype != np.uint64 or values.ndim != 1 or len(values) > _MOST:
                raise ValueError("it holds no hashes")
        return cls(hashes)


def read(model_file: Path) -> TrainingRecord | None:
    """Read the record in a `.keras` file; None where an earlier kerastl wrote the file, or another program.

    Raises:
        ModelError: It is broken.
    """
    content = metadata_file.member(model_file, MEMBER)
    if content is None:
        return None
    try:
        return TrainingRecord.from_bytes(content)
    except ValueError as error:
        name, reason = printable(str(model_file)), printable(str(error))
        raise ModelError(f"{name}: its list of training images is broken ({reason})") from error


def _numbers(contents: Sequence[str]) -> NDArray[np.uint64]:
    import numpy as np

    return np.unique(np.array([content_number(content) for content in contents if content], np.uint64))


def content_number(content: str) -> int:
    """The beginning of a content hash as a number, 0 where there is none."""
    return int(content[:_DIGITS], 16) if content else 0
