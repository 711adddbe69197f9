"""What metadata may hold, and whether it belongs to the network beside it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from kerastl._base.text import printable
from kerastl.errors import ModelError
from kerastl.images import RESIZE_POLICIES, Resize
from kerastl.images._resizing import MAX_SIDE
from kerastl.tasks._task import TASKS

if TYPE_CHECKING:
    from kerastl.models._input_reader import InputReader

NAME_LENGTH = 255
LABELS = 100_000
LABEL_LENGTH = 1_000
_EXTRA_DEPTH = 20
_EXTRA_VALUES = 5_000_000
_TEXT_LENGTH = 1 << 20
# Letters of a wrong value that a message repeats.
_SHOWN = 60
_WNID = re.compile(r"[\w.:-]{1,64}", re.ASCII)

# A rule: the words for it, and whether a value keeps it.
Rule = tuple[str, Callable[[Any], bool]]


def _text(length: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and 0 < len(value) <= length


_name = _text(NAME_LENGTH)


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _number(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and low < value <= high
    )


def _many(each: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and 0 < len(value) <= LABELS and all(map(each, value))


def _or_none(rule: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or rule(value)


METADATA: dict[str, Rule] = {
    "name": (f"a text of 1 to {NAME_LENGTH} letters", _text(NAME_LENGTH)),
    "task": ("one of the tasks that this kerastl knows", lambda value: value in TASKS.bundled),
    "backbone": (f"null or a text of 1 to {NAME_LENGTH} letters", _or_none(_text(NAME_LENGTH))),
    "labels": (
        f"a list of 1 to {LABELS:,} texts of 1 to {LABEL_LENGTH:,} letters",
        _many(_text(LABEL_LENGTH)),
    ),
    "wnids": (
        "null or a list of WordNet ids such as n02085620",
        _or_none(_many(lambda value: isinstance(value, str) and _WNID.fullmatch(value) is not None)),
    ),
    "input": ("a JSON object", lambda value: isinstance(value, dict)),
    "extra": ("a JSON object", lambda value: isinstance(value, dict)),
}
RESIZE: dict[str, Rule] = {
    "height": (f"a whole number from 1 to {MAX_SIDE:,}", _whole(1, MAX_SIDE)),
    "width": (f"a whole number from 1 to {MAX_SIDE:,}", _whole(1, MAX_SIDE)),
    "policy": (f"one of {', '.join(RESIZE_POLICIES)}", lambda value: value in RESIZE_POLICIES),
    "crop_fraction": ("a number above 0 and up to 1", _number(0, 1)),
}
# Metadata of earlier versions have none of these.
RESIZE_LATER: dict[str, Rule] = {
    "white_level": ("null or a whole number from 255 to 65,535", _or_none(_whole(255, 65_535))),
}
# Those that kerastl reads of what later steps stored; any other is let through.
EXTRA: dict[str, Rule] = {
    "temperature": ("a number above 0 and up to 1,000", _number(0, 1000)),
    "temperature_inside": ("a JSON object", lambda value: isinstance(value, dict)),
    "calibration": ("a JSON object", lambda value: isinstance(value, dict)),
    "calibration_arrays": ("a text in base64", _text(_TEXT_LENGTH)),
    "metrics": ("null or a JSON object", _or_none(lambda value: isinstance(value, dict))),
    "recipe": ("null or a JSON object", _or_none(lambda value: isinstance(value, dict))),
    "base_model": ("a JSON object", lambda value: isinstance(value, dict)),
    "interval": (
        "a JSON object with coverage and half_width",
        lambda value: isinstance(value, dict) and {"coverage", "half_width"} <= value.keys(),
    ),
    "class_folders": (f"a text of 1 to {NAME_LENGTH} letters", _name),
    "hierarchy": (
        "a JSON object with groups and parents",
        lambda value: isinstance(value, dict) and {"groups", "parents"} <= value.keys(),
    ),
}
# And of what stands inside these.
INSIDE: dict[str, dict[str, Rule]] = {
    "interval": {
        "coverage": ("a number above 0 and below 1", lambda value: _number(0, 1)(value) and value < 1),
        "half_width": ("a number of at least 0", lambda value: value == 0 or _number(0, math.inf)(value)),
    },
    "temperature_inside": {
        "value": ("a number above 0 and up to 1,000", _number(0, 1000)),
        "fitted_on": (f"a text of 1 to {NAME_LENGTH} letters", _text(NAME_LENGTH)),
    },
    "calibration": {
        name: (f"a text of 1 to {NAME_LENGTH} letters", _text(NAME_LENGTH))
        for name in ("data_digest", "pictures")  # its name before kerastl 0.2
    },
    "metrics": {"train_images": ("null or a whole number", _or_none(_whole(0, 1 << 50)))},
    "base_model": {
        "name": (f"a text of 1 to {_TEXT_LENGTH:,} letters", _text(_TEXT_LENGTH)),
        "own_layers": ("a list of texts", _many(_name)),
        "stages": (
            "a JSON object of texts",
            lambda value: isinstance(value, dict) and all(map(_text(_TEXT_LENGTH), value.values())),
        ),
    },
    "hierarchy": {
        "groups": ("a list of texts", lambda value: value == [] or _many(_text(LABEL_LENGTH))(value)),
        "parents": (
            f"a list of 1 to {2 * LABELS:,} whole numbers and nulls",
            lambda value: isinstance(value, list) and 0 < len(value) <= 2 * LABELS,
        ),
    },
    "recipe": {"name": (f"null or a text of 1 to {NAME_LENGTH} letters", _or_none(_text(NAME_LENGTH)))},
}
# What an exported file says of its export.
EXPORTED: dict[str, Rule] = {
    "format": (f"a text of 1 to {NAME_LENGTH} letters", _name),
    "kerastl": (f"a text of 1 to {NAME_LENGTH} letters", _name),
}
# What the state of a run holds of a given model.
BASE_MODEL: dict[str, Rule] = {
    **{name: INSIDE["base_model"][name] for name in ("name", "stages")},
    "backbone": METADATA["backbone"],
    "resize": ("a JSON object", lambda value: isinstance(value, dict)),
    "classes": ("a list of texts", lambda value: value == [] or _many(_text(LABEL_LENGTH))(value)),
    "own_layers": ("a list of texts", lambda value: value == [] or _many(_name)(value)),
    "given": ("a hash", _name),
    "sha256": ("a hash", _name),
}


def check(values: dict[str, Any], newest: int) -> None:
    """Compare metadata with the table. Fields that it does not know are let through.

    Args:
        values: The metadata as JSON values.
        newest: The newest format that this kerastl reads.

    Raises:
        ModelError: A field is missing, of the wrong kind or beyond its limit; names it.
    """
    version = values.get("format", 0)
    if not _whole(1, 1 << 31)(version):
        raise ModelError(f"the metadata's 'format' must be a whole number. Received: {_shown(version)}")
    if values["format"] > newest:
        raise ModelError(f"the metadata has format {version}: a newer kerastl wrote it, update kerastl")
    _check_fields("", values, METADATA)
    _check_present("extra.", values["extra"], EXTRA)
    for name, rules in INSIDE.items():
        _check_present(f"extra.{name}.", values["extra"].get(name) or {}, rules)
    _check_extent(values["extra"])
    if values["wnids"] is not None and len(values["wnids"]) != len(values["labels"]):
        raise ModelError(f"the metadata has {len(values['labels']):,} labels and {len(values['wnids']):,} wnids")


def image_reader(settings: Mapping[str, Any]) -> Resize:
    """Make the reader of images from what metadata says of it.

    Raises:
        ModelError: A setting is missing, unknown, of the wrong kind or beyond its limit; names it.
    """
    values = dict(settings)
    if unknown := values.keys() - {field.name for field in fields(Resize)}:
        raise ModelError(
            f"the metadata's 'input' has the unknown field {_shown(min(unknown))}: perhaps a newer kerastl wrote it"
        )
    _check_fields("input.", values, RESIZE)
    _check_present("input.", values, RESIZE_LATER)
    return Resize(**values)


def check_exported(record: object) -> None:
    """Compare what an exported file says of its export with the table.

    Raises:
        ModelError: A field is missing, of the wrong kind or beyond its limit; names it.
    """
    if not isinstance(record, dict):
        raise ModelError(f"the metadata's 'exported' must be a JSON object. Received: {_shown(record)}")
    _check_fields("exported.", record, EXPORTED)


def base_model(record: object) -> Resize:
    """Compare what the state of a run holds of a given model with the table; return how images become its input.

    Raises:
        ModelError: A field is missing, unknown, of the wrong kind or beyond its limit; names it.
    """
    if not isinstance(record, Mapping):
        raise ModelError(f"the state's 'base_model' must be a JSON object. Received: {_shown(record)}")
    _check_fields("base_model.", dict(record), BASE_MODEL, "the state")
    return image_reader(record["resize"])


def _check_fields(prefix: str, values: dict[str, Any], rules: dict[str, Rule], whole: str = "the metadata") -> None:
    for name, (words, holds) in rules.items():
        if name not in values:
            raise ModelError(f"{whole} is not one of kerastl's: '{prefix}{name}' is missing")
        value = values[name]
        try:
            good = holds(value)
        except TypeError:
            good = False
        if not good:
            raise ModelError(f"{whole}'s '{prefix}{name}' must be {words}. Received: {_culprit(value)}")


def _check_present(prefix: str, values: dict[str, Any], rules: dict[str, Rule]) -> None:
    """The same for fields that need not be there."""
    _check_fields(prefix, values, {name: rule for name, rule in rules.items() if name in values})


def _culprit(value: Any) -> str:
    """The value, or of a list the first element that stands out by its kind or length."""
    if isinstance(value, list) and value:
        odd = (number for number, each in enumerate(value) if not isinstance(each, str) or not each)
        number = next(odd, max(range(len(value)), key=lambda at: len(str(value[at]))))
        return f"{len(value):,} elements, number {number + 1:,} being {_shown(value[number])}"
    return _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, str) and len(value) > _SHOWN:
        return f"'{printable(value[:_SHOWN])}...' ({len(value):,} letters)"
    text = printable(repr(value))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _check_extent(extra: dict[str, Any]) -> None:
    waiting: list[tuple[Any, int]] = [(extra, 0)]
    count = 0
    while waiting:
        value, depth = waiting.pop()
        count += 1
        if depth > _EXTRA_DEPTH or count > _EXTRA_VALUES:
            raise ModelError(f"the metadata's 'extra' is nested more than {_EXTRA_DEPTH} deep or has too many values")
        if isinstance(value, str) and len(value) > _TEXT_LENGTH:
            raise ModelError(f"the metadata's 'extra' holds a text of {len(value):,} letters")
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        waiting.extend((each, depth + 1) for each in inner)


def check_fit(
    reader: InputReader,
    classes: int,
    inputs: Sequence[Sequence[Any]],
    outputs: Sequence[Sequence[Any]],
    exact: bool = True,
) -> None:
    """Compare metadata with a network, compiled or not.

    Args:
        reader: The metadata's.
        classes: How many the metadata names.
        inputs: The shape of each input of the network; what is open is None or -1.
        outputs: The shape of each output.
        exact: Whether there may be classes in the output only; features follow them otherwise.

    Raises:
        ModelError: They do not fit. Without the file's name.
    """
    if len(inputs) != 1 or len(outputs) != 1:
        raise ModelError(
            f"its network has {len(inputs)} inputs and {len(outputs)} outputs; kerastl takes one input and gives "
            "one score a class"
        )
    given, wanted = _shape(inputs[0]), (None, *reader.shape)
    if len(given) != len(wanted) or any(
        size not in (None, want) for size, want in zip(given[1:], wanted[1:], strict=True)
    ):
        raise ModelError(f"its metadata says {reader.describe()}, and its network takes arrays of shape {given}")
    found = _shape(outputs[0])
    if len(found) != 2 or found[1] is None or found[1] < classes or (exact and found[1] != classes):
        raise ModelError(f"its metadata names {classes:,} classes, and its network gives arrays of shape {found}")


def _shape(shape: Sequence[Any]) -> tuple[int | None, ...]:
    return tuple(None if size is None or size < 0 else int(size) for size in shape)
