"""The page of a review: its text, and what a browser does with keys; the latter is skipped where there is none."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import kerastl
from kerastl.cli import run as kerastl_command
from kerastl.errors import UsageError
from kerastl.reviewing import LabelError, Outlier, Review, ToLabel, write_review_page
from kerastl.reviewing._page import render

HOSTILE = "</script><img src=x onerror=\"document.title='owned'\">"
CLASSES = ("cat", "dog", HOSTILE)
# Keeps what is saved, and its name, instead of a download.
WATCH = """
window.saved = [];
URL.createObjectURL = (blob) => { saved.push(blob); return "data:,"; };
HTMLAnchorElement.prototype.click = function () { saved.push(this.download); };
"""
CODES = {"Enter": 13, "Backspace": 8, "ArrowLeft": 37, "ArrowRight": 39}


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])


@pytest.fixture
def review(image):
    """Two label errors, an image without a label, and an outlier that is one of the errors as well."""
    for name in ("one.png", "two, and.png", "three.png", "four.png"):
        image(f"images/{name}", (90, 160, 200), (300, 200))
    root = image(f"images/{HOSTILE.replace('/', '')}.png", (200, 90, 90)).parent
    others = (("dog", 0.9), ("cat", 0.08), (HOSTILE, 0.02))
    return Review(
        "the run", root, CLASSES, 4, 4, 1,
        (
            LabelError("one.png", "cat", "dog", 0.08, 0.9, -0.82, others),
            LabelError("two, and.png", "dog", HOSTILE, 0.3, 0.6, -0.3, others),
        ),
        (Outlier("two, and.png", "dog", 0.6, "four.png"), Outlier(f"{HOSTILE.replace('/', '')}.png", "cat", 0.5, "a")),
        (ToLabel("three.png", "cat", 0.5, 0.01, others),),
        (("four.png", "dog"), ("one.png", "cat"), ("two, and.png", "dog"), (f"{HOSTILE.replace('/', '')}.png", "cat")),
    )  # fmt: skip


def test_an_image_stands_there_once_with_all_that_is_said_of_it(review):
    entries = data_of(render(review))["entries"]
    assert [entry["path"] for entry in entries][:3] == ["one.png", "two, and.png", "three.png"]
    assert len(entries) == 4
    assert [len(entry["reasons"]) for entry in entries] == [1, 2, 1, 1]
    assert all(entry["image"].startswith("data:image/webp;base64,") for entry in entries)
    assert [name for name, _ in entries[0]["choices"]] == list(CLASSES)


def test_of_many_classes_the_most_probable_are_offered_and_the_label_among_them(review):
    names = tuple(f"c{number}" for number in range(12))
    others = tuple((f"c{number}", 0.1) for number in range(9))
    error = LabelError("one.png", "c11", "c0", 0.01, 0.1, -0.09, others)
    many = Review("it", review.root, names, 1, 1, 0, (error,), labels=(("one.png", "c11"),))
    (entry,) = data_of(render(many))["entries"]
    assert [name for name, _ in entry["choices"]] == [*names[:8], "c11"]


def test_names_end_no_script_and_an_image_may_be_missing(review):
    (review.root / "one.png").unlink()
    page = render(review, images=1)
    assert page.count("</script>") == 2
    assert "<img src=x" not in page
    assert data_of(page)["entries"][0]["image"] == ""
    assert data_of(page)["more"] == 3


def test_names_that_are_no_text_stay_out_and_are_counted(review):
    odd = Review(
        "it", review.root, ("cat", "dog"), 1, 1, 0,
        (LabelError("a\udcff.png", "cat", "dog", 0.1, 0.9, -0.8),), labels=(("a\udcff.png", "cat"),),
    )  # fmt: skip
    data = data_of(render(odd))
    assert (data["entries"], data["labels"], data["unnamed"]) == ([], [], 1)


def test_a_page_holds_one_image_at_least(review, tmp_path):
    with pytest.raises(UsageError, match="1 or more"):
        write_review_page(review, tmp_path / "page.html", images=0)


def test_the_same_review_makes_the_same_page(review):
    assert render(review) == render(review)


def key(review):
    return data_of(render(review))["key"]


def test_what_is_kept_is_of_one_folder(review, tmp_path):
    assert key(review) == key(review) != key(replace(review, root=tmp_path))


@pytest.fixture
def opened(chromium, review, tmp_path):
    """Open the page; what is saved there is kept in `saved`."""
    file = tmp_path / "review.html"
    write_review_page(review, file)

    def opened(width=1000, dark=False):
        chromium.show(file, width=width, dark=dark)
        chromium.evaluate(WATCH)
        return chromium

    return opened


def press(browser, *keys):
    for key in keys:
        code = CODES.get(key, ord(key.upper()) if len(key) == 1 else 0)
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        browser.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text)
        browser.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)


def status(browser):
    return browser.evaluate("document.getElementById('status').textContent")


def table(browser):
    """The table that was saved last, and its name."""
    text = browser.evaluate("saved.at(-2).text()")
    return browser.evaluate("saved.at(-1)"), list(csv.reader(io.StringIO(text, newline="")))


def test_keys_accept_and_correct_and_the_tables_say_so(opened, review):
    browser = opened()
    assert status(browser) == "Image 1 of 4, 0 decided"
    press(browser, "2")  # one.png is a dog
    press(browser, "Enter")  # two, and.png is what it is labeled
    press(browser, "Enter")  # three.png is the cat that was suggested
    press(browser, "0")  # the last one is left out
    assert status(browser) == "Image 4 of 4, 4 decided"
    press(browser, "s")
    root = str(review.root)
    name, rows = table(browser)
    assert name == "corrections.csv"
    assert rows == [["path", "label"], [f"{root}/one.png", "dog"], [f"{root}/three.png", "cat"]]
    press(browser, "a")
    name, rows = table(browser)
    assert name == "labels.csv"
    assert rows == [
        ["path", "label"], [f"{root}/four.png", "dog"], [f"{root}/one.png", "dog"], [f"{root}/two, and.png", "dog"],
        [f"{root}/three.png", "cat"],
    ]  # fmt: skip


def test_what_was_decided_is_there_when_the_page_is_opened_again(opened, review):
    browser = opened()
    press(browser, "1", "ArrowRight", "ArrowLeft")
    assert browser.evaluate(f"JSON.parse(localStorage.getItem('{key(review)}'))") == {"one.png": "cat"}
    for _ in range(50):  # a browser may take its time to hand it on to the next page
        browser = opened()
        if status(browser) != "Image 1 of 4, 0 decided":
            break
    assert status(browser) == "Image 2 of 4, 1 decided"
    press(browser, "ArrowLeft", "u")
    assert status(browser) == "Image 1 of 4, 0 decided"


def test_another_class_is_typed_and_keys_mean_letters_there(opened):
    browser = opened()
    press(browser, "/")
    assert browser.evaluate("document.activeElement.id") == "name"
    for letter in 's1, "x"':
        browser.call("Input.insertText", text=letter)
    press(browser, "Enter")
    assert status(browser) == "Image 2 of 4, 1 decided"
    press(browser, "s")
    assert table(browser)[1][1][1] == 's1, "x"'


def test_names_are_text(opened):
    browser = opened()
    press(browser, "ArrowRight")
    assert browser.evaluate("document.querySelectorAll('#choices button')[2].textContent").startswith(f"3{HOSTILE}")
    assert browser.evaluate("document.title") == "Review of the run"
    assert browser.evaluate("document.querySelectorAll('img:not(#image, #list img)').length") == 0


@pytest.mark.parametrize(("width", "dark"), [(320, True), (390, False), (1280, True)])
def test_it_fits_a_phone_and_the_dark(opened, width, dark):
    browser = opened(width, dark)
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    color = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    shade = sum(int(number) for number in color.strip("rgb()").split(",")) / 3
    assert (shade < 50) == dark
    heights = browser.evaluate("[...document.querySelectorAll('#card button')].map(b => b.offsetHeight)")
    assert min(heights) >= 44
    requests = [url for url in browser.requests() if not url.startswith("data:")]
    assert len(requests) == 1


def test_touch_decides_too(opened):
    browser = opened(390)
    browser.evaluate("document.querySelectorAll('#choices button')[1].click()")
    browser.evaluate("document.getElementById('accept').click()")
    assert status(browser) == "Image 3 of 4, 2 decided"


def test_the_tables_are_read_by_scan_and_relabel(opened, reviewed_run, tmp_path):
    """From the command to the page and back: the corrected table is one that trains."""
    run, data = reviewed_run
    page = tmp_path / "review.html"
    assert (
        kerastl_command(["review", str(run), "--data", str(data), "--page", str(page), "-q", "--format", "json"]) == 0
    )
    browser = opened()
    browser.show(page, width=1000)
    browser.show(page, width=1000)
    browser.evaluate(WATCH)
    press(browser, "2", "a")
    labels = tmp_path / "labels.csv"
    labels.write_text(browser.evaluate("saved.at(-2).text()"))
    dataset = kerastl.data.scan(labels)
    assert dataset.counts() == {"blue": 4, "green": 5, "red": 3}
    assert {Path(dataset.file(item)) for item in dataset.items} == set(data.rglob("*.png"))
