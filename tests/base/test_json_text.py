import json

from kerastl._base import json_text


def strict(text):
    """Read as other parsers do: no NaN, nothing but UTF-8."""

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text.encode("utf-8"), parse_constant=refuse)


def test_letters_stay_where_people_read():
    assert json_text.dumps({"a": "日本"}, None, letters=True) == '{"a": "日本"}'
    assert json_text.dumps({"a": "日本"}, None) == '{"a": "\\u65e5\\u672c"}'


def test_names_that_are_no_text_are_escaped():
    text = json_text.dumps(["caf\udce9", "\ud83d", "日本"], letters=True)
    assert text.isascii()
    assert strict(text) == ["caf\udce9", "\ud83d", "日本"]


def test_what_is_no_number_is_null():
    assert strict(json_text.dumps({"a": [float("nan"), (float("inf"), 1.5)], "b": -float("inf")})) == {
        "a": [None, [None, 1.5]],
        "b": None,
    }
