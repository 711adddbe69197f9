"""What the pages have their readers do: commands and blocks of Python, taken out of Markdown."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)

# What cannot be run by a test, and why.
NOT_RUN = {
    r"python -m venv |pip install |git clone |cd kerastl$": "it changes the environment that the tests run in",
    r"python -m http\.server ": "it runs until it is stopped",
    r"kerastl .*s3://": "it needs a store",
    r"docker ": "Docker is not what tests may rely on",
    r"pytest|ruff |mypy|mkdocs |bash \.ci/run|python scripts/": "it is what runs the tests, or takes minutes",
}
# What npm is needed for.
NEEDS_NPM = re.compile(r"kerastl export .*--to (\S+,)?web\b")
# What names a network that must be downloaded.
NEEDS_WEIGHTS = re.compile(r"kerastl (download|classify .*--model) mobilenet_v2$")


@dataclass(frozen=True)
class Step:
    """A line of shell, or a block of Python.

    Args:
        page: Where it stands.
        line: Number of its line.
        language: `bash` or `python`.
        code: As it stands there.
    """

    page: Path
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.page.stem}:{self.line}: {self.code.splitlines()[0]}"

    @property
    def why_not(self) -> str | None:
        """Why it is not run."""
        reasons = (reason for pattern, reason in NOT_RUN.items() if re.match(pattern, self.code))
        return next(reasons, None) if self.language == "bash" else None


def mobilenet_v2_is_here() -> bool:
    """Whether KERAS_HOME holds the weights of MobileNetV2, with and without its head."""
    models = Path(os.environ.get("KERAS_HOME") or "nowhere", "models")
    files = (f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224{top}.h5" for top in ("", "_no_top"))
    return all((models / file).is_file() for file in files)


def text_of(page: Path) -> str:
    """A page."""
    return page.read_text(encoding="utf-8")


def prose_of(page: Path) -> str:
    """A page without its blocks of code."""
    return BLOCK.sub("", text_of(page))


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of a language."""
    return [code for each, code in BLOCK.findall(text_of(page)) if each == language]


def steps(page: Path) -> Iterator[Step]:
    """What a page has its readers do, in its order."""
    text = text_of(page)
    for block in BLOCK.finditer(text):
        language, code = block.groups()
        first = text.count("\n", 0, block.start(2)) + 1
        if language == "python":
            yield Step(page, first, language, code)
        elif language == "bash":
            yield from (
                Step(page, first + code.count("\n", 0, line.start()), language, line[0].replace("\\\n", ""))
                for line in re.finditer(r"(?:.*\\\n)*.+", code)  # a line goes on after a backslash
            )
