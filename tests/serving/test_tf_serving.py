import base64

import numpy as np
import pytest

SURE, REST = 0.99990921, 0.0000453979  # exp(10) / (exp(10) + 2) and 1 / (exp(10) + 2), see the model
PREDICT = "/v1/models/colors:predict"
BLUE = np.full((32, 32, 3), (0, 0, 255)).tolist()


@pytest.fixture(scope="module")
def red(red_png):
    return {"b64": base64.b64encode(red_png).decode()}


def test_rows(client, red):
    answer = client.post(PREDICT, json={"instances": [red, {"image": red}, BLUE, {"pixels": BLUE}]})
    assert list(answer.json()) == ["predictions"]
    expected = [[SURE, REST, REST]] * 2 + [[REST, REST, SURE]] * 2
    np.testing.assert_allclose(answer.json()["predictions"], expected, atol=1e-6)


@pytest.mark.parametrize("name", ["image", "pixels", None])
def test_columns(client, red, name):
    answer = client.post(
        PREDICT, json={"inputs": {name: [red]} if name else [red], "signature_name": "serving_default"}
    )
    np.testing.assert_allclose(answer.json()["outputs"], [[SURE, REST, REST]], atol=1e-6)


def test_status(client):
    (version,) = client.get("/v1/models/colors").json()["model_version_status"]
    assert version["state"] == "AVAILABLE"
    assert client.get("/v1/models/another").status_code == 404


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 400),
        ({"instances": [], "inputs": []}, 400),
        ({"instances": []}, 400),
        ({"instances": ["text"]}, 400),
        ({"instances": [{"b64": 1}]}, 400),
        ({"instances": [[[1, 2, 3], [4]]]}, 400),
        ({"instances": [[[[False, 0, 0]]]]}, 400),
        ({"instances": [BLUE], "signature_name": "other"}, 400),
        ({"instances": [{"b64": ""}]}, 422),
        ({"instances": [[[[0, 0, 0]]]] * 65}, 413),
    ],
)
def test_requests_that_are_wrong(client, asked, status):
    answer = client.post(PREDICT, json=asked)
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "code"}
