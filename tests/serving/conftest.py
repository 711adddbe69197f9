import io

import pytest
from PIL import Image

pytest.importorskip("starlette", reason="the extra serve is not installed")


@pytest.fixture(scope="session")
def red_png():
    stream = io.BytesIO()
    Image.new("RGB", (40, 40), (255, 0, 0)).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(scope="session")
def blue_jpeg():
    stream = io.BytesIO()
    Image.new("RGB", (64, 48), (0, 0, 255)).save(stream, "JPEG", quality=95)
    return stream.getvalue()


@pytest.fixture(scope="session")
def serving(color_model):
    """Make a client of a server with the model of colors; a context manager, with settings by name."""
    from contextlib import contextmanager

    from starlette.testclient import TestClient

    from kerastl.serving import ServeSettings, create_app

    @contextmanager
    def client(**settings):
        models = settings.pop("models", (("colors", str(color_model)),))
        app = create_app(ServeSettings(models, **settings))
        with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as given:
            yield given

    return client


@pytest.fixture(scope="module")
def client(serving):
    """A client of a server as it is without options."""
    with serving() as given:
        yield given


@pytest.fixture(scope="module")
def address(color_model):
    """Host and port of a server that really listens."""
    import threading

    import uvicorn

    from kerastl.serving import ServeSettings, create_app
    from kerastl.serving._server import bound

    with bound("127.0.0.1", 0) as sock:
        app = create_app(ServeSettings((("colors", str(color_model)),)))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        thread = threading.Thread(target=server.run, args=([sock],))
        thread.start()
        while not server.started:
            assert thread.is_alive()
            thread.join(0.01)
        yield f"127.0.0.1:{sock.getsockname()[1]}"
        server.should_exit = True
        thread.join()
