import base64
import io
import signal
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from kerastl.serving import _explaining as explaining
from kerastl.serving._errors import NotAnswerableError
from kerastl.serving._explanations import explains

RAW = {"Content-Type": "image/png"}


@pytest.fixture(scope="module")
def conv(serving, small_conv_model):
    """A client of a server whose network has a feature map, which gradcam needs."""
    with serving(models=(("small", str(small_conv_model)),), timeout=300.0) as client:
        yield client


@pytest.fixture(scope="module")
def half_png():
    """Its left half is red, its right half blue."""
    image = Image.new("RGB", (32, 32), "red")
    image.paste("blue", (16, 0, 32, 32))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def pixels(png):
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def test_gradcam_shows_the_half_that_counts(conv, half_png):
    answer = conv.post("/v1/classify?explain=gradcam&label=red", content=half_png, headers=RAW)
    assert answer.status_code == 200, answer.text
    (result,) = answer.json()["results"]
    found = result["explanation"]
    assert (found["method"], found["label"]) == ("gradcam", "red")
    assert found["score"] == pytest.approx({p["label"]: p["score"] for p in result["predictions"]}["red"], abs=1e-5)
    shown = pixels(base64.b64decode(found["png"]))
    assert shown.shape == (32, 32, 3)
    # What counts is yellow, and the rest violet: of their green there is much and little.
    assert shown[:, :12, 1].mean() > shown[:, 20:, 1].mean() + 50


def test_an_explanation_is_that_of_the_classifier_and_may_come_as_an_image(conv, small_conv_model, red_png):
    import kerastl

    answer = conv.post("/v1/classify?explain=occlusion", content=red_png, headers={**RAW, "Accept": "image/png"})
    assert answer.headers["Content-Type"] == "image/png"
    expected = kerastl.load(small_conv_model).explain(io.BytesIO(red_png), method="occlusion")
    np.testing.assert_array_equal(pixels(answer.content), np.asarray(expected.overlay()))


def test_of_several_images_each_is_explained_that_can_be_read(conv, red_png, blue_jpeg):
    files = [("images", ("a", red_png)), ("images", ("b", b"no image")), ("images", ("c", blue_jpeg))]
    answer = conv.post("/v1/classify", files=files, data={"explain": "occlusion"})
    assert [each.get("explanation", {}).get("label") for each in answer.json()["results"]] == ["red", None, "blue"]


def test_a_process_that_hangs_or_dies_is_replaced(conv, red_png, monkeypatch):
    assert conv.post("/v1/classify?explain=occlusion", content=red_png, headers=RAW).status_code == 200
    process = conv.app.state.server.explanations._process
    process._child.send_signal(signal.SIGSTOP)  # hangs, however fast the machine is
    with monkeypatch.context() as hurry:
        hurry.setattr(explaining, "_SECONDS", 0.1)
        answer = conv.post("/v1/classify?explain=occlusion", content=red_png, headers=RAW)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert conv.post("/v1/classify?explain=occlusion", content=red_png, headers=RAW).status_code == 200
    child = process._child
    child.kill()  # as the system does where memory is short
    child.wait()
    assert conv.post("/v1/classify?explain=occlusion", content=red_png, headers=RAW).status_code == 200


def test_what_does_not_fit_the_network_is_said_without_its_path(client, red_png, color_model, monkeypatch):
    def refuse(self, question):
        raise NotAnswerableError(f"{color_model / 'model.keras'} has no feature map")

    monkeypatch.setattr(explaining.ExplainingProcess, "ask", refuse)
    answer = client.post("/v1/classify?explain=gradcam", content=red_png, headers=RAW)
    assert answer.status_code == 422
    assert answer.json() == {"error": "colors has no feature map", "code": "not_answerable"}


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("explain=grad", 400, "explain must be one of gradcam, idgi, integrated-gradients, occlusion"),
        ("label=red", 400, "label says which class is explained; say explain, too"),
        ("explain=occlusion&label=purple", 422, "no class is called 'purple'"),
    ],
)
def test_questions_that_are_wrong(client, red_png, query, status, said):
    answer = client.post(f"/v1/classify?{query}", content=red_png, headers=RAW)
    assert answer.status_code == status
    assert answer.json()["error"].startswith(said)


def test_only_few_images_are_explained_and_one_as_an_image(client, red_png):
    many = client.post("/v1/classify?explain=occlusion", files=[("images", ("a", red_png))] * 9)
    assert (many.status_code, many.json()["code"]) == (413, "too_large")
    accept = {"Accept": "image/png"}
    two = client.post("/v1/classify?explain=occlusion", files=[("images", ("a", red_png))] * 2, headers=accept)
    assert two.status_code == 400


def test_a_server_that_does_not_explain_says_so(serving, client, red_png):
    with serving(explain=False) as silent:
        answer = silent.post("/v1/classify?explain=occlusion", content=red_png, headers=RAW)
        assert (answer.status_code, answer.json()["error"]) == (422, "this server does not explain its answers")
        assert [model["explains"] for model in silent.get("/v1/models").json()["models"]] == [False]
    assert [model["explains"] for model in client.get("/v1/models").json()["models"]] == [True]


@pytest.mark.parametrize(("file", "gradcam"), [("model.keras", True), ("model.onnx", False), ("model.tflite", False)])
def test_what_was_exported_has_no_gradients(tmp_path, file, gradcam):
    model = SimpleNamespace(classifier=SimpleNamespace(file=tmp_path / file))
    assert explains(model, "gradcam") is gradcam
    assert explains(model, "occlusion")
