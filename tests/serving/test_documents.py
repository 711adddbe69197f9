import html.parser
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.routing import Route

from kerastl.serving._app import ROUTES
from kerastl.serving._documents import document, operations

# Addresses of people, and those that also stand below a version, which the description says in words.
NOT_DESCRIBED = ("/docs", "/v2/models/{name}/versions/")


def test_every_address_is_described():
    described = {(operation["method"], operation["path"]) for operation in operations(document())}
    served = {
        (method, route.path)
        for route in ROUTES
        if isinstance(route, Route) and not route.path.startswith(NOT_DESCRIBED)
        for method in route.methods - {"HEAD"}
    }
    assert described == served


def test_the_description_is_served(client):
    assert client.get("/openapi.json").json() == document()


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.named, self.linked, self.fetched = set(), set(), set()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.named.add(found.get("id"))
        if tag == "a":
            self.linked.add(found["href"])
        if tag in ("link", "script", "img"):
            self.fetched.add(found.get("href") or found.get("src"))


def test_the_page_for_people_links_only_to_what_is_there(client):
    links = Links()
    links.feed(client.get("/docs").text)
    assert {link[1:] for link in links.linked if link.startswith("#")} <= links.named
    for link in {link for link in links.linked | links.fetched if not link.startswith("#")}:
        assert link.startswith("/")
        assert client.get(link).status_code == 200
    assert {operation["operationId"] for operation in operations(document())} <= links.named


def test_whatever_the_description_allows_is_answered_as_it_says(address, tmp_path):
    command = Path(sys.executable).with_name("schemathesis")
    if not command.exists():
        pytest.skip("schemathesis is not installed")
    # What is an image, no schema tells: a body that it allows may well be none.
    options = ("--max-examples=10", "--seed=1", "--exclude-checks=positive_data_acceptance", "--no-color")
    done = subprocess.run(
        [command, "run", f"http://{address}/openapi.json", *options], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout


def test_what_stands_before_every_operation_is_described_for_each():
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            # A host name that is not taken; a failure; too many connections, or a server that stops.
            wanted = {"403", "500", "503"} | ({"408", "413", "415", "429"} if method == "post" else set())
            assert wanted <= set(operation["responses"]), (method, path)
