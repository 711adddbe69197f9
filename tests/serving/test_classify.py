import base64
import sys

import numpy as np
import pytest

# exp(10) / (exp(10) + 2), see the model.
SURE = 0.99990921


def best(result):
    return result["predictions"][0]["label"]


def test_one_raw_image(client, red_png):
    answer = client.post("/v1/classify?top=1", content=red_png, headers={"Content-Type": "image/png"})
    assert answer.status_code == 200
    assert answer.json()["model"] == "colors"
    (result,) = answer.json()["results"]
    assert [prediction["label"] for prediction in result["predictions"]] == ["red"]
    assert result["predictions"][0]["score"] == pytest.approx(SURE, abs=1e-6)


def test_a_form_with_several_images_keeps_order_and_names(client, red_png, blue_jpeg):
    files = [("images", ("a.png", red_png)), ("images", ("b.jpg", blue_jpeg)), ("images", ("c.png", b"no image"))]
    answer = client.post("/v1/classify", files=files, data={"top": "1"})
    assert answer.status_code == 200
    first, second, third = answer.json()["results"]
    assert (first["path"], best(first)) == ("a.png", "red")
    assert (second["path"], best(second)) == ("b.jpg", "blue")
    assert third == {"path": "c.png", "error": "a text file, not an image"}


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
def test_images_in_json(client, red_png, prefix):
    sent = {"images": [prefix + base64.b64encode(red_png).decode()], "top": 2}
    answer = client.post("/v1/classify", json=sent)
    assert [len(result["predictions"]) for result in answer.json()["results"]] == [2]


def test_base64_may_be_in_lines(client, red_png):
    answer = client.post("/v1/classify", json={"images": [base64.encodebytes(red_png).decode()]})
    assert best(answer.json()["results"][0]) == "red"


@pytest.mark.parametrize(("charset", "status"), [("punycode", 400), ("unicode_escape", 200), ("no-codec", 200)])
def test_a_form_may_name_any_codec(client, red_png, charset, status):
    head = b'--b\r\nContent-Disposition: form-data; name="image"; filename="\\ud800.png"\r\n\r\n'
    media = {"Content-Type": f"multipart/form-data; boundary=b; charset={charset}"}
    answer = client.post("/v1/classify", content=head + red_png + b"\r\n--b--\r\n", headers=media)
    assert answer.status_code == status


@pytest.mark.parametrize(
    "body",
    [b'{"top": [' + b"0," * 4_000_000 + b"0]}", b'{"images": [' + b'{"b64": ""},' * 10_001 + b"0]}"],
    ids=["values", "names"],
)
def test_json_that_would_keep_others_waiting_is_refused_before_it_is_parsed(client, body):
    answer = client.post("/v1/classify", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "url", ["/v1/classify", "/v2/models/colors/infer", "/v1/models/colors:predict", "/v2/repository/index"]
)
def test_a_body_that_is_compressed_is_refused(client, url):
    answer = client.post(url, content=b"x", headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert answer.json()["error"] == "send the body as it is, without Content-Encoding: gzip"


def test_answers_are_those_of_the_classifier(client, color_model, blue_jpeg):
    import io

    import kerastl

    answer = client.post("/v1/classify?top=3", content=blue_jpeg, headers={"Content-Type": "image/jpeg"})
    expected = kerastl.load(color_model).classify(io.BytesIO(blue_jpeg), top=3)
    given = answer.json()["results"][0]["predictions"]
    assert [each["label"] for each in given] == list(expected.labels)
    np.testing.assert_allclose([each["score"] for each in given], [p.score for p in expected.predictions], atol=1e-6)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("tops=1", "no option is called 'tops'; did you mean top?"),
        ("top=0", "top must be a whole number of at least 1. Received: '0'"),
        ("top=1e3", "top must be a whole number of at least 1. Received: '1e3'"),
        ("coverage=2", "coverage must be a number between 0 and 1. Received: '2'"),
        ("coverage=nan", "coverage must be a number between 0 and 1. Received: 'nan'"),
        ("reject=perhaps", "reject must be true or false. Received: 'perhaps'"),
    ],
)
def test_wrong_options(client, red_png, query, said):
    answer = client.post(f"/v1/classify?{query}", content=red_png, headers={"Content-Type": "image/png"})
    assert answer.status_code == 400
    assert answer.json() == {"error": said, "code": "bad_request"}


@pytest.mark.parametrize(
    ("body", "media", "status", "said"),
    [
        (b"", "image/png", 400, "the request holds no image"),
        (b"{", "application/json", 400, "the body is no JSON"),
        (b"[]", "application/json", 400, "the body must be a JSON object"),
        (b"[" * 100_000, "application/json", 400, "the body is no JSON"),
        (b'{"images": "x"}', "application/json", 400, "images must be a list"),
        (b'{"images": ["?"]}', "application/json", 400, "an image is no base64"),
        (b'{"images": [""], "top": NaN}', "application/json", 400, "the body is no JSON"),
        (b"x", "multipart/form-data; boundary=b", 400, "the multipart form cannot be read"),
        (b"x", "multipart/form-data", 400, "the multipart form cannot be read"),
        (b"x", "text/plain", 415, "send images as multipart/form-data"),
        (b"nope", "image/png", 422, "the image cannot be read: a text file, not an image"),
    ],
)
def test_bodies_that_are_wrong(client, body, media, status, said):
    answer = client.post("/v1/classify", content=body, headers={"Content-Type": media})
    assert answer.status_code == status
    assert answer.json()["error"].startswith(said)


@pytest.mark.parametrize("named", ["data/umbrella.png", "https://example.org/a.png", "/etc/hostname"])
def test_no_path_and_no_address_of_a_client_is_opened(client, named):
    answer = client.post("/v1/classify", content=named.encode(), headers={"Content-Type": "image/png"})
    assert answer.status_code == 422
    assert "not an image" in answer.json()["error"]


def test_what_the_model_cannot_answer_is_said_without_its_path(client, red_png, color_model):
    answer = client.post("/v1/classify?reject=true", content=red_png, headers={"Content-Type": "image/png"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "not_answerable"
    assert str(color_model) not in answer.text


def test_a_model_that_is_not_there(client, red_png):
    answer = client.post("/v1/classify?model=colours", content=red_png, headers={"Content-Type": "image/png"})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_model")


def test_limits_of_bytes_images_and_pixels(serving, red_png):
    raw = {"Content-Type": "image/png"}
    with serving(max_bytes=1000, max_images=2, max_pixels=1599) as client:
        assert client.post("/v1/classify", content=b"x" * 1001, headers=raw).status_code == 413
        # Without a length in advance, too.
        chunks = (b"x" * 100 for _ in range(11))
        assert client.post("/v1/classify", content=chunks, headers=raw).status_code == 413
        three = client.post("/v1/classify", files=[("images", ("a", b"x"))] * 3)
        assert (three.status_code, three.json()["code"]) == (413, "too_large")
        assert client.post("/v1/classify", json={"images": ["", "", ""]}).status_code == 413
        large = client.post("/v1/classify", content=red_png, headers=raw)
        assert (large.status_code, large.json()["code"]) == (422, "unreadable_image")
        assert "too large: 40 x 40 pixels" in large.json()["error"]


def test_a_server_never_imports_tensorflow(color_model):
    import subprocess

    code = (
        "import sys\n"
        "from starlette.testclient import TestClient\n"
        "from kerastl.serving import ServeSettings, create_app\n"
        "app = create_app(ServeSettings((('colors', sys.argv[1]),)))\n"
        "with TestClient(app, base_url='http://localhost') as client:\n"
        "    image = open('data/umbrella.png', 'rb').read()\n"
        "    assert client.post('/v1/classify', files={'image': image}).status_code == 200\n"
        "    assert client.post('/v1/classify?explain=occlusion', files={'image': image}).status_code == 200\n"
        "print([name for name in ('tensorflow', 'keras', 'matplotlib') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(color_model)], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
