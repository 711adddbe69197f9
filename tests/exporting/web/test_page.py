"""The page as a browser runs it, on a server and opened from its folder; the answers are Python's."""

import functools
import http.server
import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

import kerastl
from kerastl.errors import KerastlError
from kerastl.exporting import EXPORT_FORMATS
from kerastl.exporting import _web_runtime as web_runtime

DATA = Path(__file__).parents[3] / "data"
READY = "document.getElementById('status').textContent === 'The model is ready.'"
ANSWERED = "document.querySelectorAll('.card .answer, .card .error').length === {}"
CARDS = "[...document.querySelectorAll('.card')].map((card) => card.querySelector('.body > p').textContent)"


@pytest.fixture(scope="module")
def exported(chromium, compiled_cache, tmp_path_factory):
    """`kerastl_mini` as a page: the folder that holds `web`."""
    if (reason := EXPORT_FORMATS["web"].unavailable()) is not None:
        pytest.skip(reason)
    try:
        web_runtime.runtime()
    except KerastlError as error:
        pytest.skip(str(error))
    return kerastl.export("kerastl_mini", "web", tmp_path_factory.mktemp("exported")).output


@pytest.fixture(scope="module")
def server(exported):
    """The address at which `python -m http.server` would serve the folder."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=exported)) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()
        thread.join()


@pytest.fixture(params=["from a server", "from its folder"])
def address(request, exported, server):
    """Where the page is opened."""
    return f"{server}/web/index.html" if request.param == "from a server" else (exported / "web/index.html").as_uri()


@pytest.fixture
def page(chromium, exported):
    """The page, opened from its folder and ready."""
    chromium.show(exported / "web" / "index.html", width=1000)
    chromium.wait_for(READY)
    return chromium


def percent(score):
    return f"{100 * score:.1f}\xa0%"


def test_answers_are_those_of_python(chromium, address):
    files = [DATA / "umbrella.png", DATA / "shapes" / "star" / "star_00.jpg"]
    chromium.show(address, width=1000)
    chromium.choose("#choose", files)  # before the model has come, which they wait for
    chromium.wait_for(ANSWERED.format(2))
    classifier = kerastl.load("kerastl_mini")
    expected = [classifier.classify(file).best for file in files]
    assert chromium.evaluate(CARDS) == [f"{best.label} {percent(best.score)}" for best in expected]
    scores = f"""
        kerastl.network.load().then(async (network) => {{
          const file = await new Promise((done) => {{
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [200, 150];
            const context = canvas.getContext("2d");
            {"".join(f"context.fillStyle = '{color}'; context.fillRect({x}, {y}, 90, 70);" for color, x, y in SPOTS)}
            canvas.toBlob(done);
          }});
          const outputs = await network.predict(await kerastl.reading.read(file, kerastl.model.input));
          return [[...outputs], [...new Uint8Array(await file.arrayBuffer())]];
        }})
    """
    outputs, content = chromium.evaluate(scores)
    np.testing.assert_allclose(outputs, classifier.predict_proba(bytes(content))[0], atol=1e-5)


SPOTS = [("red", 10, 10), ("rgba(0, 80, 200, 0.4)", 60, 40), ("lime", 100, 70)]


def test_nothing_is_asked_of_anybody_else(chromium, address):
    chromium.show(address, width=1000)
    chromium.choose("#choose", [DATA / "candle.jpg"])
    chromium.wait_for(ANSWERED.format(1))
    home = address.rsplit("/", 1)[0]
    asked = [each for each in chromium.requests() if not each.startswith(("blob:", "data:"))]
    assert len(asked) > 10
    assert [each for each in asked if not each.startswith(home)] == []
    refused = chromium.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')")
    assert refused == "refused"  # by the page's own policy, whatever its scripts would do


def test_no_error_is_logged(chromium, address):
    chromium.show(address, width=1000)
    chromium.wait_for(READY)
    told = [
        event
        for event in chromium.events
        if event.get("method") in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled")
    ]
    assert told == []


def test_what_is_no_image_is_told_beside_those_that_are(page):
    page.choose("#choose", [DATA / "README.md", DATA / "candle.jpg"])
    page.wait_for(ANSWERED.format(2))
    told, answered = page.evaluate(CARDS)
    assert told == "no image, or a broken one; try JPEG or PNG"
    assert answered.startswith("candle")
    assert page.evaluate("document.getElementById('status').textContent").startswith("candle.jpg: candle")


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_images_are_dropped_and_pasted(page, event):
    made = {
        "drop": "new DragEvent('drop', {dataTransfer: given, bubbles: true, cancelable: true})",
        "paste": "new ClipboardEvent('paste', {clipboardData: given, bubbles: true})",
    }[event]
    page.evaluate(f"""
        new Promise((done) => {{
          const canvas = document.createElement("canvas");
          [canvas.width, canvas.height] = [64, 64];
          canvas.getContext("2d").fillRect(8, 8, 30, 30);
          canvas.toBlob((blob) => {{
            const given = new DataTransfer();
            given.items.add(new File([blob], "<b>dropped</b>.png"));
            document.dispatchEvent({made});
            done();
          }});
        }})
    """)
    page.wait_for(ANSWERED.format(1))
    assert page.evaluate("document.querySelector('.card .name').textContent") == "<b>dropped</b>.png"
    assert page.evaluate("document.querySelectorAll('.bar').length") == 5


def test_the_keyboard_reaches_everything(page):
    page.choose("#choose", [DATA / "candle.jpg"])
    page.wait_for(ANSWERED.format(1))
    reached = []
    for _ in range(6):
        for kind in ("rawKeyDown", "keyUp"):
            page.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert reached[:3] == ["choose", "clear", "SUMMARY"]
    page.evaluate("document.getElementById('clear').focus()")
    for kind in ("rawKeyDown", "char", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r")
    page.wait_for("document.querySelectorAll('.card').length === 0")
    assert page.evaluate("document.activeElement.id") == "choose"


def test_screen_readers_are_told_what_happens(page):
    tree = page.call("Accessibility.getFullAXTree")["nodes"]
    named = {(node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if not node["ignored"]}
    assert ("button", "Choose images") in named
    assert ("heading", "kerastl_mini") in named
    assert any(role == "status" for role, _ in named)
    # Every field and picture has a name, or says that it has none.
    assert page.evaluate("[...document.querySelectorAll('input')].every((each) => each.labels.length === 1)")
    assert page.evaluate("[...document.images].every((each) => each.hasAttribute('alt'))")


def test_nothing_scrolls_sideways(page):
    page.choose("#choose", [DATA / "candle.jpg", DATA / "README.md"])
    page.wait_for(ANSWERED.format(2))
    page.evaluate("document.querySelector('details').open = true")
    for width in (320, 360, 1280):
        size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 600}
        page.call("Emulation.setDeviceMetricsOverride", **size)
        assert page.evaluate("innerWidth") == width
        assert page.evaluate("document.documentElement.scrollWidth") <= width


LUMINANCE = """
(() => {
  const light = (color) => {
    const parts = color.match(/[\\d.]+/g).slice(0, 3).map((each) => each / 255)
      .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const behind = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    return color === "rgba(0, 0, 0, 0)" ? behind(element.parentElement) : color;
  };
  const texts = [...document.querySelectorAll("h1, h2, p, label, button, a, summary, footer, dt, dd, .label, .score")];
  return texts.filter((each) => each.textContent.trim() && each.offsetParent !== null).map((each) => {
    const [one, other] = [light(getComputedStyle(each).color), light(behind(each))];
    return [each.tagName + "." + each.className, (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)];
  });
})()
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(chromium, exported, dark):
    chromium.show(exported / "web" / "index.html", width=1000, dark=dark)
    chromium.choose("#choose", [DATA / "candle.jpg", DATA / "README.md"])
    chromium.wait_for(ANSWERED.format(2))
    chromium.evaluate("document.querySelector('details').open = true")
    contrasts = chromium.evaluate(LUMINANCE)
    assert len(contrasts) > 20
    # WCAG 2.2, criterion 1.4.3.
    assert [(name, round(ratio, 2)) for name, ratio in contrasts if ratio < 4.5] == []


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("WebAssembly", "This browser has WebAssembly switched off"),
        ("DecompressionStream", "This browser is too old: Chrome"),
    ],
)
def test_what_the_browser_lacks_is_told(chromium, exported, missing, said):
    script = f"delete globalThis.{missing}"
    kept = chromium.call("Page.addScriptToEvaluateOnNewDocument", source=script)["identifier"]
    try:
        chromium.show(exported / "web" / "index.html", width=1000)
        chromium.wait_for("document.querySelector('#status.error') !== null")
        assert said in chromium.evaluate("document.getElementById('status').textContent")
    finally:
        chromium.call("Page.removeScriptToEvaluateOnNewDocument", identifier=kept)


@pytest.mark.parametrize("fault", ["gone", "cut off", "another model's"])
def test_a_file_that_did_not_come_along_is_told(chromium, exported, tmp_path, fault):
    folder = shutil.copytree(exported / "web", tmp_path / "web")
    part = folder / "files" / "model-0.js"
    if fault == "gone":
        part.unlink()
    else:
        text = part.read_text()
        part.write_text(text[:5000] if fault == "cut off" else (folder / "files" / "glue-0.js").read_text())
    chromium.show(folder / "index.html", width=1000)
    chromium.wait_for("document.querySelector('#status.error') !== null")
    said = chromium.evaluate("document.getElementById('status').textContent")
    assert "files/model" in said
    assert "copy the whole folder once more" in said


def test_the_example_answers_in_a_page_of_its_own(chromium, exported):
    chromium.show(exported / "example_web.html", width=1000)
    chromium.choose("input", [DATA / "umbrella.png"])
    chromium.wait_for("document.querySelector('pre').textContent !== ''")
    best = kerastl.load("kerastl_mini").classify(DATA / "umbrella.png").best
    assert (
        chromium.evaluate("document.querySelector('pre').textContent")
        == f"umbrella.png: {best.label} {percent(best.score)}\n"
    )


def test_the_folder_holds_what_belongs_to_it(exported):
    folder = exported / "web"
    described = json.loads((folder / "kerastl.json").read_text())
    assert described["exported"]["format"] == "web"
    assert (folder / "labels.txt").read_text().split("\n")[:-1] == described["labels"]
    assert "kerastl_mini" in (folder / "MODEL_CARD.md").read_text()
    assert "Permission is hereby granted" in (folder / "runtime" / "LICENSE.txt").read_text()
