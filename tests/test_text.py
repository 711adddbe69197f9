import pytest

from kerastl.text import printable


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("plain name.jpg", "plain name.jpg"),
        ("Grüße 猫.jpg", "Grüße 猫.jpg"),
        ("two\nlines\t.jpg", "two\\nlines\\t.jpg"),
        ("red\x1b[31m.jpg", "red\\x1b[31m.jpg"),
        ("caf\udce9.jpg", "caf\\xe9.jpg"),
        ("gpj.\u202egif", "gpj.\\u202egif"),  # would turn the rest of the line round
    ],
)
def test_printable(path, expected):
    assert printable(path) == expected
    assert printable(path).isprintable()


def test_marks_of_direction_are_shown_and_joiners_stay():
    assert printable("gpj.\u202eexe") == "gpj.\\u202eexe"
    assert printable("\u2067a\u2069") == "\\u2067a\\u2069"
    assert printable("👨\u200d👩\n") == "👨\u200d👩\\n"
