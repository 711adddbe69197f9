"""Every command and every example of the README and of the pages in `docs/` is run as it stands there, in its order."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# All that people read here; a link between them leads to a file.
TEXTS = sorted(path for path in ROOT.rglob("*.md") if not any(part.startswith(".") for part in path.parts))

# They name a network that must be downloaded.
NEEDS_WEIGHTS = re.compile(r"^kerastl (download|classify .*--model) mobilenet_v2$")
# What the README's examples print at their end.
ENDINGS = {"README.md": ["balloons.jpg: balloon", "star_01.jpg: star"]}


def text_of(page):
    return page.read_text(encoding="utf-8")


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", text_of(page), re.DOTALL)


@dataclass(frozen=True)
class Step:
    """A line of shell, or a block of Python."""

    page: Path
    language: str
    code: str
    ending: str = ""

    def __str__(self):
        return f"{self.page.stem}: {self.code.splitlines()[0]}"


def steps(page):
    """What a page has its readers do, but for installing; of a line that installs and goes on, what follows."""
    endings = iter(ENDINGS.get(page.name, ()))
    for language, code in re.findall(r"```(bash|python)\n(.*?)```", text_of(page), re.DOTALL):
        if language == "python":
            yield Step(page, language, code, next(endings, ""))
            continue
        for line in code.splitlines():
            if not line.startswith("pip install '"):
                yield Step(page, language, line.removeprefix("pip install . && "))


@pytest.fixture(scope="module")
def weights():
    """Whether KERAS_HOME holds MobileNetV2, with and without its head."""
    home = Path(os.environ.get("KERAS_HOME") or "nowhere", "models")
    return all(
        (home / f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224{top}.h5").is_file() for top in ("", "_no_top")
    )


@pytest.fixture(scope="module")
def checkouts(tmp_path_factory):
    """For each page a copy of what its commands read, so that what they write is not left behind."""
    folders = {page: tmp_path_factory.mktemp(page.stem) for page in PAGES}
    for folder in folders.values():
        shutil.copytree(ROOT / "data", folder / "data")
    return folders


@pytest.fixture(scope="module")
def environment(tmp_path_factory, weights):
    """The command `kerastl`, whether or not the package is installed; without weights, without a network too."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "kerastl"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kerastl "$@"\n')
    script.chmod(0o755)
    cache = tmp_path_factory.mktemp("cache")  # its own: a command of the README clears it
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    values = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "KERASTL_CACHE": str(cache)}
    if not weights:
        nowhere = "http://127.0.0.1:9"
        values |= {"KERAS_HOME": str(tmp_path_factory.mktemp("keras")), "https_proxy": nowhere, "no_proxy": ""}
    return values


@pytest.fixture
def run(checkouts, environment):
    def run(step):
        program = ["bash", "-c"] if step.language == "bash" else [sys.executable, "-c"]
        folder = checkouts[step.page]
        done = subprocess.run([*program, step.code], cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done

    return run


def test_the_readme_has_its_two_commands():
    first, second = text_of(PAGES[0]).split("```bash\n")[1:3]
    assert first.startswith("pip install . && kerastl classify ")
    assert second.startswith("pip install '.[dev]' && pytest -n 2\n")


def test_the_readme_shows_its_examples():
    assert len(blocks(PAGES[0], "python")) == len(ENDINGS["README.md"])


@pytest.mark.parametrize("step", [step for page in PAGES for step in steps(page)], ids=str)
def test_it_works(step, run, weights):
    if NEEDS_WEIGHTS.match(step.code) and not weights:
        pytest.skip("KERAS_HOME names no Keras cache with MobileNetV2's weights")
    done = run(step)
    assert "Traceback" not in done.stderr
    # What kerastl_mini says of these images is not promised.
    assert (step.ending if weights else step.ending.split(": ")[0]) in done.stdout, done.stdout


def test_the_first_command_says_what_the_readme_says(run, weights):
    done, said = run(next(steps(PAGES[0]))), blocks(PAGES[0], "text")[0]
    if weights:
        assert done.stdout == said
    else:  # kerastl_mini answers of the same images, in the same form
        assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
            line.split(":")[0] for line in said.splitlines()
        ]
        assert "kerastl_mini answers" in done.stderr


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page):
    text = re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"", text)
    local = [link.split("#")[0] for link in map("".join, links) if not re.match(r"[a-z]+:|#", link)]
    assert not [link for link in local if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lines_of_prose_are_short(page):
    text = re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)
    assert not [line for line in text.splitlines() if len(line) > 120 and not line.startswith(("|", "<", "!"))]


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_of_the_project_that_are_named_exist(page):
    named = re.findall(r"`((?:tests|scripts|benchmarks|docs|notebooks|kerastl|data)/[\w./-]*)`", text_of(page))
    assert not [name for name in named if not (ROOT / name).exists()]
