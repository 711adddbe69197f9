import socket
import sys

import pytest

from kerastl.cli import run

pytest.importorskip("starlette", reason="the extra serve is not installed")


def said(capsys):
    error = capsys.readouterr().err
    assert "Traceback" not in error
    return error


def test_a_port_that_is_taken(capsys, color_model):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(["serve", str(color_model), "--port", str(port)]) == 2
    assert said(capsys) == (
        f"kerastl: cannot listen at 127.0.0.1, port {port}: Address already in use; take another --port\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["empty"], 1, "kerastl: empty: holds no model.keras; "),
        (["nowhere"], 2, "kerastl: unknown model 'nowhere'"),
        (["a=kerastl_mini", "a=empty"], 2, "kerastl: two models are called 'a'; name one, as NAME=PATH"),
        (["a/b=kerastl_mini"], 2, "kerastl: requests cannot call a model 'a/b', since the name is part of an address"),
        (["broken.keras"], 1, "kerastl: broken.keras cannot be read as a Keras model"),
        (["kerastl_mini", "--api-keys", "keys"], 2, "kerastl: keys holds no API key: write one into each line"),
        (["kerastl_mini", "--host", "192.0.2.1"], 2, "kerastl: cannot listen at 192.0.2.1, port 8000: "),
        (["kerastl_mini", "--cors", "example.org"], 2, "kerastl: an origin is written as https://example.org, "),
        (["kerastl_mini", "--timeout", "inf"], 2, "kerastl: timeout must be more than 0 seconds, and at most 86,400"),
        (["kerastl_mini", "--collect", "keys/x"], 2, "kerastl: --collect keys/x: cannot be written ("),
        (["kerastl_mini", "--queue", "2"], 2, "kerastl: max_images must fit into the queue of 2 images"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_served_is_said_in_a_line(capsys, tmp_path, monkeypatch, arguments, code, line):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "keys").write_text("# none yet\n\n")
    (tmp_path / "broken.keras").write_text("no model")
    assert run(["serve", *arguments]) == code
    assert said(capsys).splitlines()[-1].startswith(line)


def test_what_is_not_installed_is_said(capsys, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "starlette" or name.startswith("kerastl.serv")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "starlette", None)
    assert run(["serve", "kerastl_mini"]) == 1
    assert said(capsys) == (
        "kerastl: a server needs packages that are not there: starlette not installed: pip install 'kerastl[serve]'\n"
    )


def test_a_model_that_others_cannot_load_is_said_with_its_reason(color_model, monkeypatch):
    from kerastl.errors import ModelError
    from kerastl.serving import ServeSettings
    from kerastl.serving._compiling import prepare

    with pytest.raises(ModelError, match="nothing"):
        prepare(str(color_model), ServeSettings((("colors", str(color_model)),), engine="nothing"))
    with pytest.raises(ModelError, match=r"the network cannot be compiled \(TypeError: unhashable"):
        prepare(str(color_model), ServeSettings((("colors", str(color_model)),), engine=["no name"]))
