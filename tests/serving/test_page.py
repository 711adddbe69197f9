"""The page for people, by its files and as a browser shows it; the latter is skipped where there is none."""

import threading
from contextlib import contextmanager
from html.parser import HTMLParser

import pytest

HOSTILE = '<img src=x onerror="document.title=1">'
READY = "document.getElementById('status').textContent.includes('ready')"


def test_the_page_asks_nobody_else(client):
    found = []

    class Links(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.extend(value for name, value in attrs if name in ("src", "href") and value != "data:,")

        def handle_data(self, data):
            assert self.lasttag not in ("script", "style") or not data.strip()

    Links().feed(client.get("/").text)
    assert len(found) > 6
    for link in found:
        assert link.startswith("/"), link
        answer = client.get(link)
        assert answer.status_code == 200
        assert "http://" not in answer.text.replace("http://www.w3.org", "")
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "connect-src 'self';" in policy


def test_a_server_may_be_without_the_page(serving):
    with serving(page=False) as client:
        assert client.get("/").status_code == 404


@contextmanager
def listening(**settings):
    """The address of a server that listens."""
    import uvicorn

    from kerastl.serving import ServeSettings, create_app
    from kerastl.serving._server import bound

    with bound("127.0.0.1", 0) as sock:
        app = create_app(ServeSettings(**settings))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        thread = threading.Thread(target=server.run, args=([sock],))
        thread.start()
        while not server.started:
            assert thread.is_alive()
            thread.join(0.01)
        try:
            yield f"http://127.0.0.1:{sock.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory, red_png, blue_jpeg):
    folder = tmp_path_factory.mktemp("pictures")
    for name, content in {"red.png": red_png, "blue.jpg": blue_jpeg, f"{HOSTILE[:4]}.png": b"none"}.items():
        (folder / name).write_bytes(content)
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def place(color_model, tmp_path_factory):
    """A server of two models, one with a hostile name, that takes corrections; its address and where they go."""
    folder = tmp_path_factory.mktemp("collected")
    models = (("colors", str(color_model)), (HOSTILE, str(color_model)))
    with listening(models=models, collect=str(folder)) as address:
        yield address, folder


def answered(chromium, count):
    chromium.wait_for(f"document.querySelectorAll('.bars, .body .error').length === {count}")


@pytest.mark.parametrize(("width", "dark"), [(360, True), (1200, False)])
def test_images_are_answered_by_every_model_that_is_ticked(chromium, place, pictures, width, dark):
    chromium.show(place[0], width=width, dark=dark)
    chromium.wait_for(READY)
    chromium.evaluate("document.querySelectorAll('#models input')[1].click()")
    chromium.choose("#choose", pictures)
    answered(chromium, 6)
    titles = chromium.evaluate("[...document.querySelectorAll('.answer')].map(e => e.textContent)")
    assert sorted(title.split()[0] for title in titles) == ["blue", "blue", "red", "red"]
    errors = chromium.evaluate("[...document.querySelectorAll('.body .error')].map(e => e.textContent)")
    assert errors == ["the image cannot be read: a text file, not an image"] * 2
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    # Names are text: nothing of them became an element.
    assert chromium.evaluate("document.querySelectorAll('img:not(.picture)').length") == 0
    assert chromium.evaluate("document.querySelectorAll('.model-name')[1].textContent") == HOSTILE
    hosts = {url.split("/")[2] for url in chromium.requests() if url.startswith("http")}
    assert hosts == {place[0].split("/")[2]}


def test_what_is_wrong_is_corrected(chromium, place, pictures):
    address, folder = place
    chromium.show(address, width=1200)
    chromium.wait_for(READY)
    chromium.choose("#choose", [file for file in pictures if file.name == "red.png"])
    answered(chromium, 1)
    chromium.evaluate("[...document.querySelectorAll('button')].find(b => b.textContent === 'This is wrong').click()")
    assert chromium.evaluate("document.activeElement.id") == chromium.evaluate(
        "document.querySelector('.correction label').htmlFor"
    )
    offered = chromium.evaluate("[...document.querySelectorAll('datalist option')].map(o => o.value)")
    assert offered == ["red", "green", "blue"]
    chromium.call("Input.insertText", text="rosso")
    for kind in ("keyDown", "keyUp"):
        chromium.call(
            "Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r"
        )
    chromium.wait_for("document.querySelector('.note') !== null")
    assert "a class that this model does not know" in chromium.evaluate("document.querySelector('.note').textContent")
    assert [file.parent.name for file in folder.rglob("*.png")] == ["rosso"]


def test_why_a_correction_is_not_stored_is_said_beside_it(chromium, color_model, pictures, tmp_path):
    with listening(models=(("colors", str(color_model)),), collect=str(tmp_path), collect_limit=1) as address:
        chromium.show(address, width=360)
        chromium.wait_for(READY)
        chromium.choose("#choose", [file for file in pictures if file.name == "red.png"])
        answered(chromium, 1)
        chromium.evaluate(
            "[...document.querySelectorAll('button')].find(b => b.textContent === 'This is wrong').click()"
        )
        chromium.call("Input.insertText", text="rosso")
        for _ in range(2):
            chromium.evaluate("document.getElementById('status').textContent = ''")
            chromium.evaluate("document.querySelector('.correction').requestSubmit()")
            chromium.wait_for("document.getElementById('status').textContent !== ''")
            told = chromium.evaluate("[...document.querySelectorAll('.correction .error')].map(e => e.textContent)")
            assert told == ["no corrections are taken: their folder is full"]


def test_a_server_with_keys_asks_for_one(chromium, color_model, pictures):
    from kerastl.serving._settings import hash_key

    with listening(models=(("colors", str(color_model)),), api_keys=(hash_key("a key"),)) as address:
        chromium.show(address, width=800)
        chromium.wait_for("!document.getElementById('key').hidden")
        for key in ("wrong", "a key"):
            chromium.wait_for("document.activeElement.id === 'key-field'")
            chromium.call("Input.insertText", text=key)
            chromium.evaluate("document.getElementById('status').textContent = ''")
            chromium.evaluate("document.getElementById('key').requestSubmit()")
            chromium.wait_for("document.getElementById('status').textContent !== ''")
            assert chromium.evaluate("document.getElementById('key').hidden") is (key == "a key")
        chromium.choose("#choose", pictures[-1:])
        answered(chromium, 1)


def test_everything_has_a_name_for_those_who_do_not_see(chromium, place):
    chromium.show(place[0], width=800)
    chromium.wait_for(READY)
    nodes = chromium.call("Accessibility.getFullAXTree")["nodes"]
    controls = [
        node.get("name", {}).get("value", "")
        for node in nodes
        if node.get("role", {}).get("value") in ("button", "checkbox", "link", "textbox")
    ]
    assert len(controls) >= 4
    assert all(controls)
    assert "status" in [node.get("role", {}).get("value") for node in nodes]
