"""The page as a browser shows it, driven by real events; skipped where there is none."""

import numpy as np
import pytest

from kerastl.embedding_map import MapImages, write_map

HOSTILE = "<img src=x onerror='document.title=1'><!--</script><script>document.title=2</script>"
LABELS = ["ant", "bee", HOSTILE] * 10
READY = "document.body.dataset.ready === ''"
DRAWN = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
STATUS = "document.getElementById('status').textContent"
DETAIL = "document.getElementById('detail').hidden ? null : document.querySelector('#detail dd').textContent"
FOUND = "kerastl.filter.found().length"
ZOOM = "kerastl.view.view.zoom"
CORNER = "[...document.getElementById('map').getContext('2d').getImageData(2, 2, 1, 1).data.slice(0, 3)]"
PLACE = "[...kerastl.view.toScreen(kerastl.data.xs[{0}], kerastl.data.ys[{0}])]"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A map of 30 images on a circle, two of them mistakes, one of them gone, with hostile names."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("map")
    names = [f"photo {number:02}#%.png" for number in range(30)]
    for number, name in enumerate(names):
        Image.new("RGB", (90, 60), (8 * number, 100, 250 - 8 * number)).save(folder / name)
    (folder / names[7]).unlink()
    names[8] = f"{HOSTILE[:20].replace('/', '')}.png"
    Image.new("RGB", (60, 90), "red").save(folder / names[8])
    angles = np.arange(30) / 30 * 2 * np.pi
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    answers = LABELS.copy()
    answers[3], answers[4] = "bee", HOSTILE
    images = MapImages(
        names, vectors, LABELS, answers, np.full(30, 0.75), np.array(LABELS) != np.array(answers), folder, HOSTILE
    )
    write_map(images, folder / "map.html", layout="pca")
    return folder / "map.html"


@pytest.fixture
def page(chromium, file):
    def show(width=1200, **more):
        chromium.show(file, width=width, **more)
        chromium.wait_for(READY)
        return chromium

    return show


def press(chromium, key, code=None):
    text = key if len(key) == 1 else ""
    number = {"Escape": 27, "Enter": 13, "ArrowRight": 39}.get(key, ord(key[0].upper()))
    for kind in ("keyDown", "keyUp"):
        more = {"text": text} if text and kind == "keyDown" else {}
        chromium.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=number, **more)


def on_screen(chromium, image):
    x, y = chromium.evaluate(PLACE.format(image))
    left, top = chromium.evaluate("(b => [b.left, b.top])(document.getElementById('map').getBoundingClientRect())")
    return x + left, y + top


def mouse(chromium, kind, x, y, **more):
    chromium.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)


def click(chromium, x, y):
    for kind in ("mousePressed", "mouseReleased"):
        mouse(chromium, kind, x, y, button="left", buttons=1, clickCount=1)


def test_nothing_is_asked_for_and_names_are_text(page, file):
    chromium = page()
    assert [address for address in chromium.requests() if not address.startswith("data:")] == [file.as_uri()]
    assert chromium.evaluate("document.title") == f"Map of {HOSTILE}"
    assert chromium.evaluate("document.querySelector('h1').textContent") == HOSTILE
    # Nothing of a name became an element: the images are the sheet of thumbnails alone.
    assert chromium.evaluate("[...document.images].map(i => i.className)") == ["sheet"]
    legend = chromium.evaluate("[...document.querySelectorAll('#legend .name')].map(e => e.textContent)")
    assert sorted(legend) == sorted({*LABELS})
    assert chromium.evaluate(STATUS) == "30 images, 2 of them mistakes"
    assert chromium.evaluate("document.querySelector('#failed').textContent.trim()") == "photo 07#%.png: no such file"


def test_a_click_shows_an_image_larger_with_what_is_known(page, file):
    chromium = page()
    assert chromium.evaluate(DETAIL) is None
    click(chromium, *on_screen(chromium, 3))
    assert chromium.evaluate(DETAIL) == "photo 03#%.png"
    facts = chromium.evaluate("[...document.querySelectorAll('#detail dd')].map(e => e.textContent)")
    assert facts == ["photo 03#%.png", "ant", "bee 75.0 %"]
    assert chromium.evaluate("document.querySelector('#detail dd.wrong').textContent") == "bee 75.0 %"
    # The image itself, which lies beside the page, takes the place of its thumbnail.
    chromium.wait_for("document.querySelector('#detail img')?.naturalWidth === 90")
    # Those beside it on the circle are most similar.
    similar = chromium.evaluate("[...document.querySelectorAll('.similar button')].slice(0, 2).map(e => e.title)")
    assert sorted(similar) == ["photo 02#%.png", "photo 04#%.png"]
    click(chromium, 600, 430)  # the middle of the circle, where nothing is
    assert chromium.evaluate(DETAIL) is None


def test_an_image_that_is_gone_has_its_place(page):
    chromium = page()
    click(chromium, *on_screen(chromium, 7))
    assert chromium.evaluate(DETAIL) == "photo 07#%.png"


def test_the_wheel_zooms_around_the_pointer(page):
    chromium = page()
    x, y = on_screen(chromium, 5)
    mouse(chromium, "mouseWheel", x, y, deltaX=0, deltaY=-400)
    assert chromium.evaluate(ZOOM) == pytest.approx(np.e, rel=1e-6)
    assert on_screen(chromium, 5) == pytest.approx((x, y), abs=3)  # events have whole pixels
    mouse(chromium, "mouseWheel", x, y, deltaX=0, deltaY=4000)  # of one turn no more than 400 count
    assert chromium.evaluate(ZOOM) == pytest.approx(1, rel=1e-6)


def test_dragging_moves_the_map_and_chooses_nothing(page):
    chromium = page()
    x, y = on_screen(chromium, 3)
    mouse(chromium, "mousePressed", x, y, button="left", buttons=1, clickCount=1)
    for step in range(1, 5):
        mouse(chromium, "mouseMoved", x + 20 * step, y + 10 * step, button="left", buttons=1)
    mouse(chromium, "mouseReleased", x + 80, y + 40, button="left", clickCount=1)
    moved = on_screen(chromium, 3)
    assert moved == pytest.approx((x + 80, y + 40), abs=0.01)
    assert chromium.evaluate(DETAIL) is None


def test_two_fingers_zoom(page):
    chromium = page(390)
    x, y = on_screen(chromium, 5)

    def touch(kind, apart):
        points = [{"x": x - apart, "y": y, "id": 1}, {"x": x + apart, "y": y, "id": 2}] if apart else []
        chromium.call("Input.dispatchTouchEvent", type=kind, touchPoints=points)

    touch("touchStart", 20)
    touch("touchMove", 30)
    touch("touchMove", 40)
    touch("touchEnd", 0)
    assert chromium.evaluate(ZOOM) == pytest.approx(2, rel=0.05)
    assert chromium.evaluate(DETAIL) is None


def test_keys(page):
    chromium = page()
    for key, zoom in (("+", 1.4), ("-", 1), ("+", 1.4), ("0", 1)):
        press(chromium, key)
        assert chromium.evaluate(ZOOM) == pytest.approx(zoom)
    before = on_screen(chromium, 5)
    press(chromium, "ArrowRight")
    assert on_screen(chromium, 5)[0] < before[0]
    press(chromium, "m")
    assert chromium.evaluate(FOUND) == 2
    assert chromium.evaluate(STATUS) == "2 of 30 images found, 2 of them mistakes"
    for key, name in (("n", 3), ("n", 4), ("n", 3), ("p", 4)):
        press(chromium, key)
        assert chromium.evaluate(DETAIL) == f"photo {name:02}#%.png"
    press(chromium, "Escape")
    assert chromium.evaluate(DETAIL) is None
    press(chromium, "Escape")
    assert chromium.evaluate(FOUND) == 30


def test_the_search_finds_paths_labels_and_answers(page):
    chromium = page()
    press(chromium, "/")
    assert chromium.evaluate("document.activeElement.id") == "search"
    # m and n are letters here.
    for text, count in (("BEE", 11), ("12#", 1), ("ant bee", 1), ("onerror", 11), ("mn", 0)):
        chromium.evaluate("document.getElementById('search').select()")
        chromium.call("Input.insertText", text=text)
        assert chromium.evaluate(FOUND) == count, text
    chromium.evaluate("document.getElementById('search').select()")
    chromium.call("Input.insertText", text="photo 12")
    press(chromium, "Enter")
    assert chromium.evaluate(DETAIL) == "photo 12#%.png"
    press(chromium, "Escape")
    assert chromium.evaluate(FOUND) == 30


def test_the_legend_chooses_classes(page):
    chromium = page()
    entry = "[...document.querySelectorAll('#legend button')].find(b => b.textContent.startsWith('ant'))"
    chromium.evaluate(f"{entry}.click()")
    assert chromium.evaluate(FOUND) == 10
    assert chromium.evaluate(f"{entry}.getAttribute('aria-pressed')") == "true"
    select = "document.querySelector('#coloring select')"
    chromium.evaluate(f"{select}.value = 'answer'; {select}.dispatchEvent(new Event('change'))")
    assert chromium.evaluate(FOUND) == 30
    counts = chromium.evaluate("[...document.querySelectorAll('#legend button')].map(b => b.textContent)")
    assert counts[0] == f"{HOSTILE}11"


def pixel(chromium, image, right=0):
    """The color on the canvas at the middle of an image, or so many pixels right of it."""
    chromium.evaluate(DRAWN)
    return chromium.evaluate(
        f"(([x, y]) => [...document.getElementById('map').getContext('2d')"
        f".getImageData(Math.round(x + {right}), Math.round(y), 1, 1).data.slice(0, 3)])({PLACE.format(image)})"
    )


def test_what_is_drawn(page):
    """Thumbnails, in a frame of the color of the label; a mistake has a second frame around it."""
    chromium = page()
    orange = [0xE6, 0x9F, 0]  # the second color, since names of as many images are in the order of the alphabet
    for image in (0, 6):
        middle = pixel(chromium, image)
        assert np.abs(np.array(middle) - [8 * image, 100, 250 - 8 * image]).max() < 30
    edge = chromium.evaluate("kerastl.view.thumbnail() / 2")
    assert pixel(chromium, 6, edge + 1) == orange
    ink = [pixel(chromium, 3, edge + 0.5 * step) for step in range(40)]
    assert [0x11, 0x15, 0x1A] in ink
    assert [0x11, 0x15, 0x1A] not in [pixel(chromium, 6, edge + 0.5 * step) for step in range(40)]


def test_where_drawing_takes_long_the_last_picture_moves_along(page):
    chromium = page()
    chromium.evaluate("kerastl.moving.state.quick = -1")  # as if it always took longer
    x, y = on_screen(chromium, 5)
    for _ in range(2):
        mouse(chromium, "mouseWheel", x, y, deltaX=0, deltaY=-200)
    assert chromium.evaluate(ZOOM) == pytest.approx(np.e, rel=1e-6)
    for resting in (False, True):
        if resting:
            chromium.wait_for("kerastl.moving.resting()")
        # Whether it is the picture that was scaled or a new one, the image is where it was.
        assert np.abs(np.array(pixel(chromium, 5)) - [40, 100, 210]).max() < 30


def test_what_is_not_found_is_pale(page):
    chromium = page()
    press(chromium, "m")
    assert np.abs(np.array(pixel(chromium, 12)) - [0xF6, 0xF7, 0xF9]).max() < 40
    assert np.abs(np.array(pixel(chromium, 3)) - [24, 100, 226]).max() < 30


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_any_screen(page, width, dark):
    chromium = page(width, dark=dark)
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    assert chromium.evaluate("document.documentElement.scrollHeight <= innerHeight")
    for image in range(30):
        x, y = on_screen(chromium, image)
        assert 0 < x < width
        assert 0 < y < 844
    shade = sum(chromium.evaluate(CORNER)) / 3
    assert shade < 50 if dark else shade > 230
