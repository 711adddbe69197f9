"""Keywords in IPTC-IIM: dataset 2:25 in the Photoshop resources of a JPEG.

As in the IPTC's Information Interchange Model 4.2 (1999) and Adobe's Photoshop File Formats Specification. Together
with the keywords goes the digest by which programs see that the same is in XMP (Metadata Working Group, Guidelines for
Handling Image Metadata 2.0, 2010).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kerastl.keywords._written import KeywordError, missing

_IPTC, _DIGEST = 0x0404, 0x0425  # resources
_CHARACTER_SET, _VERSION, _KEYWORDS = (1, 90), (2, 0), (2, 25)  # datasets
_UTF8 = b"\x1b%G"
_LONGEST = 64  # bytes of a keyword


@dataclass(frozen=True)
class _Resource:
    """A Photoshop resource: its signature, number and name as they stand there, and its data."""

    head: bytes
    number: int
    data: bytes

    def written(self) -> bytes:
        return self.head + len(self.data).to_bytes(4, "big") + self.data + bytes(len(self.data) % 2)


def merged(resources: bytes, keywords: Sequence[str]) -> bytes:
    """Add keywords to the Photoshop resources of an image.

    Args:
        resources: As they stand there, without the marker; empty where there are none.
        keywords: What is to be in them.

    Returns:
        The resources, all others as they were.

    Raises:
        KeywordError: They are broken.
    """
    found = list(_resources(resources))
    there = next((one.data for one in found if one.number == _IPTC), b"")
    datasets = _with_keywords(list(_datasets(there)), keywords)
    if datasets is None:
        return resources
    new = b"".join(_dataset(key, value) for key, value in datasets)
    replaced = {_IPTC: new, _DIGEST: hashlib.md5(new, usedforsecurity=False).digest()}
    kept = [one for one in found if one.number not in replaced]
    made = [_Resource(b"8BIM" + number.to_bytes(2, "big") + b"\0\0", number, data) for number, data in replaced.items()]
    return b"".join(one.written() for one in [*made, *kept])


def words_of(resources: bytes) -> tuple[str, ...]:
    """The keywords in the Photoshop resources of an image."""
    there = next((one.data for one in _resources(resources) if one.number == _IPTC), b"")
    return _words(list(_datasets(there)))


def cut(word: str) -> str:
    """As much of a keyword as there is room for."""
    return word.encode()[:_LONGEST].decode(errors="ignore")


def _with_keywords(
    datasets: list[tuple[tuple[int, int], bytes]], keywords: Sequence[str]
) -> list[tuple[tuple[int, int], bytes]] | None:
    """The datasets with keywords; None where nothing is to be added."""
    new = missing(map(cut, keywords), _words(datasets))
    is_utf8 = (_CHARACTER_SET, _UTF8) in datasets
    if not is_utf8 and not all(word.isascii() for word in new):
        if all(value.isascii() for key, value in datasets if key[0] == 2):
            datasets = [(_CHARACTER_SET, _UTF8), *(one for one in datasets if one[0] != _CHARACTER_SET)]
        else:  # in letters of another set, which nobody can tell; XMP has these keywords
            new = [word for word in new if word.isascii()]
    if not new:
        return None
    if not any(key == _VERSION for key, _ in datasets):
        envelope = [one for one in datasets if one[0][0] < 2]
        datasets = [*envelope, (_VERSION, b"\0\x04"), *datasets[len(envelope) :]]
    place = 1 + max(number for number, (key, _) in enumerate(datasets) if key <= _KEYWORDS)
    return [*datasets[:place], *((_KEYWORDS, word.encode()) for word in new), *datasets[place:]]


def _words(datasets: list[tuple[tuple[int, int], bytes]]) -> tuple[str, ...]:
    words = [value for key, value in datasets if key == _KEYWORDS]
    try:  # which many programs write without saying so
        return tuple(word.decode() for word in words)
    except UnicodeDecodeError:
        letters = "utf-8" if (_CHARACTER_SET, _UTF8) in datasets else "latin-1"
        return tuple(word.decode(letters, "replace") for word in words)


def _resources(content: bytes) -> Iterator[_Resource]:
    place = 0
    while place < len(content):
        if len(content) - place < 12:
            if content[place:].strip(b"\0"):
                raise KeywordError("its Photoshop resources are cut off")
            return
        name = content[place + 6] + 1
        head = content[place : place + 6 + name + name % 2]
        place += len(head)
        length = int.from_bytes(content[place : place + 4], "big")
        data = content[place + 4 : place + 4 + length]
        if len(data) < length or not head[:4].isalnum():
            raise KeywordError("its Photoshop resources are broken")
        yield _Resource(head, int.from_bytes(head[4:6], "big"), data)
        place += 4 + length + length % 2


def _datasets(content: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    place = 0
    while place < len(content) and content[place] == 0x1C:
        key = (content[place + 1], content[place + 2]) if place + 5 <= len(content) else (0, 0)
        length = int.from_bytes(content[place + 3 : place + 5], "big")
        start = place + 5
        if length & 0x8000:  # its low bits say how many bytes the length has
            start += length & 0x7FFF
            length = int.from_bytes(content[place + 5 : start][:8], "big")
        value = content[start : start + length]
        if key == (0, 0) or start > len(content) or len(value) < length:
            raise KeywordError("its IPTC data are cut off")
        yield key, value
        place = start + length
    if content[place:].strip(b"\0"):
        raise KeywordError("its IPTC data are broken")


def _dataset(key: tuple[int, int], value: bytes) -> bytes:
    short = len(value) < 0x8000
    length = len(value).to_bytes(2, "big") if short else b"\x80\x04" + len(value).to_bytes(4, "big")
    return bytes((0x1C, *key)) + length + value
