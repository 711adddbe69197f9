"""Check the built documentation: `python scripts/check_site.py build/site`.

No page may fetch anything from another host: its source is read, and it is opened in a browser where there is one.
Every public name must have its entry. Exit code: 0 good, 1 not.
"""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import chromium
import docs_api

_FETCHED = {"audio", "embed", "iframe", "img", "script", "source", "track", "video"}
_ELSEWHERE = re.compile(r"(?:[a-z]+:)?//", re.IGNORECASE)


class _Addresses(HTMLParser):
    """What a browser fetches to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        wanted = ("src", "srcset") if tag in _FETCHED else ("href",) if tag == "link" else ()
        if tag == "link" and values.get("rel") == "canonical":
            return
        self.found += [value for name in wanted if (value := values.get(name))]


def fetched_from_elsewhere(site: Path) -> Iterator[str]:
    """A line for each address of another host that pages or style sheets would fetch."""
    for page in sorted(site.rglob("*.html")):
        parser = _Addresses()
        parser.feed(page.read_text(encoding="utf-8"))
        yield from (f"{page}: {address}" for address in parser.found if _ELSEWHERE.match(address))
    for sheet in sorted(site.rglob("*.css")):
        addresses = re.findall(r"(?:url\(|@import)\s*['\"]?([^'\")\s]+)", sheet.read_text(encoding="utf-8"))
        yield from (f"{sheet}: {address}" for address in addresses if _ELSEWHERE.match(address))


def requested_from_elsewhere(site: Path) -> Iterator[str]:
    """A line for each address of another host that a browser asks for when it opens the pages."""
    executable = chromium.find()
    if executable is None:
        return
    with chromium.Chromium(executable) as browser:
        for page in sorted(site.rglob("*.html")):
            browser.show(page, width=1200)
            yield from (f"{page}: {address}" for address in browser.requests() if re.match("(http|ws)s?:", address))


def not_documented(site: Path) -> list[str]:
    """Public names without an entry in the inventory that mkdocstrings writes."""
    *_, listed = (site / "objects.inv").read_bytes().split(b"\n", 4)
    entries = {line.split()[0] for line in zlib.decompress(listed).decode().splitlines()}
    return [
        name
        for package in docs_api.PACKAGES
        for name in (package, *(f"{package}.{name}" for name in docs_api.names(package)))
        if name not in entries
    ]


def main(site: Path) -> int:
    """Print what is wrong."""
    wrong = [
        *(f"fetched from another host: {line}" for line in fetched_from_elsewhere(site)),
        *(f"asked of another host: {line}" for line in requested_from_elsewhere(site)),
        *(f"not in the API reference: {name}" for name in not_documented(site)),
    ]
    print(*wrong, f"{len(list(site.rglob('*.html')))} pages, {len(wrong)} problems", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
