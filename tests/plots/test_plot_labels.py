import numpy as np
import pytest

from kerastl import plots
from kerastl.plots._style import label

# matplotlib warns of each, or fails: formulas that are none, letters that no font has, signs that are no letters.
NAMES = [
    "$\\frac{x_",
    "a_b$c$d",
    "日本語",
    "🐶 dog",
    "👨\u200d👩",
    "caf\udce9",
    "\ud83d",
    "x\ny\x1b[2J",
    "gpj.\u202eevil",
]


def test_letters_without_a_font_are_escaped_and_others_stay(monkeypatch):
    from kerastl.plots import _style as style

    monkeypatch.setattr(style, "_letters", lambda: frozenset(map(ord, "aé… ")))
    assert label("aé", 24) == "aé"
    assert label("é\u65e5", 24) == "é\\u65e5"
    assert label("a\ufe0f é", 24) == "a é"
    assert len(label("\U0001f436" * 20, 24)) == 24
    assert label("x\ny", 24) == "x\\ny"
    assert label("a" * 15 + "b" * 15, 10) == "aaaaaa…bbb"


def test_installed_fonts_have_the_letters_of_many_scripts():
    assert label("Grüße ελληνικά русский", 40) == "Grüße ελληνικά русский"


@pytest.mark.parametrize("kind", ["confusion", "grid", "phases"])
def test_figures_take_any_name_without_a_warning(kind):
    """Warnings are errors here."""
    if kind == "confusion":
        figure = plots.confusion_matrix(np.eye(len(NAMES), dtype=int), NAMES)
    elif kind == "grid":
        figure = plots.image_grid([np.zeros((8, 8, 3), np.uint8)] * len(NAMES), NAMES)
    else:
        rows = [{"loss": 1, "accuracy": 0.5, "phase": number + 1} for number in range(len(NAMES))]
        figure = plots.training_curves(rows, NAMES)
    assert figure._repr_png_().startswith(b"\x89PNG")
