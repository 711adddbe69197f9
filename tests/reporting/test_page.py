"""The page as a whole: taken apart as HTML, without a browser."""

import base64
import io
import json
import os
import re
from collections import Counter

import numpy as np
import pytest
from PIL import Image

import kerastl
from kerastl.errors import UsageError
from kerastl.evaluation._rejection import Rejection
from kerastl.evaluation._robustness import Robustness
from kerastl.reporting import _page as module
from kerastl.reporting import render, write_report

HOSTILE = "<script>alert(1)</script>"
QUOTED = "\" onload='alert(2)' x=\"&amp;"


@pytest.fixture
def colors(image, tmp_path):
    """Images of two of the color model's classes, one wrong, one unreadable, and one of a class unknown to it."""
    for name, color in (("red/1", "red"), ("red/2", "blue"), ("blue/1", "blue"), ("blue/2", "blue"), ("x/1", "cyan")):
        image(f"images/{name}.png", color)
    (tmp_path / "images" / "red" / "broken.png").write_text("no image")
    return tmp_path / "images"


def decoded(uri):
    kind, data = re.fullmatch(r"data:image/(webp|png);base64,([A-Za-z0-9+/=]+)", uri).groups()
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    image.load()
    assert image.format.lower() == kind
    return image


def test_the_figures_are_those_of_the_json(three, page):
    shown = page(render(three)).figures
    values = json.loads(json.dumps(three.as_dict()))
    for name in ("accuracy", "top_k_accuracy", "macro_f1", "log_loss", "calibration_error", "brier_score"):
        assert shown[name] == values["metrics"][name]["value"]
    assert shown["accuracy"] == 0.5


def test_the_parts_stand_in_their_order(evaluation, page):
    robustness = Robustness(0.5, {"noise": (0.5, 0.25), "blur": (0.0, 0.0)})
    rows = [[0.9, 0.1, 0.0], [0.6, 0.3, 0.1]]
    found = evaluation(rows, [0, 1], robustness=robustness, rejection=Rejection("others", 3, 0.9, 0.6, 0.05))
    made = page(render(found))
    expected = ["figures", "left-out", "confusion", "classes", "calibration", "corruptions", "rejection", "mistakes"]
    assert made.sections == expected
    assert made.figures["robustness"] == 0.1875
    assert (made.figures["auroc"], made.figures["detected"], made.figures["false_alarms"]) == (0.9, 0.6, 0.05)
    assert made.text.index("blur") < made.text.index("noise")  # the most harmful first


def test_parts_that_there_is_nothing_to_say_of_are_left_out(three, page):
    made = page(render(three))
    assert made.sections == ["figures", "left-out", "confusion", "classes", "calibration", "mistakes"]
    assert "Nothing: every image was read" in made.text


def test_links_lead_to_parts_and_names_are_unique(three, page):
    made = page(render(three))
    names = Counter(values["id"] for _, values in made.elements if values.get("id"))
    assert set(names.values()) == {1}
    links = [values["href"] for values in made.all("a")]
    assert links
    assert all(link[0] == "#" and link[1:] in names for link in links)


def test_nothing_is_fetched_and_nothing_runs(three, page):
    html = render(three)
    made = page(html)
    assert not {"script", "link", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in made.elements}
    assert "://" not in html
    assert "url(" not in made.style
    assert "@import" not in made.style
    (policy,) = [values["content"] for values in made.all("meta") if values.get("http-equiv")]
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_names_cannot_become_markup(evaluation, page):
    names = (HOSTILE, QUOTED, "{{ 7 * 6 }}")
    rows = [[0.9, 0.05, 0.05], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1]]
    paths = (f"{HOSTILE}.png", os.fsdecode(b"\xff<b>\n.png"), f"{QUOTED}.png")
    found = evaluation(
        rows, [1, 1, 2], names, paths, unknown={HOSTILE + "?": 2}, failed={f"{QUOTED}.jpg": HOSTILE}, notes=(HOSTILE,)
    )
    html = render(found)
    html.encode("utf-8")  # bytes that are no text are escaped
    made = page(html)
    assert not made.all("script")
    assert not [name for _, values in made.elements for name in values if name.startswith("on")]
    assert HOSTILE in made.text
    assert "\\xff<b>\\n.png" in made.text
    assert "{{ 7 * 6 }}" in made.text
    assert "alert(2)" in made.text
    assert "42" not in made.text.split("Class by class")[0]


def test_a_file_name_that_is_no_utf8_can_be_written(evaluation, tmp_path):
    found = evaluation([[0.9, 0.1, 0]], [1], paths=(os.fsdecode(b"\xe9.png"),), failed={os.fsdecode(b"\xe8.png"): "no"})
    write_report(found, tmp_path / "r.html")
    assert {"\\xe9.png", "\\xe8.png"} <= set(re.findall(r"\\xe.\.png", (tmp_path / "r.html").read_text("utf-8")))


def test_a_real_model(color_model, colors, page, tmp_path):
    found = kerastl.evaluate(color_model, colors, resamples=20)
    calls = []
    kerastl.write_report(found, tmp_path / "r.html", progress=lambda *call: calls.append(call))
    made = page((tmp_path / "r.html").read_text("utf-8"))
    assert made.figures["accuracy"] == 0.75
    assert made.sections[-2:] == ["mistakes", "problems"]
    assert calls[0] == ("checking the images", 1, 6)
    assert calls[-2:] == [("explaining mistakes with TensorFlow", done, 1) for done in (0, 1)]
    for text in ("red taken for blue", "red/broken.png", "x, 1 image", "green", "32 x 32 pixels, crop"):
        assert text in made.text
    seen, explained = (decoded(values["src"]) for values in made.all("img"))
    assert seen.size == explained.size == (32, 32)
    assert np.abs(np.asarray(seen.convert("RGB"), int) - (0, 0, 255)).max() < 12
    assert "1 image cannot be read; training leaves it out" in made.text


def test_files_with_hostile_names(color_model, colors, page, image):
    name = os.fsdecode(b"\xff<img src=x onerror=alert(1)>.png")
    try:
        image("images/red/hostile.png", "blue").rename(colors / "red" / name)
    except OSError:
        pytest.skip("the file system takes no names that are not UTF-8")
    made = page(render(kerastl.evaluate(color_model, colors, resamples=1)))
    assert "red/\\xff<img src=x onerror=alert(1)>.png" in made.text
    assert len(made.all("img")) == 4
    assert all(decoded(values["src"]) for values in made.all("img"))


def test_the_same_evaluation_gives_the_same_bytes(color_model, colors):
    pages = {render(kerastl.evaluate(color_model, colors, resamples=20), mistakes=n) for n in (1, 1)}
    assert len(pages) == 1


def test_an_explanation_that_fails_does_not_cost_the_report(color_model, colors, page, monkeypatch):
    found = kerastl.evaluate(color_model, colors, resamples=1)

    def fails(*_):
        raise RuntimeError("out of memory\nand more")

    monkeypatch.setattr(found.classifier, "explain", fails)
    made = page(render(found))
    assert "Not explained: RuntimeError: out of memory" in made.text
    assert "and more" not in made.text


def test_a_mistake_whose_file_is_gone(color_model, colors, page):
    found = kerastl.evaluate(color_model, colors, resamples=1)
    (colors / "red" / "2.png").unlink()
    made = page(render(found, check=False))
    assert not made.all("img")
    assert "no image" in made.text
    assert "Not shown: " in made.text
    assert "red/2.png" in made.text


def test_an_explained_mistake_has_two_images(color_model, colors, page, monkeypatch):
    found = kerastl.evaluate(color_model, colors, resamples=1)
    asked = []

    def explain(pixels, index):
        asked.append(index)
        return kerastl.Explanation(
            None, "m", "blue", index, 1.0, "gradcam", np.ones((32, 32), np.float32), np.zeros((32, 32, 3), np.uint8)
        )

    monkeypatch.setattr(found.classifier, "explain", explain)
    made = page(render(found))
    assert asked == [2]  # the class it was taken for
    assert [values["alt"] for values in made.all("img")] == ["red/2.png", "What spoke for blue"]
    assert all(decoded(values["src"]) for values in made.all("img"))


def test_no_mistakes(evaluation, page):
    made = page(render(evaluation([[0.9, 0.1, 0], [0.2, 0.8, 0]], [0, 1])))
    assert "There is none: every image was recognized." in made.text
    assert "It made no mistake." in made.text


def test_mistakes_may_be_left_out(three, page):
    assert "Not shown here" in page(render(three, mistakes=0)).text
    with pytest.raises(UsageError, match=r"mistakes must be 0 or more\. Received: mistakes=-1"):
        render(three, mistakes=-1)


def test_the_surest_mistakes_come_first_and_no_more_than_asked(three, page):
    assert re.findall(r"bee/\d.png", page(render(three)).text) == ["bee/2.png", "bee/1.png"]
    assert re.findall(r"bee/\d.png", page(render(three, mistakes=1)).text) == ["bee/2.png"]


def test_a_calibrated_model_shows_both_errors(evaluation, page):
    found = evaluation([[0.9, 0.1, 0], [0.8, 0.2, 0]], [0, 1], temperature=2.0)
    made = page(render(found))
    assert made.figures["error_before"] == found.reliability_before.error
    assert made.figures["error_after"] == found.reliability.error
    assert made.figures["error_before"] != made.figures["error_after"]
    assert len(made.all("svg")) == 2
    assert len(page(render(evaluation([[0.9, 0.1, 0], [0.8, 0.2, 0]], [0, 1]))).all("svg")) == 1


def test_many_classes_stay_small(evaluation, page):
    random = np.random.default_rng(0)
    names = [f"class_{number}" for number in range(1000)]
    rows = random.dirichlet(np.ones(1000), 250)
    html = render(evaluation(rows, random.integers(0, 1000, 250), names))
    assert len(html) < 300_000
    made = page(html)
    (image,) = made.all("img")
    shown = int(re.search(r"(\d+) classes, in the order", made.text).group(1))
    assert decoded(image["src"]).size == (shown, shown)
    assert "with a better F1" in made.text
    assert len(made.all("details")) == 1


@pytest.mark.parametrize(("classes", "numbers", "image"), [(20, True, False), (21, False, False), (61, False, True)])
def test_the_confusion_matrix_fits_its_classes(evaluation, page, classes, numbers, image):
    names = [f"c{number}" for number in range(classes)]
    made = page(render(evaluation(np.eye(classes), range(classes), names, resamples=1)))
    assert bool(made.all("img")) == image
    tables = [values.get("class", "") for values in made.all("table")]
    assert any("dense" in name for name in tables) == (not numbers and not image)


def test_large_data_is_checked_in_part(color_model, colors, page, monkeypatch):
    monkeypatch.setattr(module, "MOST_CHECKED", 5)
    made = page(render(kerastl.evaluate(color_model, colors, resamples=1), mistakes=0))
    assert "finds in 5 images (only the evaluated ones, of 6)" in made.text


def test_the_file_is_replaced_whole_or_not_at_all(three, tmp_path, monkeypatch):
    (tmp_path / "r.html").write_text("old")
    monkeypatch.setattr(module.tables, "worst_first", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(three, tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]
    with pytest.raises(UsageError, match=r"there is no folder .*none.* Received: path="):
        write_report(three, tmp_path / "none" / "r.html")


def luminance(color):
    values = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return np.dot(
        [0.2126, 0.7152, 0.0722], [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    )


def test_text_stands_out_in_both_schemes(three, page):
    """WCAG 2.1, success criterion 1.4.3: a contrast of 4.5 at least."""
    blocks = re.findall(r":root \{(.*?)\}", page(render(three)).style, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        colors = {k: v if len(v) == 7 else "#" + 2 * v[1:] for k, v in re.findall(r"--(\w+): (#\w+)", block)}
        for text in ("text", "soft", "link", "said"):
            for behind in ("page", "box"):
                light, dark = sorted([luminance(colors[text]), luminance(colors[behind])], reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, behind)
