from html.parser import HTMLParser

import numpy as np
import pytest

from kerastl.evaluation import Evaluation
from kerastl.models._labels import LabelSet

VOID = {"meta", "img", "br", "wbr", "col"}


class Page(HTMLParser):
    """A page taken apart: its elements with their attributes, its text, its figures by id."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.text, self.figures, self.style, self._open = [], "", {}, "", []
        self.feed(html)
        self.close()
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.elements.append((tag, values))
        if tag == "data" and "id" in values:
            self.figures[values["id"]] = float(values["value"])
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        if "style" in self._open:
            self.style += data
        else:
            self.text += data

    def all(self, tag):
        return [values for name, values in self.elements if name == tag]

    @property
    def sections(self):
        return [values["id"] for values in self.all("section")]


@pytest.fixture
def page():
    return Page


@pytest.fixture
def evaluation(tmp_path):
    """Make an evaluation: rows of probabilities and the right classes; the images need not be there."""

    def make(rows, truth, names=("ant", "bee", "cat"), paths=None, **more):
        found = paths or tuple(f"{names[label]}/{number}.png" for number, label in enumerate(truth))
        return Evaluation(
            "model", str(tmp_path), "val", LabelSet(tuple(names)), tuple(found), np.array(truth),
            np.array(rows, np.float32), **{"resamples": 20, **more},
        )  # fmt: skip

    return make


@pytest.fixture
def three(evaluation):
    """Four images of three classes, two of them wrong: a bee taken for an ant twice, surer the second time."""
    rows = [[0.8, 0.1, 0.1], [0.5, 0.4, 0.1], [0.7, 0.2, 0.1], [0.1, 0.1, 0.8]]
    return evaluation(rows, [0, 1, 1, 2], k=2)
