"""What notebooks show: escaped, whatever names hold, and in no colors that a dark page would hide."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

import kerastl
from kerastl._base import display
from kerastl.data import Dataset, Item
from kerastl.data._findings import CheckReport, Evidence, Finding
from kerastl.evaluation._calibration import Calibration
from kerastl.finetuning._recipe_registry import RECIPES
from kerastl.finetuning._result import FineTuned
from kerastl.models._labels import Classification, Classifications, LabelSet, Prediction

HOSTILE = "<script>alert('&')</script>\"\udcff"


class Tags(HTMLParser):
    """Which tags a page holds, and its text; tags that are not closed in order are an error."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.text = [], set(), ""
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += f"{data}\n"


def shown(result):
    """The text of what a notebook shows, checked for what no result may hold."""
    page = result._repr_html_()
    page.encode("utf-8")
    tags = Tags(page)
    assert "script" not in tags.tags
    assert not re.search(r"[^-]color:", page)
    return tags.text


def answer(label=HOSTILE, path=HOSTILE, **options):
    return Classification(path, "m", (Prediction(label, 0.75, 0), Prediction("b", 0.25, 1)), **options)


def test_a_classification():
    text = shown(answer())
    assert text.splitlines()[:2] == ["<script>alert('&')</script>\"\\xff (m)", "<script>alert('&')</script>\"\\xff"]
    assert "75.0 %" in text
    assert "width:7.50em" in answer()._repr_html_()
    assert "90.0 %" in shown(answer(coverage=0.9))
    assert "none of these" in shown(answer(rejected=True))
    assert "none of these" not in shown(answer(rejected=False))
    assert shown(Classification(HOSTILE, "m", error=HOSTILE)).count("alert") == 2


def test_many_classifications():
    many = Classifications([answer(path=f"{n}.png") for n in range(60)])
    text = shown(many)
    assert "49.png" in text
    assert "50.png" not in text
    assert "and 10 more" in text
    assert "broken" in shown(Classifications([Classification("a.png", "m", error="broken")]))
    assert shown(Classifications([])) == ""


def test_a_list_of_answers_is_a_list(color_model, image):
    found = kerastl.load(color_model).classify([image("a.png", "red"), image("b.png", "blue")])
    assert isinstance(found, Classifications)
    assert found == list(found)
    assert "b.png" in shown(found)


def test_a_classifier(color_model):
    text = shown(kerastl.load(color_model))
    for part in ("classifier colors", "3: red, green, blue", "32 x 32 pixels, crop", "litert"):
        assert part in text


def test_a_report(tmp_path):
    items = tuple(Item(f"{n}.png", HOSTILE if n else "b") for n in range(3))
    dataset = Dataset(tmp_path / HOSTILE, (HOSTILE, "b"), items, HOSTILE)
    report = CheckReport(dataset, {"PNG": 3}, {"RGB": 3}, {"width": (1, 2, 3)})
    assert "nothing to complain about" in shown(report)
    bad = Finding("unreadable", "problem", HOSTILE, tuple(Evidence((f"{HOSTILE}{n}",)) for n in range(5)))
    text = shown(replace(report, findings=(bad,)))
    assert "✗ <script>" in text
    assert "...)" in text
    assert repr(replace(report, findings=(bad,))).endswith(": 3 images, 1 problems, 0 warnings>")


def test_a_recipe():
    text = shown(replace(RECIPES["gradual"](), name=HOSTILE, why=HOSTILE))
    assert text.splitlines()[0].startswith("recipe <script>")
    assert "solved directly" in text
    assert "head and 3 stages" in text
    assert "crop, flip (4 copies)" in text


def test_a_fine_tuned_model(tmp_path):
    metrics = {"recipe": HOSTILE, "train_images": 1200, "val_images": 300, "classes": 2, "epochs": 9,
               "val_accuracy": 0.9, "val_accuracy_interval": [0.86, 0.93], "val_loss": 0.25, "warnings": [HOSTILE],
               "kept_phase": 1, "kept_epoch": 1, "phases": [{"epochs": 1}]}  # fmt: skip
    metadata = kerastl.models._metadata.Metadata(HOSTILE, LabelSet(("a", "b")), kerastl.images.Resize(8, 8))
    run = FineTuned(None, metadata, metrics, [], tmp_path / HOSTILE, stopped=True)
    text = shown(run)
    for part in ("1,200 to train on, 300 to validate on", "90.0 %", "0.250", "stopped early"):
        assert part in text
    assert "90.0 % of 300 validation images right" in repr(run)


def test_a_calibration():
    found = Calibration(HOSTILE, HOSTILE, "val", 9, "", 1.5, (0.5, 0.4), (0.2, 0.1), 0.9, 7, 0.05, 0.3, (HOSTILE,))
    text = shown(found)
    for part in ("0.500", "0.400", "20.0 %", "10.0 %", "temperature 1.500", "compares with 7"):
        assert part in text


def test_the_catalog():
    text = shown(kerastl.list_models("vgg"))
    assert [line for line in text.splitlines() if line.startswith("vgg")] == ["vgg16", "vgg19"]
    assert "71.3 %" in text
    assert repr(kerastl.list_models("vgg")) == "<Models vgg16, vgg19>"
    assert len(kerastl.list_models()) > 40


@pytest.mark.parametrize(("share", "width"), [(0, 0), (0.25, 2.5), (1, 10), (1.5, 10), (-1, 0)])
def test_a_bar(share, width):
    assert f"width:{width:.2f}em" in display.bar(share)


def test_cells_are_escaped_but_markup():
    page = display.table([["<a>", display.bold("<b>")]], heads=["<c>"], align="r", notes=["<d>"], caption="<e>")
    assert "<b>&lt;b&gt;</b>" in page
    for name in "acde":
        assert f"&lt;{name}&gt;" in page
    assert "<th style='text-align:right'>" in page
