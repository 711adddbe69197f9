"""Commands on images in archives and stores: which take them, what they say, how they end."""

from __future__ import annotations

import pytest
from archive_files import GREEN, RED, tar_of, zip_of

from kerastl.cli import run


@pytest.fixture
def packed(tmp_path, monkeypatch):
    """Write a file into the current folder."""
    monkeypatch.chdir(tmp_path)
    return lambda name, content: (tmp_path / name).write_bytes(content)


@pytest.fixture
def command(color_model, capsys):
    """Run a command with the model; its exit code, and what it wrote."""

    def ran(name, *arguments):
        code = run([name, "--model", str(color_model), *map(str, arguments)])
        return code, *capsys.readouterr()

    return ran


def test_archives_are_classified_one_after_the_other(command, packed):
    for number, content in enumerate((RED, GREEN)):
        packed(f"s-{number}.tar", tar_of([("a.png", content), ("a.cls", b"0")]))
    assert command("classify", "s-{0..1}.tar", "--top", "1") == (
        0,
        "s-0.tar::a.png: red 100.0 %\ns-1.tar::a.png: green 100.0 %\n",
        "kerastl: 2 other files left out (.cls)\n",
    )


def test_what_fails_is_told_and_the_rest_is_answered(command, packed):
    packed("a.tar", tar_of([("a.png", RED), ("../b.png", RED), ("c.png", GREEN)])[: 3 * 1024])
    code, out, err = command("classify", "a.tar", "none.zip", "--top", "1")
    assert (code, out) == (1, "a.tar::a.png: red 100.0 %\na.tar::c.png: green 100.0 %\n")
    assert err.splitlines() == [
        "kerastl: a.tar::../b.png: its name has .. in it",
        "kerastl: a.tar: truncated: its end is missing (2 images were read before)",
        "kerastl: none.zip: no such file",
        "kerastl: 3 of 5 images could not be classified",
    ]


def test_json_has_the_names(command, packed, lines):
    packed("a.zip", zip_of([("x/a.png", RED), ("b.png", b"?")]))
    code, out, _ = command("classify", "a.zip", "--format", "jsonl")
    assert code == 1
    assert [(row["path"], "error" in row) for row in lines(out)] == [("a.zip::x/a.png", False), ("a.zip::b.png", True)]


def test_parts_go_on_in_an_archive(command, packed, tmp_path):
    packed("a.zip", zip_of([(f"{number}.png", RED) for number in range(5)]))
    for folder in ("one", "two", "one"):
        assert command("classify", "a.zip", "--format", "jsonl", "--part-size", "2", "-o", tmp_path / folder)[0] == 0
    written = [
        sorted((file.name, file.read_bytes()) for file in (tmp_path / name).iterdir()) for name in ("one", "two")
    ]
    assert written[0] == written[1]


def test_vectors_have_the_names(command, packed, tmp_path):
    packed("a.zip", zip_of([("x/a.png", RED), ("b.png", GREEN)]))
    assert command("embed", "a.zip", "--output", "a.csv")[0] == 0
    rows = (tmp_path / "a.csv").read_text().splitlines()[1:]
    assert [row.partition(",")[0] for row in rows] == ["a.zip::x/a.png", "a.zip::b.png"]


@pytest.mark.parametrize(
    "arguments", [("sort", "--to", "sorted"), ("explain", "--output", "maps"), ("classify", "--format", "xmp")]
)
def test_what_needs_files_says_so_in_one_line(command, packed, arguments):
    packed("a.zip", zip_of([("a.png", RED), ("b.png", GREEN)]))
    code, _, err = command(*arguments, "a.zip", "s3://bucket/a.png")
    needs = "lies in an archive or in a store, and files are needed here: unpack or download it first"
    assert code == 1
    assert [line for line in err.splitlines() if needs in line] == [
        f"kerastl: a.zip: {needs}",
        f"kerastl: s3://bucket/a.png: {needs}",
    ]


def test_addresses_in_a_list_are_fetched_only_if_asked_for(command, monkeypatch):
    import io

    address = "s3://bucket/a.png"
    monkeypatch.setattr("kerastl.cli._images._standard_input", lambda: io.BytesIO(address.encode()))
    code, _, err = command("classify", "-")
    assert code == 1
    assert f"kerastl: {address}: an address in a list, which is fetched only if asked for: --urls" in err
