import pytest

from kerastl._base.text import ANY_NAME, brief, measured, message, printable, shortened, unformula


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


def test_bytes_that_are_text_after_all_are_shown_as_text():
    """As names of files come where the locale is C and Python's UTF-8 mode is off."""
    assert printable("日é".encode().decode("ascii", "surrogateescape") + ".jpg") == "日é.jpg"
    assert printable("\u202e".encode().decode("ascii", "surrogateescape")) == "\\u202e"
    assert printable(("日".encode() + b"\xff").decode("ascii", "surrogateescape")) == "日\\xff"


def test_the_wide_space_of_japanese_stays():
    assert printable("犬\u3000猫") == "犬\u3000猫"


def test_a_long_text_is_cut_in_the_middle_and_says_so():
    assert shortened("abc", 3) == "abc"
    assert shortened("x" * 999_998 + ".p", 100) == "x" * 52 + "… (1,000,000 letters) …" + "x" * 23 + ".p"
    assert shortened("a" * 15 + "b" * 15, 10) == "aaaaaa…bbb"
    assert len(brief("n" * 300)) == 255
    assert brief("n" * 255) == "n" * 255
    assert len(message("\n" * 1_000_000)) < 10_000


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.33379, "0.3338"), (9_999.4, "9999"), (-12_345.6, "-12,346"), (2.5e9, "2,500,000,000"), (3e29, "3e+29")],
)
def test_numbers_have_four_digits_at_least(value, text):
    assert measured(value) == text


FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1", "\nx"]


@pytest.mark.parametrize("cell", FORMULAS)
def test_what_a_spreadsheet_would_compute_gets_an_apostrophe(cell):
    assert unformula(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["dog", "", "a=b", "-5", "+1.5", "-1e-7", 0.5, -3, None, "'=1", "1-2"])
def test_numbers_and_other_texts_stay(cell):
    assert unformula(cell) == cell


def test_any_name_can_be_encoded():
    name = "caf\udce9 \ud83d \u65e5"
    assert name.encode("utf-8", ANY_NAME) == b"caf\xe9 \\ud83d \xe6\x97\xa5"
    assert "\u65e5x".encode("latin-1", ANY_NAME) == b"\\u65e5x"
    assert b"caf\xe9".decode("utf-8", ANY_NAME) == "caf\udce9"
