"""A column of numbers, as people write them in tables."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence

from kerastl._base.text import printable
from kerastl.errors import DataError

_LONGEST = 40  # letters of a number
_SHOWN = 3
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_WITH_UNIT = re.compile(r"[+-]?[\d.,]*\d\s*[^\W\d_].{0,20}|[+-]?[\d.,]*\d\s*%|[$€£¥]\s*[\d.,]+")
# Thousands in groups; one group alone may as well be a decimal comma.
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+", re.ASCII)
_GROUPED_WITH_POINT = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d*", re.ASCII)
_GROUPED_WITH_COMMA = re.compile(r"[+-]?\d{1,3}([.\s]\d{3})+,\d*", re.ASCII)
_ONE_COMMA = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_ABSENT = ("nan", "null", "none", "n/a", "#n/a", "na", "<na>", "nat")
_ENDLESS = re.compile(r"[+-]?(inf(inity)?|\N{INFINITY})", re.IGNORECASE)
_LARGEST = 3.4028234e38  # of float32


def looks_numeric(texts: Sequence[str]) -> bool:
    """Whether cells hold numbers, more than two different ones; empty cells do not count.

    Example:
        >>> from kerastl.data._layouts.numbers import looks_numeric
        >>> looks_numeric(["1.5", "2", "7"]), looks_numeric(["1.5", "about 2", "7"])
        (True, False)
    """
    filled = {_plain(text) for text in texts} - {""}
    return len(filled) > 2 and all(_NUMBER.fullmatch(text) or _ONE_COMMA.fullmatch(text) for text in filled)


def read_numbers(texts: Sequence[str], where: Sequence[str]) -> list[float]:
    """Read a column of numbers: `12`, `-0.5`, `1e-3`, and `12,5` where the column writes all decimals with commas.

    Args:
        texts: The cells.
        where: How to name the row of each, in messages.

    Returns:
        As many numbers, finite and in the range of float32.

    Raises:
        DataError: A cell is empty, or no number, or has a unit; or it may mean two numbers: `1,234`.

    Example:
        >>> from kerastl.data._layouts.numbers import read_numbers
        >>> read_numbers(["1,5", "12"], ["row 2", "row 3"])
        [1.5, 12.0]
    """
    plain = [_plain(text) for text in texts]
    if any("," in text for text in plain):
        plain = _without_commas(plain, where)
    return [_number(text, written, place) for text, written, place in zip(plain, texts, where, strict=True)]


def _plain(text: str) -> str:
    """Without spaces around, and with the signs that keyboards have."""
    text = unicodedata.normalize("NFKC", text[: _LONGEST + 1]).strip()
    return text.replace("\N{MINUS SIGN}", "-").replace("\N{NON-BREAKING HYPHEN}", "-")


def _without_commas(texts: Sequence[str], where: Sequence[str]) -> list[str]:
    """Make decimal commas points, and leave out those that group thousands.

    Raises:
        DataError: A cell may mean either.
    """
    commas = [number for number, text in enumerate(texts) if "," in text]
    points = any("." in text for text in texts)
    if any(_GROUPED_WITH_COMMA.fullmatch(texts[number]) for number in commas):
        return [re.sub(r"[.\s](?=\d{3}(\D|$))", "", text).replace(",", ".") for text in texts]
    if all(_GROUPED.fullmatch(texts[number]) or _GROUPED_WITH_POINT.fullmatch(texts[number]) for number in commas):
        sure = points or any(texts[number].count(",") > 1 for number in commas)
        if not sure:
            first = commas[0]
            raise DataError(
                f"{where[first]}: '{printable(texts[first])}' may mean {texts[first].replace(',', '.')} or "
                f"{texts[first].replace(',', '')}; write numbers without separators of thousands, with a decimal point"
            )
        return [text.replace(",", "") for text in texts]
    if not points and all(_ONE_COMMA.fullmatch(texts[number]) for number in commas):
        return [text.replace(",", ".") for text in texts]
    return list(texts)  # `_number` names the first that is none


def _number(text: str, written: str, where: str) -> float:
    if _NUMBER.fullmatch(text) and len(text) <= _LONGEST:
        value = float(text)
        if abs(value) <= _LARGEST:
            return value
        raise DataError(f"{where}: {printable(text)} is too large; numbers go up to 3.4e38")
    raise DataError(f"{where}: {_why_not(text, written)}")


def _why_not(text: str, written: str) -> str:
    shown = f"'{printable(written[:_LONGEST])}'"
    if not text:
        return "there is no number; fill it in, or leave the row out"
    if text.casefold() in _ABSENT:
        return f"{shown} stands where a number is missing; fill it in, or leave the row out"
    if _ENDLESS.fullmatch(text):
        return f"{shown} is not finite; give a number, or leave the row out"
    if _WITH_UNIT.fullmatch(text):
        return f"{shown} has a unit; write the number alone, in one unit for all rows"
    return f"{shown} is no number; --task classification takes texts as classes"


def float32_twins(values: Sequence[float]) -> tuple[float, float] | None:
    """Two different numbers that float32, in which networks compute, cannot tell apart; None where there are none.

    Example:
        >>> from kerastl.data._layouts.numbers import float32_twins
        >>> float32_twins([1700000000.0, 1700000001.0]), float32_twins([0.1, 0.2])
        ((1700000000.0, 1700000001.0), None)
    """
    import numpy as np

    known = np.unique(np.asarray(values, np.float64))
    same = np.flatnonzero(np.diff(known.astype(np.float32)) == 0)
    return (float(known[same[0]]), float(known[same[0] + 1])) if len(same) else None


def as_label(value: float) -> str:
    """The text that stands for a number in tables of kerastl's own; `float` reads it back, to the last digit.

    Example:
        >>> from kerastl.data._layouts.numbers import as_label
        >>> as_label(12.0), as_label(0.1)
        ('12', '0.1')
    """
    whole = math.isfinite(value) and value == int(value) and abs(value) < 1e15
    return str(int(value)) if whole else repr(float(value))
