"""The Open Inference Protocol, by hand and through Triton's client, which knows nothing of kerastl."""

import base64
import json
import struct

import numpy as np
import pytest

SURE, REST = 0.99990921, 0.0000453979  # exp(10) / (exp(10) + 2) and 1 / (exp(10) + 2), see the model
RED = np.full((1, 32, 32, 3), (255, 0, 0), np.uint8)
INFER = "/v2/models/colors/infer"


@pytest.fixture(scope="module")
def triton(address):
    http = pytest.importorskip("tritonclient.http", reason="tritonclient[http] is not installed")
    with http.InferenceServerClient(address) as client:
        yield http, client


def pixels(data, shape=(1, 32, 32, 3), datatype="UINT8", **rest):
    return {"inputs": [{"name": "pixels", "shape": list(shape), "datatype": datatype, "data": data}], **rest}


def test_triton_sees_a_server_that_is_alive_with_a_model_that_is_ready(triton):
    _, client = triton
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("colors")
    assert client.get_server_metadata()["name"] == "kerastl"
    assert [model["name"] for model in client.get_model_repository_index()] == ["colors"]
    metadata = client.get_model_metadata("colors")
    assert {one["name"]: one["shape"] for one in metadata["outputs"]} == {"probabilities": [-1, 3], "label": [-1]}
    assert client.is_model_ready("colors", metadata["versions"][0])
    assert not client.is_model_ready("colors", "another")
    assert not client.is_model_ready("another")


@pytest.mark.parametrize("binary", [True, False])
def test_triton_sends_pixels(triton, binary):
    http, client = triton
    given = http.InferInput("pixels", RED.shape, "UINT8")
    given.set_data_from_numpy(RED, binary_data=binary)
    outputs = [http.InferRequestedOutput(name, binary_data=binary) for name in ("probabilities", "label")]
    answer = client.infer("colors", [given], outputs=outputs, request_id="7")
    np.testing.assert_allclose(answer.as_numpy("probabilities"), [[SURE, REST, REST]], atol=1e-6)
    assert [np.asarray(label).item() for label in answer.as_numpy("label")] in ([b"red"], ["red"])
    assert answer.get_response()["id"] == "7"


@pytest.mark.parametrize("binary", [True, False])
def test_triton_sends_files(triton, red_png, blue_jpeg, binary):
    http, client = triton
    content = [red_png, blue_jpeg] if binary else [base64.b64encode(each) for each in (red_png, blue_jpeg)]
    given = http.InferInput("image", [2], "BYTES")
    given.set_data_from_numpy(np.array(content, dtype=object), binary_data=binary)
    outputs = [http.InferRequestedOutput("probabilities", class_count=1)]
    best = client.infer("colors", [given], outputs=outputs).as_numpy("probabilities")
    assert best.shape == (2, 1)
    scores, places, names = zip(*(text.decode().split(":") for text in best[:, 0]), strict=True)
    assert (places, names) == (("0", "2"), ("red", "blue"))
    assert float(scores[0]) == pytest.approx(SURE, abs=1e-6)


def test_triton_is_told_what_is_wrong(triton):
    http, client = triton
    given = http.InferInput("pixels", [1, 2, 2, 1], "UINT8")
    given.set_data_from_numpy(np.zeros((1, 2, 2, 1), np.uint8))
    with pytest.raises(http._utils.InferenceServerException, match="must be of shape"):
        client.infer("colors", [given])


def test_pixels_of_another_size_are_read_as_an_image_is(client):
    wide = np.full((1, 50, 80, 3), (0, 0, 255), np.uint8)
    answer = client.post(INFER, json=pixels(wide.tolist(), wide.shape)).json()
    by_name = {output["name"]: output for output in answer["outputs"]}
    assert by_name["label"] == {"name": "label", "datatype": "BYTES", "shape": [1], "data": ["blue"]}
    np.testing.assert_allclose(by_name["probabilities"]["data"], [REST, REST, SURE], atol=1e-6)


def test_floats_are_0_to_255(client):
    answer = client.post(INFER, json=pixels((RED * 1.0).ravel().tolist(), datatype="FP32")).json()
    np.testing.assert_allclose(answer["outputs"][0]["data"], [SURE, REST, REST], atol=1e-6)


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({}, 400, "inputs must be a list of objects"),
        ({"inputs": []}, 400, "a request has one input"),
        ({"inputs": [{"name": "x"}]}, 400, "no input is called 'x'; there are image, pixels"),
        (pixels([0], datatype="INT8"), 400, "the datatype of pixels must be UINT8 or FP32"),
        (pixels([0]), 400, "pixels must be of shape (n, height, width, 3) with as many numbers"),
        (pixels([[0, 1], [2]]), 400, "data must be numbers in lists of equal lengths"),
        (pixels(["a"]), 400, "data must be numbers in lists of equal lengths"),
        (pixels([0] * 2 + [256], (1, 1, 3)), 400, "pixels must be numbers from 0 to 255"),
        (pixels([0, 0, -1], (1, 1, 3)), 400, "pixels must be numbers from 0 to 255"),
        (pixels([], (0, 1, 1, 3)), 400, "pixels must be of shape"),
        (pixels([0], [True]), 400, "the shape of pixels must be a list of 1 to 4 whole numbers"),
        (pixels([0, 0, 0], (1, 1, 3), outputs=[{"name": "x"}]), 400, "no output is called 'x'"),
        ({"inputs": [{"name": "image", "datatype": "BYTES", "shape": [2], "data": [""]}]}, 400, "image has 1 elements"),
        ({"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "data": ["aGk="]}]}, 422, "image 0 cannot"),
        ({"inputs": [{"name": "image", "datatype": "BYTES", "shape": [65], "data": []}]}, 413, "a request holds at"),
    ],
)
def test_requests_that_are_wrong(client, asked, status, said):
    answer = client.post(INFER, json=asked)
    assert answer.status_code == status
    assert answer.json()["error"].startswith(said)


def binary_request(size, content, header=None):
    text = json.dumps(
        {"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": size}}]}
    ).encode()
    return text + content, {"Inference-Header-Content-Length": str(len(text) if header is None else header)}


@pytest.mark.parametrize(
    ("size", "content", "header", "said"),
    [
        (5, b"", None, "binary_data_size does not fit the body"),
        (-1, b"", None, "binary_data_size does not fit the body"),
        (3, b"abc", None, "an element of image is cut off"),
        (4, struct.pack("<I", 1 << 31), None, "an element of image is cut off"),
        (4, struct.pack("<I", 0) + b"more", None, "the body is longer than its tensors"),
        (4, struct.pack("<I", 0), 10_000, "inference-header-content-length does not fit the body"),
        (4, struct.pack("<I", 0), "-4", "inference-header-content-length does not fit the body"),
    ],
)
def test_bytes_that_do_not_fit(client, size, content, header, said):
    body, headers = binary_request(size, content, header)
    answer = client.post(INFER, content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(said)


def test_a_version_that_is_not_there(client):
    assert client.get("/v2/models/colors/versions/1").status_code == 404


def test_an_id_may_be_any_text_of_json(client):
    body = json.dumps(pixels(RED.tolist())).replace('{"inputs"', '{"id": "a\\ud800b", "inputs"', 1)
    assert client.post(INFER, content=body).json()["id"] == "a?b"
