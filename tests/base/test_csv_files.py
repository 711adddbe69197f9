import csv

import pytest

from kerastl._base import csv_files


def read(file):
    with file.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
        return list(csv.reader(stream))


NAMES = ["plain", "a,b", 'say "hi"', "two\nlines", "cr\rname", "crlf\r\nname", " blank ", "caf\udce9", "日本", "", "'x"]


def test_a_table_read_again_has_the_same_rows(tmp_path):
    csv_files.write(tmp_path / "t.csv", ("name", "count"), ((name, number) for number, name in enumerate(NAMES)))
    assert read(tmp_path / "t.csv") == [["name", "count"], *([name, str(n)] for n, name in enumerate(NAMES))]
    assert b"\r\n" not in (tmp_path / "t.csv").read_bytes().replace(b"crlf\r\nname", b"")


def test_half_of_a_surrogate_pair_is_escaped(tmp_path):
    csv_files.write(tmp_path / "t.csv", ("name",), [["\ud83d"]])
    assert read(tmp_path / "t.csv")[1] == ["\\ud83d"]


def test_a_row_is_one_line():
    assert csv_files.line(["a", None, 1.5]) == "a,,1.5\n"
    assert csv_files.line(["a\rb"]) == '"a\rb"\n'


@pytest.mark.parametrize("name", ["=1+1", "@x", "-2+3"])
def test_formulas_are_defused_only_where_asked_for(name):
    assert csv_files.line([name, -0.5]) == f"{name},-0.5\n"
    assert csv_files.line([name, -0.5, "-0.5"], safe=True) == f"'{name},-0.5,-0.5\n"
