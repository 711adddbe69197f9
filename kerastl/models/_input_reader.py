"""The seam between files and networks: what reads one input, and is stored with the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from kerastl._base.registry import Registry, resolve_reference
from kerastl.errors import ModelError

if TYPE_CHECKING:
    import numpy as np


class InputReader(Protocol):
    """Turns one source, such as a file, into one input of a network. Training and inference read through it alone.

    It is immutable, can be pickled, and equals another with the same settings. `kerastl.images.Resize` reads images.

    Example:
        >>> from kerastl.images import Resize
        >>> from kerastl.models import InputReader
        >>> reader: InputReader = Resize(32, 32)
        >>> reader.read("data/candle.jpg").shape
        (32, 32, 3)
    """

    kind: ClassVar[str]
    """The name of its `InputKind`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of what `read` gives, which is that of the network's input without the first axis."""

    def read(self, source: Any) -> np.ndarray:
        """Read one source: uint8 array of shape `shape`.

        Raises:
            ImageError: It cannot be read.
        """

    def describe(self) -> str:
        """What it reads, in a few words for people."""

    def as_dict(self) -> dict[str, Any]:
        """Its settings as JSON values, from which its `InputKind` makes it again."""


@dataclass(frozen=True)
class InputKind:
    """A kind of input that networks take.

    Args:
        name: What stands in a model's metadata.
        description: What it is, in a few words.
        from_dict: Makes the reader from its settings, or `"module:function"`. The settings come from a file that
            anybody may have written: it raises `ModelError` for what is missing, of the wrong type or out of range.

    Example:
        >>> from kerastl.models import INPUT_KINDS
        >>> INPUT_KINDS["image"].name
        'image'
    """

    name: str
    description: str
    from_dict: Callable[[Mapping[str, Any]], InputReader] | str

    def reader(self, settings: Mapping[str, Any]) -> InputReader:
        """Make a reader.

        Raises:
            ModelError: The settings are none.
        """
        make = resolve_reference(self.from_dict) if isinstance(self.from_dict, str) else self.from_dict
        return make(settings)


INPUT_KINDS: Registry[InputKind] = Registry(
    "kind of input",
    "kerastl.input_kinds",
    InputKind,
    {"image": InputKind("image", "images, made to fit", "kerastl.models._saved.schema:image_reader")},
)
"""Other packages add to it by entry points of the group `kerastl.input_kinds`."""


def register_input_kind(kind: InputKind, *, replace: bool = False) -> InputKind:
    """Add a kind of input for as long as this process runs.

    Args:
        kind: Its name is what users type: letters, digits, `_` and `-`.
        replace: Whether it may take the place of one of that name.

    Returns:
        `kind`.

    Raises:
        UsageError: It is no `InputKind`, or there is one of that name.

    Example:
        >>> from dataclasses import replace
        >>> from kerastl.models import INPUT_KINDS, register_input_kind
        >>> kind = register_input_kind(replace(INPUT_KINDS["image"], name="spectrogram"))
        >>> "spectrogram" in INPUT_KINDS
        True
    """
    return INPUT_KINDS.register(kind, replace=replace)


def reader_as_dict(reader: InputReader) -> dict[str, Any]:
    """A reader as JSON values: its kind, and its settings."""
    return {"kind": reader.kind, **reader.as_dict()}


def reader_from_dict(values: Mapping[str, Any]) -> InputReader:
    """Read what `reader_as_dict` wrote.

    Raises:
        ModelError: There is no such kind here, or the settings are none of it.
    """
    kind = values.get("kind")
    if not isinstance(kind, str) or kind not in INPUT_KINDS:
        shown = repr(kind)[:60]
        raise ModelError(
            f"the metadata's 'input.kind' must be one of {', '.join(INPUT_KINDS)}, unless a package adds another. "
            f"Received: {shown}"
        )
    return INPUT_KINDS[kind].reader({name: value for name, value in values.items() if name != "kind"})
