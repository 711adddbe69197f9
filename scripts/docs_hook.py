"""What `mkdocs.yml` calls when the site is built: the pages that are written from something else.

The command reference comes from the commands, the networks from the catalog, the API reference from the docstrings,
and the pages on the project from the files at the top of the repository.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docs_api
import docs_commands
import docs_networks

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).resolve().parents[1]
TOP = {
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security-policy.md",
}
MEASUREMENTS = "reference/measurements.md"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the packages into the navigation."""
    _section(_section(config.nav or [], "Reference"), "API")[:] = [
        {package: docs_api.address(package)} for package in docs_api.PACKAGES
    ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    from mkdocs.structure.files import File

    for address, text in written():
        files.append(File.generated(config, address, content=text))
    return files


def written() -> Iterator[tuple[str, str]]:
    """Addresses below `docs/` and texts of the pages."""
    yield "reference/commands.md", docs_commands.reference()
    yield "reference/networks.md", docs_networks.page()
    for package in docs_api.PACKAGES:
        yield docs_api.address(package), docs_api.page(package)
    for name, address in TOP.items():
        yield address, moved((ROOT / name).read_text(encoding="utf-8"), address)
    yield MEASUREMENTS, f"# Measurements\n{_section_of_the_readme('How fast, how right')}"


def moved(text: str, address: str) -> str:
    """A text from the top of the repository with links that lead to the same pages from `address`."""

    def link(match: re.Match[str]) -> str:
        target, anchor = match[1], match[2] or ""
        inside = TOP.get(target) or (target.removeprefix("docs/") if target.startswith("docs/") else None)
        if inside is None:
            return match[0]
        return f"]({posixpath.relpath(inside, posixpath.dirname(address))}{anchor})"

    return re.sub(r"\]\(([\w./-]+\.\w+)(#[\w-]+)?\)", link, text)


def _section_of_the_readme(title: str) -> str:
    _, _, after = (ROOT / "README.md").read_text(encoding="utf-8").partition(f"\n## {title}\n")
    return after.partition("\n## ")[0]


def _section(nav: list[Any], title: str) -> list[Any]:
    return next(item[title] for item in nav if isinstance(item, dict) and title in item)
