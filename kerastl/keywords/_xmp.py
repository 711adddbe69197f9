"""Keywords in XMP: a list in `dc:subject`, put into what is there without touching anything else.

XMP is RDF in XML (Adobe, XMP Specification Part 1, 2012; ISO 16684-1). What is read may come from anywhere: documents
that declare entities are refused, and so is what nests without end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from kerastl.keywords._written import KeywordError, missing

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = "http://purl.org/dc/elements/1.1/"
_DEEPEST = 200
_CONTAINERS = {f"{RDF} {name}" for name in ("Bag", "Seq", "Alt")}
_UTF8 = {"utf-8", "utf8", "us-ascii", "ascii"}
# A start tag, from where the parser says that it begins; that it is well-formed is known by then.
_TAG = re.compile(rb"<([^\s/>]+)(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>")

_EMPTY = (
    f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/">\n <rdf:RDF xmlns:rdf="{RDF}">\n </rdf:RDF>\n</x:xmpmeta>\n'
    '<?xpacket end="w"?>'
).encode()


def merged(packet: bytes | None, keywords: Sequence[str]) -> bytes:
    """Add keywords to an XMP packet or file.

    Args:
        packet: UTF-8, or None where there is none yet.
        keywords: What is to be in it; those that are there, in whatever case, are not added again.

    Returns:
        The packet, all that was in it as it was.

    Raises:
        KeywordError: It is no XMP, or of a kind that nothing can be added to.
    """
    if packet is None:
        packet = _EMPTY
    packet = packet.rstrip(b"\0")
    found = _found(packet)
    new = missing(keywords, found.words)
    if not new:
        return packet
    if found.container is not None:
        return _into(packet, found.container, lambda prefix: _items(prefix, new))
    if found.has_subject:
        raise KeywordError("its dc:subject is no list that keywords could be added to")
    if found.rdf is None:
        raise KeywordError("holds no XMP")
    about = found.about or ""
    return _into(packet, found.rdf, lambda prefix: _description(about, new))


def words_of(packet: bytes) -> tuple[str, ...]:
    """The keywords of an XMP packet or file.

    Raises:
        KeywordError: It is no XMP.
    """
    return tuple(_found(packet.rstrip(b"\0")).words)


@dataclass
class _Element:
    """Where an element begins, and where its end tag does."""

    start: int
    end: int = 0


@dataclass
class _Found:
    """What was found in a packet."""

    rdf: _Element | None = None
    about: str | None = None
    has_subject: bool = False
    container: _Element | None = None
    words: list[str] = field(default_factory=list)


class _Reader:
    """Finds the place for keywords."""

    def __init__(self) -> None:
        self.found = _Found()
        self._path: list[str] = []
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.XmlDeclHandler = self._declared
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def read(self, packet: bytes) -> _Found:
        try:
            self._parser.Parse(packet, True)
        except expat.ExpatError as error:
            raise KeywordError(f"its XMP is broken ({error})") from None
        return self.found

    def _refuse(self, *_: object) -> None:
        raise KeywordError("its XMP declares a document type, which XMP has none of")

    def _declared(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _UTF8:
            raise KeywordError(f"its XMP is in {encoding}, and only UTF-8 is read")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._path) >= _DEEPEST:
            raise KeywordError("its XMP is nested too deep")
        self._path.append(name)
        found, here, at = self.found, self._inside(), self._parser.CurrentByteIndex
        if name == f"{RDF} RDF" and found.rdf is None:
            found.rdf = _Element(at)
        elif len(here) == 1 and found.about is None:
            found.about = attributes.get(f"{RDF} about", attributes.get("about"))
        elif here[1:] == [f"{DC} subject"]:
            found.has_subject = True
        elif self._in_subject(2) and name in _CONTAINERS and found.container is None:
            found.container = _Element(at)
        elif self._in_subject(3) and name == f"{RDF} li":
            found.words.append("")

    def _end(self, name: str) -> None:
        found, at = self.found, self._parser.CurrentByteIndex
        if self._in_subject(2) and found.container is not None and not found.container.end:
            found.container.end = at
        elif name == f"{RDF} RDF" and found.rdf is not None and not found.rdf.end:
            found.rdf.end = at
        self._path.pop()

    def _text(self, text: str) -> None:
        if self._in_subject(3) and self.found.words:
            self.found.words[-1] += text

    def _inside(self) -> list[str]:
        """The elements below `rdf:RDF` that the parser is in."""
        return self._path[self._path.index(f"{RDF} RDF") + 1 :] if f"{RDF} RDF" in self._path else []

    def _in_subject(self, levels: int) -> bool:
        here = self._inside()
        return len(here) == levels + 1 and here[1] == f"{DC} subject"


def _found(packet: bytes) -> _Found:
    if packet[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in packet[:4]:
        raise KeywordError("its XMP is in UTF-16 or UTF-32, and only UTF-8 is read")
    return _Reader().read(packet)


def _into(packet: bytes, element: _Element, content: Callable[[str], str]) -> bytes:
    """The packet with more at the end of an element, which may have no end tag; `content` makes it for a prefix."""
    tag = _TAG.match(packet, element.start)
    if tag is None:
        raise KeywordError("its XMP cannot be added to")
    prefix, _, _ = tag[1].decode().rpartition(":")
    text = content(f"{prefix}:" if prefix else "").encode()
    if tag[0].endswith(b"/>"):
        return packet[: tag.end() - 2] + b">" + text + b"</" + tag[1] + b">" + packet[tag.end() :]
    return packet[: element.end] + text + packet[element.end :]


def _items(prefix: str, keywords: Sequence[str]) -> str:
    return "".join(f"<{prefix}li>{escape(word)}</{prefix}li>" for word in keywords)


def _description(about: str, keywords: Sequence[str]) -> str:
    """A description of its own, whatever prefixes are in use: several of one subject are one."""
    return (
        f'<rdf:Description xmlns:rdf="{RDF}" xmlns:dc="{DC}" rdf:about={quoteattr(about)}><dc:subject><rdf:Bag>'
        f"{_items('rdf:', keywords)}</rdf:Bag></dc:subject></rdf:Description>\n"
    )
