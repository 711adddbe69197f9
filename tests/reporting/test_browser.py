"""The page as a browser shows it; skipped where there is none."""

import numpy as np
import pytest

from kerastl.evaluation._rejection import Rejection
from kerastl.evaluation._robustness import Robustness
from kerastl.reporting import write_report

LONG = "a_name_of_many_parts_that_goes_on_and_on_and_never_comes_to_an_end_" * 2
# What reaches beyond the right edge, unless a box of its own scrolls it.
SPILLS = """
[...document.querySelectorAll("body *")]
  .filter(e => !e.closest(".scroll, .hidden") && e.getBoundingClientRect().right > innerWidth + 0.5)
  .map(e => e.tagName + "." + e.className)
"""


@pytest.fixture
def file(evaluation, tmp_path, image):
    """A page with every part that needs no network, names without a space, and a matrix wider than a phone."""
    names = [f"class{number}" for number in range(17)] + [LONG, LONG.replace("_", "x"), "short"]
    random = np.random.default_rng(0)
    truth = [*range(20), *range(20), 17, 18]
    rows = random.dirichlet(np.full(20, 0.3), len(truth))
    for number, label in enumerate(truth[:30]):
        image(f"{number}.png", (10 * label, 200, 90))
    found = evaluation(
        rows, truth, names, [f"{number}.png" for number in range(len(truth))], temperature=1.7,
        robustness=Robustness(0.4, {"noise": (0.4, 0.3, 0.2, 0.1, 0.1), LONG: (0.4,) * 5}),
        rejection=Rejection(LONG, 3, 0.9, 0.6, 0.05), unknown={LONG: 3}, failed={f"{LONG}.jpg": LONG}, notes=(LONG,),
    )  # fmt: skip
    write_report(found, tmp_path / "report.html")
    return tmp_path / "report.html"


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_scrolls_sideways(chromium, file, width):
    chromium.show(file, width=width)
    assert chromium.evaluate("innerWidth") == width
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    assert chromium.evaluate(SPILLS) == []


def test_wide_tables_scroll_in_their_own_box(chromium, file):
    chromium.show(file, width=390)
    assert chromium.evaluate("(b => b.scrollWidth > b.clientWidth)(document.querySelector('.scroll'))")


def test_dark_pages_are_dark(chromium, file):
    shades = {}
    for dark in (False, True):
        chromium.show(file, width=390, dark=dark)
        for part, expression in {
            "page": "getComputedStyle(document.body).backgroundColor",
            "box": "getComputedStyle(document.querySelector('#classes')).backgroundColor",
            "text": "getComputedStyle(document.body).color",
            "chart": "getComputedStyle(document.querySelector('svg text')).fill",
        }.items():
            color = chromium.evaluate(expression)
            shades[part, dark] = sum(int(number) for number in color.strip("rgb()").split(",")) / 3
    for part in ("page", "box"):
        assert shades[part, False] > 230 > 50 > shades[part, True]
    assert shades["text", False] < 60 < 200 < shades["text", True]
    assert shades["chart", False] < 130 < 140 < shades["chart", True]


def test_nothing_is_asked_for_and_every_image_shows(chromium, file):
    chromium.show(file, width=1280)
    asked = [address for address in chromium.requests() if not address.startswith("data:")]
    assert asked == [file.as_uri()]
    sizes = chromium.evaluate("Promise.all([...document.images].map(i => i.decode().then(() => i.naturalWidth)))")
    assert len(sizes) >= 5
    assert min(sizes) > 30


def test_links_jump(chromium, file):
    chromium.show(file, width=390)
    chromium.evaluate("document.querySelector('nav a[href=\"#mistakes\"]').click()")
    assert abs(chromium.evaluate("document.querySelector('#mistakes').getBoundingClientRect().top")) < 2


def test_it_prints_in_light_colors(chromium, file):
    chromium.show(file, width=1280, dark=True, media="print")
    assert chromium.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert chromium.evaluate("getComputedStyle(document.body).color") == "rgb(29, 35, 43)"
    assert chromium.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert chromium.pdf().startswith(b"%PDF")
