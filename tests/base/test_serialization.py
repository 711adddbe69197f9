import csv
import json

import pytest

from kerastl._base.serialization import csv_line, script_json, to_json, write_csv


def read(file):
    with file.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
        return list(csv.reader(stream))


NAMES = ["plain", "a,b", 'say "hi"', "two\nlines", "cr\rname", "crlf\r\nname", " blank ", "caf\udce9", "日本", "", "'x"]


def test_a_table_read_again_has_the_same_rows(tmp_path):
    write_csv(tmp_path / "t.csv", ("name", "count"), ((name, number) for number, name in enumerate(NAMES)))
    assert read(tmp_path / "t.csv") == [["name", "count"], *([name, str(n)] for n, name in enumerate(NAMES))]
    assert b"\r\n" not in (tmp_path / "t.csv").read_bytes().replace(b"crlf\r\nname", b"")


def test_half_of_a_surrogate_pair_is_escaped(tmp_path):
    write_csv(tmp_path / "t.csv", ("name",), [["\ud83d"]])
    assert read(tmp_path / "t.csv")[1] == ["\\ud83d"]


def test_a_row_is_one_line():
    assert csv_line(["a", None, 1.5]) == "a,,1.5\n"
    assert csv_line(["a\rb"]) == '"a\rb"\n'


@pytest.mark.parametrize("name", ["=1+1", "@x", "-2+3"])
def test_formulas_are_defused_only_where_asked_for(name):
    assert csv_line([name, -0.5]) == f"{name},-0.5\n"
    assert csv_line([name, -0.5, "-0.5"], safe=True) == f"'{name},-0.5,-0.5\n"


def strict(text):
    """Read as other parsers do: no NaN, nothing but UTF-8."""

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text.encode("utf-8"), parse_constant=refuse)


def test_letters_stay_where_people_read():
    assert to_json({"a": "日本"}, None, letters=True) == '{"a": "日本"}'
    assert to_json({"a": "日本"}, None) == '{"a": "\\u65e5\\u672c"}'


def test_names_that_are_no_text_are_escaped():
    text = to_json(["caf\udce9", "\ud83d", "日本"], letters=True)
    assert text.isascii()
    assert strict(text) == ["caf\udce9", "\ud83d", "日本"]


def test_what_is_no_number_is_null():
    assert strict(to_json({"a": [float("nan"), (float("inf"), 1.5)], "b": -float("inf")})) == {
        "a": [None, [None, 1.5]],
        "b": None,
    }


def test_json_in_a_script_element_does_not_end_it():
    value = {"</script><!--": ["<b>", "&", "\u2028", "é", float("nan")]}
    text = script_json(value)
    assert "<" not in text
    assert text.isascii()
    assert json.loads(text) == {"</script><!--": ["<b>", "&", "\u2028", "é", None]}
