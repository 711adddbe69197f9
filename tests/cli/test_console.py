import io
import sys

import pytest

from kerastl.cli._console import console, line, table

HEADINGS = ["name", "pixels", "MB", "top-1"]
ROWS = [["short", "224", "14", "71.3 %"], ["a_name_of_thirty_letters_or_so", "1,000", "528", "9.0 %"]]


@pytest.fixture
def shown(monkeypatch):
    """Write a table at some width, to a file if it is None; its lines without blanks at their ends."""

    def call(width, *arguments, encoding="utf-8", **options):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="backslashreplace")
        monkeypatch.setattr(sys, "stdout", stream)
        if width is None:
            monkeypatch.delenv("COLUMNS", raising=False)
        else:
            monkeypatch.setenv("COLUMNS", str(width))
        table(console(), *arguments, **options)
        stream.seek(0)
        return [text.rstrip() for text in stream.buffer.getvalue().decode(encoding).splitlines() if text.strip()]

    return call


def test_a_file_has_no_right_edge(shown):
    lines = shown(None, HEADINGS, [["n" * 200, "1", "2", "3"]], spare=["MB"])
    assert lines[-1].split() == ["n" * 200, "1", "2", "3"]


def test_names_go_on_in_the_next_line_and_nothing_is_cut(shown):
    lines = shown(45, HEADINGS, ROWS)
    assert all(len(text) <= 45 for text in lines)
    cells = [text.split() for text in lines]
    assert ["short", "224", "14", "71.3", "%"] in cells
    assert "".join(row[0] for row in cells[3:]) == ROWS[1][0]


def test_a_narrow_terminal_gets_fewer_columns_and_is_told(shown):
    lines = shown(36, HEADINGS, ROWS, spare=["MB", "pixels"])
    assert lines[0].split() == ["name", "pixels", "top-1"]
    assert lines[-1] == "too narrow for: MB"
    assert all(len(text) <= 36 for text in lines)
    assert shown(60, HEADINGS, ROWS, spare=["MB"])[0].split() == HEADINGS


def test_markup_is_text_and_wide_letters_keep_their_columns(shown):
    lines = shown(None, ["class", "n"], [["[bold]x[/]", "1"], ["日本", "2"], [":dog:", "3"]], total=["all", "6"])
    assert [text.split() for text in lines[2:]] == [["[bold]x[/]", "1"], ["日本", "2"], [":dog:", "3"], ["all", "6"]]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_a_terminal_with_few_letters_gets_those_it_has(shown, encoding):
    lines = shown(40, ["class", "n"], [["日本", "2"], ["é", "3"]], encoding=encoding)
    assert "\\u65e5\\u672c" in "\n".join(lines)


def test_a_line_stays_one(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    line(console(), "a\nb [red]c[/]\x1b[2J " + "d" * 300)
    assert stream.getvalue() == "a\\nb [red]c[/]\\x1b[2J " + "d" * 300 + "\n"
