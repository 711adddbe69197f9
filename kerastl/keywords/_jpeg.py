"""Keywords in JPEG: the segments of XMP and IPTC are replaced, and every other byte stays (ITU T.81, annex B)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kerastl.keywords import _iptc as iptc
from kerastl.keywords import _xmp as xmp
from kerastl.keywords._written import MOST_PIECES, KeywordError

_APP0, _APP1, _APP2, _APP13 = 0xE0, 0xE1, 0xE2, 0xED
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_PHOTOSHOP = b"Photoshop 3.0\0"
_SEVERAL = b"MPF\0"  # tells where other images of the file are, counted from itself
_LONGEST = 0xFFFF - 2


@dataclass(frozen=True)
class _Segment:
    """A marker with what belongs to it.

    Args:
        marker: Its second byte.
        payload: What comes after the length.
        raw: All of it, as it stands in the file.
    """

    marker: int
    payload: bytes
    raw: bytes

    def is_(self, marker: int, beginning: bytes) -> bool:
        return self.marker == marker and self.payload.startswith(beginning)


def embedded(content: bytes, keywords: Sequence[str]) -> bytes:
    """The file with keywords in XMP and IPTC, and in both what was in one of them: many programs read one only.

    Args:
        content: The file.
        keywords: What is to be in it.

    Raises:
        KeywordError: It is broken, or there is no room.
    """
    segments, rest = _parsed(content)
    packet = _packet(segments)
    resources = _resources(segments)
    in_xmp, in_iptc = _words(packet, resources)
    new: list[_Segment] = []
    if (new_packet := xmp.merged(packet, [*in_iptc, *keywords])) != packet:
        new += _xmp_segment(new_packet)
    if (merged := iptc.merged(resources, [*in_xmp, *keywords])) != resources:
        new += _photoshop_segments(merged)
    return _written(segments, new) + rest


def words_of(content: bytes) -> tuple[str, ...]:
    """The keywords in a file."""
    segments, _ = _parsed(content)
    in_xmp, in_iptc = _words(_packet(segments), _resources(segments))
    return (*in_xmp, *in_iptc)


def _words(packet: bytes | None, resources: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The keywords in XMP, and those that are in IPTC only, which has cut ones of the others."""
    in_xmp = () if packet is None else xmp.words_of(packet)
    cut = {iptc.cut(word).casefold() for word in in_xmp}
    return in_xmp, tuple(word for word in iptc.words_of(resources) if word.casefold() not in cut)


def _written(segments: list[_Segment], new: list[_Segment]) -> bytes:
    """The head of the file with new segments where the old ones of their kind were, or behind APP0 and EXIF."""
    kinds = [(_APP1, _XMP), (_APP13, _PHOTOSHOP)]
    replaced = [kind for kind in kinds if any(one.is_(*kind) for one in new)]
    kept = [one for one in segments if not any(one.is_(*kind) for kind in replaced)]
    others = next((place for place, one in enumerate(segments) if one.is_(_APP2, _SEVERAL)), None)
    if others is not None and any(one.is_(*kind) for one in segments[others:] for kind in replaced):
        raise KeywordError("holds several images, whose places would change")
    first = next((place for place, one in enumerate(kept) if one.marker not in (_APP0, _APP1)), len(kept))
    return b"\xff\xd8" + b"".join(one.raw for one in [*kept[:first], *new, *kept[first:]])


def _packet(segments: list[_Segment]) -> bytes | None:
    return next((one.payload[len(_XMP) :] for one in segments if one.is_(_APP1, _XMP)), None)


def _resources(segments: list[_Segment]) -> bytes:
    """What Photoshop and IPTC keep, which may be spread over several segments."""
    return b"".join(one.payload[len(_PHOTOSHOP) :] for one in segments if one.is_(_APP13, _PHOTOSHOP))


def _xmp_segment(packet: bytes) -> Iterator[_Segment]:
    if len(_XMP) + len(packet) > _LONGEST:
        before, mark, after = packet.rpartition(b"<?xpacket end")
        packet = before.rstrip() + b"\n" + mark + after  # without the room that writers leave
    if len(_XMP) + len(packet) > _LONGEST:
        raise KeywordError("has no room for more XMP in its segment of 64 KiB")
    yield _segment(_APP1, _XMP + packet)


def _photoshop_segments(resources: bytes) -> Iterator[_Segment]:
    most = _LONGEST - len(_PHOTOSHOP)
    for start in range(0, len(resources), most):
        yield _segment(_APP13, _PHOTOSHOP + resources[start : start + most])


def _segment(marker: int, payload: bytes) -> _Segment:
    return _Segment(marker, payload, bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2, "big") + payload)


def _parsed(content: bytes) -> tuple[list[_Segment], bytes]:
    """The segments before the first scan, and the rest of the file."""
    segments: list[_Segment] = []
    place = 2
    while len(segments) < MOST_PIECES:
        marker = place
        while content[marker : marker + 1] == b"\xff" and content[marker + 1 : marker + 2] == b"\xff":
            marker += 1  # fill bytes
        head = content[marker : marker + 4]
        if head[:1] not in (b"\xff", b""):
            raise KeywordError("is broken: a segment does not begin where it should")
        if head[1:2] in (b"\xda", b"\xd9"):
            return segments, content[place:]
        length = int.from_bytes(head[2:], "big")
        end = marker + 2 + length
        if len(head) < 4 or length < 2 or end > len(content):
            raise KeywordError("is broken: a segment is cut off")
        segments.append(_Segment(head[1], content[marker + 4 : end], content[place:end]))
        place = end
    raise KeywordError(f"has more than {MOST_PIECES:,} segments")
