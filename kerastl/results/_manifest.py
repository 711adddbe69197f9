"""The manifest of a shard: what was asked, which parts are done, and whether all are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kerastl._base.files import read_regular, write_text
from kerastl._base.record_file import key_of
from kerastl._base.serialization import to_json
from kerastl._version import __version__
from kerastl.errors import KerastlError
from kerastl.results._formats import RESULT_FORMATS
from kerastl.results._shard import MOST_SHARDS, Shard
from kerastl.sources._addresses import lies_elsewhere, shown

MANIFEST = re.compile(r"_manifest(-[0-9]{1,5}of[0-9]{1,5})?\.json")
DONE = re.compile(r"_done(-[0-9]{1,5}of[0-9]{1,5})?\.keys")
_FORMAT = 1
_LONGEST = 1 << 26  # bytes
_SHOWN_SOURCES = 20


@dataclass(frozen=True)
class Question:
    """What was asked: other parts than those of the same question are not gone on with.

    Args:
        command: Of kerastl.
        model: The model's name.
        identity: What its numbers depend on.
        engine: What runs it; others may differ in the last bit.
        sources: The first of the sources, for people to read.
        all_sources: How many there are, and a hash of all.
        options: By the names of their flags.
        format: Of the parts.
        part_size: Images a part.
        kerastl: The version.
    """

    command: str
    model: str
    identity: str
    engine: str
    sources: Sequence[str]
    all_sources: str
    options: Mapping[str, Any]
    format: str
    part_size: int
    kerastl: str = __version__

    def unlike(self, other: Question, across_shards: bool = False) -> str | None:
        """Say in what an earlier question differs from this one; None if in nothing.

        Args:
            other: The earlier one.
            across_shards: Whether that is another shard's, which may have been answered by another engine.
        """
        now, before = asdict(self), asdict(other)
        for name in now:
            if now[name] == before[name] or (across_shards and name == "engine"):
                continue
            if name == "options":
                return next(
                    f"--{flag} was {_shown(before[name].get(flag))} and is {_shown(now[name].get(flag))}"
                    for flag in sorted({*now[name], *before[name]})
                    if now[name].get(flag) != before[name].get(flag)
                )
            if name in ("sources", "all_sources"):
                return "the sources were others"
            called = {"identity": "what the model is", "kerastl": "the version of kerastl"}.get(name, name)
            return f"{called.replace('_', ' ')} was {_shown(before[name])} and is {_shown(now[name])}"
        return None


def asked(sources: Sequence[str], **fields: Any) -> Question:
    """A question about sources, of which there may be many; `fields` are the others of `Question`.

    Passwords and signatures in addresses are left out: a manifest goes where the results go, and an archive whose
    address was signed anew is the same.
    """
    every = key_of("\0".join(shown(source) if lies_elsewhere(source) else source for source in sources)).hex()
    first = [shown(source) for source in sources[:_SHOWN_SOURCES]]
    return Question(sources=first, all_sources=f"{len(sources)} {every}", **fields)


def _shown(value: Any) -> str:
    return "not given" if value is None or value is False else "given" if value is True else str(value)


@dataclass(frozen=True)
class Part:
    """A file with results.

    Args:
        file: Its name.
        rows: Images in it.
        failed: Those that could not be answered.
        bytes: Its size.
    """

    file: str
    rows: int
    failed: int
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """What is known of a shard.

    Args:
        asked: The question.
        shard: Which.
        parts: Those that are done.
        complete: Whether these are all.
    """

    asked: Question
    shard: Shard
    parts: tuple[Part, ...] = ()
    complete: bool = False

    @property
    def rows(self) -> int:
        """Images that are done."""
        return sum(part.rows for part in self.parts)

    @property
    def failed(self) -> int:
        """Those that could not be answered."""
        return sum(part.failed for part in self.parts)

    def next_file(self) -> str:
        """What the next part is called."""
        return f"part{self.shard.suffix}-{len(self.parts) + 1:06d}.{self.asked.format}"

    def with_part(self, part: Part) -> Manifest:
        """The same with one part more, which may not be the last."""
        return replace(self, parts=(*self.parts, part), complete=False)

    def write(self, folder: Path) -> None:
        """Write it, whole or not at all; nothing in it tells when or where, so that the same work leaves the same."""
        values = {
            "format": _FORMAT,
            "asked": asdict(self.asked),
            "shard": self.shard.index,
            "shards": self.shard.count,
            "complete": self.complete,
            "rows": self.rows,
            "failed": self.failed,
        }
        parts = ",\n  ".join(to_json(asdict(part), None) for part in self.parts)
        listed = f"[\n  {parts}\n ]" if parts else "[]"
        head = to_json(values).removesuffix("\n}")
        write_text(folder / manifest_name(self.shard), f'{head},\n "parts": {listed}\n}}\n')


def manifest_name(shard: Shard) -> str:
    """What the manifest of a shard is called: a name that readers of folders of tables leave out."""
    return f"_manifest{shard.suffix}.json"


def done_name(shard: Shard) -> str:
    """What the file is called that knows the images that are done."""
    return f"_done{shard.suffix}.keys"


def read_manifest(file: Path) -> Manifest | None:
    """Read a manifest, which may have come from anywhere; None if there is none.

    Raises:
        KerastlError: It is broken, or none.
    """
    try:
        values = json.loads(read_regular(file, _LONGEST))
        if values["format"] != _FORMAT:
            raise KerastlError(f"{file}: is of another version of kerastl: take another folder")
        return _checked(values, file.name)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or "broken"
        raise KerastlError(f"{file}: is no manifest of results ({reason})") from None


def _checked(values: Any, name: str) -> Manifest:
    question, shard = Question(**values["asked"]), Shard(values["shard"], values["shards"])
    parts = tuple(Part(**part) for part in values["parts"])
    texts = (question.command, question.model, question.identity, question.engine, question.all_sources)
    _require(all(isinstance(text, str) for text in (*texts, question.kerastl, *question.sources)))
    _require(isinstance(question.options, dict) and question.format in RESULT_FORMATS)
    _require(_is_count(question.part_size) and _is_count(shard.index) and _is_count(shard.count))
    _require(1 <= shard.index <= shard.count <= MOST_SHARDS and name == manifest_name(shard))
    _require(isinstance(values["complete"], bool))
    manifest = Manifest(question, shard)
    for part in parts:
        _require(_is_count(part.rows) and _is_count(part.bytes) and _is_count(part.failed) and part.failed <= part.rows)
        _require(part.file == manifest.next_file())
        manifest = manifest.with_part(part)
    return replace(manifest, complete=values["complete"])


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53


def _require(holds: bool) -> None:
    if not holds:
        raise ValueError
