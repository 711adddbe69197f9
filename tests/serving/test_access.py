import pytest

from kerastl.serving._settings import hash_key, is_loopback

KEY = "a long key"


@pytest.fixture(scope="module")
def locked(serving):
    with serving(api_keys=(hash_key("another"), hash_key(KEY))) as given:
        yield given


@pytest.mark.parametrize("headers", [{"Authorization": f"Bearer {KEY}"}, {"X-API-Key": KEY}])
def test_a_key_opens(locked, headers):
    assert locked.get("/v1/models", headers=headers).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "wrong"}, {"Authorization": KEY}, {"X-API-Key": ""}])
def test_without_a_key_nothing_is_said(locked, headers):
    answer = locked.get("/v1/models", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert locked.get("/metrics", headers=headers).status_code == 401


def test_the_body_of_a_request_without_a_key_is_not_read(locked):
    # It is longer than a body may be, which nobody finds out.
    assert locked.post("/v1/classify", content=b"x" * 100_000_000).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example", "", "[", "[::1"])
def test_a_name_that_was_rebound_is_turned_away(client, host):
    assert client.get("/v1/models", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000"])
def test_names_of_this_machine_are_answered(client, host):
    assert client.get("/v1/models", headers={"Host": host}).status_code == 200


def test_what_watches_may_ask_without_a_name(client):
    with client.stream("GET", "/v2/health/live", headers={"Host": "evil.example"}) as answer:
        assert answer.status_code == 403
    request = client.build_request("GET", "/v2/health/live")
    del request.headers["Host"]
    assert client.send(request).status_code == 200


def test_a_proxy_may_hand_on_the_name_of_an_origin_that_is_allowed(serving):
    with serving(origins=("https://photos.example",)) as client:
        own = {"Host": "photos.example", "Origin": "https://photos.example"}
        assert client.get("/v1/models", headers=own).status_code == 200
        assert client.get("/v1/models", headers={"Host": "evil.example"}).status_code == 403


def test_a_server_for_others_is_asked_under_any_name(serving):
    with serving(host="192.0.2.1") as client:
        assert client.get("/v1/models", headers={"Host": "models.example.org"}).status_code == 200


def test_pages_of_other_origins_may_not_ask(client):
    assert client.get("/v1/models", headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.get("/v1/models", headers={"Origin": "null"}).status_code == 403
    assert client.get("/v1/models", headers={"Origin": "http://["}).status_code == 403
    assert client.get("/v1/models", headers={"Origin": "http://localhost"}).status_code == 200


def test_origins_that_are_named_may_ask(serving):
    with serving(origins=("https://good.example",)) as client:
        answer = client.get("/v1/models", headers={"Origin": "https://good.example"})
        assert answer.headers["Access-Control-Allow-Origin"] == "https://good.example"
        preflight = {"Origin": "https://good.example", "Access-Control-Request-Method": "POST"}
        assert client.options("/v1/classify", headers=preflight).status_code == 200
        assert client.get("/v1/models", headers={"Origin": "https://evil.example"}).status_code == 403


def test_answers_carry_the_headers_that_keep_browsers_safe(client):
    headers = client.get("/v1/models").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "server" not in headers


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("192.0.2.1", False),
        ("::", False),
        ("example.org", False),
    ],
)
def test_what_only_this_machine_reaches(host, local):
    assert is_loopback(host) is local
